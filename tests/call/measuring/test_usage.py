"""What a call uses, in the units that vendors bill."""

from app.call.events import AskExtraction, AskLlm, Log, SendClear, Speak, WriteStt
from app.call.measuring.usage import Usage


def test_everything_that_is_billed_is_counted_and_what_is_in_the_cache_apart() -> None:
    """R11: audio in ms, text in characters and lines, answers and tokens, guesses by what became of them."""
    usage = Usage()
    usage.see(
        [
            *(WriteStt(1, bytes(320)) for _ in range(3)),
            WriteStt(1, bytes(8)),
            AskLlm(1, []),
            AskExtraction(1, [], {}),
            Speak(1, "רגע.", 1),
            Speak(2, "שלום דנה.", 1),
            Speak(3, "כן.", 1),
            Log("SPECULATION", {"used": True, "guesses": 1}),
            Log("SPECULATION", {"used": False, "guesses": 2}),
            Log("SPECULATION", {"used": False, "guesses": 3}),
            Log("EOU", {"used": True}),
            SendClear(),
        ],
        lambda text: text == "רגע.",
    )
    usage.tokens(100, 7)
    usage.tokens(50, 3)
    assert usage.total() == {
        "stt_ms": 60,
        "llm_calls": 2,
        "tts_cached_chars": 4,
        "tts_cached_lines": 1,
        "tts_chars": 12,
        "tts_lines": 2,
        "guesses_used": 1,
        "guesses_wasted": 2,
        "llm_in_tokens": 150,
        "llm_out_tokens": 10,
    }


def test_a_call_that_used_nothing_says_so_and_asking_twice_changes_nothing() -> None:
    usage = Usage()
    assert usage.total() == {"stt_ms": 0}
    usage.see([WriteStt(1, bytes(1600))], lambda _: False)
    assert usage.total() == usage.total() == {"stt_ms": 100}
