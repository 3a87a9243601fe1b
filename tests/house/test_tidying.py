"""When ended calls are tidied up after."""

from collections.abc import Callable

from app.house.tidying import TIDIES_AFTER_S, Tidying


def test_many_ends_are_tidied_up_after_once_and_later_ones_again() -> None:
    """R18: memory is flat, and the hub is held once for many calls."""
    later: list[tuple[float, Callable[[], None]]] = []
    tidied: list[int] = []
    tidying = Tidying(lambda: tidied.append(1), lambda delay_s, work: later.append((delay_s, work)))
    for _ in range(3):
        tidying.call_ended()
    assert [delay_s for delay_s, _ in later] == [TIDIES_AFTER_S]
    assert not tidied
    later.pop()[1]()
    assert tidied == [1]
    tidying.call_ended()
    assert len(later) == 1
