/** One call from this browser: audio context, handset, line. What happens is told to `on`, a map of handlers. */

import { openMicrophone } from "./microphone.js";

const HANDSET_URL = new URL("handset.js", import.meta.url);
const LINE_URL = new URL("line.js", import.meta.url);
const RESUME_WITHIN_MS = 1500;

export class Refusal extends Error {
  /** `state` is a key of `CALL` in texts.js. */
  constructor(state) {
    super(state);
    this.state = state;
  }
}

export class BrowserCall {
  /** Must be made inside the handler of a press: browsers let only such a page make a sound. */
  constructor(on) {
    this.on = on;
    if (navigator.audioSession) navigator.audioSession.type = "play-and-record";
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.context.resume();
    this.context.onstatechange = () => on.context(this.context.state);
    this.sid = null;
    this.hungUp = false;
    this.isOver = false;
    this.asked = 0; // microphones so far: of several asked for at once, the last one counts
  }

  /** Throws MicrophoneError, Refusal. */
  async dial({ deviceId, switches, speakerId, from, csrf }) {
    await this.useMicrophone(deviceId, switches);
    if (this.isOver) return;
    await this.context.audioWorklet.addModule(HANDSET_URL);
    await Promise.race([this.context.resume(), new Promise((resolve) => setTimeout(resolve, RESUME_WITHIN_MS))]);
    this.on.context(this.context.state);
    if (speakerId) await this.useSpeaker(speakerId);
    const ticket = await this.buyTicket(csrf);
    if (this.hungUp) return;
    this.sid = ticket.call_sid;
    this.connect(ticket, from);
  }

  /** Speak through this microphone from now on. The one before is let go first: a browser may share what two ask for. */
  async useMicrophone(deviceId, switches) {
    this.dropMicrophone();
    this.asked += 1;
    const { asked } = this;
    const stream = await openMicrophone(deviceId, switches, () => this.on.microphone("asking"));
    if (this.isOver || asked !== this.asked) {
      stop(stream); // the call is over, or another was asked for meanwhile
      return;
    }
    this.stream = stream;
    const [track] = stream.getAudioTracks();
    track.onended = () => this.on.microphone("lost");
    track.onmute = () => this.on.held(true);
    track.onunmute = () => this.on.held(false);
    this.source = this.context.createMediaStreamSource(stream);
    if (this.handset) this.source.connect(this.handset);
    this.on.granted(track.label, track.getSettings());
  }

  dropMicrophone() {
    this.source?.disconnect();
    if (this.stream) stop(this.stream);
  }

  async useSpeaker(id) {
    await this.context.setSinkId?.(id);
  }

  async buyTicket(csrf) {
    let response;
    try {
      response = await fetch("/phone/token", { method: "POST", headers: { "X-CSRF-Token": csrf } });
    } catch {
      throw new Refusal("server_gone");
    }
    if (response.ok) return response.json();
    throw new Refusal({ 503: "full", 429: "too_many" }[response.status] ?? "refused");
  }

  connect({ call_sid: callSid, token, stream_path: path }, from) {
    this.handset = new AudioWorkletNode(this.context, "handset", { outputChannelCount: [1] });
    this.source.connect(this.handset);
    this.handset.connect(this.context.destination);
    this.line = new Worker(LINE_URL, { type: "module" });
    this.line.onmessage = ({ data }) => this.hear(data);
    const { port1, port2 } = new MessageChannel();
    this.handset.port.postMessage({ line: port1 }, [port1]);
    const call = {
      callSid,
      streamSid: `MZ${hex(16)}`,
      accountSid: `AC${"0".repeat(32)}`,
      parameters: { token, from, to: "", call_sid: callSid },
    };
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.line.postMessage({ kind: "dial", url, call, handset: port2 }, [port2]);
  }

  hear(message) {
    if (message.kind === "closed") this.end();
    this.on[message.kind]?.(message);
  }

  /** How long a sample still takes from here to the ear, in ms. */
  get outputMs() {
    return 1000 * (this.context.outputLatency || this.context.baseLatency || 0);
  }

  press(digit) {
    this.line?.postMessage({ kind: "press", digit });
  }

  mute(isMuted) {
    this.line?.postMessage({ kind: "mute", isMuted });
  }

  record() {
    this.line?.postMessage({ kind: "record" });
  }

  resume() {
    this.context.resume();
  }

  hangUp() {
    this.hungUp = true;
    this.line?.postMessage({ kind: "hang_up" });
    if (!this.line) this.end();
  }

  /** Let go of the devices; the line stays for the recording. */
  end() {
    if (this.isOver) return;
    this.isOver = true;
    this.context.onstatechange = null;
    this.dropMicrophone();
    this.context.close();
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}

function hex(bytes) {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
