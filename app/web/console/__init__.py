"""The console: the operators' pages, each its own blueprint behind one door."""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, render_template
from flask.typing import ResponseReturnValue

from app.config import Settings
from app.office import StoreUnavailable
from app.web.console import audio, calls, csv_export, forget, leads, live, quality, system, today
from app.web.console.prices import Prices
from app.web.icons import ICONS
from app.web.login import shared_context

NAVIGATION = (
    ("today", "/console", "today", "היום"),
    ("calls", "/console/calls", "phone", "שיחות"),
    ("leads", "/console/leads", "person", "לידים"),
    ("quality", "/console/quality", "chart", "איכות"),
    ("system", "/console/system", "gear", "מערכת"),
    ("phone", "/phone", "mic", "טלפון"),
)
"""Of each page: its section's name, address, picture and words."""
_BLUEPRINTS = (
    today.today,
    live.live,
    calls.calls,
    audio.audio,
    csv_export.export,
    leads.leads,
    quality.quality,
    system.system,
    forget.forgetting,
)


def install(flask: Flask, settings: Settings) -> None:
    """Give the app the console."""
    flask.extensions["audio_kept"] = (settings.record_calls == "on", settings.audio_keep_days)
    flask.extensions["prices"] = Prices.read(settings.prices_file)
    flask.add_template_filter(
        lambda choice: urlencode({name: value for name, value in choice.items() if value}), "query"
    )
    live.install(flask)
    for blueprint in _BLUEPRINTS:
        flask.register_blueprint(blueprint)
    flask.register_error_handler(StoreUnavailable, _store_down)

    @flask.context_processor
    def frame() -> dict[str, Any]:
        return {"office_name": settings.office_name, "navigation": NAVIGATION, "icons": ICONS, **shared_context()}


def _store_down(_: StoreUnavailable) -> ResponseReturnValue:
    says = "המאגר לא עונה; שום ליד לא אבד. נסו שוב בעוד רגע."
    return render_template("error.html", code=503, title="המאגר לא עונה", says=says), 503, {"Retry-After": "5"}
