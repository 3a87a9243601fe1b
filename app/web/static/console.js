// The console works without this file: it adds keys, and says when what moves has stopped moving.
"use strict";

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRF-Token"] = document.body.dataset.csrf;
});

// -- what moves ------------------------------------------------------------------------------------------------------

const POLL_EVERY_MS = 5000;
const OPENINGS_BEFORE_POLLING = 2;
const LOGGED_OUT = 4401;
const live = document.getElementById("live");
const stale = document.getElementById("stale");

if (live && stale) {
  let lastMs = Date.now();
  let failures = 0;
  let polling = 0;
  let tag = "";

  const moves = () => {
    lastMs = Date.now();
    stale.hidden = true;
    if (live.querySelector("[data-reload]")) setTimeout(() => location.reload(), 1500);
  };
  const standsStill = () => {
    if (document.hidden) return;
    const time = new Date(lastMs).toLocaleTimeString("he-IL", { hour: "2-digit", minute: "2-digit" });
    const isolated = document.createElement("bdi");
    isolated.dir = "ltr";
    isolated.textContent = time;
    stale.replaceChildren("לא מתעדכן מאז ", isolated);
    stale.hidden = false;
  };
  const poll = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(live.dataset.poll, { headers: tag ? { "If-None-Match": tag } : {} });
      if (answer.redirected) return location.reload();
      if (answer.status === 200) {
        tag = answer.headers.get("ETag") ?? "";
        await htmx.swap({ sourceElement: live, target: live, swap: "innerMorph", text: await answer.text() });
      }
      if (answer.status === 200 || answer.status === 304) moves();
      else standsStill();
    } catch {
      standsStill();
    }
  };

  live.addEventListener("htmx:ws:after:connection", () => {
    failures = 0;
    clearInterval(polling);
    polling = 0;
    moves();
  });
  live.addEventListener("htmx:ws:after:message:incoming", moves);
  live.addEventListener("htmx:ws:close", (event) => {
    if (event.detail.code === LOGGED_OUT) return location.reload();
    if (document.hidden || event.detail.reason === "removed") return;
    failures += 1;
    standsStill();
    if (failures >= OPENINGS_BEFORE_POLLING && !polling) polling = setInterval(poll, POLL_EVERY_MS);
  });
}

// -- keys ------------------------------------------------------------------------------------------------------------

const keys = document.getElementById("keys");
if (keys) {
  const isOn = () => localStorage.getItem("keys") !== "off";
  const box = document.getElementById("keys-on");
  box.checked = isOn();
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
  const opener = document.getElementById("keys-open");
  opener.hidden = false;
  opener.addEventListener("click", () => keys.showModal());

  const select = (step) => {
    const rows = [...document.querySelectorAll("[data-row]")];
    const now = rows.findIndex((row) => row.classList.contains("selected"));
    const next = rows[Math.min(Math.max(now + step, 0), rows.length - 1)];
    if (!next) return;
    rows.forEach((row) => row.classList.toggle("selected", row === next));
    (next.querySelector("a") ?? next).focus();
  };
  const actions = {
    "?": () => keys.showModal(),
    "/": () => document.querySelector("input[type=search]")?.focus(),
    j: () => select(1),
    k: () => select(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (!isOn() || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input, textarea, select, dialog[open]")) return;
    const action = actions[event.key] ?? globalThis.callKeys?.[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });
}
