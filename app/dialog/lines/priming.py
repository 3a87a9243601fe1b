"""Words the recogniser should expect next: few, and to the point of the question that stands (R8.1)."""

from app.dialog.data import phrases as listed
from app.dialog.data import questions
from app.dialog.domain import Asked

_EXPECTED = {name: listed(question.get("expects", "")) for name, question in questions().items()}


def phrases(asked: Asked, office: str) -> tuple[str, ...]:
    """Return the words to prime the recogniser with after a question."""
    places = _EXPECTED[Asked.AREA] if asked is Asked.GREETING else ()
    return (*_EXPECTED[asked], *places, *_EXPECTED["always"], office)
