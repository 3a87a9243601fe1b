"""Words said over the agent that only mean "I am listening" (R7.5).

No list holds them all: what counts is that they are few, bring nothing new and do nothing but assent, thank or hum.
"""

import re

from app.dialog.domain import Intent, Understanding
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.tokens import fold
from app.dialog.understanding.endings import interim_sounds

_MOST_WORDS = 3
_LISTS = Lexicon("hebrew/acts.toml")
_THANKS = _LISTS.words("thanks")
_HUM = re.compile(r"[אהחמם]{1,6}")


def may_listen(text: str) -> bool:
    """Whether words are so few, and so finished, that what they mean is worth asking."""
    return 0 < len(_words(text)) <= _MOST_WORDS and interim_sounds(text) != "open"


def only_listens(text: str, understood: Understanding) -> bool:
    """Whether words that may listen, understood as an answer to the question that stands, leave the agent the floor."""
    says_more = (understood.updates, understood.refused, understood.phone_digits, understood.more_to_say)
    asks = (understood.asks_listing, understood.asks_robot, understood.asks_who, understood.hold)
    if any((*says_more, *asks, understood.abuse, understood.injection, understood.owner)):
        return False
    if understood.intent is Intent.CONFIRM:
        return True
    return understood.intent is Intent.UNCLEAR and all(
        _HUM.fullmatch(word) or fold(word) in _THANKS for word in _words(text)
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
