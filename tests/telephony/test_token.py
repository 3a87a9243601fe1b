"""The one-call token (R2.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telephony.browser_calls import new_browser_call_sid
from app.telephony.token import (
    BROWSER_LIFETIME_S,
    PURPOSE_BROWSER,
    PURPOSE_PREVIEW,
    TokenVerdict,
    UsedTokens,
    derive_key,
    mint,
    verify,
)

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
