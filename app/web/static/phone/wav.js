/** Both sides of a call as a stereo WAV of 16 bits at 8 kHz: the caller left, the agent right. */

import { decode } from "./mulaw.js";

const RATE_HZ = 8000;

/** Return the file's bytes; `callers` and `agents` are equally many frames of mu-law. */
export function stereoWav(callers, agents) {
  const samples = callers.reduce((sum, frame) => sum + frame.length, 0);
  const file = new DataView(new ArrayBuffer(44 + samples * 4));
  const text = (at, value) => [...value].forEach((letter, index) => file.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  file.setUint32(4, 36 + samples * 4, true);
  text(8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); // PCM
  file.setUint16(22, 2, true);
  file.setUint32(24, RATE_HZ, true);
  file.setUint32(28, RATE_HZ * 4, true);
  file.setUint16(32, 4, true);
  file.setUint16(34, 16, true);
  text(36, "data");
  file.setUint32(40, samples * 4, true);
  let at = 44;
  callers.forEach((caller, index) => {
    caller.forEach((byte, sample) => {
      file.setInt16(at, decode(byte) * 32768, true);
      file.setInt16(at + 2, decode(agents[index][sample]) * 32768, true);
      at += 4;
    });
  });
  return file.buffer;
}
