"""The letters that Hebrew writes onto a word: who looks for "חולון" means "בחולון" and "ושמחולון", too. Pure."""

from itertools import product

_AND = ("", "ו")
_THAT = ("", "ש", "כש", "מש", "לכש")
_IN = ("", "ב", "ל", "כ", "מ", "ה", "מה")
"""In, to, as, from, the, from the; after the others the article is heard and not written."""
_SHORT = frozenset({"ב", "ל", "ה", "מ", "וב", "ול", "וה", "ומ"})
_SHORT_LETTERS = 2
"""Before so short a word a "that" or an "as" mostly makes another word: "בת" is not looked for in "שבת"."""
_DOUBLED = "ו"


def forms(word: str) -> list[str]:
    """Return a word as it may be written, itself first; behind another letter a first vav may be doubled."""
    found = [word]
    for letters in product(_AND, _THAT, _IN):
        prefix = "".join(letters)
        if not prefix or (len(word) <= _SHORT_LETTERS and prefix not in _SHORT):
            continue
        found.append(prefix + word)
        if word.startswith(_DOUBLED) and not word.startswith(_DOUBLED * 2):
            found.append(prefix + _DOUBLED + word)
    return found
