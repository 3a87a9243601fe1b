"""Words the recogniser should expect next: few, and to the point of the question that stands (R8.1)."""

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon

_LISTS = Lexicon("real_estate/priming.toml")
ALWAYS = _LISTS.listed("always")
_BY_QUESTION = {asked: _LISTS.listed(asked.value) for asked in Asked}


def phrases(asked: Asked, office: str) -> tuple[str, ...]:
    """Return the words to prime the recogniser with after a question."""
    return (*_BY_QUESTION[asked], *ALWAYS, office)
