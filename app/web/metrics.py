"""`/metrics` and `/health`: figures for this machine, or for whoever holds METRICS_TOKEN, and for nobody else."""

import hmac

from flask import Flask, Response, abort, jsonify, request
from pydantic import SecretStr

from app.office import LiveCalls
from app.telephony.loopback import is_local

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def install(flask: Flask, office: LiveCalls, token: SecretStr | None) -> None:
    """Serve both."""

    def is_trusted() -> bool:
        if is_local(request.environ):
            return True
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        expected = token.get_secret_value().encode() if token else b""
        return bool(expected) and scheme.lower() == "bearer" and hmac.compare_digest(shown.encode(), expected)

    @flask.get("/health")
    def health() -> Response:
        """Say that it works; to those who may know, how full and how late this worker is."""
        if not is_trusted():
            return jsonify(status="ok")
        status = office.status()
        shown = ("live_calls", "hub_lag_p99_ms", "children", "engines_down", "troubles")
        return jsonify(status="ok", **{name: status[name] for name in shown})

    @flask.get("/metrics")
    def metrics() -> Response:
        """Give Prometheus what is counted, a family at a time."""
        if not is_trusted():
            abort(404)
        return Response(office.metrics(), content_type=CONTENT_TYPE)
