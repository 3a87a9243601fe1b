"""Styles, scripts and fonts, served from memory: compressed once, under a name that changes when any of them does.

`/static/HASH/path` may be kept for ever; relative addresses inside a file stay inside its HASH.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, abort, request

FOLDER = Path(__file__).parent / "static"
_COMPRESSED = (".css", ".js", ".svg")
_FOREVER = "public, max-age=31536000, immutable"
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    compressed: bytes | None
    kind: str


class Statics:
    """All files below `folder`, with `name`, the hash of them all."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._assets: dict[str, _Asset] = {}
        digest = hashlib.sha256()
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            digest.update(path.name.encode() + b"\0" + content)
            compressed = gzip.compress(content, 9, mtime=0) if path.suffix in _COMPRESSED else None
            kind = mimetypes.guess_type(path.name)[0] or "text/plain"
            self._assets[path.relative_to(folder).as_posix()] = _Asset(content, compressed, kind)
        self.name = digest.hexdigest()[:12]

    def url(self, path: str) -> str:
        """Return the address of a file, for templates: `asset("console.css")`."""
        if path not in self._assets:
            raise KeyError(f"no static file {path}")
        return f"/static/{self.name}/{path}"

    def answer(self, name: str, path: str) -> Response:
        """Serve a file; under the hash of another version it must not be kept."""
        asset = self._assets.get(path)
        if asset is None:
            abort(404)
        takes_gzip = asset.compressed is not None and request.accept_encodings["gzip"] > 0
        response = Response(asset.compressed if takes_gzip else asset.content, mimetype=asset.kind)
        if takes_gzip:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = _FOREVER if name == self.name else "no-store"
        return response


def serve(flask: Flask) -> None:
    """Serve the static files, and let templates name them by `asset`."""
    statics = Statics()
    flask.add_template_global(statics.url, "asset")
    flask.add_url_rule("/static/<name>/<path:path>", "static_file", statics.answer)
