"""How many calls this machine carries."""

from pathlib import Path

import pytest

from app.config import load
from app.house.capacity import LATE_MS, calls_at_most, cores_at_hand, is_late
from app.house.hub_watch import HubWatch, Late

CLOUD = {"GOOGLE_SPEECH_ENDPOINT": "127.0.0.1:1", "GOOGLE_TTS_ENDPOINT": "127.0.0.1:1"}


@pytest.mark.parametrize(("cores", "calls"), [(0.5, 35), (1, 70), (1.5, 105), (2, 110), (16, 110), (0.01, 2)])
def test_the_cores_at_hand_make_the_limit(cores: float, calls: int) -> None:
    """R18: one core carries about seventy with something in hand; the worker, which uses one, some 110."""
    assert calls_at_most(load(CLOUD), cores) == calls


def test_embedded_engines_carry_few_and_a_setting_overrides_all() -> None:
    """R18."""
    assert calls_at_most(load({}), 2) == 6
    assert calls_at_most(load({"MAX_CALLS": "9"}), 2) == 9


@pytest.mark.parametrize(
    ("limit", "cores"), [("50000 100000", 0.5), ("max 100000", None), ("9900000 100000", None), ("", None)]
)
def test_a_containers_share_counts(tmp_path: Path, limit: str, cores: float | None) -> None:
    """R18: in a container of half a core, the machine's cores are not at hand."""
    file = tmp_path / "cpu.max"
    file.write_text(limit)
    assert cores_at_hand(file) == (cores_at_hand(tmp_path / "none") if cores is None else cores)


def measured(watch: HubWatch, *lags_ms: int) -> None:
    for lag_ms in lags_ms:
        watch.measured(Late(lag_ms, 0, 0, 0, ()))


def test_late_is_a_tenth_of_the_last_seconds_not_one_hiccup() -> None:
    """R18: and what was long ago is forgotten."""
    watch = HubWatch(lambda _: None)
    watch.judge()
    measured(watch, *[LATE_MS + 1] * 9, LATE_MS)
    assert not is_late(watch)  # nine hiccups are nine, however little was measured beside them
    measured(watch, LATE_MS + 1, *[1] * 89)
    assert is_late(watch)
    measured(watch, 1, 1)
    assert not is_late(watch)


def test_the_first_caller_is_not_turned_away_because_the_start_ran_late() -> None:
    """R18: a machine that loads runs late; its callers began the start."""
    watch = HubWatch(lambda _: None)
    measured(watch, *[500] * 20)
    assert (is_late(watch), watch.p99_ms()) == (False, 0)
    watch.judge()
    assert (is_late(watch), watch.p99_ms()) == (False, 0)
    measured(watch, *[500] * 20)
    assert (is_late(watch), watch.p99_ms()) == (True, 500)
