"""Calls made from the softphone page, or to try a deployment, instead of by a caller. Pure.

Their SID tells them apart everywhere: Twilio's begin with `CA`, theirs with `BR`, and only a token that we minted for
that SID opens the media path to it. Such a call is a test: no lead, no delivery, nothing asked of Twilio.
"""

import re
import secrets
from typing import Literal

_SID = re.compile(r"BR[0-9a-f]{32}")


def new_browser_call_sid() -> str:
    """Return the SID of a new softphone call: `BR` and 32 hex digits."""
    return "BR" + secrets.token_hex(16)


def is_browser_call(call_sid: str) -> bool:
    """Tell whether a call is a test: made from the softphone page or by `python -m app qa`."""
    return _SID.fullmatch(call_sid) is not None


def call_channel(call_sid: str) -> Literal["call", "browser"]:
    """Return what the store is to call a call that came by the media stream."""
    return "browser" if is_browser_call(call_sid) else "call"
