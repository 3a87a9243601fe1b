"""Flask: everything that may wait. Twilio's fast paths and the media WebSocket never come here."""

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify

if TYPE_CHECKING:
    from app.assembly import House


def create_flask(house: "House") -> Flask:
    """Return the Flask app of one worker."""
    flask = Flask(__name__)

    @flask.get("/health")
    def health() -> Response:
        """Say how full and how late this worker is."""
        return jsonify(live_calls=len(house.live), hub_lag_p99_ms=house.hub_watch.p99_ms())

    @flask.get("/calls/<call_sid>/events")
    def call_events(call_sid: str) -> tuple[Response, int] | Response:
        """Give a developer's tools what happened in a call: JSON lines. Development mode only."""
        timeline = house.timelines.get(call_sid)
        if timeline is None or not house.settings.development_mode:
            return jsonify(error="no such call, or not in development mode"), 404
        lines = "".join(flask.json.dumps(entry, ensure_ascii=False) + "\n" for entry in timeline)
        return Response(lines, mimetype="application/x-ndjson")

    return flask
