"""The console's pages, before a made-up office."""

import re

import pytest

from tests.web.clients import PAGES, SID, Visitor, bare_texts
from tests.web.fake_office import FakeOffice
from tests.web.fake_records import CALLER, lead, live_call
from tests.web.served import make

BROWSER_SID = f"BR{1:032d}"
WHOLE = ("1234567", "123-4567", "1234568", "123-4568", "9876543", "987-6543")


@pytest.fixture(scope="module")
def visitor() -> Visitor:
    return Visitor()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_heading_and_stands_in_hebrew(visitor: Visitor, path: str) -> None:
    """R16: right to left, one h1, the navigation, no number outside its isolation (C11)."""
    answer = visitor.get(path)
    assert answer.status_code == 200
    assert '<html lang="he" dir="rtl"' in answer.text
    assert len(re.findall(r"<h1[ >]", answer.text)) == 1
    assert [text for text in bare_texts(answer.text) if re.search(r"\d", text)] == []


@pytest.mark.parametrize("path", [*PAGES, "/console/leads", "/console/now/strip", f"/console/calls/{SID}/trace.json"])
def test_no_page_holds_a_whole_number_until_it_is_asked_for(visitor: Visitor, path: str) -> None:
    """R16, C12: neither caller ID nor what was dictated, in slots, quotes, summaries and words."""
    if path.endswith(".json"):
        assert CALLER not in visitor.get(path).json["call"]["from_number"]  # type: ignore[index]
        return
    assert not [number for number in WHOLE if number in visitor.get(path).text]


@pytest.mark.parametrize("is_down", [False, True])
def test_a_live_call_has_its_page_before_the_store_has_heard_of_it(is_down: bool) -> None:
    """R16: who looks at what goes on follows the link at once, also while the store does not answer."""
    office = FakeOffice()
    visitor = Visitor(office)
    office.calls_live = [live_call(BROWSER_SID)]
    office.is_down = is_down
    answer = visitor.get(f"/console/calls/{BROWSER_SID}")
    assert (answer.status_code, "השיחה חיה" in answer.text, "חולון" in answer.text) == (200, True, True)
    assert visitor.get(f"/console/calls/{BROWSER_SID[:-1]}2").status_code == (503 if is_down else 404)


def test_an_office_may_want_its_numbers_whole() -> None:
    """R16: `CONSOLE_SHOW_NUMBERS`."""
    office = FakeOffice()
    visitor = Visitor(office, make(office=office, console_show_numbers="on"))
    assert "050-123-4568" in visitor.get("/console").text
    assert "050-123-4567" in visitor.get(f"/console/calls/{SID}").text


@pytest.mark.parametrize("path", ["/console/leads/3/number", f"/console/calls/{SID}/number"])
def test_a_number_asked_for_comes_with_a_link_to_dial_and_is_on_record(path: str) -> None:
    """R16, C12: as a piece of the page for htmx, as a page of its own without JavaScript."""
    visitor = Visitor()
    whole = visitor.post(path)
    assert '<a role="button" href="tel:+97250' in whole.text
    assert "<html" in whole.text
    piece = visitor.client.post(path, data={"csrf": visitor.csrf}, headers={"HX-Request": "true"})
    assert "tel:+97250" in piece.text
    assert "<html" not in piece.text
    assert piece.headers["Cache-Control"] == "no-store"
    assert [(kind, action) for kind, action, _ in visitor.office.done] == [("audit", "number_shown")] * 2
    assert all("***" in subject for _, _, subject in visitor.office.done)


def test_the_words_of_a_call_show_their_numbers_once_they_are_asked_for() -> None:
    """R16: on record, too."""
    visitor = Visitor()
    shown = visitor.post(f"/console/calls/{SID}/words")
    assert "050-123-4567" in shown.text
    assert visitor.office.done == [("audit", "words_shown", SID)]


def test_a_call_shows_what_was_heard_apart_from_what_was_said(visitor: Visitor) -> None:
    """R16, C34, C33: the unheard rest is struck; a fallback, a withdrawn reply and an interruption are named."""
    text = visitor.get(f"/console/calls/{SID}").text
    assert "<del>" in text
    assert "ולמתי אתם רוצים להיכנס?" in text.partition("<del>")[2].partition("</del>")[0]
    for said in ("מנוע גיבוי", "תשובה נמשכה", "רשות הדיבור למתקשר", "ניחוש שהתקבל"):
        assert said in text


def test_usage_costs_something_only_with_a_price_list(tmp_path_factory: pytest.TempPathFactory) -> None:
    """R16, C37: units alone without one; with one an estimate and its date."""
    prices = tmp_path_factory.mktemp("prices") / "prices.json"
    prices.write_text('{"currency": "USD", "as_of": "2026-11-01", "units": {"stt_ms": 0.000001, "tts_chars": 0.0001}}')
    office = FakeOffice()
    priced = Visitor(office, make(office=office, prices_file=prices)).get(f"/console/calls/{SID}").text
    assert "0.0752 USD" in priced
    assert "01.11.2026" in priced
    assert "הערכת עלות" not in Visitor().get(f"/console/calls/{SID}").text


def test_lists_ask_the_store_for_what_their_address_says() -> None:
    """R16: number or words from one box, Israel's days, status, outcome, flag, page; what is no date is left out."""
    visitor = Visitor()
    asked = visitor.office.asked
    visitor.get("/console/calls?q=050-12&from=2026-03-27&to=2026-03-27&outcome=human&flag=slow&tests=1&before=c")
    assert asked[-1] == {
        "number": "05012",
        "since": "2026-03-26T22:00:00+00:00",
        "until": "2026-03-27T21:00:00+00:00",
        "outcome": "human",
        "flag": "slow",
        "tests": True,
        "before": "c",
    }
    visitor.get("/console/leads?q=דירת גן 4&status=new&from=yesterday")
    assert asked[-1] == {"words": "דירת גן 4", "status": "new", "before": None}
    visitor.get("/console/leads?status=nonsense")
    assert asked[-1] == {"before": None}


def test_a_list_pages_on_and_back_to_its_start() -> None:
    """R16: links repeat the filter."""
    visitor = Visitor()
    first = visitor.get("/console/calls?q=4567&flag=slow").text
    assert 'href="/console/calls?q=4567&amp;flag=slow&amp;before=cursor"' in first
    assert 'href="/console/calls?q=4567&amp;flag=slow"' in visitor.get("/console/calls?q=4567&flag=slow&before=c").text


@pytest.mark.parametrize("path", ["/console/calls?q=???", "/console/leads?before=nonsense"])
def test_a_question_without_sense_finds_nothing(path: str) -> None:
    """R16: and says so, instead of failing."""

    class Strict(FakeOffice):
        def calls(self, *_: object, **question: object) -> dict[str, object]:
            raise ValueError("give at least one word")

        leads = calls

    answer = Visitor(Strict()).get(path)
    assert answer.status_code == 200
    assert "לא נמצאו" in answer.text or "אין" in answer.text


def test_when_the_store_is_down_the_first_page_shows_what_it_knew() -> None:
    """R16: with its age; other pages say that nothing is lost, with 503."""
    visitor = Visitor()
    visitor.office.is_down = True
    known = visitor.get("/console")
    assert known.status_code == 200
    assert "משה כהן" in known.text
    assert "שום ליד לא אבד" in known.text
    for path in ("/console/calls", "/console/leads/3", "/console/quality"):
        answer = visitor.get(path)
        assert answer.status_code == 503
        assert "שום ליד לא אבד" in answer.text
    assert visitor.get("/console/system").status_code == 200
    blank = FakeOffice()
    fresh = Visitor(blank)
    fresh.client.application.extensions.pop("today_known", None)
    blank.is_down = True
    assert "שום ליד לא אבד" in fresh.get("/console").text


def test_what_is_not_there_is_named() -> None:
    """R16: 404 with the SID or the lead's number."""
    visitor = Visitor()
    assert "nosuchcall" in visitor.get("/console/calls/nosuchcall").text
    assert ">99<" in visitor.get("/console/leads/99").text


def test_an_operator_marks_notes_and_sends_again() -> None:
    """R16: each a plain form that leads back, nothing done for what makes no sense."""
    visitor = Visitor()
    marked = visitor.post("/console/leads/3/status", status="handled", next="/console")
    assert marked.headers["Location"] == "/console"
    assert visitor.post("/console/leads/3/note", note="  דיברנו מחר  ").status_code == 303
    sent = visitor.post("/console/leads/3/send", channel="webhook")
    assert sent.headers["Location"] == "/console/leads/3"
    page = visitor.get("/console/leads/3").text
    assert "הליד בדרך" in page
    assert 'hx-trigger="every 2s"' in page  # until it has arrived
    assert visitor.office.done == [("status", 3, "handled"), ("note", 3, "דיברנו מחר"), ("send", 3, "webhook")]
    assert visitor.post("/console/leads/3/status", status="gone").status_code == 400
    assert visitor.post("/console/leads/3/send", channel="pigeon").status_code == 400
    assert visitor.post("/console/leads/99/status", status="new").status_code == 404
    assert len(visitor.office.done) == 3


def test_what_people_said_cannot_become_part_of_the_page() -> None:
    """R16: names, notes, words, summaries are text."""
    office = FakeOffice()
    evil = "<script>alert(1)</script>"
    office.all_leads = {
        1: lead(1, name=evil, note=evil, summary=evil, status="call_back", call_back={"when_text": evil})
    }
    visitor = Visitor(office)
    for path in ("/console", "/console/leads", "/console/leads/1"):
        assert "<script>alert" not in visitor.get(path).text


def test_light_and_dark_are_kept_in_a_cookie() -> None:
    """R16: no flash, so the server draws what was chosen."""
    visitor = Visitor()
    assert "data-theme" not in visitor.get("/console").text.partition(">")[0] + "<html lang"
    visitor.post("/console/theme", theme="dark", next="/console/leads")
    assert 'data-theme="dark"' in visitor.get("/console").text
    visitor.post("/console/theme", theme="auto")
    assert 'data-theme="dark"' not in visitor.get("/console").text
