/**
 * The softphone's page: its buttons, and the states of call and microphone.
 *
 * The call itself is in browser_call.js, what is said in conversation.js, devices in sound_settings.js.
 */

import { BrowserCall, Refusal } from "./browser_call.js";
import { Conversation } from "./conversation.js";
import { Keypad } from "./keypad.js";
import { browser, MicrophoneError, obstacle, SilenceWatch } from "./microphone.js";
import { $, clock, ltr, make } from "./page.js";
import { choose, chosen, listDevices, onChoice, showGranted } from "./sound_settings.js";
import { ALLOW_AGAIN, CALL, ECHO, ENDED, LABELS, MICROPHONE, SLOW_LINE } from "./texts.js";

const REPORT_MS = 100;
const FRAMES_A_SECOND = 50;
const EVENTS_EVERY_MS = 250;
const ANNOUNCE_EVERY_MS = 2000;
const METER_FLOOR_DBFS = -60;
const SLOW_LINE_BYTES = 32_000; // two seconds of frames
const ROUNDS_AFTER_END = 8; // of events, after the socket closed: the last words come then

const keypad = new Keypad((digit) => call?.press(digit));
let call = null;
let conversation = null;
let silence = null;
let wakeLock = null;
let agentState = "connecting"; // as the server tells it, whatever the audio device does
let endReason = "";
let isLive = false;
let isMuted = false;
let announcing = null;

// -- what is shown -----------------------------------------------------------------------------------------------

function showState(state, detail = "") {
  document.body.dataset.call = state;
  $("state").textContent = detail ? `${CALL[state]}: ${detail}` : CALL[state];
  announcing ??= setTimeout(announce, ANNOUNCE_EVERY_MS);
}

/** States change faster than they can be read out: a screen reader gets the one that stands. */
function announce() {
  announcing = null;
  if ($("announcement").textContent !== $("state").textContent) $("announcement").textContent = $("state").textContent;
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
  keypad.enable(live);
  for (const control of document.querySelectorAll("[data-between-calls]")) control.disabled = live;
}

function setMuted(muted) {
  isMuted = muted;
  $("mute").setAttribute("aria-pressed", String(muted));
  $("mute-text").textContent = muted ? LABELS.unmute : LABELS.mute;
  silence = new SilenceWatch();
  call?.mute(muted);
}

function showMeters(callerDbfs, agentDbfs) {
  for (const [id, dbfs] of [["caller-meter", callerDbfs], ["agent-meter", agentDbfs]]) {
    const shown = Math.max(METER_FLOOR_DBFS, Math.round(dbfs));
    $(id).style.setProperty("--level", String(1 - shown / METER_FLOOR_DBFS));
    $(id).setAttribute("aria-valuenow", String(shown));
    $(`${id}-text`).textContent = dbfs <= METER_FLOOR_DBFS ? "" : `${shown} dBFS`;
  }
}

/** Note something about the line: Hebrew words, then what reads from left to right. */
function noteOnLine(code, hebrew = "") {
  $("protocol-card").hidden = false;
  $("protocol").append(make("li", {}, hebrew, ltr(code)));
}

// -- a call ------------------------------------------------------------------------------------------------------

async function startCall() {
  const why = obstacle();
  if (why) showMicrophone(why, () => location.reload());
  if (why || isLive || !hasNumber()) return;
  call?.line?.terminate();
  const mine = new BrowserCall(HANDLERS);
  call = mine;
  beginPage();
  try {
    await mine.dial({ ...chosen(), from: $("from").value.trim(), csrf: document.body.dataset.csrf });
  } catch (error) {
    if (call === mine && !mine.hungUp) giveUp(error);
  }
}

/** Whether the number to pretend is one; else the page shows where it is and what it should be. */
function hasNumber() {
  if ($("from").checkValidity()) return true;
  $("advanced").open = true;
  return $("from").reportValidity();
}

function beginPage() {
  conversation = new Conversation({ onState: showAgent, onEnd: (reason) => { endReason = reason; } });
  agentState = "connecting";
  endReason = "";
  $("record").disabled = true;
  $("open-page").hidden = true;
  $("protocol").replaceChildren();
  $("protocol-card").hidden = true;
  $("timer").textContent = clock(0);
  setMuted(false);
  setLive(true);
  showMicrophone("idle");
  showState("connecting");
}

function giveUp(error) {
  call.end();
  setLive(false);
  if (error instanceof MicrophoneError) {
    showState("idle");
    showMicrophone(error.state);
    return;
  }
  showState(error instanceof Refusal ? error.state : "refused");
  if (!(error instanceof Refusal)) throw error;
}

function hangUp() {
  call.hangUp();
  if (call.isOver) HANDLERS.closed({ code: 1000 }); // there was no line yet
}

const HANDLERS = {
  open() {
    $("open-page").hidden = false;
    $("open-page").href = `${$("open-page").dataset.at}/${call.sid}`;
    $("record").disabled = false;
    showMicrophone("idle");
    HANDLERS.context(call.context.state);
    follow(call);
    listDevices();
    keepAwake();
  },

  closed({ code, reason }) {
    setLive(false);
    wakeLock?.release();
    showMeters(-100, -100);
    showMicrophone("idle");
    if (reason) noteOnLine(`${code} ${reason}`);
    if (code === 1008) showState("refused");
    else if (code === 1006 || code === 1001) showState("server_gone");
    else if (call.hungUp) showEnd("hung_up");
    else showEnd(code === 1011 ? "fault" : endReason);
  },

  report({ frames, loudest, holes, isInterrupted, waitingBytes }) {
    if (isInterrupted) showState("interrupted_by_system");
    else if (document.body.dataset.call === "interrupted_by_system") showState(agentState);
    for (const gapMs of holes) noteOnLine(`${Math.round(gapMs)} ms`, `${LABELS.hole}: `);
    watchSilence(loudest);
    if (waitingBytes > SLOW_LINE_BYTES) notice(SLOW_LINE);
    if (document.hidden) return;
    showMeters(loudest.caller, loudest.agent);
    $("timer").textContent = clock(frames / FRAMES_A_SECOND);
  },

  context(state) {
    if (!isLive) return;
    if (state === "interrupted") showState("interrupted_by_system");
    else if (state !== "running") showMicrophone("audio_blocked", () => call.resume());
    else if (document.body.dataset.microphone === "audio_blocked") showMicrophone("idle");
  },

  answer: ({ atMs, ms }) => conversation.heardHere(atMs, ms + call.outputMs),
  echo: () => notice(ECHO),
  fault: ({ text }) => noteOnLine(text),
  recording: ({ wav }) => download(wav),
  microphone: (state) => showMicrophone(state, state === "asking" ? hangUp : otherMicrophone),
  granted: showGranted,
  held: (isHeld) => isLive && showState(isHeld ? "interrupted_by_system" : agentState),
};

function showAgent(state) {
  agentState = state;
  if (isLive) showState(state);
}

function showEnd(reason) {
  endReason = reason;
  showState("ended", ENDED[reason] ?? "");
}

function watchSilence({ caller, agent }) {
  const state = document.body.dataset.microphone;
  const isSilent = silence.hear(caller, agent, REPORT_MS) && !isMuted;
  if (isSilent && state === "idle") showMicrophone("silent", choose);
  if (!isSilent && state === "silent") showMicrophone("idle");
}

/** Ask what happened in the call, until it is over; a hidden page asks again when it is seen. */
async function follow(mine) {
  let after = 0;
  let rounds = ROUNDS_AFTER_END;
  let isTold = false;
  while (call === mine && rounds > 0 && !isTold) {
    const told = document.hidden ? null : await eventsSince(mine.sid, after);
    if (call !== mine) return;
    for (const event of told?.events ?? []) conversation.show(event);
    after = told?.next ?? after;
    isTold = told?.events.some(({ event }) => event === "CALL_ENDED") ?? false;
    if (mine.isOver) rounds -= 1;
    await new Promise((resolve) => setTimeout(resolve, EVENTS_EVERY_MS));
  }
  if (call === mine && document.body.dataset.call === "ended" && !mine.hungUp) showEnd(endReason);
}

async function eventsSince(sid, after) {
  try {
    const answer = await fetch(`/phone/calls/${sid}/events?after=${after}`);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // the line itself tells whether the server is gone
  }
}

async function changeMicrophone() {
  if (!isLive) return;
  const { deviceId, switches } = chosen();
  try {
    await call.useMicrophone(deviceId, switches);
    silence = new SilenceWatch();
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

// -- the page ----------------------------------------------------------------------------------------------------

$("call").addEventListener("click", () => (isLive ? hangUp() : startCall()));
$("mute").addEventListener("click", () => setMuted(!isMuted));
$("record").addEventListener("click", () => call.record());
onChoice({ microphone: changeMicrophone, speaker: () => isLive && call.useSpeaker(chosen().speakerId) });
document.addEventListener("pointerdown", () => isLive && call.context.state === "interrupted" && call.resume());
window.addEventListener("pagehide", () => isLive && call.hangUp());

setLive(false);
setMuted(false);
showMeters(-100, -100);
showState("idle");
showMicrophone(obstacle() ?? "idle", () => location.reload());
if (!obstacle()) listDevices();
