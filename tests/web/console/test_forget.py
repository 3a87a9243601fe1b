"""The erasure of a number on the system's page."""

import re

import pytest

from tests.web.clients import Visitor
from tests.web.fake_office import FakeOffice


def sealed(page: str) -> str:
    found = re.search(r'name="sealed" value="([^"]+)"', page)
    assert found
    return found[1]


def test_nothing_goes_before_its_last_four_digits_are_repeated() -> None:
    """R16: counted, confirmed, done; a seal that is not ours opens nothing."""
    visitor = Visitor()
    seal = sealed(visitor.post("/console/system/forget", number="+972 50-123-4567").text)
    assert visitor.office.done == []
    assert visitor.post("/console/system/forget", sealed=seal[:-2] + "xx", last4="4567").status_code == 403
    assert "דבר לא נמחק" in visitor.post("/console/system/forget", sealed=seal, last4="123").text
    assert visitor.office.done == []
    assert "נמחק" in visitor.post("/console/system/forget", sealed=seal, last4="4567").text
    assert visitor.office.done == [("forget", "+972 50-123-4567")]


@pytest.mark.parametrize("number", ["", "hello", "12"])
def test_what_is_no_number_is_told_so(number: str) -> None:
    """R16: 400, nothing erased."""
    answer = Visitor().post("/console/system/forget", number=number)
    assert answer.status_code == 400
    assert "אינו מספר טלפון" in answer.text


def test_a_number_on_the_line_is_left_for_later() -> None:
    """R16: the page says to try after the call, and offers nothing."""

    class Busy(FakeOffice):
        def forget(self, number: str, *, dry_run: bool) -> dict[str, int]:
            return {"calls": 1, "live": 1}

    page = Visitor(Busy()).post("/console/system/forget", number="0501234567").text
    assert "נסו שוב לאחריה" in page
    assert "מחיקה לתמיד" not in page
