"""The README tells the truth."""

import re
from pathlib import Path

from app import config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_settings_table_is_the_one_the_code_has() -> None:
    """R1.3: name, default, range and meaning of every setting."""
    assert "\n".join(config.table()) in README


def test_the_start_command_is_the_same_everywhere() -> None:
    """R1.1: README, Makefile and .replit start gunicorn's eventlet worker."""
    command = "gunicorn -c gunicorn.conf.py app.wsgi:app"
    assert command in README
    assert command in (ROOT / "Makefile").read_text(encoding="utf-8")
    replit = (ROOT / ".replit").read_text(encoding="utf-8")
    assert replit.count('["gunicorn", "-c", "gunicorn.conf.py", "app.wsgi:app"]') == 2


def test_every_make_target_it_names_exists() -> None:
    """README's commands work as written."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_requirement_is_pinned_exactly() -> None:
    """R1.1: gunicorn stays below 26, and every build is the same."""
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-embedded.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r")):
                assert "==" in line, f"{name}: {line}"
    pinned = re.search(r"^gunicorn==(\d+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned
    assert int(pinned[1]) < 26
