// The call page's player: waveform of both sides, turns as regions, and everything that can be clicked to play.
"use strict";

const audio = document.getElementById("audio");
const box = document.getElementById("wave");
const turns = [...document.querySelectorAll("[data-from-ms]")];
const STEP_S = 5;

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const colour = (name) => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`; // resolves light-dark(), which a canvas cannot
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};
const playFrom = (ms) => {
  if (!audio) return;
  audio.currentTime = ms / 1000;
  audio.play();
};
const turnAt = (seconds) => turns.findLastIndex((turn) => turn.dataset.fromMs / 1000 <= seconds + 0.05);
const playTurn = (number) => {
  const turn = turns.find((one) => one.dataset.turn === String(number));
  if (turn) playFrom(Number(turn.dataset.fromMs));
};

document.addEventListener("click", (event) => {
  const at = event.target.closest("[data-play-ms]");
  if (at) playFrom(Number(at.dataset.playMs));
  const quote = event.target.closest("[data-play-turn]");
  if (quote) playTurn(quote.dataset.playTurn);
});

document.addEventListener("keydown", (event) => {
  if ((event.key === "Enter" || event.key === " ") && event.target.matches("g[data-play-ms]")) {
    event.preventDefault(); // Space would scroll
    event.stopPropagation();
    playFrom(Number(event.target.dataset.playMs));
  }
}, true);

if (audio && box && globalThis.WaveSurfer) {
  const play = document.getElementById("play");
  const position = document.getElementById("position");
  const start = async () => {
    const { duration_s: duration, peaks } = await (await fetch(box.dataset.peaks)).json();
    const regions = WaveSurfer.Regions.create();
    const wave = WaveSurfer.create({
      container: box,
      media: audio,
      peaks,
      duration,
      height: 64,
      splitChannels: [
        { waveColor: colour("--s1"), progressColor: colour("--s1") },
        { waveColor: colour("--s2"), progressColor: colour("--s2") },
      ],
      cursorColor: colour("--ink"),
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      normalize: false,
      dragToSeek: true,
      cspNonce: box.dataset.nonce,
      plugins: [regions],
    });
    wave.once("ready", () => {
      turns.forEach((turn) => {
        const to = turn.dataset.toMs ?? duration * 1000;
        const region = regions.addRegion({
          id: turn.dataset.turn,
          start: turn.dataset.fromMs / 1000,
          end: Math.min(to / 1000, duration),
          drag: false,
          resize: false,
          color: "rgba(127, 140, 140, 0.14)",
        });
        region.on("click", (event) => {
          event.stopPropagation();
          playFrom(Number(turn.dataset.fromMs));
        });
      });
    });
    audio.hidden = true;
    play.hidden = position.hidden = false;
    const show = () => {
      play.querySelector("span").textContent = audio.paused ? "נגינה" : "עצירה";
      position.textContent = `${clock(audio.currentTime)} / ${clock(duration)}`;
      const now = turnAt(audio.currentTime);
      turns.forEach((turn, index) => turn.classList.toggle("selected", !audio.paused && index === now));
    };
    ["play", "pause", "timeupdate", "seeked"].forEach((name) => audio.addEventListener(name, show));
    play.addEventListener("click", () => (audio.paused ? audio.play() : audio.pause()));
    show();
    const jump = (step) => {
      const next = turns[Math.max(0, turnAt(audio.currentTime) + step)];
      if (next) playFrom(Number(next.dataset.fromMs));
    };
    globalThis.callKeys = {
      " ": () => (audio.paused ? audio.play() : audio.pause()),
      ArrowRight: () => (audio.currentTime += STEP_S),
      ArrowLeft: () => (audio.currentTime -= STEP_S),
      "[": () => jump(-1),
      "]": () => jump(1),
    };
    globalThis.callWave = wave;
  };
  start();
}
