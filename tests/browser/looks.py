"""How a page looks: light, dark and at phone width, each a picture to look at and judged by axe."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
PICTURES = Path(os.environ.get("BROWSER_PICTURES", ROOT / "pictures"))
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
DESK, HAND = (1280, 900), (390, 844)
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_AT_REST = """document.getAnimations().filter(one => one.effect.getComputedTiming().endTime < Infinity)
  .forEach(one => one.finish())"""
"""A colour on its way from one scheme to the other is nobody's colour."""
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def looks(page: Page, name: str) -> list[str]:
    """Show the page in every look; return what keeps people out of it: axe's serious and critical findings.

    WCAG 2.0 to 2.2, A and AA. A page that scrolls sideways is a finding, too. Pictures go to BROWSER_PICTURES, by
    default the ignored folder `pictures`.
    """
    PICTURES.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    for scheme in _SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width, height in (DESK, HAND):
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(_AT_REST)
            look = f"{name}-{scheme}-{width}"
            page.screenshot(path=PICTURES / f"{look}.png", full_page=True)
            found += [f"{look}: {finding}" for finding in _findings(page)]
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    page.emulate_media(color_scheme="light")
    return found


def _findings(page: Page) -> Iterator[str]:
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        yield "scrolls sideways"
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE)
    result = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", _RULES)
    for violation in result["violations"]:
        if violation["impact"] in ("serious", "critical"):
            places = ", ".join(str(node["target"]) for node in violation["nodes"][:5])
            yield f"{violation['id']} ({violation['impact']}): {violation['help']}: {places}"
