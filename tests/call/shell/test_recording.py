"""A recorded message is cut, heard, read and stored, whatever fails on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec

import eventlet
import numpy as np
import pytest
from structlog.testing import capture_logs

from app.call.shell.ledger import ISRAEL
from app.call.shell.recording import PieceCutter, Recordings
from app.leads.records import Record
from app.media.codec import decode_ulaw, encode_ulaw
from app.media.wav import parse_wav, write_wav
from app.speech.engines import Done, Failed, Heard, SttEvent
from app.telephony.recordings import RecordingAccount, RecordingError
from tests.call.driver import buzz, hush
from tests.media.sounds import Floats, to_ulaw

P = ParamSpec("P")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=ISRAEL)
AUDIO = Path(__file__).parents[3] / "samples"
ACCOUNT = RecordingAccount("AC" + "0" * 32, "a token")
URL = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT.account_sid}/Recordings/RE{'1' * 32}"
PARAMS = {"CallSid": "CA1", "From": "+972500000001", "To": "+97230000000", "RecordingUrl": URL}


def cut(*sounds: Floats) -> list[float]:
    """Return the pieces' lengths in ms."""
    cutter = PieceCutter()
    ulaw = b"".join(to_ulaw(sound) for sound in sounds)
    pieces = [piece for start in range(0, len(ulaw), 1000) for piece in cutter.process(ulaw[start : start + 1000])]
    return [len(piece) / 16 for piece in [*pieces, *cutter.rest()]]


def test_a_message_is_cut_at_its_pauses_and_not_within_a_phrase() -> None:
    """R2.7: short pauses hold a piece together, long ones end it."""
    first, second = cut(hush(500), buzz(1500), hush(300), buzz(1500), hush(900), buzz(2500), hush(700))
    assert 3300 <= first <= 4900
    assert 2500 <= second <= 4000


def test_who_never_pauses_is_cut_before_a_recogniser_gives_up() -> None:
    """R2.7: no piece is longer than 14 s, and nothing falls between them."""
    breaths = [sound for _ in range(20) for sound in (buzz(1200), hush(300))]
    pieces = cut(hush(500), *breaths)
    assert max(pieces) <= 14_000
    assert sum(pieces) >= 29_500


def test_silence_has_no_pieces() -> None:
    """R2.7: what holds no voice is not sent anywhere."""
    assert cut(hush(5000)) == []


@dataclass
class Ears:
    """A recogniser that answers each piece with the next of `answers`: words, or how it fails."""

    answers: list[str | Failed]
    name: str = "ears"
    heard_bytes: list[int] = field(default_factory=list)

    def open(self, phrases: tuple[str, ...], listener: Callable[[SttEvent], None]) -> "Ears":
        assert phrases
        self._listener = listener
        self.heard_bytes.append(0)
        return self

    def write(self, pcm: bytes) -> None:
        self.heard_bytes[-1] += len(pcm)

    def finish(self) -> None:
        answer = self.answers.pop(0)
        if isinstance(answer, Failed):
            self._listener(answer)
            return
        if answer:
            self._listener(Heard(answer, is_final=True))
        self._listener(Done())

    def cancel(self) -> None:
        pass


class Told:
    """What the store was told, in order."""

    def __init__(self) -> None:
        self.records: list[tuple[str, dict[str, Any]]] = []

    def tell(self, kind: Callable[P, Record], /, *args: P.args, **fields: P.kwargs) -> None:
        self.records.append((kind(*args, **fields).op, dict(fields)))

    def names(self) -> list[str]:
        return [name for name, _ in self.records]

    def of(self, name: str) -> dict[str, Any]:
        return next(fields for told, fields in reversed(self.records) if told == name)


def message(*voices: int, rate_hz: int = 8000) -> bytes:
    """Return a WAV with stretches of voice, pauses between them."""
    ulaw = b"".join(to_ulaw(sound) for ms in voices for sound in (hush(900), buzz(ms)))
    return write_wav(np.repeat(decode_ulaw(ulaw), rate_hz // 8000), rate_hz)


def recordings(
    store: Told,
    wavs: list[bytes | Exception],
    *ears: Ears,
    delete: Callable[[RecordingAccount, str], None] | None = None,
) -> Recordings:
    def fetch(account: RecordingAccount, recording_url: str) -> bytes:
        assert account is ACCOUNT
        assert recording_url == URL
        answer = wavs.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Recordings(ACCOUNT, ears, store, "המשרד", fetch, (0.0, 0.0), lambda: NOW, delete)


def test_a_message_becomes_turn_slots_and_facts() -> None:
    """R2.7: stored as a lead like a call's; each piece is heard whole."""
    store = Told()
    ears = Ears(["שלום קוראים לי דנה לוי", "מחפשת דירה לשכירות ברעננה"])
    recordings(store, [message(2500, 2500)], ears).take(PARAMS)
    assert store.names() == [
        "call_started", "facts", "turn", "slots", "facts", "call_ended",
    ]  # fmt: skip
    assert store.of("call_started")["channel"] == "recording"
    assert store.records[1][1]["recording_url"] == URL
    changes = store.of("slots")["changes"]
    assert {slot: change.value for slot, change in changes.items()} == {
        "name": "דנה לוי",
        "deal": "rent",
        "property_type": "apartment",
        "area": ["רעננה"],
    }
    assert store.of("turn")["caller_text"] == "שלום קוראים לי דנה לוי מחפשת דירה לשכירות ברעננה"
    assert store.of("call_ended")["outcome"] == "recording"
    assert min(ears.heard_bytes) >= 2500 * 16


def test_calls_go_on_while_a_long_message_is_unpacked_and_understood() -> None:
    """R9.2: at another rate, that is hundreds of ms of work; each piece that is cut lets others run once or twice."""
    ticks = 0
    store, ears = Told(), Ears(["דירה ברעננה"] * 4)
    wav = message(*[8000] * 3, rate_hz=48_000)

    def tick() -> None:
        nonlocal ticks
        while "call_ended" not in store.names():
            ticks += 1
            eventlet.sleep(0)

    ticking = eventlet.spawn(tick)
    recordings(store, [wav], ears).take(PARAMS)
    ticking.wait()
    assert store.of("slots")["changes"]["area"].value == ["רעננה"]
    assert ticks > 3 * (3 * 8900 / 100), "more than its pieces let run"


@pytest.mark.parametrize(
    ("caller", "words", "is_deleted"),
    [
        ("+972500000001", "דירה ברעננה", True),
        ("+972500000001", "תחזרו אליי בבקשה", True),
        ("anonymous", "דירה ברעננה", True),
        ("anonymous", "אה שלום", False),
        ("+972500000001", "", False),
    ],
)
def test_a_recording_is_deleted_at_twilio_once_it_is_a_lead(caller: str, words: str, is_deleted: bool) -> None:
    """R16: not while the sound is all that the office has; the lead's link to it goes with it, before the lead does."""
    store, deleted = Told(), []
    taker = recordings(store, [message(2500)], Ears([words]), delete=lambda _, url: deleted.append(url))
    taker.take({**PARAMS, "From": caller})
    assert deleted == [URL] * is_deleted
    assert store.names()[-1] == "call_ended"
    assert (store.of("facts").get("withdrawn") == ["recording_url"]) is is_deleted


def test_a_recording_that_twilio_does_not_delete_stays_in_the_lead() -> None:
    """R16: where it can be heard, and deleted by hand."""

    def refuse(account: RecordingAccount, recording_url: str) -> None:
        raise RecordingError(f"HTTP 500 for {recording_url} of {account}")

    store = Told()
    recordings(store, [message(2500)], Ears(["דירה ברעננה"]), delete=refuse).take(PARAMS)
    assert not any(fields.get("withdrawn") for _, fields in store.records)
    assert store.names()[-1] == "call_ended"


def test_the_second_engine_hears_what_the_first_does_not() -> None:
    """R8.2: down, or without a word."""
    store = Told()
    first = Ears([Failed("unavailable", "down", retriable=True), ""])
    second = Ears(["קוראים לי דנה", "מחפשת דירה ברעננה"])
    with capture_logs() as logs:
        recordings(store, [message(2500, 2500)], first, second).take(PARAMS)
    assert [entry["engine"] for entry in logs if entry["event"] == "STT_FAILED"] == ["ears"], "one failed, one was deaf"
    assert "רעננה" in store.of("turn")["caller_text"]
    assert "דנה" in store.of("turn")["caller_text"]


def test_a_recording_that_is_not_ready_is_asked_for_again() -> None:
    """R2.7: HTTP 404 for a while."""
    store = Told()
    late = RecordingError("HTTP 404", retriable=True)
    recordings(store, [late, late, message(2500)], Ears(["דירה ברעננה"])).take(PARAMS)
    assert store.of("slots")


@pytest.mark.parametrize(
    "wavs",
    [
        [RecordingError("HTTP 401")],
        [RecordingError("HTTP 404", retriable=True)] * 3,
        [b"no WAV"],
        [ZeroDivisionError("a fault of ours")],
        [write_wav(np.zeros(16_000, np.int16), 8000)],
        [write_wav(np.zeros(0, np.int16), 8000)],
    ],
)
def test_whatever_fails_the_call_and_its_recording_stay(wavs: list[bytes | Exception]) -> None:
    """R14: the office can call back, and listen itself."""
    store = Told()
    recordings(store, list(wavs), Ears([])).take(PARAMS)
    assert store.names()[:2] == ["call_started", "facts"]
    assert store.names()[-1] == "call_ended"
    assert "slots" not in store.names()


def test_twilio_asking_twice_makes_one_lead() -> None:
    """R2.7: a webhook may come again."""
    store = Told()
    taker = recordings(store, [message(2500)], Ears(["דירה ברעננה"]))
    assert not taker.took("CA1")
    taker.take(PARAMS)
    taker.take(PARAMS)
    assert taker.took("CA1")
    assert store.names().count("call_started") == 1


def test_a_real_voice_is_one_piece() -> None:
    """R2.7: a sample caller, as Twilio would record it."""
    cutter = PieceCutter()
    sound = parse_wav((AUDIO / "w01_01_ef_dora.wav").read_bytes())
    pieces = [*cutter.process(encode_ulaw(sound.mono())), *cutter.rest()]
    assert len(pieces) == 1
