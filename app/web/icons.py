"""The few pictures of the pages, drawn inline so that they take the text's colour. Decoration: labels say the same."""

import json
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

_FRAME = (
    '<svg class="i" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.9" '
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">{}</svg>'
)
_DRAWN: Mapping[str, str] = json.loads((Path(__file__).parent / "data" / "icons.json").read_text())
ICONS: Mapping[str, Markup] = {name: Markup(_FRAME.format(drawn)) for name, drawn in _DRAWN.items()}  # noqa: S704 - ours
