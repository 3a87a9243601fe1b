"""The lines written from the state of a call."""

from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.lines.checks import check_line
from app.dialog.lines.writer import LineWriter
from app.dialog.policy.state import DialogState, Step
from tests.dialog.strategies import TODAY

LONG = {
    "deal": "buy",
    "property_type": "garden_apartment",
    "rooms_min": 3.5,
    "rooms_max": 4.5,
    "area": ["קריית מוצקין", "קריית ביאליק", "קריית אתא"],
    "budget_min": 2_150_000,
    "budget_max": 2_650_000,
    "timing": {"type": "month", "month": "2028-09"},
}


def test_a_summary_keeps_what_fits_into_twenty_words() -> None:
    """R10.5: deal, area, type, budget and time; the plainest details go first."""
    writer = LineWriter(DialogState(slots=dict(LONG), step=Step.SUMMARY), "כהן", "נועה", 2026)
    written = writer.summary()
    assert len(written.line.split()) <= 20
    assert check_line(written.line, written.context) == ()
    for part in ("דירת גן", "לקנייה", "קריית מוצקין"):
        assert part in written.line


def test_a_summary_of_nothing_still_asks() -> None:
    """R10.5: a caller who declined everything hears no made-up summary."""
    written = LineWriter(DialogState(step=Step.SUMMARY), "כהן", "נועה", 2026).summary()
    assert written.line.endswith("האם הכול נכון?")


def test_the_office_and_the_agent_are_named_and_a_recording_is_announced() -> None:
    """R10.1: an office's name in any script is said in Hebrew."""
    dialog = Dialog(DialogSettings(office_name="AgentLocator", agent_name="מיכל", recorded=True), TODAY)
    line = dialog.greet().line
    assert "אייג'נט לוקייטור" in line
    assert "מיכל" in line
    assert "מוקלטת" in line


def test_a_very_long_office_name_leaves_room_for_the_question() -> None:
    """R10.4: 12 to 20 words also then."""
    line = Dialog(DialogSettings(office_name="משרד התיווך הגדול והוותיק של משפחת כהן ובניו"), TODAY).greet().line
    assert 12 <= len(line.split()) <= 20
