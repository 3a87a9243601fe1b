"""Tokens that were used, on both databases."""

from app.leads.database import Database
from app.leads.instances.tokens import UsedTokens

SOON = "2026-11-22T10:05:00+00:00"


def test_of_two_instances_that_are_shown_a_token_one_is_the_first(database: Database) -> None:
    """R2.6: and so it stays for a process that knows nothing of the first use."""
    one, other = UsedTokens(database), UsedTokens(database)
    assert one.use("a digest", SOON) == {"first": True}
    assert other.use("a digest", SOON) == {"first": False}
    assert other.use("another", SOON) == {"first": True}
