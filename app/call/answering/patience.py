"""How long an answer that is ready is kept back, for the caller may not be done (R6.3, R6.4). Pure.

The end of a turn is decided after half a second at most, so that the recogniser, the dialog and the voice are at work
while the caller is silent. What comes of it need not be heard at once: where only the silence says that the caller is
done, or the words want more, the caller who goes on has heard nothing, and both halves are one turn.
"""

from app.dialog.understanding.endings import Sounds

# `make bench-turns` chose them: see MEASURED.md.
UNFINISHED_MS = 1200  # "אני מחפש", "משהו ליד": nobody is done so
IN_DOUBT_MS = 900


def silence_before_answer(sounds: Sounds, *, in_doubt: bool) -> int:
    """Return how many ms of silence come before the answer to words that sound like this; 0: it may be heard at once.

    `in_doubt`: the voice did not end as one does that is done.
    """
    if sounds == "open":
        return UNFINISHED_MS if in_doubt else IN_DOUBT_MS
    return IN_DOUBT_MS if in_doubt and sounds != "complete" else 0
