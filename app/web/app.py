"""Flask: everything that may wait. Twilio's fast paths and the media WebSocket never come here."""

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

from app.telephony.loopback import is_local

if TYPE_CHECKING:
    from app.assembly import House


def create_flask(house: "House") -> Flask:
    """Return the Flask app of one worker."""
    flask = Flask(__name__)

    @flask.get("/health")
    def health() -> Response:
        """Say that it works; to this machine also how full and how late this worker is."""
        if not is_local(request.environ):
            return jsonify(status="ok")
        return jsonify(status="ok", live_calls=len(house.live), hub_lag_p99_ms=house.hub_watch.p99_ms())

    @flask.get("/calls/<call_sid>/events")
    def call_events(call_sid: str) -> tuple[Response, int] | Response:
        """Give a developer's tools what happened in a call: JSON lines. Development mode, this machine only."""
        timeline = house.timelines.get(call_sid)
        if timeline is None or not house.settings.development_mode or not is_local(request.environ):
            return jsonify(error="no such call, or not in development mode on this machine"), 404
        lines = "".join(flask.json.dumps(entry, ensure_ascii=False) + "\n" for entry in timeline)
        return Response(lines, mimetype="application/x-ndjson")

    return flask
