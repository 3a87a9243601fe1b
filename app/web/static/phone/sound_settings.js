/** Which microphone, which loudspeaker, what the browser does to the voice; and what it granted. */

import { devices, SWITCHES } from "./microphone.js";
import { $, make } from "./page.js";
import { LABELS } from "./texts.js";

/** Return the microphone and switches that are chosen, as `BrowserCall` takes them. */
export function chosen() {
  const switches = Object.keys(SWITCHES).map((name) => [name, $(name).checked]);
  return { deviceId: $("microphone").value, speakerId: $("speaker").value, switches: Object.fromEntries(switches) };
}

/** Call back when another microphone or treatment, or another loudspeaker, is chosen. */
export function onChoice({ microphone, speaker }) {
  for (const id of ["microphone", ...Object.keys(SWITCHES)]) $(id).addEventListener("change", microphone);
  $("speaker").addEventListener("change", speaker);
  navigator.mediaDevices?.addEventListener?.("devicechange", listDevices);
}

/** Offer what there is; what was chosen stays chosen while it is there. */
export async function listDevices() {
  const lists = [["microphone", "audioinput", LABELS.unknown_device]];
  if ("setSinkId" in AudioContext.prototype) lists.push(["speaker", "audiooutput", LABELS.unknown_speaker]);
  for (const [id, kind, unknown] of lists) {
    const found = (await devices(kind)).filter((device) => device.id && device.id !== "default");
    const before = $(id).value;
    const options = found.map((device, index) =>
      make("option", { value: device.id }, device.label || `${unknown} ${index + 1}`),
    );
    $(id).replaceChildren(make("option", { value: "" }, LABELS.default_device), ...options);
    $(id).value = found.some((device) => device.id === before) ? before : "";
    $(`${id}-row`).hidden = false;
  }
}

/** Show the settings for a choice that has to be made. */
export function choose() {
  $("advanced").open = true;
  $("microphone").focus();
}

export function showGranted(label, settings) {
  const granted = Object.keys(SWITCHES).filter((name) => name in settings);
  const states = granted.map((name) => `${LABELS[name]} ${settings[name] ? LABELS.on : LABELS.off}`);
  $("granted").replaceChildren(`${LABELS.granted}: `, make("bdi", {}, label), `; ${states.join(", ")}`);
}
