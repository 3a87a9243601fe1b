"""Since when nothing was understood, and when the agent speaks because of it (R17). Pure; times are monotonic ms.

One measure drives the silence ladder and the longest turn, whatever noises come: far voices, a fan, a radio. A sound
without words puts the ladder off once, for as long as a recogniser may need to find a word in it; words put it off
until the turn is over, or has lasted for too long.
"""

LONGEST_TURN_MS = 16_000  # nobody speaks for so long without half a second's pause who waits for an answer
HOPELESS_MS = 60_000  # nothing understood for so long, and the caller does not pause: the agent takes its leave
WORDLESS_MS = 4_000  # a streaming recogniser has told of a word by then
WORDLESS_BATCH_MS = 6_500  # one that is given segments has read the first by then
WORDLESS_VOICE_MS = 12_800  # a voice that hardly pauses is given more time: some engines keep their words for the end
SECOND_CHANCE_MS = 1_500  # after a sound that was no word, a word may follow
MOST_CHANCES_MS = 3_000


class Progress:
    """How the caller's turn goes on; of one call."""

    def __init__(self, *, streams: bool) -> None:
        """`streams`: whether the recogniser tells of words while they are said."""
        self.wordless_ms = WORDLESS_MS if streams else WORDLESS_BATCH_MS
        self._streams = streams
        self._began_ms = 0
        self._words_at_ms = 0
        self._prompt_at_ms: int | None = None
        self._latest_ms = 0
        self._understood_at_ms: int | None = None

    def await_caller(self, now_ms: int, patience_ms: int) -> None:
        """The floor is the caller's; 0: nobody minds how long."""
        self._began_ms = now_ms
        self._prompt_at_ms = now_ms + patience_ms if patience_ms else None
        self._latest_ms = now_ms + patience_ms + MOST_CHANCES_MS
        if self._understood_at_ms is None:
            self._understood_at_ms = now_ms

    def wait_on(self, now_ms: int) -> None:
        """What seemed to be a turn held no words: the caller has been silent all the time."""
        if self._prompt_at_ms is not None:
            self._prompt_at_ms = max(self._prompt_at_ms, min(now_ms + SECOND_CHANCE_MS, self._latest_ms))

    def words(self, now_ms: int) -> None:
        """There are more words in what the caller says."""
        self._words_at_ms = now_ms

    def understood(self, now_ms: int) -> None:
        """The dialog has got on."""
        self._understood_at_ms = now_ms

    def is_overdue(self, now_ms: int) -> bool:
        """Whether the agent would speak by now, were it silent."""
        return self._prompt_at_ms is not None and now_ms >= self._prompt_at_ms

    def is_hopeless(self, now_ms: int) -> bool:
        """Whether nothing was understood for so long that the call should end."""
        return self._understood_at_ms is not None and now_ms - self._understood_at_ms >= HOPELESS_MS

    def due_ms(
        self, sound_since_ms: int | None, *, has_words: bool, is_voice: bool = False, hears_words: bool = True
    ) -> int | None:
        """Return when the agent is to speak unless something is understood before.

        `sound_since_ms` is since when there is a sound that may be the caller's turn, None in silence; `is_voice`: it
        is voice for most of its time; `hears_words`: words in it would be known by now.
        """
        if sound_since_ms is None:
            return self._prompt_at_ms
        longest_ms = max(self._began_ms, sound_since_ms) + LONGEST_TURN_MS
        if not hears_words or (has_words and not self._streams):
            return longest_ms
        if self._prompt_at_ms is None:
            return longest_ms if has_words else None
        news_ms = max(sound_since_ms, self._words_at_ms)
        wordless_ms = WORDLESS_VOICE_MS if is_voice else self.wordless_ms
        return min(longest_ms, max(self._prompt_at_ms, news_ms + wordless_ms))
