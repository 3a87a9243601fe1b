"""The pages before a made-up office, for a real gunicorn: `gunicorn -k eventlet tests.web.served:app`."""

import os
from pathlib import Path

from flask import Flask, Response, jsonify, request
from pydantic import SecretStr

from app.config import Settings
from app.web.app import create_flask
from tests.web.fake_office import FakeOffice

PASSWORD = "a password for the tests"


def make(
    folder: Path | None = None, office: FakeOffice | None = None, *, password: bool = True, **settings: object
) -> Flask:
    """Return the app and its office (`app.extensions["office"]`)."""
    given = {"console_password": SecretStr(PASSWORD)} if password else {}
    return create_flask(office or FakeOffice(folder), Settings.model_validate({**given, **settings}))


def _served() -> Flask:
    """Serve as in development, and let the test change what happens: `POST /office` with attributes as JSON."""
    flask = make(Path(os.environ["OFFICE_FOLDER"]))
    office: FakeOffice = flask.extensions["office"]
    feed = flask.extensions["feed"]
    flask.config["MAX_CONTENT_LENGTH"] = None
    feed.stuck_ms = 1000  # instead of half a minute

    @flask.post("/office")
    def change() -> Response:
        changes = request.get_json()
        if "arrived" in changes:
            office.arrives(changes.pop("arrived"))
        for name, value in changes.items():
            setattr(office, name, value)
        office.count += 1
        return jsonify(done=office.done, tabs=len(feed))

    return flask


if "OFFICE_FOLDER" in os.environ:
    app = _served()
