"""Leads for a spreadsheet."""

import csv
import io

import pytest

from app.web.console.csv_export import COLUMNS, line
from tests.web.clients import Visitor
from tests.web.fake_office import FakeOffice
from tests.web.fake_records import lead


def table(visitor: Visitor, address: str = "/console/leads.csv") -> list[list[str]]:
    answer = visitor.get(address)
    assert answer.status_code == 200
    text = answer.data.decode("utf-8-sig")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert text.count("\r\n") == text.count("\n")
    return list(csv.reader(io.StringIO(text)))


def test_a_spreadsheet_finds_hebrew_text_and_phones_with_their_zero() -> None:
    """R16, C16: BOM, CRLF, one header, all pages of the list; what looks like a formula is text."""
    rows = table(Visitor())
    assert rows[0] == list(COLUMNS)
    assert len(rows) == 1 + 7
    assert rows[1][1] == "משה כהן"
    assert rows[1][2] == "050-***4568"
    assert rows[6][1] == "'=1+1"
    assert "1850000" in rows[1]
    assert "דירה" in rows[1]


def test_whole_numbers_are_asked_for_and_on_record() -> None:
    """R16, C12: masked unless ticked."""
    visitor = Visitor()
    assert table(visitor, "/console/leads.csv?whole=1&status=new")[1][2] == "050-123-4570"
    assert visitor.office.done == [("audit", "csv_whole", "new")]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    """R16: what begins like one gets an apostrophe; anything else stays."""
    assert next(csv.reader(io.StringIO(line([cell])))) == [f"'{cell}"]
    assert next(csv.reader(io.StringIO(line(['שלום, "עולם"\nשורה'])))) == ['שלום, "עולם"\nשורה']


def test_ten_thousand_leads_come_page_by_page() -> None:
    """R16, C16: never more than 200 rows at a time, whole in the end."""

    class Many(FakeOffice):
        most = 0

        def leads(self, *_: object, **question: object) -> dict[str, object]:
            start, limit = int(str(question.get("before") or 0)), int(str(question["limit"]))
            self.most = max(self.most, limit)
            end = min(start + limit, 10_000)
            rows = [lead(number) for number in range(start, end)]
            return {"leads": rows, "next": str(end) if end < 10_000 else None}

    office = Many()
    assert len(table(Visitor(office))) == 10_001
    assert office.most == 200


def test_a_file_cut_short_by_the_store_says_so() -> None:
    """R16: its status went out long ago."""

    class Tired(FakeOffice):
        def leads(self, *_: object, **question: object) -> dict[str, object]:
            if question.get("before"):
                self.is_down = True
            return super().leads(**question)

    assert "אינו שלם" in table(Visitor(Tired()))[-1][0]
