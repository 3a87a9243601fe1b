"""Who may open the operators' pages."""

import pytest

from app.web.access import (
    TRIES,
    TRIES_OF_ALL,
    TRIES_WITHIN_S,
    Tries,
    client_address,
    is_password,
    is_same_origin,
    session_key,
)


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_the_sixth_wrong_password_within_a_quarter_of_an_hour_must_wait() -> None:
    """R16: five tries an address; then even the right one waits until the first is a quarter of an hour old."""
    clock = Clock()
    tries = Tries(clock)
    for left in range(TRIES, 0, -1):
        assert (tries.left("a"), tries.wait_s("a")) == (left, 0)
        tries.failed("a")
        clock.now_s += 60
    assert tries.wait_s("a") == TRIES_WITHIN_S - TRIES * 60
    assert tries.wait_s("b") == 0
    clock.now_s = 1000 + TRIES_WITHIN_S
    assert (tries.left("a"), tries.wait_s("a")) == (1, 0)


def test_many_addresses_together_are_bounded_too() -> None:
    """R16: fifty wrong passwords an hour, wherever they come from."""
    clock = Clock()
    tries = Tries(clock)
    for number in range(TRIES_OF_ALL):
        assert tries.wait_s(f"10.0.0.{number}") == 0
        tries.failed(f"10.0.0.{number}")
    assert tries.wait_s("somebody new") == 3600
    clock.now_s += 3600
    assert tries.wait_s("somebody new") == 0


def test_who_got_in_starts_anew() -> None:
    """R16: a typing error yesterday locks nobody out today."""
    tries = Tries(Clock())
    for _ in range(TRIES - 1):
        tries.failed("a")
    tries.succeeded("a")
    assert tries.left("a") == TRIES


@pytest.mark.parametrize(
    ("given", "fits"), [("correct horse", True), ("correct hors", False), ("", False), ("סיסמה", False)]
)
def test_passwords_are_compared_whole(given: str, fits: bool) -> None:
    """R16: also in letters that are not ASCII."""
    assert is_password(given, "correct horse") is fits
    assert is_password("סיסמה ארוכה מאוד", "סיסמה ארוכה מאוד")


def test_a_new_password_or_another_account_ends_every_session() -> None:
    """R16: all instances agree on the key, and it changes with either secret."""
    key = session_key("a password of ours", "token")
    assert key == session_key("a password of ours", "token")
    assert key not in {session_key("another password", "token"), session_key("a password of ours", "other")}
    assert session_key(None, None) != session_key(None, None)


@pytest.mark.parametrize(
    ("origin", "extra", "is_ours"),
    [
        ("https://voice.example", {}, True),
        ("https://evil.example", {}, False),
        ("null", {}, False),
        ("", {}, False),
        ("https://voice.example.evil.example", {}, False),
        ("https://public.example", {"HTTP_X_FORWARDED_HOST": "public.example"}, True),
    ],
)
def test_a_form_must_come_from_our_own_page(origin: str, extra: dict[str, str], is_ours: bool) -> None:
    """R16: the browser names the page's origin."""
    assert is_same_origin({"HTTP_HOST": "voice.example", "HTTP_ORIGIN": origin, **extra}) is is_ours


def test_behind_a_proxy_the_address_it_adds_counts() -> None:
    """R16: what the client itself claims stands before it."""
    assert client_address({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 203.0.113.9"}) == "203.0.113.9"
    assert client_address({"REMOTE_ADDR": "10.0.0.1"}) == "10.0.0.1"
