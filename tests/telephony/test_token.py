"""The one-call token (R2.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telephony.browser_calls import new_browser_call_sid
from app.telephony.token import (
    PURPOSE_BROWSER,
    PURPOSE_PREVIEW,
    TokenVerdict,
    UsedTokens,
    derive_key,
    digest_of,
    expiry,
    mint,
    verify,
)

BROWSER_LIFETIME_S = 60

KEY = derive_key("an auth token")
NOW_S = 1_800_000_000.5


def test_a_token_opens_its_call_until_it_expires() -> None:
    """R2.6."""
    token = mint(KEY, "CA1", NOW_S)

    assert token.isascii()
    assert len(token) < 200
    assert verify(KEY, token, "CA1", NOW_S) is TokenVerdict.VALID
    assert verify(KEY, token, "CA1", NOW_S + 299) is TokenVerdict.VALID
    assert verify(KEY, token, "CA1", NOW_S + 300) is TokenVerdict.EXPIRED


def test_another_call_or_another_key_cannot_use_it() -> None:
    """R2.6."""
    token = mint(KEY, "CA1", NOW_S)

    assert verify(KEY, token, "CA2", NOW_S) is TokenVerdict.FORGED
    assert verify(derive_key("another"), token, "CA1", NOW_S) is TokenVerdict.FORGED


def test_instances_with_one_auth_token_share_the_key_and_development_has_its_own() -> None:
    """R1.6, R2.6."""
    assert derive_key("an auth token") == KEY
    assert derive_key(None) != derive_key(None)


def test_a_previews_token_opens_no_call() -> None:
    """R2.3."""
    token = mint(KEY, "CA1", NOW_S, purpose=PURPOSE_PREVIEW)

    assert verify(KEY, token, "CA1", NOW_S) is TokenVerdict.PREVIEW
    renamed = token.replace("preview", "call", 1)
    assert verify(KEY, renamed, "CA1", NOW_S) is TokenVerdict.FORGED


def test_a_softphone_token_opens_its_call_for_a_minute() -> None:
    """R21."""
    sid = new_browser_call_sid()
    token = mint(KEY, sid, NOW_S, purpose=PURPOSE_BROWSER, lifetime_s=BROWSER_LIFETIME_S)

    assert verify(KEY, token, sid, NOW_S + 59) is TokenVerdict.VALID
    assert verify(KEY, token, sid, NOW_S + 60) is TokenVerdict.EXPIRED
    assert verify(KEY, token, new_browser_call_sid(), NOW_S) is TokenVerdict.FORGED
    assert verify(KEY, token.replace("browser", "call", 1), sid, NOW_S) is TokenVerdict.FORGED


@pytest.mark.parametrize("position", range(0, 60, 3))
def test_no_character_of_it_can_be_changed(position: int) -> None:
    """R2.6: another spelling of the same bytes is no second token either."""
    token = mint(KEY, "CA1", NOW_S)
    changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]

    assert verify(KEY, changed, "CA1", NOW_S) in (TokenVerdict.FORGED, TokenVerdict.MALFORMED)
    assert verify(KEY, token + "=", "CA1", NOW_S) is TokenVerdict.FORGED


@given(st.text(max_size=80))
def test_nonsense_is_refused_and_breaks_nothing(token: str) -> None:
    """R2.6: strangers send what they like."""
    assert verify(KEY, token, "CA1", NOW_S) in (TokenVerdict.MALFORMED, TokenVerdict.FORGED)


@pytest.mark.parametrize(
    "claims", ["", "call", ".1.n", "call.x.n", "call.-1.n", "call.٣.n", "call..n", "call.1234567890123.n"]
)
def test_what_is_no_token_is_told_from_one_that_is_forged(claims: str) -> None:
    """R2.6: the log says which."""
    assert verify(KEY, f"{claims}.mac", "CA1", NOW_S) is TokenVerdict.MALFORMED
    assert verify(KEY, "call.123456789012.n.mac", "CA1", NOW_S) is TokenVerdict.FORGED
    assert verify(KEY, "call.1.n.", "CA1", NOW_S) is TokenVerdict.MALFORMED


def test_a_token_is_used_once() -> None:
    """R2.6."""
    used = UsedTokens()
    first, second = mint(KEY, "CA1", NOW_S), mint(KEY, "CA1", NOW_S)

    assert used.use(first, NOW_S)
    assert not used.use(first, NOW_S + 1)
    assert used.use(second, NOW_S + 1)


def test_used_tokens_are_forgotten_when_expired_and_never_more_than_the_capacity() -> None:
    """R2.6: a process that lives for months does not grow."""
    used = UsedTokens(capacity=10)
    for number in range(25):
        assert used.use(mint(KEY, f"CA{number}", NOW_S), NOW_S)
    assert len(used) == 10

    assert used.use(mint(KEY, "CA99", NOW_S + 400), NOW_S + 400)
    assert len(used) == 1


def test_a_process_remembers_the_tokens_of_a_busy_day_and_the_oldest_goes_first() -> None:
    """R2.6: ten thousand; one that was forgotten too soon would open its call again."""
    used = UsedTokens()
    tokens = [f"call.{int(NOW_S) + 300}.{number}.mac" for number in range(10_001)]
    for token in tokens:
        assert used.use(token, NOW_S)
    assert len(used) == 10_000
    assert not used.use(tokens[1], NOW_S)
    assert used.use(tokens[0], NOW_S)


def test_a_token_is_remembered_until_it_expires_and_not_after() -> None:
    """R2.6: whether it comes again in its last moment."""
    used = UsedTokens(capacity=2)
    token = mint(KEY, "CA1", NOW_S)
    assert used.use(token, NOW_S)
    assert used.use(mint(KEY, "CA2", NOW_S + 299), NOW_S + 299)
    assert not used.use(token, NOW_S + 299)
    expired_s = int(NOW_S) + 300
    assert used.use(mint(KEY, "CA3", expired_s), expired_s)
    assert len(used) == 2
    fresh = UsedTokens(capacity=3)
    for call_sid, now_s in (("CA1", NOW_S), ("CA2", NOW_S + 9), ("CA3", expired_s)):
        assert fresh.use(mint(KEY, call_sid, now_s), now_s)
    assert len(fresh) == 2, "with room for it, what has expired goes all the same"


def test_what_is_kept_of_a_token_in_a_store_tells_when_it_may_go() -> None:
    """R2.6: a digest, and the moment in UTC."""
    token = mint(KEY, "CA1", NOW_S)
    assert expiry(token) == "2027-01-15T08:05:00+00:00"
    assert len(digest_of(token)) == 64
    assert digest_of(token) != digest_of(token + "x")
    assert token not in digest_of(token)
    assert digest_of("\ud800")
