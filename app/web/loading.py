"""Flask, loaded when there is time for it: a quarter of a second's work that no caller shall wait for (R18)."""

import importlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from app.config import Settings
from app.office import Office
from app.telephony.responses import Environ, StartResponse

if TYPE_CHECKING:
    from flask import Flask

_STEPS = (
    *("werkzeug.routing", "werkzeug.serving", "jinja2", "flask.json", "flask.app", "flask", "simple_websocket"),
    *("phonenumbers", "app.web.filters", "app.web.console.waterfall", "app.web.console.audio", "app.web.console"),
)
"""Each is loaded in 5 to 30 ms."""


class Pages:
    """Answers what Flask answers; whoever asks before it is loaded waits for it, and so does every call."""

    def __init__(self, office: Office, settings: Settings) -> None:
        """See `app.web.app`."""
        self._office = office
        self._settings = settings
        self._flask: Flask | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        answer: Iterable[bytes] = self._made()(dict(environ), start_response)
        return answer

    def load(self) -> Iterator[None]:
        """Load it a step at a time."""
        for module in _STEPS:
            importlib.import_module(module)
            yield
        flask = self._made()
        yield
        for name in flask.jinja_env.list_templates():
            flask.jinja_env.get_template(name)  # compiled now: the first visitor would stall every call
            yield

    def _made(self) -> "Flask":
        if self._flask is None:
            from app.web.app import create_flask

            self._flask = create_flask(self._office, self._settings)
        return self._flask
