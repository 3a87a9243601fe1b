"""When ended calls are tidied up after."""

from collections.abc import Callable

from app.house.tidying import TIDIES_AFTER_S, Tidying


def test_many_ends_are_tidied_up_after_once_and_later_ones_again() -> None:
    """R18: memory is flat, and the hub is held once for many calls."""
    later: list[tuple[float, Callable[[], None]]] = []
    done: list[str] = []
    on_the_line = [1]
    tidying = Tidying(
        lambda: done.append("tidied"),
        lambda: done.append("given back"),
        lambda: bool(on_the_line),
        lambda delay_s, work: later.append((delay_s, work)),
    )
    for _ in range(3):
        tidying.call_ended()
    assert [delay_s for delay_s, _ in later] == [TIDIES_AFTER_S]
    assert not done
    later.pop()[1]()
    assert done == ["tidied"]
    on_the_line.clear()
    tidying.call_ended()
    assert len(later) == 1
    later.pop()[1]()
    assert done == ["tidied", "tidied", "given back"], "nobody's frame waits for it"
