"""Common words of a call to an estate office: never a person's name, never a misheard town."""

from app.dialog.hebrew.lexicon import Lexicon

_LISTS = Lexicon("hebrew/common_words.toml")

COMMON_WORDS = _LISTS.words("common_words")
