/**
 * What is said, what is understood and how long it took, as the server tells it: events in, page out.
 *
 * A turn is a caller's bubble and the agent's answers to it; turn 0 is the greeting.
 */

import { $, ltr, make, ms, words } from "./page.js";
import { LABELS, NOT_MEASURED } from "./texts.js";

const { segments: SEGMENTS, verdicts: VERDICTS } = told();
const SAME_ANSWER_MS = 1000;
const LEAST_AXIS_MS = 2000;
const STATES = { LISTENING: "listening", PROCESSING: "thinking", SPEAKING: "speaking", CONNECTING: "connecting" };

export class Conversation {
  /** `onState(state)` hears of the call's state, a key of `CALL` in texts.js; `onEnd(reason)` of its end. */
  constructor({ onState, onEnd }) {
    this.onState = onState;
    this.onEnd = onEnd;
    this.callers = new Map();
    this.replies = new Map();
    this.rows = new Map();
    this.answers = []; // {atMs, ms}: heard at this ear, its turn not yet known
    for (const id of ["talk", "slots", "times"]) $(id).replaceChildren();
    $("talk-empty").hidden = $("slots-empty").hidden = $("times-empty").hidden = false;
    $("times-table").hidden = true;
  }

  show(event) {
    const state = event.event.startsWith("STATE→") ? event.event.slice("STATE→".length) : null;
    if (state === "ENDED") this.onEnd(event.reason ?? "");
    else if (state) this.onState(state === "LISTENING" && event.on === "barge_in" ? "paused" : STATES[state]);
    this[`on${event.event}`]?.(event);
  }

  onINTERIM({ turn, text }) {
    const bubble = this.caller(turn);
    if (!bubble.final?.startsWith(text)) this.say(bubble, "interim", words(text));
  }

  onASR_TEXT({ turn, text }) {
    this.caller(turn).final = text;
    this.say(this.caller(turn), text ? "" : "interim", text ? words(text) : LABELS.nothing_heard);
  }

  onSAYING({ turn, reply, text }) {
    this.say(this.reply(turn, reply), "saying", words(text));
  }

  onSAID({ turn, reply, text, heard }) {
    const unheard = text.startsWith(heard) ? text.slice(heard.length).trim() : "";
    const parts = heard ? [words(heard)] : [];
    if (unheard) parts.push(" ", make("del", { title: LABELS.not_heard }, words(unheard)));
    this.say(this.reply(turn, reply), "", ...parts);
  }

  onSLOTS({ rows }) {
    $("slots-empty").hidden = rows.length > 0;
    $("slots").replaceChildren(
      ...rows.map((row) => make("div", {}, make("dt", {}, row.label), slotValue(row))),
    );
  }

  onTURN({ turn, at_ms: atMs, endpointing_ms: endpointing, stt_ms: asr, llm_ms: llm, tts_ms: tts, own_ms: own, held_ms: held, total_ms: total }) {
    if (!this.rows.has(turn)) this.time(turn, { endpointing, asr, llm, tts, own, held }, endpointing + total, atMs);
  }

  /** The same turn, measured up to the ear; told again as more of it is known. */
  onTIMING({ turn, segments, answer_ms: answerMs, first_frame: atMs }) {
    if (answerMs != null) this.time(turn, segments ?? {}, answerMs, atMs);
  }

  onINTERRUPTION({ reply, verdict }) {
    const bubble = this.replies.get(reply);
    if (!bubble || !VERDICTS[verdict]) return;
    bubble.chip ??= bubble.name.appendChild(make("span", { className: "chip warn" }));
    bubble.chip.textContent = VERDICTS[verdict];
  }

  /** The agent began to be heard here, `atMs` after the stream's start, `ms` after the caller's voice. */
  heardHere(atMs, ms) {
    this.answers.push({ atMs, ms });
    for (const row of this.rows.values()) this.showHeard(row);
  }

  caller(turn) {
    if (!this.callers.has(turn)) this.callers.set(turn, this.bubble("caller", LABELS.caller));
    return this.callers.get(turn);
  }

  reply(turn, number) {
    if (!this.replies.has(number)) this.replies.set(number, this.bubble("agent", LABELS.agent));
    return this.replies.get(number);
  }

  bubble(side, name) {
    $("talk-empty").hidden = true;
    const label = make("span", { className: "name" }, name);
    const text = make("span");
    const item = make("li", { className: `bubble ${side}` }, label, text);
    $("talk").append(item);
    return { item, name: label, text };
  }

  say({ item, text }, kind, ...parts) {
    text.className = kind;
    text.replaceChildren(...parts);
    const talk = $("talk");
    if (talk.scrollHeight - talk.scrollTop - talk.clientHeight < 2 * item.offsetHeight + 80) talk.scrollTop = talk.scrollHeight;
  }

  time(turn, segments, totalMs, atMs) {
    $("times-empty").hidden = true;
    $("times-table").hidden = false;
    const row = this.rows.get(turn) ?? make("tr");
    if (!this.rows.has(turn)) $("times").prepend(row);
    this.rows.set(turn, row);
    row.atMs = atMs ?? row.atMs;
    row.totalMs = totalMs;
    const heard = row.heard ?? null;
    row.replaceChildren(
      make("th", { scope: "row" }, ltr(turn)),
      make("td", { className: "bars", dir: "ltr" }, bar(segments)),
      make("td", {}, ms(totalMs)),
      make("td", {}, heard === null ? NOT_MEASURED : ms(heard)),
    );
    this.showHeard(row);
    this.alignBars();
  }

  /** One axis for all turns: a bar twice as long took twice as long. */
  alignBars() {
    const rows = [...this.rows.values()];
    const longestMs = Math.max(LEAST_AXIS_MS, ...rows.map((row) => row.totalMs));
    for (const row of rows) row.querySelector(".bar").style.inlineSize = `${(100 * row.totalMs) / longestMs}%`;
  }

  /** The turn whose first frame was sent at the time, on the stream's own clock, is the one that was heard. */
  showHeard(row) {
    const index = this.answers.findIndex(({ atMs }) => Math.abs(atMs - row.atMs) < SAME_ANSWER_MS);
    if (row.heard !== undefined || index < 0) return;
    row.heard = this.answers.splice(index, 1)[0].ms;
    row.lastElementChild.replaceChildren(ms(row.heard));
  }
}

/** The words that the page shares with the console: of a waterfall's segments, in order, and of verdicts. */
function told() {
  const { segments, verdicts } = $("softphone").dataset;
  return { segments: JSON.parse(segments), verdicts: JSON.parse(verdicts) };
}

/** `html` is the server's own, escaped there: the same as on the console's pages. */
function slotValue({ html, quote, confirmed }) {
  const value = make("dd", { innerHTML: html });
  if (confirmed) value.append(" ", make("span", { className: "chip good" }, LABELS.confirmed));
  if (quote) value.append(make("q", { className: "quote" }, words(quote)));
  return value;
}

/** One bar of contiguous segments, their names and times as its title and for screen readers. */
function bar(segments) {
  const measured = SEGMENTS.filter(([name]) => segments[name] > 0);
  const total = measured.reduce((sum, [name]) => sum + segments[name], 0);
  const label = measured.map(([name, text]) => `${text} ${Math.round(segments[name])}`).join(", ");
  const whole = make("div", { className: "bar", role: "img", title: label, ariaLabel: label, dir: "ltr" });
  for (const [name] of measured) {
    const part = make("i", { className: name });
    part.style.flexGrow = String(segments[name] / total);
    whole.append(part);
  }
  return whole;
}
