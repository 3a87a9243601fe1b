"""Write app/dialog/data/hebrew/localities.txt from the Central Bureau of Statistics' list of localities.

Run once, on the list as JSON (an array of objects with `name`, as https://github.com/arikw/israeli-localities packages
it): python -m tools.build_localities localities.json

What areas.json knows is left out, and so are industrial parks, schools and tribes.
"""

import json
import re
import sys
from pathlib import Path

from app.dialog.hebrew.gazetteer import read_areas, written_as_one

TARGET = Path(__file__).resolve().parent.parent / "app" / "dialog" / "data" / "hebrew" / "localities.txt"
NO_HOMES = re.compile(
    r'שבט|^(אזור ת|ים המלח|מפעלי|תעשי|פארק|מרכז [אכמ]|בי"?ס|בית (חולים|רבן|צבי)|קרי+ת (חינוך|תעופה)|כפר הנוער)'
)
IN_BRACKETS = re.compile(r"\s*\(.*?\)")


def main(source: str) -> None:
    """Read the list and write one locality a line, in the order of the alphabet."""
    known = read_areas()
    names: set[str] = set()
    for entry in json.loads(Path(source).read_text(encoding="utf-8")):
        if NO_HOMES.search(entry["name"]):
            continue
        name = " ".join(IN_BRACKETS.sub("", entry["name"]).replace("''", '"').replace("-", " ").split())
        if written_as_one(name) not in known:
            names.add(name)
    TARGET.write_text("\n".join(sorted(names)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
