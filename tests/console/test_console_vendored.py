"""What is vendored is what its manifest says, has licences, and names no address."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from stillwatch import console

FOLDER = Path(console.__file__).parent / "vendored"
NPM = Path(__file__).resolve().parents[2] / "requirements" / "npm"
FREE = {"0BSD", "BSD-0-Clause", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"}


def test_files_are_what_the_manifest_says() -> None:
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    assert {one["file"] for one in manifest["files"]} == {path.name for path in FOLDER.glob("*.js")}
    for one in manifest["files"]:
        content = (FOLDER / one["file"]).read_bytes()
        assert len(content) == one["bytes"]
        assert hashlib.sha256(content).hexdigest() == one["sha256"], one["file"]


def test_licences_are_free_and_there() -> None:
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    texts = (FOLDER / "LICENCES.txt").read_text(encoding="utf-8")
    for one in [*manifest["files"], *manifest["bundled"]]:
        assert one["licence"] in FREE
        assert f"{one['package']} {one['version']}, {one['licence']}" in texts


def test_versions_are_those_of_the_lock_and_no_registry_is_named() -> None:
    lock = json.loads((NPM / "package-lock.json").read_text(encoding="utf-8"))
    assert not [name for name, one in lock["packages"].items() if "resolved" in one]
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    for one in [*manifest["files"], *manifest["bundled"]]:
        locked = lock["packages"][f"node_modules/{one['package']}"]
        assert locked["version"] == one["version"]
        assert locked["integrity"].startswith("sha512-")
    wanted = json.loads((NPM / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert all(version[0].isdigit() for version in wanted.values())
