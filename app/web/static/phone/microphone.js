/**
 * The microphone: opening it, and naming what stands in its way as one of the states of `texts.js`.
 *
 * Echo control is on, else the agent hears and interrupts itself; noise suppression is on, for handsets have it, too;
 * gain control is off: the server levels by itself, and a second gain would raise the floor that it has measured.
 */

export const SWITCHES = { echoCancellation: true, noiseSuppression: true, autoGainControl: false };
const ASKING_AFTER_MS = 3000;

export class MicrophoneError extends Error {
  /** `state` is a key of `MICROPHONE` in texts.js. */
  constructor(state) {
    super(state);
    this.state = state;
  }
}

/** Return the state that keeps this browser, at this address, from calling at all; null when nothing does. */
export function obstacle() {
  if (!window.isSecureContext) return "insecure";
  const has = navigator.mediaDevices?.getUserMedia && window.AudioWorkletNode && window.Worker && window.WebSocket;
  return has ? null : "unsupported";
}

/**
 * Open a microphone; `onAsking` is called when the browser has been asking its user for three seconds.
 *
 * Throws MicrophoneError.
 */
export async function openMicrophone(deviceId, switches, onAsking) {
  const asking = setTimeout(onAsking, ASKING_AFTER_MS);
  const audio = { channelCount: 1, ...switches, ...(deviceId ? { deviceId: { exact: deviceId } } : {}) };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new MicrophoneError(await stateOf(error));
  } finally {
    clearTimeout(asking);
  }
}

async function stateOf({ name }) {
  if (name === "NotFoundError" || name === "OverconstrainedError") return "no_device";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  if (name !== "NotAllowedError" && name !== "SecurityError") return "unsupported";
  return (await permission()) === "prompt" ? "dismissed" : "denied";
}

async function permission() {
  try {
    return (await navigator.permissions.query({ name: "microphone" })).state;
  } catch {
    return "denied"; // this browser does not say
  }
}

/** Return the devices of a kind, `audioinput` or `audiooutput`, as `{id, label}`. */
export async function devices(kind) {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((device) => device.kind === kind).map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/** Return `chromium`, `firefox` or `safari`: in which words to say how a microphone is allowed again. */
export function browser() {
  if (/firefox|fxios/i.test(navigator.userAgent)) return "firefox";
  return /chrom(e|ium)|crios|edg/i.test(navigator.userAgent) ? "chromium" : "safari";
}

/** Watches the level of a microphone that should be heard: one that stays silent is unplugged, muted or the wrong one. */
export class SilenceWatch {
  constructor() {
    this.quietMs = 0;
    this.wasHeard = false;
  }

  /** Take a report of `ms`; true when nothing has come for long, while the agent was not talking. */
  hear(callerDbfs, agentDbfs, ms) {
    if (callerDbfs > SILENT_DBFS) {
      this.wasHeard = true;
      this.quietMs = 0;
    } else if (agentDbfs <= SILENT_DBFS) {
      this.quietMs += ms;
    }
    return this.quietMs >= (this.wasHeard ? SILENT_AGAIN_MS : SILENT_MS);
  }
}

const SILENT_DBFS = -60;
const SILENT_MS = 5000;
const SILENT_AGAIN_MS = 10_000; // noise suppression silences a room in which nobody talks
