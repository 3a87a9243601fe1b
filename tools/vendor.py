"""Fetch the pages' libraries from npm as `vendor.json` names them: `make vendor`. Nothing else needs npm.

The files are committed. A version whose `integrity` and `sha256` are on record must come out the same, else nothing is
written. To take another version, change it in the record and empty its hashes: they are filled in.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RECORD = Path(__file__).parent / "vendor.json"


class VendorError(Exception):
    """What npm gave is not what is on record."""


def fetch(package: dict[str, Any], folder: Path) -> dict[Path, bytes]:
    """Return the files of one package by where they belong; its hashes are checked, or set where they are empty."""
    name = f"{package['package']}@{package['version']}"
    packed = subprocess.run(  # noqa: S603 - our own list
        ["npm", "pack", name, "--json", "--pack-destination", str(folder)],  # noqa: S607 - npm is where the PATH says
        capture_output=True,
        check=True,
    )
    (about,) = json.loads(packed.stdout)
    package["integrity"] = _same(name, package["integrity"], about["integrity"])
    found: dict[Path, bytes] = {}
    with tarfile.open(folder / about["filename"]) as archive:
        for source, file in package["files"].items():
            member = archive.extractfile(f"package/{source}")
            if member is None:
                raise VendorError(f"{name} holds no {source}")
            content = member.read()
            file["sha256"] = _same(f"{name} {source}", file["sha256"], hashlib.sha256(content).hexdigest())
            found[ROOT / file["to"]] = content
    return found


def _same(what: str, recorded: str, found: str) -> str:
    if recorded and recorded != found:
        raise VendorError(f"{what}: {found} came, {recorded} is on record in {RECORD.name}")
    return found


def main() -> None:
    """Fetch all, then write all."""
    packages = json.loads(RECORD.read_text())
    try:
        with tempfile.TemporaryDirectory() as folder:
            files = {path: content for package in packages for path, content in fetch(package, Path(folder)).items()}
    except (VendorError, subprocess.CalledProcessError, OSError) as fault:
        sys.exit(f"nothing was written: {fault}")
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    RECORD.write_text(json.dumps(packages, indent=2) + "\n")
    print(f"{len(files)} files of {len(packages)} packages")


if __name__ == "__main__":
    main()
