/**
 * The telephone line, in a worker of its own: the media WebSocket on one side, the handset on the other.
 *
 * The page's main thread may be busy, hidden or throttled; frames, marks and clears pass it by. The page is told ten
 * times a second what there is to show.
 *
 * From the page: `dial {url, call, handset}`, `press {digit}`, `mute {isMuted}`, `hang_up`, `record`.
 * To the page: `open`, `report {…}`, `fault {text}`, `answer {ms}`, `echo`, `closed {code, reason}`, `recording {wav}`.
 */

import { AnswerClock, EchoWatch, FRAME_SAMPLES, level } from "./ear.js";
import { BUFFER_FULL, read, Stream } from "./messages.js";
import { SILENCE } from "./mulaw.js";
import { stereoWav } from "./wav.js";

const SUBPROTOCOL = "audio.twilio.com";
const FRAME_MS = 20;
const REPORT_FRAMES = 5;
const STOOD_STILL_MS = 400; // no frame for so long: the system holds the audio device
const WATCH_MS = 100;
const NORMAL_CLOSE = 1000;

let socket = null;
let stream = null;
let handset = null;
let watch = null;
let lastFrameAt = 0;
let isInterrupted = false;
let loudest = { caller: -100, agent: -100 };
let holes = [];
const callers = [];
const agents = [];
const answers = new AnswerClock();
const echo = new EchoWatch();

const COMMANDS = {
  dial,
  press: ({ digit }) => say(() => stream.dtmf(digit)),
  mute: ({ isMuted }) => handset?.postMessage({ kind: "mute", isMuted }),
  hang_up: hangUp,
  record: () => tell({ kind: "recording", wav: stereoWav(callers, agents) }),
};

onmessage = ({ data }) => COMMANDS[data.kind](data);

function tell(message) {
  postMessage(message);
}

function dial({ url, call, handset: port }) {
  stream = new Stream(call);
  handset = port;
  handset.onmessage = ({ data }) => heardOfHandset(data);
  socket = new WebSocket(url, SUBPROTOCOL);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    socket.send(stream.connected());
    socket.send(stream.start());
    lastFrameAt = performance.now();
    watch = setInterval(fillGap, WATCH_MS);
    tell({ kind: "open" });
  };
  socket.onmessage = ({ data }) => heardOfServer(data);
  socket.onclose = ({ code, reason }) => {
    clearInterval(watch);
    handset.postMessage({ kind: "over" });
    tell({ kind: "closed", code, reason });
  };
}

function isOpen() {
  return socket !== null && socket.readyState === WebSocket.OPEN;
}

function say(message) {
  if (isOpen()) socket.send(message());
}

function hangUp() {
  say(() => stream.stop());
  socket?.close(NORMAL_CLOSE);
}

function heardOfServer(data) {
  const message = read(data, stream.streamSid);
  if (message.fault) tell({ kind: "fault", text: message.fault });
  else handset.postMessage(message, message.ulaw ? [message.ulaw.buffer] : []);
}

function heardOfHandset(message) {
  if (message.kind === "played") for (const name of message.names) say(() => stream.mark(name));
  if (message.kind === "full") tell({ kind: "fault", text: BUFFER_FULL });
  if (message.kind === "frame" && isOpen()) heardFrame(message);
}

function heardFrame({ caller, agent, holes: newHoles }) {
  fillGap();
  isInterrupted = false;
  lastFrameAt = performance.now();
  pass(caller, agent);
  holes.push(...newHoles);
}

/** A held audio device says nothing; the line says silence for it, and what would have played has passed. */
function fillGap() {
  const owed = Math.floor((performance.now() - lastFrameAt) / FRAME_MS);
  if (owed * FRAME_MS < STOOD_STILL_MS && !isInterrupted) return;
  for (let frame = 1; frame < owed; frame += 1) {
    isInterrupted = true;
    lastFrameAt += FRAME_MS;
    pass(silence(), silence());
    handset.postMessage({ kind: "skip", samples: FRAME_SAMPLES });
  }
}

function silence() {
  return new Uint8Array(FRAME_SAMPLES).fill(SILENCE);
}

/** One frame of each side: the caller's to the server, both on record, and to the ear. */
function pass(caller, agent) {
  say(() => stream.media(caller));
  callers.push(caller);
  agents.push(agent);
  const callerDbfs = level(caller);
  loudest = { caller: Math.max(loudest.caller, callerDbfs), agent: Math.max(loudest.agent, level(agent)) };
  const answerMs = answers.hear(callerDbfs, agent);
  if (answerMs !== null) tell({ kind: "answer", atMs: callers.length * FRAME_MS, ms: answerMs });
  if (echo.hear(caller, agent)) tell({ kind: "echo" });
  if (callers.length % REPORT_FRAMES === 0) report();
}

function report() {
  tell({ kind: "report", frames: callers.length, loudest, holes, isInterrupted, waitingBytes: socket.bufferedAmount });
  loudest = { caller: -100, agent: -100 };
  holes = [];
}
