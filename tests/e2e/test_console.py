"""A whole call in the console of the server that held it: while it goes on, afterwards, and its lead sent again."""

import http.client
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest

from tests.e2e.office import CONSOLE_PASSWORD, converse
from tests.e2e.phones import Phone, until
from tests.e2e.town import CALLER, PUBLIC_URL, Town
from tests.leads.receiver import Receiver
from tests.servers import Server

SAID = "שלום אני מחפש דירת ארבעה חדרים בחולון"


@dataclass
class Operator:
    """A browser that came through the office's https front, whose cookies go over nothing else."""

    server: Server
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str]:
        """Return status and body; cookies are kept."""
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=10)
        sent = {"Host": PUBLIC_URL.removeprefix("https://"), "X-Forwarded-Proto": "https", **headers}
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is not None:
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": PUBLIC_URL}
        connection.request(method, path, urlencode(form) if form is not None else None, sent)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        body = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, body

    def page(self, path: str) -> str:
        status, body = self.ask("GET", path)
        assert status == 200, (path, status, self.server.log()[-3000:] if status == 500 else "")
        return body

    def post(self, path: str, **form: str) -> int:
        form_page = "/console" if self.cookies else "/console/login"
        csrf = re.search(r'data-csrf="([^"]+)"', self.page(form_page))
        assert csrf
        return self.ask("POST", path, {"csrf": csrf[1], **form})[0]


@pytest.fixture(scope="module")
def operator(office: Town) -> Operator:
    entered = Operator(office.server)
    assert entered.post("/console/login", password=CONSOLE_PASSWORD) == 303
    assert "__Host-console" in entered.cookies
    return entered


@pytest.fixture(scope="module")
def call(office: Town, desk: Receiver, operator: Operator) -> Phone:
    """A call of one turn, seen while it lives; the office's desk refuses its lead."""
    desk.answers.append(400)
    phone = converse(office, [SAID])
    sid = phone.call_sid
    until(lambda: SAID in operator.page("/console/now"), "its words among the live calls")
    assert SAID in operator.page(f"/console/calls/{sid}")
    phone.hear_reply()
    phone.hang_up()
    until(lambda: sid not in operator.page("/console/now"), "its end among the live calls")
    until(lambda: "נכשל" in operator.page("/console"), "the lead that was not delivered")
    return phone


def test_a_calls_page_has_what_was_said_what_was_heard_and_what_it_took(
    office: Town, operator: Operator, call: Phone
) -> None:
    """R16, C32, C34: the agent's line apart by what was heard; steps that leave nothing unexplained; units used."""
    page = operator.page(f"/console/calls/{call.call_sid}")
    (turn,) = [row for row in office.turns(call) if row["number"] == 1]
    heard = re.sub(r"\d+", "", turn["agent_heard"] or turn["agent_text"])
    assert SAID in page
    assert heard[:20] in re.sub(r"<[^>]+>", "", page)
    assert 'data-fall="1"' in page
    assert "לא מוסבר: " not in page
    assert "שניות תמלול" in page
    assert CALLER not in page
    assert CALLER[-7:] not in page
    trace = operator.page(f"/console/calls/{call.call_sid}/trace.json")
    assert SAID in trace
    assert CALLER not in trace


def test_a_call_is_found_by_its_number_and_by_its_words(operator: Operator, call: Phone) -> None:
    """R16: in any spelling of the number; by words once the call has ended."""
    link = f'href="/console/calls/{call.call_sid}"'
    for question in (CALLER[-4:], "0" + CALLER[4:], CALLER, "בחולון חדרים"):
        path = "/console/calls?" + urlencode({"q": question})
        until(lambda path=path: link in operator.page(path), f"the call under {question}")  # type: ignore[misc]
    assert link not in operator.page("/console/calls?" + urlencode({"q": "9999999"}))


def test_a_lead_that_failed_is_sent_again_once(operator: Operator, desk: Receiver, call: Phone) -> None:
    """R16, C36: the receiver gets it exactly once, and the page says that it arrived."""
    lead = re.search(r'href="/console/leads/(\d+)"', operator.page(f"/console/calls/{call.call_sid}"))
    assert lead
    before = len(desk.requests)
    assert operator.post(f"/console/leads/{lead[1]}/send", channel="webhook") == 303
    until(lambda: "נמסר" in operator.page(f"/console/leads/{lead[1]}/deliveries"), "the delivery")
    assert len(desk.requests) == before + 1
    assert "send_webhook" not in operator.page("/console/system")  # in words
    assert "נשלח שוב למערכת המשרד" in operator.page("/console/system")


def test_a_stranger_gets_nothing(office: Town, call: Phone) -> None:
    """R16, C2: not a word of it."""
    for path in ("/console", f"/console/calls/{call.call_sid}", "/console/leads.csv", "/phone"):
        status, body = Operator(office.server).ask("GET", path)
        assert status == 303
        assert "חולון" not in body
