/**
 * Twilio's player, as the caller's ear knows it; the same model as `app/qa/player.py`, held to it by common vectors.
 *
 * Audio plays in the order in which it came, in real time and without a break while there is any; a mark comes back when
 * the audio before it has been played; `clear` empties the buffer and returns every waiting mark. Time is counted in
 * samples at 8 kHz: `take` plays, and so moves the clock.
 */

import { SILENCE } from "./mulaw.js";

const SAMPLES_PER_MS = 8;
const PAUSE_SAMPLES = 600 * SAMPLES_PER_MS;
const BUFFER_LIMIT_SAMPLES = 10 * 60 * 1000 * SAMPLES_PER_MS;
const END_MARK = "assistant_tts_end";

export class Player {
  constructor() {
    this.now = 0;
    this.playoutEnd = 0;
    this.underruns = []; // {atSample, gapSamples}: holes inside an utterance
    this.discardedSamples = 0;
    this.pieces = []; // {start, ulaw}: what is still to be played, in order
    this.marks = []; // {due, name}, in order
    this.inUtterance = false;
    this.marksItsEnds = false;
  }

  /** Queue mu-law audio of any length; false when ten minutes are waiting already and it was dropped. */
  receiveMedia(ulaw) {
    if (this.playoutEnd + ulaw.length > this.now + BUFFER_LIMIT_SAMPLES) {
      this.discardedSamples += ulaw.length;
      return false;
    }
    this.account();
    const start = Math.max(this.now, this.playoutEnd);
    this.playoutEnd = start + ulaw.length;
    this.pieces.push({ start, ulaw });
    return true;
  }

  /** Queue a mark behind the audio that came before it. */
  receiveMark(name) {
    this.marks.push({ due: Math.max(this.now, this.playoutEnd), name });
    if (name.startsWith(END_MARK)) {
      this.inUtterance = false;
      this.marksItsEnds = true;
    }
  }

  /** Fall silent at once; every waiting mark is due. */
  receiveClear() {
    this.playoutEnd = Math.min(this.playoutEnd, this.now);
    this.pieces = [];
    for (const mark of this.marks) mark.due = Math.min(mark.due, this.now);
    this.inUtterance = false;
  }

  /** Play on: fill the first `count` bytes of `ulaw` with what is heard. */
  take(ulaw, count) {
    ulaw.fill(SILENCE, 0, count);
    const until = this.now + count;
    while (this.pieces.length && this.pieces[0].start < until) {
      const piece = this.pieces[0];
      const from = Math.max(this.now, piece.start);
      const to = Math.min(until, piece.start + piece.ulaw.length);
      ulaw.set(piece.ulaw.subarray(from - piece.start, to - piece.start), from - this.now);
      if (to < piece.start + piece.ulaw.length) break;
      this.pieces.shift();
    }
    this.now = until;
  }

  /** Take the names of the marks that are due now, in order. */
  dueMarks() {
    const waiting = this.marks.findIndex((mark) => mark.due > this.now);
    return this.marks.splice(0, waiting < 0 ? this.marks.length : waiting).map((mark) => mark.name);
  }

  /** Judge the arrival of audio before it is queued: a gap inside an utterance is a hole that the caller hears. */
  account() {
    const gap = this.now - this.playoutEnd;
    if (this.inUtterance && gap >= PAUSE_SAMPLES && !this.marksItsEnds) this.inUtterance = false;
    if (this.inUtterance && gap > 0) this.underruns.push({ atSample: this.playoutEnd, gapSamples: gap });
    this.inUtterance = true;
  }
}
