/** The softphone's page: buttons, states, meters. The call itself is in browser_call.js, what is said in conversation.js. */

import { BrowserCall, Refusal } from "./browser_call.js";
import { Conversation } from "./conversation.js";
import { browser, devices, MicrophoneError, obstacle, SilenceWatch, SWITCHES } from "./microphone.js";
import { $, clock, ltr, make } from "./page.js";
import { ALLOW_AGAIN, CALL, ECHO, ENDED, LABELS, MICROPHONE, SLOW_LINE } from "./texts.js";

const REPORT_MS = 100;
const EVENTS_EVERY_MS = 250;
const DIGIT_EVERY_MS = 100;
const METER_FLOOR_DBFS = -60;
const SLOW_LINE_BYTES = 32_000; // two seconds of frames
const LEAVES_AFTER_END = 8; // rounds of events after the socket closed: the last words come then
const DIGITS = "123456789*0#";

let call = null;
let conversation = null;
let silence = null;
let wakeLock = null;
let frames = 0;
let endReason = "";
let isLive = false;
let digits = [];

// -- states ------------------------------------------------------------------------------------------------------

function showState(state, detail = "") {
  document.body.dataset.call = state;
  $("state").textContent = detail ? `${CALL[state]}: ${detail}` : CALL[state];
}

/** Say what stands in the microphone's way; the button does what mends it. */
function showMicrophone(state, mend = startCall) {
  document.body.dataset.microphone = state;
  const { text, button } = MICROPHONE[state];
  const how = state === "denied" ? ` ${ALLOW_AGAIN[browser()]}` : "";
  notice(state === "idle" ? "" : text + how, button, mend);
}

function notice(text, button = "", mend = null) {
  $("notice").hidden = !text;
  $("notice-text").textContent = text;
  $("notice-button").hidden = !button;
  $("notice-button").textContent = button;
  $("notice-button").onclick = mend;
}

function setLive(live) {
  isLive = live;
  $("call").classList.toggle("hang-up", live);
  $("call").setAttribute("aria-label", live ? LABELS.hang_up : LABELS.call);
  $("call-text").textContent = live ? LABELS.hang_up : LABELS.call;
  $("mute").disabled = !live;
  $("keypad").disabled = !live;
  for (const control of document.querySelectorAll("[data-between-calls]")) control.disabled = live;
}

// -- a call ------------------------------------------------------------------------------------------------------

async function startCall() {
  const why = obstacle();
  if (why) return showMicrophone(why, () => location.reload());
  if (isLive) return undefined;
  call?.line?.terminate();
  const mine = new BrowserCall(handlers());
  call = mine;
  conversation = new Conversation({ onState: (state) => isLive && showState(state), onEnd: (reason) => { endReason = reason; } });
  silence = new SilenceWatch();
  frames = 0;
  endReason = "";
  $("record").disabled = true;
  $("open-page").hidden = true;
  $("protocol").replaceChildren();
  setMuted(false);
  setLive(true);
  showMicrophone("idle");
  showState("connecting");
  try {
    await mine.dial({
      deviceId: $("microphone").value,
      switches: switches(),
      speakerId: $("speaker").value,
      from: $("from").value.trim(),
      csrf: document.body.dataset.csrf ?? "",
    });
  } catch (error) {
    if (call !== mine || mine.hungUp) return undefined;
    mine.end();
    setLive(false);
    if (error instanceof MicrophoneError) {
      showState("idle");
      showMicrophone(error.state);
    } else {
      showState(error instanceof Refusal ? error.state : "refused");
      if (!(error instanceof Refusal)) throw error;
    }
  }
  return undefined;
}

function handlers() {
  return {
    open: onOpen,
    closed: onClosed,
    report: onReport,
    answer: ({ atMs, ms }) => conversation.heardHere(atMs, ms + call.outputMs),
    echo: () => notice(ECHO),
    fault: ({ text }) => protocol(text),
    recording: ({ wav }) => download(wav),
    microphone: (state) => showMicrophone(state, state === "asking" ? hangUp : otherMicrophone),
    granted: showGranted,
    held: (isHeld) => isHeld && isLive && showState("interrupted_by_system"),
    context: onContext,
  };
}

function onOpen() {
  $("open-page").hidden = !$("open-page").dataset.at;
  $("open-page").href = `${$("open-page").dataset.at}/${call.sid}`;
  $("record").disabled = false;
  showMicrophone("idle");
  follow(call);
  listDevices();
  keepAwake();
}

function onClosed({ code, reason }) {
  const { hungUp } = call;
  setLive(false);
  wakeLock?.release();
  meters(-100, -100);
  if (code === 1008) showState("refused");
  else if (code === 1006 || code === 1001) showState("server_gone");
  else showEnd(hungUp ? "hung_up" : code === 1011 ? "fault" : endReason);
  if (reason) protocol(`${code} ${reason}`);
  if (!["insecure", "unsupported"].includes(document.body.dataset.microphone)) showMicrophone("idle");
}

function showEnd(reason) {
  endReason = reason;
  showState("ended", ENDED[reason] ?? "");
}

function onReport({ frames: count, loudest, holes, isInterrupted, waitingBytes }) {
  frames = count;
  if (isInterrupted) showState("interrupted_by_system");
  for (const gapMs of holes) protocol(`${Math.round(gapMs)} ms`, `${LABELS.hole}: `);
  const state = document.body.dataset.microphone;
  if (silence.hear(loudest.caller, loudest.agent, REPORT_MS) && !$("mute").isMuted) {
    if (state === "idle") showMicrophone("silent", chooseMicrophone);
  } else if (state === "silent") {
    showMicrophone("idle");
  }
  if (waitingBytes > SLOW_LINE_BYTES) notice(SLOW_LINE);
  if (document.hidden) return;
  meters(loudest.caller, loudest.agent);
  $("timer").textContent = clock(frames / 50);
}

function onContext(state) {
  if (!isLive) return;
  if (state === "interrupted") showState("interrupted_by_system");
  else if (state !== "running") showMicrophone("audio_blocked", () => call.resume());
  else if (document.body.dataset.microphone === "audio_blocked") showMicrophone("idle");
}

function hangUp() {
  call.hangUp();
  if (call.isOver) onClosed({ code: 1000 });
}

/** Ask what happened in the call, until it is over; a hidden page asks again when it is seen. */
async function follow(mine) {
  let after = 0;
  let left = LEAVES_AFTER_END;
  while (call === mine && left > 0) {
    if (!document.hidden) {
      const events = await fetch(`/phone/calls/${mine.sid}/events?after=${after}`).then((answer) => (answer.ok ? answer.json() : null), () => null);
      if (call !== mine) return;
      for (const event of events?.events ?? []) conversation.show(event);
      after = events?.next ?? after;
      if (events?.events.some(({ event }) => event === "CALL_ENDED")) break;
    }
    if (mine.isOver) left -= 1;
    await new Promise((resolve) => setTimeout(resolve, EVENTS_EVERY_MS));
  }
  if (call === mine && mine.isOver && document.body.dataset.call === "ended" && !mine.hungUp) showEnd(endReason);
}

// -- controls ----------------------------------------------------------------------------------------------------

function setMuted(isMuted) {
  $("mute").isMuted = isMuted;
  $("mute").setAttribute("aria-pressed", String(isMuted));
  $("mute-text").textContent = isMuted ? LABELS.unmute : LABELS.mute;
  call?.mute(isMuted);
}

function press(digit) {
  if (!isLive || !DIGITS.includes(digit)) return;
  digits.push(digit);
  if (digits.length === 1) sendDigits();
  const key = $("keypad").querySelector(`[data-digit="${CSS.escape(digit)}"]`);
  key.classList.add("pressed");
  setTimeout(() => key.classList.remove("pressed"), 2 * DIGIT_EVERY_MS);
}

function sendDigits() {
  if (!digits.length) return;
  call.press(digits[0]);
  setTimeout(() => {
    digits = digits.slice(1);
    sendDigits();
  }, DIGIT_EVERY_MS);
}

function meters(callerDbfs, agentDbfs) {
  for (const [id, dbfs] of [["caller-meter", callerDbfs], ["agent-meter", agentDbfs]]) {
    const shown = Math.max(METER_FLOOR_DBFS, Math.round(dbfs));
    $(id).style.setProperty("--level", String(1 - shown / METER_FLOOR_DBFS));
    $(id).setAttribute("aria-valuenow", String(shown));
    $(`${id}-text`).textContent = dbfs <= METER_FLOOR_DBFS ? "" : `${shown} dBFS`;
  }
}

/** Note something about the line: Hebrew words, then what reads from left to right. */
function protocol(code, hebrew = "") {
  $("protocol-card").hidden = false;
  $("protocol").append(make("li", {}, hebrew, ltr(code)));
}

function switches() {
  return Object.fromEntries(Object.keys(SWITCHES).map((name) => [name, $(name).checked]));
}

function showGranted(label, settings) {
  const granted = Object.keys(SWITCHES).filter((name) => name in settings);
  const states = granted.map((name) => `${LABELS[name]} ${settings[name] ? LABELS.on : LABELS.off}`);
  $("granted").replaceChildren(`${LABELS.granted}: `, make("bdi", {}, label), `; ${states.join(", ")}`);
}

async function listDevices() {
  const lists = [["microphone", "audioinput", LABELS.unknown_device]];
  if ("setSinkId" in AudioContext.prototype) lists.push(["speaker", "audiooutput", LABELS.unknown_speaker]);
  for (const [id, kind, unknown] of lists) {
    const found = (await devices(kind)).filter((device) => device.id && device.id !== "default");
    const chosen = $(id).value;
    const options = found.map((device, index) => make("option", { value: device.id }, device.label || `${unknown} ${index + 1}`));
    $(id).replaceChildren(make("option", { value: "" }, LABELS.default_device), ...options);
    $(id).value = found.some((device) => device.id === chosen) ? chosen : "";
    $(`${id}-row`).hidden = false;
  }
}

async function changeMicrophone() {
  if (!isLive) return;
  try {
    await call.useMicrophone($("microphone").value, switches());
    showMicrophone("idle");
  } catch (error) {
    showMicrophone(error.state, otherMicrophone);
  }
}

/** The microphone went away: whatever there is now takes its place, without ending the call. */
async function otherMicrophone() {
  await listDevices();
  await changeMicrophone();
}

function chooseMicrophone() {
  $("advanced").open = true;
  $("microphone").focus();
}

function download(wav) {
  const url = URL.createObjectURL(new Blob([wav], { type: "audio/wav" }));
  make("a", { href: url, download: `${call.sid}.wav` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function keepAwake() {
  try {
    wakeLock = await navigator.wakeLock?.request("screen");
  } catch {
    // The screen may go dark; the call goes on.
  }
}

$("call").addEventListener("click", () => (isLive ? hangUp() : startCall()));
$("mute").addEventListener("click", () => setMuted(!$("mute").isMuted));
$("record").addEventListener("click", () => call.record());
$("microphone").addEventListener("change", changeMicrophone);
$("speaker").addEventListener("change", () => isLive && call.useSpeaker($("speaker").value));
for (const name of Object.keys(SWITCHES)) $(name).addEventListener("change", changeMicrophone);
for (const digit of DIGITS) {
  const key = make("button", { type: "button", className: "quiet" }, digit);
  key.dataset.digit = digit;
  key.addEventListener("click", () => press(digit));
  $("keypad").append(key);
}
document.addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
  if (!ctrlKey && !metaKey && !altKey && !target.closest("input, select, textarea") && key.length === 1) press(key);
});
document.addEventListener("pointerdown", () => isLive && call.context.state === "interrupted" && call.resume());
window.addEventListener("pagehide", () => isLive && call.hangUp());
navigator.mediaDevices?.addEventListener?.("devicechange", listDevices);

setLive(false);
setMuted(false);
meters(-100, -100);
showState("idle");
const why = obstacle();
showMicrophone(why ?? "idle", () => location.reload());
if (!why) listDevices();
