"""A call's recording."""

from pathlib import Path

import pytest

from app.web.console.audio import fewer_peaks
from tests.web.clients import SID, Visitor
from tests.web.fake_office import FakeOffice


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Visitor:
    return Visitor(FakeOffice(tmp_path_factory.mktemp("office")))


def test_a_stretch_of_the_sound_can_be_asked_for(visitor: Visitor) -> None:
    """R16, C35: 206 with just these bytes; a range beyond its end is 416."""
    whole = visitor.get(f"/console/calls/{SID}/audio")
    part = visitor.client.get(f"/console/calls/{SID}/audio", headers={"Range": "bytes=100-199"}, buffered=True)
    assert (part.status_code, part.data) == (206, whole.data[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.data)}"
    assert whole.headers["Content-Type"] == "audio/wav"
    beyond = visitor.client.get(f"/console/calls/{SID}/audio", headers={"Range": "bytes=99999999-"}, buffered=True)
    assert beyond.status_code == 416


def test_who_listens_is_on_record_once_a_hearing(visitor: Visitor) -> None:
    """R16: not at each seek."""
    before = len(visitor.office.done)
    for at in ("bytes=0-", "bytes=5000-", "bytes=9000-"):
        visitor.client.get(f"/console/calls/{SID}/audio", headers={"Range": at}, buffered=True)
    assert visitor.office.done[before:] == [("audit", "audio", SID)]


def test_the_outline_has_two_sides_of_at_most_two_thousand_points(visitor: Visitor) -> None:
    """R16: between 0 and 1, with the sound's length."""
    outline = visitor.get(f"/console/calls/{SID}/peaks.json").json
    assert outline is not None
    assert outline["duration_s"] == 30
    assert [len(side) for side in outline["peaks"]] == [1500, 1500]
    assert all(0 <= peak <= 1 for side in outline["peaks"] for peak in side)
    assert fewer_peaks([1, 127, 3, 4, 5], 2) == [1.0, 0.039]
    assert fewer_peaks([], 2) == []


@pytest.mark.parametrize("path", ["audio", "peaks.json", "tape"])
def test_what_was_not_kept_is_not_found(path: str) -> None:
    """R16: 404 with the reason."""
    answer = Visitor().get(f"/console/calls/{SID}/{path}")
    assert answer.status_code == 404
    assert "לשיחה הזאת" in answer.text


def test_the_page_says_why_there_is_no_recording(tmp_path: Path) -> None:
    """R16: switched off; with one there is a player."""
    assert "ההקלטה כבויה" in Visitor().get(f"/console/calls/{SID}").text
    assert "<audio" in Visitor(FakeOffice(tmp_path)).get(f"/console/calls/{SID}").text
