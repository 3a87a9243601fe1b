"""The person at the console in the bench clicks what a page offers."""

import pytest

from tests.bench.visitors import next_click
from tests.web.clients import SID, Visitor


@pytest.fixture(scope="module")
def visitor() -> Visitor:
    return Visitor()


def test_a_list_leads_to_its_next_page_and_to_a_call(visitor: Visitor) -> None:
    """C18: in turns, so that the store is asked for both."""
    page = visitor.get("/console/calls?q=דירה").text
    onward = next_click(page, 1)
    assert onward.startswith("/console/calls?")
    assert "before=cursor" in onward
    assert "&amp;" not in onward
    assert next_click(page, 2) == f"/console/calls/{SID}"
    assert visitor.get(onward).status_code == 200


def test_a_page_without_calls_leads_nowhere(visitor: Visitor) -> None:
    """C18."""
    assert next_click(visitor.get("/console/quality?days=1").text.replace("/console/calls/", ""), 2) == ""
