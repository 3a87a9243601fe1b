"""The agent's own words, told from a caller who repeats some of them; alone, and in a call."""

import json
import random
from datetime import date
from pathlib import Path

import pytest

from app.call.echo_words import is_echo
from app.call.events import SttHeard
from app.call.states import State
from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.lines.stock import stock_sentences
from tests.call.driver import CallDriver, Stt, World

DIALOGS = Path(__file__).parents[1] / "dialog"
LETTERS = "אבגדהוזחטיכלמנסעפצקרשת"
QUESTION = "כדי לדייק את החיפוש, מדובר בקנייה או בשכירות?"


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("כדי לדייק את החיפוש מדובר", QUESTION),
        ("לדייק את החיפוס מדובר בקניה", QUESTION),
        ("את החיפוש בקנייה או בשכירות", QUESTION),
        ("הגעתם למשרד התיווך מדברת נועה", "שלום, הגעתם למשרד התיווך, מדברת נועה, העוזרת הדיגיטלית."),
    ],
)
def test_words_of_the_agents_in_their_order_are_its_echo(heard: str, said: str) -> None:
    """R7.1: also where a recogniser garbled one, or lost one."""
    assert is_echo(heard, said)


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("חולון", "באיזה אזור, אולי חולון?"),
        ("בקנייה או בשכירות", QUESTION),
        ("שיחה עם יועץ", "תעדיפו סיכום בהודעת וואטסאפ או שיחה עם יועץ?"),
        ("לא מדובר בקנייה או בשכירות", QUESTION),
        ("אני רוצה לדייק את החיפוש", QUESTION),
        ("אפס חמש ארבע אחת שתיים שלוש", "המספר הוא אפס חמש ארבע, אחת שתיים שלוש?"),
        ("אני מחפש דירה בשכירות ברעננה", QUESTION),
        ("", QUESTION),
    ],
)
def test_a_caller_who_repeats_or_answers_is_no_echo(heard: str, said: str) -> None:
    """R7.1: a word of the question, a number read back, the words with something of their own."""
    assert not is_echo(heard, said)


def test_no_answer_of_the_kept_dialogs_is_taken_for_an_echo() -> None:
    """R7.1: hundreds of answers against the lines they answer."""
    taken, answers = [], 0
    for path in DIALOGS.glob("dialogs*.jsonl"):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            dialog = Dialog(DialogSettings(), date(2026, 11, 22), "+972541234549")
            line = dialog.greet().line
            for turn in row["turns"]:
                answers += 1
                taken += [(turn["caller"], line)] if is_echo(turn["caller"], line) else []
                plan = dialog.hear(turn["caller"])
                line = plan.line
                if plan.ends_call:
                    break
    assert answers > 300
    assert taken == []


def test_most_echoes_are_known_however_a_recogniser_garbles_them() -> None:
    """R7.1: six words of each stock line, one in five of them wrong."""
    numbers = random.Random(7)
    known = tried = 0
    for line in stock_sentences("AgentLocator", "נועה"):
        words = line.split()
        if len(words) < 6:
            continue
        at = numbers.randrange(len(words) - 5)
        heard = [_garbled(word, numbers) for word in words[at : at + 6]]
        tried += 1
        known += is_echo(" ".join(heard), line)
    assert tried > 100
    assert known / tried >= 0.75


def _garbled(word: str, numbers: random.Random) -> str:
    if numbers.random() > 0.2:
        return word
    return "".join(numbers.choice(LETTERS) for _ in word)


def test_a_call_whose_agent_hears_itself_goes_on_with_its_sentence() -> None:
    """R7.1, R7.5: no turn, no answer to itself, however long the echo lasts."""
    drive = CallDriver()
    drive.start()
    drive.until(State.SPEAKING)
    greeting = drive.spoken()
    echo = " ".join(greeting.split()[1:7])
    drive.world.stts += [Stt(echo, interim=echo, interim_ms=300)] * 5
    drive.quiet(3200)
    drive.says(1500)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    assert drive.history() == [("agent", greeting)]


def test_an_echo_that_ends_behind_the_agents_voice_is_no_turn() -> None:
    """R7.1: it comes 100-400 ms late; whoever says the same a second later is a caller."""
    for pause_ms, is_turn in ((200, False), (1500, True)):
        drive = CallDriver().listening()
        words = " ".join(drive.spoken().split()[-5:])
        drive.world.stts.append(Stt(words))
        drive.quiet(pause_ms)
        drive.says(900)
        drive.quiet(1200)
        assert bool(drive.logged("ECHO")) is not is_turn
        assert bool([text for who, text in drive.history() if who == "caller"]) is is_turn


@pytest.mark.parametrize("interim", [None, "הגעתם", "למשרד התיווך"])
@pytest.mark.parametrize(("tts_speed", "before_ms"), [(10, 2600), (1, 2600), (10, 1800)])
def test_an_echo_that_took_the_floor_before_its_words_were_known_gives_it_back(
    interim: str | None, tts_speed: int, before_ms: int
) -> None:
    """R7.1, R7.5: 700 ms of voice, or two words of it, are taken for the caller; also while the voice is being made."""
    drive = CallDriver(World(tts_speed=tts_speed))
    drive.start()
    drive.until(State.SPEAKING)
    greeting = drive.spoken()
    drive.world.stts.append(Stt(" ".join(greeting.split()[1:7]), interim=interim))
    drive.quiet(before_ms)
    drive.says(1100)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    assert drive.history() == [("agent", greeting)]
    assert len(drive.saved("said")) == 1


@pytest.mark.parametrize("words", ["כן", "אני מחפש דירה בשכירות ברעננה", "לא הגעתם למשרד התיווך מדברת נועה"])
def test_a_caller_who_took_the_floor_keeps_it(words: str) -> None:
    """R7.5: the agent answers, and what it did not say enters no history."""
    drive = CallDriver()
    drive.start()
    drive.until(State.SPEAKING)
    greeting = drive.spoken()
    drive.world.stts.append(Stt(words))
    drive.quiet(2600)
    drive.says(1100)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    (who, heard), answer = drive.history()
    assert (who, answer) == ("agent", ("caller", words))
    assert greeting.startswith(heard)
    assert heard != greeting


def test_an_echo_is_no_last_word_of_who_hangs_up() -> None:
    """R7.1, R14: its first word had taken the floor."""
    drive = CallDriver()
    drive.start()
    drive.until(State.SPEAKING)
    echo = drive.spoken().split()[1:7]
    drive.world.stts.append(Stt(silent=True, interim=echo[0]))
    drive.quiet(2600)
    drive.says(900)
    assert drive.logged("FLOOR_TAKEN")
    drive.give(SttHeard(1, " ".join(echo), False, 0.9))
    drive.end()
    assert [who for who, _ in drive.history()] == ["agent"]
