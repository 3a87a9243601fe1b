/**
 * What an ear beside the telephone would note: how loud each side is, how long the answer takes to be heard, and whether
 * the microphone hears the loudspeaker. Fed with both sides' 20 ms frames of mu-law, on one clock.
 */

import { decode } from "./mulaw.js";

export const FRAME_SAMPLES = 160;
const SAMPLES_PER_MS = 8;
const SPURT_GAP_FRAMES = 10; // 200 ms without a sound end a stretch of talk
const LEAST_VOICE_DBFS = -50;
const VOICE_OVER_FLOOR_DB = 12;
const FLOOR_FRAMES = 150;
const VOICED_FRAMES = 3; // of the last five: a click is no voice
const QUIET = 0.004; // about -48 dBFS: the lowest of mu-law's segments on either side of zero

/** Return a frame's level in dBFS; silence is -100. */
export function level(ulaw) {
  let sum = 0;
  for (const byte of ulaw) sum += decode(byte) ** 2;
  return Math.max(-100, 10 * Math.log10(sum / ulaw.length + 1e-10));
}

/**
 * The time from the caller's last voiced frame to the first sample of each stretch of the agent's talk behind it: of the
 * answer, and of a phrase that asks for a moment before it. Whose stretch it is, the server knows.
 */
export class AnswerClock {
  constructor() {
    this.frames = 0;
    this.levels = [];
    this.recent = [];
    this.voiceEnd = null; // sample after the caller's last voiced frame
    this.silentFrames = SPURT_GAP_FRAMES;
  }

  /** Take one frame of each side; return the ms since the caller's voice when a stretch begins in this frame, else null. */
  hear(callerDbfs, agent) {
    const start = this.frames * FRAME_SAMPLES;
    this.frames += 1;
    const audible = agent.findIndex((byte) => Math.abs(decode(byte)) > QUIET);
    const begins = audible >= 0 && this.silentFrames >= SPURT_GAP_FRAMES;
    this.silentFrames = audible >= 0 ? 0 : this.silentFrames + 1;
    const answered = begins && this.voiceEnd !== null ? (start + audible - this.voiceEnd) / SAMPLES_PER_MS : null;
    if (this.isVoice(callerDbfs)) this.voiceEnd = start + FRAME_SAMPLES;
    return answered;
  }

  isVoice(dbfs) {
    const floor = Math.min(...this.levels, -50);
    if (this.levels.push(dbfs) > FLOOR_FRAMES) this.levels.shift();
    const isLoud = dbfs > Math.max(LEAST_VOICE_DBFS, floor + VOICE_OVER_FLOOR_DB);
    if (this.recent.push(isLoud) > 5) this.recent.shift();
    return isLoud && this.recent.filter(Boolean).length >= VOICED_FRAMES;
  }
}

const DECIMATION = 4; // to 2 kHz: most of a voice's power, a sixteenth of the work
const WINDOW = 2000; // one second
const HOP_FRAMES = 25;
const MOST_DELAY = 600; // 300 ms of loudspeaker, room and echo control
const ECHO_CORRELATION = 0.3;
const SAME_DELAY = 20; // 10 ms: an echo's delay stands still, a chance likeness wanders
const LEAST_AGENT_DBFS = -45;

/** Tells when the microphone has followed the loudspeaker for a second, at a delay that stands still. */
export class EchoWatch {
  constructor() {
    this.caller = new Float32Array(WINDOW + MOST_DELAY);
    this.agent = new Float32Array(WINDOW + MOST_DELAY);
    this.frames = 0;
    this.lastDelay = null;
  }

  /** Take one frame of each side; true when the agent can be heard in the caller's microphone. */
  hear(caller, agent) {
    shiftIn(this.caller, caller);
    shiftIn(this.agent, agent);
    this.frames += 1;
    if (this.frames % HOP_FRAMES) return false;
    const { correlation, delay } = likeness(this.caller, this.agent);
    const before = this.lastDelay;
    this.lastDelay = correlation > ECHO_CORRELATION ? delay : null;
    return before !== null && this.lastDelay !== null && Math.abs(delay - before) <= SAME_DELAY;
  }
}

function shiftIn(track, ulaw) {
  const count = FRAME_SAMPLES / DECIMATION;
  track.copyWithin(0, count);
  for (let index = 0; index < count; index += 1) {
    let sum = 0;
    for (let part = 0; part < DECIMATION; part += 1) sum += decode(ulaw[index * DECIMATION + part]);
    track[track.length - count + index] = sum / DECIMATION;
  }
}

/** Return the largest normalised correlation of the caller's last second with an earlier second of the agent's. */
function likeness(caller, agent) {
  const heard = caller.subarray(MOST_DELAY);
  const callerPower = power(heard);
  let best = { correlation: 0, delay: 0 };
  if (10 * Math.log10(power(agent) / agent.length + 1e-10) < LEAST_AGENT_DBFS || callerPower === 0) return best;
  for (let delay = 0; delay <= MOST_DELAY; delay += 1) {
    const played = agent.subarray(MOST_DELAY - delay, MOST_DELAY - delay + WINDOW);
    let sum = 0;
    for (let index = 0; index < WINDOW; index += 1) sum += heard[index] * played[index];
    const correlation = Math.abs(sum) / Math.sqrt(callerPower * power(played) + 1e-12);
    if (correlation > best.correlation) best = { correlation, delay };
  }
  return best;
}

function power(track) {
  let sum = 0;
  for (const value of track) sum += value * value;
  return sum;
}
