/**
 * G.711 mu-law, the telephone's 8-bit samples, to and from floats of -1…1.
 *
 * A sample is rounded to 14 bits, biased by 33, split into sign, three bits of segment and four of step, and inverted
 * (ITU-T G.711), so that silence is 0xFF.
 */

export const SILENCE = 0xff;
const BIAS = 33;
const LARGEST = 0x1fff;
const FULL_SCALE = 8192;

const DECODED = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0xf) << 1) + BIAS) << ((code >> 4) & 7)) - BIAS;
  return (code & 0x80 ? -magnitude : magnitude) / FULL_SCALE;
});

/** Return the mu-law byte nearest to a sample; what is beyond full scale is clipped. */
export function encode(sample) {
  const rounded = Math.round(sample * FULL_SCALE);
  const biased = Math.min(Math.abs(rounded) + BIAS, LARGEST);
  const segment = 26 - Math.clz32(biased); // the highest of the 14 bits that is set; bit 5 is segment 0
  const code = (segment << 4) | ((biased >> (segment + 1)) & 0xf);
  return code ^ (rounded < 0 ? 0x7f : 0xff);
}

/** Return the sample of a mu-law byte. */
export function decode(byte) {
  return DECODED[byte];
}
