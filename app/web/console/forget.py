"""The erasure of a number, in two steps."""

from flask import Blueprint, abort, current_app, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.web.login import refuse
from app.web.pages import office, page

forgetting = Blueprint("forget", __name__, url_prefix="/console/system")
forgetting.before_request(refuse)
_CONFIRM_WITHIN_S = 600


@forgetting.post("/forget")
def forget() -> ResponseReturnValue:
    """Erase a number in two steps: say what would go, then, its last four digits repeated, let it go."""
    sealer = URLSafeTimedSerializer(current_app.secret_key or "", salt="forget")
    if "sealed" not in request.form:
        number = request.form.get("number", "").strip()[:40]
        counts = _erase(number, dry_run=True)
        return page("forget.html", section="system", number=number, counts=counts, sealed=sealer.dumps(number))
    try:
        number = sealer.loads(request.form["sealed"], max_age=_CONFIRM_WITHIN_S)
    except BadSignature:
        abort(403, "האישור ישן. התחילו שוב")
    digits = "".join(letter for letter in number if letter.isdigit())
    if request.form.get("last4", "") != digits[-4:]:
        counts = _erase(number, dry_run=True)
        return page(
            "forget.html", section="system", number=number, counts=counts, wrong=True, sealed=request.form["sealed"]
        )
    counts = _erase(number, dry_run=False)
    return page("forget.html", section="system", number=number, counts=counts, done=not counts.get("live"))


def _erase(number: str, *, dry_run: bool) -> dict[str, int]:
    try:
        return dict(office().forget(number, dry_run=dry_run))
    except ValueError:
        abort(400, "זה אינו מספר טלפון")
