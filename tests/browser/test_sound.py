"""The softphone's sound, in a real browser: what the telephone hears of a microphone, and the ear of the telephone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Page

from app.media.codec import decode_ulaw, encode_ulaw
from tests.browser.sounds import dbfs, sinad_db

VECTORS = json.loads((Path(__file__).parents[1] / "qa" / "player_vectors.json").read_text())
RATES_HZ = (16_000, 44_100, 48_000, 96_000)
TELEPHONE_HZ = 8000

# Tones into the handset's own processor and mu-law out of the line, at a device's rate, as fast as can be.
THROUGH_HANDSET = """
async ({rate, tones, dbfs, seconds, sent}) => Promise.all(tones.map(async (hz) => {
  const context = new OfflineAudioContext(1, rate * seconds, rate);
  await context.audioWorklet.addModule('/phone/handset.js');
  const handset = new AudioWorkletNode(context, 'handset', {outputChannelCount: [1]});
  const {port1, port2} = new MessageChannel();
  const frames = [];
  let joined;
  const joining = new Promise((resolve) => { joined = resolve; });
  port2.onmessage = ({data}) => { if (data.kind === 'frame') frames.push(data); else joined(); };
  handset.port.postMessage({line: port1}, [port1]);
  port2.postMessage({kind: 'mark', name: 'here'});
  for (const ulaw of sent) port2.postMessage({kind: 'media', ulaw: Uint8Array.from(ulaw)});
  const tone = new OscillatorNode(context, {frequency: hz});
  const gain = new GainNode(context, {gain: 10 ** (dbfs / 20) * Math.SQRT2});
  tone.connect(gain).connect(handset).connect(context.destination);
  if (hz) tone.start();
  context.suspend(0).then(() => joining).then(() => setTimeout(() => context.resume(), 50));
  const played = await context.startRendering();
  await new Promise((done) => setTimeout(done, 100));
  const flat = (side) => frames.flatMap((frame) => Array.from(frame[side]));
  return {caller: flat('caller'), agent: flat('agent'), played: hz ? [] : Array.from(played.getChannelData(0))};
}))
"""
SECONDS = 0.5


def through_handset(page: Page, rate_hz: int, *tones_hz: float, sent: bytes = b"") -> list[dict[str, Any]]:
    """Return what comes through with each tone (0: none) in the microphone, and `sent` on the line."""
    frames = [list(sent[start : start + 160]) for start in range(0, len(sent), 160)]
    asked = {"rate": rate_hz, "tones": tones_hz, "dbfs": -9, "seconds": SECONDS, "sent": frames}
    heard: list[dict[str, Any]] = page.evaluate(THROUGH_HANDSET, asked)
    return heard


def steady(ulaw: list[int]) -> npt.NDArray[np.float64]:
    """Return decoded samples without the filter's first milliseconds."""
    return decode_ulaw(bytes(ulaw)).astype(np.float64)[400:] / 32768


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_sound_passes_clean_both_ways_at_any_devices_rate(modules: Page, rate_hz: int) -> None:
    """R21: to the telephone SINAD of at least 30 dB at 1 kHz and -9 dBFS, 3.3 kHz at its level, nothing folded over
    from 5 kHz; from it the same, and no images above its 4 kHz.
    """
    time_s = np.arange(TELEPHONE_HZ) / TELEPHONE_HZ
    tone = encode_ulaw(np.rint(11_000 * np.sin(2 * np.pi * 1000 * time_s)).astype(np.int16))
    quiet, low, high, beyond = through_handset(modules, rate_hz, 0, 1000, 3300, 5000, sent=tone)
    frames = int(SECONDS * 50) - 1
    assert len(low["caller"]) >= frames * 160
    assert sinad_db(steady(low["caller"]), 1000, TELEPHONE_HZ) >= 30
    assert abs(dbfs(steady(low["caller"])) + 9) < 0.3
    assert abs(dbfs(steady(high["caller"])) + 9) < 0.4
    assert dbfs(steady(beyond["caller"])) < -60
    # A line is never empty: without a sound in the microphone silence is said.
    assert set(quiet["caller"]) == {0xFF}
    agent = bytes(quiet["agent"]).lstrip(b"\xff")
    assert len(agent) > TELEPHONE_HZ * SECONDS / 2
    assert tone.lstrip(b"\xff").startswith(agent)
    middle = np.array(quiet["played"])[int(rate_hz * SECONDS / 2) : -rate_hz // 20]
    assert sinad_db(middle, 1000, rate_hz) >= 30
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
    hz = np.fft.rfftfreq(len(middle), 1 / rate_hz)
    assert 10 * np.log10(spectrum[hz > 4600].sum() / spectrum.sum()) < -60


def test_mu_law_is_that_of_the_server(modules: Page) -> None:
    """R5.1, R21: every sample of 14 bits, both ways."""
    samples = np.arange(-32768, 32768, 4, dtype=np.int32).astype(np.int16)
    script = """async (samples) => {
      const {encode, decode} = await import('/phone/mulaw.js');
      const bytes = Array.from({length: 256}, (_, byte) => byte);
      return [samples.map((sample) => encode(sample / 32768)), bytes.map((byte) => decode(byte) * 32768)];
    }"""
    encoded, decoded = modules.evaluate(script, samples.tolist())
    assert bytes(encoded) == encode_ulaw(samples)
    assert decoded == decode_ulaw(bytes(range(256))).tolist()


def test_the_player_hears_what_the_common_vectors_say(modules: Page) -> None:
    """R9.2, R21: the same model as the simulated caller's, held to the same vectors."""
    script = """async (vectors) => {
      const {Player} = await import('/phone/player.js');
      return vectors.map(({steps, until_ms: until}) => {
        const player = new Player();
        const piece = new Uint8Array(8);
        const marks = [];
        const loud = [];
        const due = () => marks.push(...player.dueMarks().map((name) => [player.now / 8, name]));
        const passTo = (at) => {
          while (player.now < at * 8) {
            player.take(piece, 8);
            const at = player.now / 8;
            if (piece.every((byte) => byte === 0x80)) {
              if (loud.length && loud.at(-1)[1] === at - 1) loud.at(-1)[1] = at;
              else loud.push([at - 1, at]);
            }
            due();
          }
        };
        for (const step of steps) {
          passTo(step.at_ms);
          if (step.media_ms) player.receiveMedia(new Uint8Array(step.media_ms * 8).fill(0x80));
          if (step.mark) player.receiveMark(step.mark);
          if (step.clear) player.receiveClear();
          due();
        }
        passTo(until);
        return {
          audible_ms: loud, marks,
          holes_ms: player.underruns.map(({atSample, gapSamples}) => [atSample / 8, gapSamples / 8]),
          discarded_ms: player.discardedSamples / 8,
        };
      });
    }"""
    heard = modules.evaluate(script, VECTORS)
    assert heard == [{name: vector[name] for name in one} for vector, one in zip(VECTORS, heard, strict=True)]
    assert set(heard[0]) == {"audible_ms", "marks", "holes_ms", "discarded_ms"}
