"""The gate between an LLM's stream and the voice: only checked words pass (R10.4).

Whatever the stream brings, what is spoken in all is a valid line: a first sentence is released early only when it
passes and some stock question completes it to a valid line; if the rest fails, stalls or never comes, that question
is spoken; if nothing could be released, the deterministic line is.
"""

import re

from app.dialog.lines.book import MAX_WORDS, MIN_WORDS, word_count
from app.dialog.lines.checks import check_line, check_opening
from app.dialog.plan import Plan

_SENTENCE_END = re.compile(r"[.!](?=\s)")
# No valid line is longer; an LLM that writes more than this has lost the thread.
_MOST_CHARACTERS = 400


class ReplyGate:
    """A pure machine for one streamed reply: feed it deltas, speak what it returns. Never speaks after `closed`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.closed = False
        self.reasons: tuple[str, ...] = ()
        """Why the LLM's words were not used, if they were not."""
        self._text = ""
        self._released = ""

    @property
    def spoken(self) -> str:
        """Return everything released so far, as one line."""
        return self._released

    def feed(self, delta: str) -> list[str]:
        """Take a piece of the stream; return the sentences that may be spoken now."""
        if self.closed:
            return []
        self._text = (self._text + delta)[: _MOST_CHARACTERS + 1]
        if len(self._text) > _MOST_CHARACTERS:
            return self._replace(("too_long",))
        ready = [] if self._released else self._opening()
        if not self.closed and "?" in self._text:
            # What follows a question is never spoken, so there is no need to wait for it.
            self._text = self._text[: self._text.index("?") + 1]
            return ready + self.end()
        return ready

    def end(self) -> list[str]:
        """Take the end of the stream; return what completes the line."""
        if self.closed:
            return []
        line = _tidy(self._text)
        reasons = check_line(line, self.plan.context)
        if reasons or not line.startswith(self._released):
            return self._replace(reasons or ("changed",))
        return self._release(line[len(self._released) :].strip())

    def late(self) -> list[str]:
        """Give up waiting for the first token."""
        return [] if self.closed or self._released else self._replace(("late",))

    def stalled(self) -> list[str]:
        """Give up waiting between tokens: end the line cleanly."""
        return [] if self.closed else self._replace(("stalled",))

    def _opening(self) -> list[str]:
        """Release the first sentence if it is sound and can be completed whatever comes after it."""
        found = _SENTENCE_END.search(self._text)
        if found is None:
            return []
        sentence = _tidy(self._text[: found.end()])
        reasons = check_opening(sentence, self.plan.context)
        if reasons:
            return self._replace(reasons)
        if self._completion(sentence) is None:
            # Too short or too long to be completed from stock: wait for the whole line.
            return []
        self._released = sentence
        return [sentence]

    def _completion(self, sentence: str) -> str | None:
        words = word_count(sentence)
        for question in self.plan.questions:
            if MIN_WORDS <= words + word_count(question) <= MAX_WORDS and not check_line(
                f"{sentence} {question}", self.plan.context
            ):
                return question
        return None

    def _replace(self, reasons: tuple[str, ...]) -> list[str]:
        self.reasons = reasons
        if not self._released:
            self._text = ""
            return self._release(self.plan.line)
        completion = self._completion(self._released)
        assert completion is not None  # it was found before the sentence was released
        return self._release(completion)

    def _release(self, rest: str) -> list[str]:
        self.closed = True
        self._released = f"{self._released} {rest}".strip()
        return [rest] if rest else []


def _tidy(text: str) -> str:
    """Bring white space together; everything else an LLM writes is left for the checks to judge."""
    return " ".join(text.split())
