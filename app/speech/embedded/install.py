"""`python -m app.speech.embedded.install --dir DIR`: fetch the embedded models, once, with progress on stderr."""

import argparse
import fcntl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.speech.embedded.fetch import CONNECT_TIMEOUT_S, Fetcher, Say, WeightsError
from app.speech.embedded.weights import WEIGHTS, Weight


@contextmanager
def only_one(folder: Path, say: Say) -> Iterator[None]:
    """Hold the folder's lock, waiting for another process that is fetching."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another process is fetching models into {folder}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(
    folder: Path,
    mirror: str = "",
    say: Say = lambda line: print(line, file=sys.stderr, flush=True),
    weights: tuple[Weight, ...] = WEIGHTS,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
) -> None:
    """Make `folder` hold every weight, each checked by its sha256; quick when they are there.

    Raises:
        WeightsError: a weight cannot be had from any source.
        OSError: the folder cannot be written.
    """
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    with only_one(folder, say):
        fetcher = Fetcher(folder, say, mirror, connect_timeout_s)
        size_bytes = 0
        for at, weight in enumerate(weights, start=1):
            form = fetcher.ensure(weight)
            size_bytes += form.size_bytes
            say(f"[{at}/{len(weights)}] {form.path}: {form.size_bytes / 1e6:.1f} MB, sha256 ok ({weight.licence})")
        fetcher.discard_archives()
    say(f"embedded models ready in {folder}: {size_bytes / 1e6:.0f} MB, {time.monotonic() - began:.1f} s")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m app.speech.embedded.install", description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("data/models"), help="where the models go (data/models)")
    parser.add_argument("--mirror", default="", help="base URL of a server that holds the files (MODELS_MIRROR)")
    options = parser.parse_args(arguments)
    try:
        install(options.dir, options.mirror)
    except (WeightsError, OSError) as fault:
        print(f"embedded models: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
