/**
 * The handset, on the audio thread: microphone in, loudspeaker out, both as the telephone has them.
 *
 * One processor for both sides, so that one clock counts them. For every 20 ms of microphone it sends its peer
 * `{caller, agent}`, 160 mu-law bytes of what was said and of what was heard meanwhile; marks go back as they are
 * played. Its peer (line.js) hands it `media`, `mark`, `clear`, `skip` (samples that passed while the device stood
 * still) and `mute`. The page's main thread has no part in it.
 */

import { decode, encode, SILENCE } from "./mulaw.js";
import { Player } from "./player.js";
import { Resampler } from "./resampler.js";

const TELEPHONE_HZ = 8000;
const FRAME_SAMPLES = 160;
const QUANTUM = 128;
const MOST_AT_ONCE = 1024;

class Handset extends AudioWorkletProcessor {
  constructor() {
    super();
    this.player = new Player();
    this.down = new Resampler(sampleRate, TELEPHONE_HZ, MOST_AT_ONCE);
    this.up = new Resampler(TELEPHONE_HZ, sampleRate, MOST_AT_ONCE);
    this.mono = new Float32Array(MOST_AT_ONCE);
    this.said = new Float32Array(MOST_AT_ONCE);
    this.played = new Uint8Array(MOST_AT_ONCE);
    this.loud = new Float32Array(MOST_AT_ONCE);
    this.caller = [];
    this.agent = [];
    this.holesTold = 0;
    this.isMuted = false;
    this.isOver = false;
    this.port.onmessage = ({ data }) => this.join(data.line);
  }

  join(line) {
    this.line = line;
    line.onmessage = ({ data }) => this.obey(data);
  }

  obey({ kind, ulaw, name, samples, isMuted }) {
    const { player } = this;
    if (kind === "media" && !player.receiveMedia(ulaw)) this.line.postMessage({ kind: "full" });
    if (kind === "mark") player.receiveMark(name);
    if (kind === "clear") player.receiveClear();
    if (kind === "skip") for (let left = samples; left > 0; left -= MOST_AT_ONCE) player.take(this.played, Math.min(left, MOST_AT_ONCE));
    if (kind === "mute") this.isMuted = isMuted;
    if (kind === "over") this.isOver = true;
    this.returnMarks();
  }

  process([input], [output]) {
    this.listen(input);
    this.play(output);
    this.returnMarks();
    while (this.line && this.caller.length >= FRAME_SAMPLES && this.agent.length >= FRAME_SAMPLES) this.hand();
    return !this.isOver;
  }

  /** Bring the microphone down to 8 kHz. Where there is none, silence is said: a line is never empty. */
  listen(channels) {
    const count = channels.length ? channels[0].length : QUANTUM;
    for (let index = 0; index < count; index += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[index];
      this.mono[index] = channels.length ? sum / channels.length : 0;
    }
    const written = this.down.process(this.mono, count, this.said);
    for (let index = 0; index < written; index += 1) this.caller.push(this.isMuted ? SILENCE : encode(this.said[index]));
  }

  play(channels) {
    const out = channels[0];
    const needed = this.up.needed(out.length);
    this.player.take(this.played, needed);
    for (let index = 0; index < needed; index += 1) {
      this.loud[index] = decode(this.played[index]);
      this.agent.push(this.played[index]);
    }
    this.up.process(this.loud, needed, out);
    for (const channel of channels.slice(1)) channel.set(out);
  }

  hand() {
    const caller = Uint8Array.from(this.caller.splice(0, FRAME_SAMPLES));
    const agent = Uint8Array.from(this.agent.splice(0, FRAME_SAMPLES));
    const holes = this.player.underruns.slice(this.holesTold).map((hole) => hole.gapSamples / 8);
    this.holesTold += holes.length;
    this.line.postMessage({ kind: "frame", caller, agent, holes }, [caller.buffer, agent.buffer]);
  }

  returnMarks() {
    const names = this.player.dueMarks();
    if (names.length && this.line) this.line.postMessage({ kind: "played", names });
  }
}

registerProcessor("handset", Handset);
