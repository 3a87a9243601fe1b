"""What the page works out beside the call, by its own modules in a real browser: answers' times, echo, messages."""

import base64
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Page

from app.media.codec import encode_ulaw
from app.telephony import messages
from tests.browser.sounds import spoken

Sound = npt.NDArray[np.int16]
MS = 8
RNG = np.random.default_rng(7)

ANSWERS = """async (caller, agent) => {
  const {AnswerClock, level} = await import('/phone/ear.js');
  const clock = new AnswerClock();
  const found = [];
  for (let at = 0; at < caller.length; at += 160) {
    const ms = clock.hear(level(caller.slice(at, at + 160)), agent.slice(at, at + 160));
    if (ms !== null) found.push(ms);
  }
  return found;
}"""
ECHOES = """async (caller, agent) => {
  const {EchoWatch} = await import('/phone/ear.js');
  const watch = new EchoWatch();
  let echoes = 0;
  for (let at = 0; at < caller.length; at += 160) {
    echoes += watch.hear(caller.slice(at, at + 160), agent.slice(at, at + 160));
  }
  return echoes;
}"""


def silence(ms: int) -> Sound:
    return np.zeros(ms * MS, np.int16)


def tone(ms: int) -> Sound:
    wave: npt.NDArray[np.float64] = 8000 * np.sin(np.arange(ms * MS) * 0.7)
    return wave.astype(np.int16)


def both(page: Page, script: str, caller: Sound, agent: Sound) -> Any:
    """Give a script both sides as mu-law, equally long and in whole frames."""
    length = min(len(caller), len(agent)) // 160 * 160
    sides = [base64.b64encode(encode_ulaw(side[:length])).decode() for side in (caller, agent)]
    bytes_of = "(text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))"
    return page.evaluate(f"sides => ({script})(...sides.map({bytes_of}))", sides)


@pytest.mark.parametrize("pause_ms", [140, 600, 2050])
def test_an_answer_is_timed_from_the_callers_last_voice_to_the_first_sound_heard(modules: Page, pause_ms: int) -> None:
    """R21: to the sample; the greeting before it answers nobody."""
    caller = np.concatenate([silence(1000), tone(800), silence(pause_ms + 1000)])
    agent = np.concatenate([tone(300), silence(1500 + pause_ms), tone(900)])
    assert both(modules, ANSWERS, caller, agent) == [pytest.approx(pause_ms, abs=1)]


def test_pauses_inside_an_answer_begin_no_other_and_a_click_is_no_voice(modules: Page) -> None:
    """R21: a breath of the agent's, a knock on the table; what she says after a second's silence is told, too."""
    knock = np.concatenate([silence(2500), tone(20), silence(1500)])
    caller = np.concatenate([silence(400), tone(600), knock])
    agent = np.concatenate([silence(1400), tone(400), silence(150), tone(400), silence(1200), tone(500)])
    assert both(modules, ANSWERS, caller, agent) == [pytest.approx(400, abs=1), pytest.approx(2550, abs=1)]


def talk(names: tuple[str, ...]) -> Sound:
    return np.concatenate([part for name in names for part in (spoken(name), silence(200))])


HERS = talk(("w01_01", "w01_03", "w01_05"))
OTHERS = (talk(("w01_02", "w01_04", "w01_06")), talk(("w01_06", "w01_02", "w01_04")), np.roll(HERS, 1100 * MS))


@pytest.mark.parametrize(("delay_ms", "gain"), [(20, 0.5), (120, 0.1), (280, 0.25)])
def test_a_microphone_that_hears_the_loudspeaker_is_told_of(modules: Page, delay_ms: int, gain: float) -> None:
    """R21: whatever the room's delay, under a little noise."""
    echo = np.concatenate([silence(delay_ms), HERS])[: len(HERS)] * gain + RNG.normal(0, 30, len(HERS))
    assert both(modules, ECHOES, echo.astype(np.int16), HERS) > 0


@pytest.mark.parametrize("caller", OTHERS, ids=["another", "others", "the same words a second later"])
def test_two_people_who_talk_at_once_are_no_echo(modules: Page, caller: Sound) -> None:
    """R21: a chance likeness does not stand still."""
    assert both(modules, ECHOES, caller, HERS) == 0


def test_what_the_page_sends_is_what_twilio_sends(modules: Page) -> None:
    """R21: counted, numbers as strings, keys on the track that Twilio names."""
    script = """async () => {
      const {Stream} = await import('/phone/messages.js');
      const call = {streamSid: 'MZ1', callSid: 'BR1', accountSid: 'AC1', parameters: {token: 't'}};
      const stream = new Stream(call);
      const frame = new Uint8Array(160).fill(255);
      const sent = [stream.connected(), stream.start(), stream.media(frame), stream.media(frame)];
      return [...sent, stream.dtmf('#'), stream.mark('m'), stream.stop()];
    }"""
    sent: list[str] = modules.evaluate(script)
    connected, start, first, second, key, mark, stop = map(messages.parse, sent)
    assert connected == messages.Connected("Call", "1.0.0")
    assert start == messages.StreamStart("MZ1", "BR1", "AC1", {"token": "t"})
    assert first == messages.MediaIn(b"\xff" * 160, 20)
    assert second == messages.MediaIn(b"\xff" * 160, 40)
    assert (key, mark) == (messages.DtmfIn("#"), messages.MarkEcho("m"))
    assert stop == messages.StreamStop("BR1")
    assert '"dtmf":{"track":"inbound_track","digit":"#"}' in sent[4]
    assert '"sequenceNumber":"3"' in sent[3]
    assert '"chunk":"2","timestamp":"40"' in sent[3]


def test_what_the_server_must_not_send_is_named_as_twilio_names_it(modules: Page) -> None:
    """R9.1, R21: 31950, 31951; what it may send is taken."""
    texts = [
        messages.media("MZ1", b"\x80\x81"),
        messages.mark("MZ1", "a:1"),
        messages.clear("MZ1"),
        messages.clear("MZ2"),
        '{"event":"dtmf","streamSid":"MZ1"}',
        '{"event":"mark","streamSid":"MZ1","mark":{}}',
        "no JSON",
        "[]",
    ]
    script = """async (texts) => {
      const {read} = await import('/phone/messages.js');
      const told = [...texts, new ArrayBuffer(2)].map((data) => read(data, 'MZ1'));
      return told.map(({ulaw, ...rest}) => (ulaw ? {...rest, ulaw: Array.from(ulaw)} : rest));
    }"""
    told = modules.evaluate(script, texts)
    assert told[:3] == [{"kind": "media", "ulaw": [0x80, 0x81]}, {"kind": "mark", "name": "a:1"}, {"kind": "clear"}]
    assert [one["fault"][:5] for one in told[3:]] == ["31951"] * 5 + ["31950"]


def test_a_microphone_is_called_silent_when_it_should_have_been_heard(modules: Page) -> None:
    """R21: not while the agent talks, later once it was heard, and never while it is."""
    script = """async () => {
      const {SilenceWatch} = await import('/phone/microphone.js');
      const until = (watch, caller, agent, most) => {
        for (let tenths = 1; tenths <= most; tenths += 1) if (watch.hear(caller, agent, 100)) return tenths / 10;
        return null;
      };
      const fresh = new SilenceWatch();
      const heard = new SilenceWatch();
      heard.hear(-30, -100, 100);
      return [until(fresh, -100, -20, 300), until(fresh, -70, -100, 300), until(heard, -70, -100, 300),
              until(new SilenceWatch(), -50, -100, 300)];
    }"""
    assert modules.evaluate(script) == [None, 5, 10, None]


def test_silence_is_no_echo(modules: Page) -> None:
    """R21: an agent who says nothing, a microphone that hears nothing."""
    for caller, agent in itertools.permutations((HERS, silence(3000))):
        assert both(modules, ECHOES, caller, agent) == 0
