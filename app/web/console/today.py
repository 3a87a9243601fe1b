"""The first page: what an office has to do today."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.web.pages import office, page

today = Blueprint("today", __name__, url_prefix="/console")


@today.get("", endpoint="page")
def show() -> ResponseReturnValue:
    """Say how full and how late this worker is."""
    status = office().status()
    return page("today.html", section="today", live=status["live_calls"], lag_ms=status["hub_lag_p99_ms"])
