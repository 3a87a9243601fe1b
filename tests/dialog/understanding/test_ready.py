"""Calls take the understanding with all that it looks up read before the first of them."""

from app.dialog.hebrew.gazetteer import gazetteer
from app.dialog.understanding import ready, understand
from app.dialog.understanding.judging.intents import intent_table
from app.dialog.understanding.judging.judge import table
from app.dialog.understanding.judging.names import name_table


def test_what_is_looked_up_is_read_when_it_is_imported() -> None:
    """R10.6: no caller waits for a table."""
    assert ready.understand is understand.understand
    read = (gazetteer, table, intent_table, name_table)
    assert [kept.cache_info().currsize for kept in read] == [1] * len(read)
