"""A visitor of the operators' pages, and what can be read off a page."""

import re
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.fake_office import FakeOffice
from tests.web.served import PASSWORD, make

SID = f"CA{1:032d}"
PAGES = (
    "/console",
    "/console/now",
    "/console/calls",
    f"/console/calls/{SID}",
    "/console/leads",
    "/console/leads/3",
    "/console/quality",
    "/console/system",
)


class Visitor:
    """A browser that has come through the door."""

    def __init__(self, office: FakeOffice | None = None, flask: Flask | None = None) -> None:
        self.office = office or FakeOffice()
        self.client: FlaskClient = (flask or make(office=self.office)).test_client()
        self.csrf = token(self.client.get("/console/login"))
        assert self.post("/console/login", password=PASSWORD).status_code == 303
        self.csrf = token(self.client.get("/console"))

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, buffered=True)

    def post(self, path: str, **form: str) -> TestResponse:
        return self.client.post(path, data={"csrf": self.csrf, **form}, buffered=True)


def token(page: TestResponse) -> str:
    """Return the CSRF token of a page."""
    found = re.search(r'data-csrf="([^"]+)"', page.text)
    assert found
    return found[1]


class _Bare(HTMLParser):
    """Collects text that stands outside `<bdi>` (one of `dir="auto"` holds others), where a page is to be read."""

    silent = ("script", "style", "svg", "title", "option", "textarea", "kbd")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("meta", "link", "img", "input", "br", "path", "rect", "line", "circle"):
            return
        isolated = (tag == "bdi" and ("dir", "auto") not in attrs) or tag in self.silent
        self._inside.append(isolated or (bool(self._inside) and self._inside[-1]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("meta", "link", "img", "input", "br", "path", "rect", "line", "circle") and self._inside:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not (self._inside and self._inside[-1]):
            self.texts.append(data.strip())


def bare_texts(html: str) -> list[str]:
    """Return the texts of a page that are not isolated from the direction around them."""
    parser = _Bare()
    parser.feed(html)
    return parser.texts
