"""Operators at the console while calls go on: tabs that are kept up to date, and one person who clicks through pages.

A process of its own, so that it takes nothing from whoever measures the calls.
"""

import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
from typing import Any, Self
from urllib.parse import urlencode

import numpy as np
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

CLICKS_EVERY_S = 0.5
"""Faster than anybody reads."""
TABS = ("now", "strip")
SEARCHES = ({"q": "מחפש"}, {"q": "4567"}, {"flag": "slow"}, {"outcome": "confirmed"})
PAGES = (
    "/console",
    "/console/now",
    "/console/calls",
    *(f"/console/calls?{urlencode(search)}" for search in SEARCHES),
    "/console/leads",
    "/console/leads?status=undelivered",
    "/console/quality?days=7",
    "/console/system",
    "/metrics",
)


class Visitors:
    """The process, for the length of a `with` block; `told` is what it saw, once it is over."""

    def __init__(self, url: str) -> None:
        self.told: dict[str, Any] = {}
        self._url = url
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.bench.visitors", self._url]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._process is not None
        out, _err = self._process.communicate()  # the end of its input is its end
        if kind is None:
            self.told = json.loads(out)


def visit(url: str, is_over: threading.Event) -> dict[str, Any]:
    """Keep three tabs open and click, until it is over; return how much was seen, and how long pages took in ms."""
    told: dict[str, Any] = {"drawings": 0, "faults": [], "page_ms": []}
    call = _link(_get(f"{url}/console/now"))
    views = (*TABS, f"call:{call}" if call else "now")
    tabs = [threading.Thread(target=_watch, args=(url, view, is_over, told)) for view in views]
    for tab in tabs:
        tab.start()
    pages, following = 0, ""
    while not is_over.wait(CLICKS_EVERY_S):
        path = following or PAGES[pages % len(PAGES)]
        started = time.perf_counter()
        try:
            page = _get(url + path)
        except OSError as fault:
            told["faults"].append(f"{path}: {fault}")
            continue
        told["page_ms"].append((time.perf_counter() - started) * 1000)
        pages += not following
        # After every list one of its calls, or the list's next page.
        following = "" if following else next_click(page, pages)
    for tab in tabs:
        tab.join()
    return told


def _watch(url: str, view: str, is_over: threading.Event, told: dict[str, Any]) -> None:
    socket_url = f"{url.replace('http', 'ws', 1)}/console/live?view={view}"
    try:
        with connect(socket_url, origin=Origin(url), max_size=None) as tab:
            while not is_over.is_set():
                try:
                    tab.recv(timeout=0.5)
                    told["drawings"] += 1
                except TimeoutError:
                    pass
    except (OSError, WebSocketException) as fault:
        told["faults"].append(f"{view}: {fault}")


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def _link(page: str) -> str:
    found = re.search(r"/console/calls/(\w{34})", page)
    return found[1] if found else ""


def next_click(page: str, pages: int) -> str:
    """Return where a page leads: on to the list's next page, or to its first call; empty where it leads nowhere."""
    further = re.search(r'href="(/console/\w+\?[^"]*before=[^"]+)"', page)
    if further and pages % 2:
        return further[1].replace("&amp;", "&")
    call = _link(page)
    return f"/console/calls/{call}" if call else ""


def main() -> None:
    """Visit until standard input ends; print what was seen."""
    is_over = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=wait, daemon=True).start()
    told = visit(sys.argv[1], is_over)
    took = told.pop("page_ms")
    told["pages"] = len(took)
    told |= {f"page_ms_p{part}": round(float(np.percentile(took, part)), 1) for part in (50, 95) if took}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
