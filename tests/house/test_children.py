"""Which children a worker has, and when one of them could speak."""

from pathlib import Path

import pytest

from app.config import load
from app.house.children import Children

EARS, VOICE = {"GOOGLE_SPEECH_ENDPOINT": "127.0.0.1:1"}, {"GOOGLE_TTS_ENDPOINT": "127.0.0.1:1"}
MIND = {"OPENAI_API_KEY": "sk-none"}


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({}, ["embedded", "store"]),
        (EARS | VOICE, ["speech", "store"]),
        (EARS, ["speech", "embedded", "store"]),
        (MIND, ["speech", "embedded", "store"]),
    ],
)
def test_only_children_that_serve_are_started(environment: dict[str, str], names: list[str], tmp_path: Path) -> None:
    """R15: with cloud keys the models are never loaded, without them no vendor's client."""
    children = Children.of(load(environment | {"DATA_DIR": str(tmp_path)}))
    assert [link.name for link in children.links] == names
    assert not children.has_voice
    assert all(link.pid is None for link in children.links)


@pytest.mark.parametrize(
    ("environment", "folder", "lends"),
    [
        ({}, "", False),
        ({"DATABASE_URL": "postgres://x@db/x"}, "", True),
        ({"DATABASE_URL": "postgres://x@db/x"}, "speech", False),
    ],
)
def test_a_fresh_disk_asks_the_instances_database_for_its_voice(
    environment: dict[str, str], folder: str, lends: bool, tmp_path: Path
) -> None:
    """R18: the store's child is started with those a caller waits for; beside SQLite lies the cache itself."""
    (tmp_path / folder).mkdir(exist_ok=True)
    assert Children.of(load(environment | VOICE | {"DATA_DIR": str(tmp_path)})).lends_voice is lends
