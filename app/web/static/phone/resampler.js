/**
 * Sound from one rate to another, piece by piece: a polyphase windowed sinc.
 *
 * 3 ms long, cut off at 3.9 kHz, Kaiser window with beta 6.5: within 0.25 dB up to 3.4 kHz, 70 dB down from 4.6 kHz,
 * a delay of 1.5 ms. The same filter keeps the microphone from folding over into the telephone's 4 kHz, and the
 * telephone's images out of the loudspeaker.
 */

const LENGTH_S = 0.003;
const CUTOFF_HZ = 3900;
const CUTOFF_OF_RATE = 0.4875;
const BETA = 6.5;

export class Resampler {
  /** Rates are whole hertz; `largestInput` is the most samples one `process` will be given. */
  constructor(fromHz, toHz, largestInput) {
    const common = greatestCommonDivisor(fromHz, toHz);
    this.up = toHz / common;
    this.down = fromHz / common;
    this.phases = fromHz === toHz ? [Float32Array.of(1)] : design(fromHz, toHz, this.up);
    this.taps = this.phases[0].length;
    this.samples = new Float32Array(this.taps + largestInput); // the last `taps` samples, then the new ones
    this.next = 0; // the newest input sample that the next output needs, counted from the first new one
    this.phase = 0; // how far behind that sample, in 1/up of an input sample
  }

  /** Return how many new input samples `count` outputs need. */
  needed(count) {
    return Math.max(0, this.next + Math.floor((this.phase + (count - 1) * this.down) / this.up) + 1);
  }

  /** Take `count` samples of `input`, fill `output` as far as they reach, and return how many were written. */
  process(input, count, output) {
    const { samples, taps } = this;
    for (let index = 0; index < count; index += 1) samples[taps + index] = input[index];
    let written = 0;
    while (this.next < count && written < output.length) {
      const filter = this.phases[this.phase];
      const newest = taps + this.next;
      let sum = 0;
      for (let tap = 0; tap < taps; tap += 1) sum += filter[tap] * samples[newest - tap];
      output[written] = sum;
      written += 1;
      this.phase += this.down;
      this.next += Math.floor(this.phase / this.up);
      this.phase %= this.up;
    }
    samples.copyWithin(0, count, count + taps);
    this.next -= count;
    return written;
  }
}

/** Return one filter a phase, each normalised so that a constant stays what it is. */
function design(fromHz, toHz, up) {
  const cutoff = Math.min(CUTOFF_HZ, CUTOFF_OF_RATE * Math.min(fromHz, toHz)) / fromHz;
  const half = (LENGTH_S / 2) * fromHz;
  const taps = Math.floor(2 * half) + 1;
  return Array.from({ length: up }, (_, phase) => {
    const filter = new Float32Array(taps);
    let sum = 0;
    for (let tap = 0; tap < taps; tap += 1) {
      const at = tap + phase / up - half;
      filter[tap] = 2 * cutoff * sinc(2 * cutoff * at) * kaiser(at / half);
      sum += filter[tap];
    }
    return filter.map((value) => value / sum);
  });
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x) {
  return Math.abs(x) > 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** The modified Bessel function of the first kind, order 0. */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let index = 1; term > sum * 1e-12; index += 1) {
    term *= (x / 2 / index) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
