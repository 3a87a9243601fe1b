/** Small things done to the page. */

export const $ = (id) => document.getElementById(id);

/** Return a new element; `children` are elements or text. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Return a number or a code that reads from left to right inside Hebrew. */
export function ltr(text) {
  return make("bdi", { dir: "ltr" }, String(text));
}

/** Return what somebody said, isolated from the text around it; numbers in it read from left to right. */
export function words(text) {
  const element = make("bdi", { dir: "auto" });
  let end = 0;
  for (const { 0: number, index } of text.matchAll(/\+?\d[\d,.:/-]*\d|\d/g)) {
    element.append(text.slice(end, index), ltr(number));
    end = index + number.length;
  }
  element.append(text.slice(end));
  return element;
}

export const ms = (value) => ltr(`${Math.round(value)} ms`);

/** Return `1:05`. */
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
