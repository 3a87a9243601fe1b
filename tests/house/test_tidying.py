"""When ended calls are tidied up after."""

from collections.abc import Callable

from app.house.tidying import MOST_PUT_OFF, TIDIES_AFTER_S, Tidying


class House:
    """Has its calls tidied up after; `waits` is one delay later each time."""

    def __init__(self) -> None:
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.done: list[str] = []
        self.is_anyone_there = False
        self.tidying = Tidying(
            lambda: self.done.append("tidied"),
            lambda: self.done.append("given back"),
            lambda: self.is_anyone_there,
            lambda delay_s, work: self.later.append((delay_s, work)),
        )

    def waits(self) -> None:
        """The time comes that is waited for."""
        ((delay_s, work),) = self.later
        assert delay_s == TIDIES_AFTER_S
        self.later.clear()
        work()


def test_many_ends_are_tidied_up_after_once_and_later_ones_again() -> None:
    """R18: memory is flat, and the hub is held once for many calls, while nobody's frame waits for it."""
    house = House()
    for _ in range(3):
        house.tidying.call_ended()
    assert not house.done
    house.waits()
    assert (house.done, house.later) == (["tidied", "given back"], [])
    house.tidying.call_ended()
    house.waits()
    assert house.done == 2 * ["tidied", "given back"]


def test_callers_on_the_line_have_it_put_off_until_they_are_gone() -> None:
    """R18: with a full house it holds every call for 25 ms."""
    house = House()
    house.is_anyone_there = True
    house.tidying.call_ended()
    house.waits()
    house.tidying.call_ended()
    house.waits()
    assert house.done == []
    house.is_anyone_there = False
    house.waits()
    assert (house.done, house.later) == (["tidied", "given back"], [])


def test_a_house_that_is_never_empty_is_tidied_up_all_the_same() -> None:
    """R18: some minutes later, and what is free stays here."""
    house = House()
    house.is_anyone_there = True
    for _ in range(2):
        house.tidying.call_ended()
        for _ in range(MOST_PUT_OFF):
            house.waits()
            assert "given back" not in house.done
        house.waits()
    assert (house.done, house.later) == (["tidied", "tidied"], [])
