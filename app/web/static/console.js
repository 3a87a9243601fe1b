// The console works without this file: it only adds keys, and tells htmx who we are.
"use strict";

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRF-Token"] = document.body.dataset.csrf;
});

const keys = document.getElementById("keys");
if (keys) {
  const isOn = () => localStorage.getItem("keys") !== "off";
  const box = document.getElementById("keys-on");
  box.checked = isOn();
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
  const opener = document.getElementById("keys-open");
  opener.hidden = false;
  opener.addEventListener("click", () => keys.showModal());

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const select = (step) => {
    const all = rows();
    const now = all.findIndex((row) => row.classList.contains("selected"));
    const next = all[Math.min(Math.max(now + step, 0), all.length - 1)];
    if (!next) return;
    all.forEach((row) => row.classList.toggle("selected", row === next));
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
    const action = actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });
}
