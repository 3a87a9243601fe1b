"""Flask: everything that may wait. Twilio's fast paths and the media WebSocket never come here."""

from flask import Flask, Response, jsonify, request

from app.config import Settings
from app.office import Office
from app.telephony.loopback import is_local
from app.web import console, filters, login, metrics, phone, statics, words


def create_flask(office: Office, settings: Settings) -> Flask:
    """Return the Flask app of one worker."""
    flask = Flask(__name__, static_folder=None)
    flask.extensions["office"] = office
    flask.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's own provider has it
    statics.serve(flask)
    filters.install(flask, shows_numbers=settings.console_show_numbers == "on")
    words.install(flask)
    login.install(flask, settings)
    console.install(flask, settings)
    metrics.install(flask, office, settings.metrics_token)
    phone.install(flask, settings.agent_name)

    @flask.get("/calls/<call_sid>/events")
    def call_events(call_sid: str) -> tuple[Response, int] | Response:
        """Give a developer's tools what happened in a call: JSON lines. Development mode, this machine only."""
        if not office.knows(call_sid) or not office.development or not is_local(request.environ):
            return jsonify(error="no such call, or not in development mode on this machine"), 404
        clock0_ms = office.clock0_epoch_ms(call_sid)
        entries = [{**event, "at_ms": clock0_ms + event["at_ms"]} for event in office.events(call_sid)[0]]
        lines = "".join(flask.json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        return Response(lines, mimetype="application/x-ndjson")

    return flask
