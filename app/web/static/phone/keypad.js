/** The keys of a telephone: by mouse, by finger, or on the keyboard; digits leave 100 ms apart, as from a telephone. */

import { $, make } from "./page.js";

const DIGITS = "123456789*0#";
const DIGIT_EVERY_MS = 100;

export class Keypad {
  /** `send(digit)` is called once for each key, in order. */
  constructor(send) {
    this.send = send;
    this.waiting = [];
    this.keys = new Map();
    for (const digit of DIGITS) {
      const key = make("button", { type: "button", className: "quiet" }, digit);
      key.dataset.digit = digit;
      key.addEventListener("click", () => this.press(digit));
      this.keys.set(digit, key);
      $("keypad").append(key);
    }
    document.addEventListener("keydown", (event) => this.typed(event));
    this.enable(false);
  }

  enable(isOn) {
    $("keypad").disabled = !isOn;
    if (!isOn) this.waiting = [];
  }

  typed({ key, target, ctrlKey, metaKey, altKey }) {
    const isTyping = target.closest?.("input, select, textarea");
    if (!isTyping && !ctrlKey && !metaKey && !altKey && this.keys.has(key)) this.press(key);
  }

  press(digit) {
    if ($("keypad").disabled) return;
    if (this.waiting.push(digit) === 1) this.sendNext();
    const key = this.keys.get(digit);
    key.classList.add("pressed");
    setTimeout(() => key.classList.remove("pressed"), 2 * DIGIT_EVERY_MS);
  }

  sendNext() {
    if (!this.waiting.length) return;
    this.send(this.waiting[0]);
    setTimeout(() => {
      this.waiting.shift();
      this.sendNext();
    }, DIGIT_EVERY_MS);
  }
}
