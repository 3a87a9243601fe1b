"""The console: the operators' pages, each its own blueprint behind one door."""

from typing import Any

from flask import Flask

from app.config import Settings
from app.web.console import today
from app.web.icons import ICONS
from app.web.login import refuse, shared_context

NAVIGATION = (("today", "/console", "today", "היום"), ("phone", "/phone", "mic", "טלפון"))
"""Of each page: its section's name, address, picture and words."""


def install(flask: Flask, settings: Settings) -> None:
    """Give the app the console."""
    for blueprint in (today.today,):
        if refuse not in blueprint.before_request_funcs.get(None, ()):
            blueprint.before_request(refuse)
        flask.register_blueprint(blueprint)

    @flask.context_processor
    def frame() -> dict[str, Any]:
        return {"office_name": settings.office_name, "navigation": NAVIGATION, "icons": ICONS, **shared_context()}
