/**
 * Twilio's Media Streams messages, as Twilio writes and reads them: numbers as strings, mu-law in base64.
 *
 * `Stream` counts what one call sends; `read` judges what the server sends and names faults by Twilio's own numbers.
 */

const FRAME_MS = 20;

export class Stream {
  constructor({ streamSid, callSid, accountSid, parameters }) {
    this.streamSid = streamSid;
    this.callSid = callSid;
    this.accountSid = accountSid;
    this.parameters = parameters;
    this.sequence = 0;
    this.chunk = 0;
  }

  connected() {
    return JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" });
  }

  start() {
    return this.message("start", {
      accountSid: this.accountSid,
      streamSid: this.streamSid,
      callSid: this.callSid,
      tracks: ["inbound"],
      mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
      customParameters: this.parameters,
    });
  }

  media(ulaw) {
    this.chunk += 1;
    return this.message("media", {
      track: "inbound",
      chunk: String(this.chunk),
      timestamp: String(this.chunk * FRAME_MS),
      payload: btoa(String.fromCharCode(...ulaw)),
    });
  }

  dtmf(digit) {
    return this.message("dtmf", { track: "inbound_track", digit });
  }

  mark(name) {
    return this.message("mark", { name });
  }

  stop() {
    return this.message("stop", { accountSid: this.accountSid, callSid: this.callSid });
  }

  message(event, body) {
    this.sequence += 1;
    return JSON.stringify({ event, sequenceNumber: String(this.sequence), [event]: body, streamSid: this.streamSid });
  }
}

/** Return `{kind: "media", ulaw}`, `{kind: "mark", name}`, `{kind: "clear"}`, or `{fault}` in Twilio's words. */
export function read(data, streamSid) {
  if (typeof data !== "string") return { fault: "31950 a binary message was dropped: Twilio wants text" };
  try {
    const message = JSON.parse(data);
    const { event } = message;
    if (message.streamSid !== streamSid) return dropped("its streamSid is another stream's", data);
    if (event === "media") return { kind: "media", ulaw: bytes(message.media.payload) };
    if (event === "mark" && typeof message.mark.name === "string") return { kind: "mark", name: message.mark.name };
    if (event === "clear") return { kind: "clear" };
    return dropped(`its event ${JSON.stringify(event)} is unknown, or lacks a part`, data);
  } catch (error) {
    return dropped(error.message, data);
  }
}

export const BUFFER_FULL = "31931 ten minutes of audio are waiting already; more was dropped";

function dropped(why, data) {
  return { fault: `31951 a message was dropped, ${why}: ${data.slice(0, 80)}` };
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
