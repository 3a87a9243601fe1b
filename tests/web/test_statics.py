"""Styles, scripts and fonts, and where they came from."""

import gzip
import hashlib
import json
from pathlib import Path

from flask import Flask

from app.web import statics

ROOT = Path(__file__).parent.parent.parent


def test_the_vendored_files_are_those_on_record() -> None:
    """R16: name, version, licence and hash of every foreign file; nothing foreign is without them."""
    record = json.loads((ROOT / "tools" / "vendor.json").read_text())
    files = [file for package in record for file in package["files"].values()]
    for file in files:
        assert hashlib.sha256((ROOT / file["to"]).read_bytes()).hexdigest() == file["sha256"], file["to"]
    assert {package["licence"] for package in record} == {"0BSD", "BSD-3-Clause", "MIT", "OFL-1.1", "MPL-2.0"}
    assert all(any(file["to"].endswith(".LICENSE") for file in package["files"].values()) for package in record)
    folder = statics.FOLDER / "vendor"
    assert {str(path.relative_to(ROOT)) for path in folder.iterdir()} <= {file["to"] for file in files}


def test_a_file_may_be_kept_for_ever_under_its_hash_alone() -> None:
    """R16: `immutable` under the name of this version, nothing kept under another's."""
    flask = Flask(__name__, static_folder=None)
    statics.serve(flask)
    asset = flask.jinja_env.globals["asset"]
    client = flask.test_client()
    url = asset("vendor/pico.min.css")  # type: ignore[operator]
    answer = client.get(url, headers={"Accept-Encoding": "gzip, br"})
    assert "immutable" in answer.headers["Cache-Control"]
    assert gzip.decompress(answer.data) == client.get(url).data == (statics.FOLDER / "vendor/pico.min.css").read_bytes()
    assert client.get(url.replace(url.split("/")[2], "0123")).headers["Cache-Control"] == "no-store"
    assert client.get(url + "x").status_code == client.get("/static/x/../console.css").status_code == 404


def test_the_first_view_is_light() -> None:
    """R16: what every page loads is 150 KB at most."""
    names = (
        "vendor/pico.min.css",
        "console.css",
        "vendor/htmx.min.js",
        "vendor/hx-ws.min.js",
        "console.js",
        "icon.svg",
    )
    fonts = sum((statics.FOLDER / f"vendor/heebo-{name}.woff2").stat().st_size for name in ("hebrew", "latin"))
    size = fonts + sum(len(gzip.compress((statics.FOLDER / name).read_bytes())) for name in names)
    assert size <= 150_000
