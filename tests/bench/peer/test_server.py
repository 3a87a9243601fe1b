"""What puts Pipecat beside ours; Pipecat itself is no part of the tests."""

from pathlib import Path

import click
import pytest

from tests.bench.peer.server import peer_server
from tests.bench.started import StartedServer


def test_a_peer_that_is_not_installed_says_what_installs_it(tmp_path: Path) -> None:
    """A newcomer who runs the curve with a peer and has none."""
    with pytest.raises(click.ClickException, match=r"bin/python is missing: `make bench-peer`"):
        peer_server(None, "silence", tmp_path)


def test_a_peer_is_found_by_the_port_it_prints_and_ends_with_its_block(tmp_path: Path) -> None:
    """It is a process of its own, told where the emulated vendors are."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho $GOOGLE_TTS_ENDPOINT | cut -d: -f2\nexec sleep 60\n")
    python.chmod(0o755)
    with peer_server(None, "silence", tmp_path) as peer:
        assert peer.url.startswith("http://127.0.0.1:")
        assert peer.url != "http://127.0.0.1:0"
        assert peer.name == "Pipecat, silence"
        assert peer.usage().rss_mb > 0
    assert peer.usage().rss_mb == 0


def test_a_server_that_does_not_start_is_told_by_name() -> None:
    """It ends without a port."""
    with pytest.raises(Exception, match="nobody did not start"), StartedServer("nobody", ["true"], None):
        pass
