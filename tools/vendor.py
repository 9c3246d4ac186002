"""Copies what the console sends to browsers from node_modules, with licences and hashes.

    cd requirements/npm && npm ci --ignore-scripts && cd ../.. && python tools/vendor.py

The files are the packages' own, byte for byte; only vega-interpreter, which comes as a module that a page without
inline scripts cannot load, is wrapped as a script, and the manifest says so. `package-lock.json` is kept without the addresses that npm writes
into it, so that it names versions and hashes, and no registry.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NPM = ROOT / "requirements" / "npm"
TARGET = ROOT / "src" / "stillwatch" / "console" / "vendored"
FILES = {
    "cytoscape": "dist/cytoscape.min.js",
    "htmx.org": "dist/htmx.min.js",
    "vega": "build/vega.min.js",
    "vega-embed": "build/vega-embed.min.js",
    "vega-interpreter": "build/vega-interpreter.js",
    "vega-lite": "build/vega-lite.min.js",
}
"""The file of each package; each is a bundle with what it depends on inside."""
WRAPPED = "vega-interpreter"
ALSO_INSIDE = ("heap", "lodash")
"""What Cytoscape's bundle has inside without depending on it; package.json names them for their licences."""


def main() -> None:
    """Copy all files, and write the manifest and the licences."""
    strip_addresses(NPM / "package-lock.json")
    modules = NPM / "node_modules"
    TARGET.mkdir(exist_ok=True)
    manifest, texts = [], []
    inside: dict[str, dict[str, Any]] = {}
    for name, path in sorted(FILES.items()):
        about = read(modules / name / "package.json")
        original = (modules / name / path).read_bytes()
        content = wrapped(original) if name == WRAPPED else original
        file = TARGET / Path(path).name
        file.write_bytes(content)
        manifest.append(
            {
                "file": file.name,
                "package": name,
                "version": about["version"],
                "licence": about["license"],
                "from": path,
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "original_sha256": hashlib.sha256(original).hexdigest(),
            }
        )
        inside |= closure(modules, name)
    inside |= {name: read(modules / name / "package.json") for name in ALSO_INSIDE}
    for name, about in sorted(inside.items()):
        texts.append(f"{name} {about['version']}, {about['license']}\n\n{licence(modules / name)}\n")
    packages = [
        {"package": name, "version": about["version"], "licence": about["license"]}
        for name, about in sorted(inside.items())
    ]
    document = {"files": manifest, "bundled": packages}
    (TARGET / "manifest.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (TARGET / "LICENCES.txt").write_text(("\n" + "-" * 72 + "\n\n").join(texts), encoding="utf-8")
    print(f"{len(manifest)} files, {sum(one['bytes'] for one in manifest):,} bytes, {len(packages)} packages")


def wrapped(module: bytes) -> bytes:
    """A module of Vega's as a script that adds what it exports to the global `vega`."""
    text = module.decode()
    text, imports = re.subn(
        r"^import (\{[^}]*\}) from 'vega-util';$", r"const \1 = vega;", text, flags=re.MULTILINE
    )
    text, exports = re.subn(r"^export \{ (\w+) as (\w+) \};$", r"vega.\2 = \1;", text, flags=re.MULTILINE)
    text, others = re.subn(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE)
    if (imports, exports, others) != (1, 1, 1) or re.search(r"^(import|export) ", text, re.MULTILINE):
        raise SystemExit("vega-interpreter has another shape now: mend wrapped()")
    return f'(function (vega) {{\n"use strict";\n{text.strip()}\n}})(globalThis.vega);\n'.encode()


def closure(modules: Path, name: str) -> dict[str, dict[str, Any]]:
    """A package and all that it depends on, as far as it can be inside a bundle."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        file = modules / one / "package.json"
        # Command lines (yargs and what it needs) and types are not in the bundles.
        if one in found or one in ("yargs", "commander") or one.startswith("@types/") or not file.exists():
            continue
        found[one] = read(file)
        waiting += [*found[one].get("dependencies", {}), *found[one].get("peerDependencies", {})]
    return found


def licence(folder: Path) -> str:
    """The text of a package's licence."""
    files = sorted(one for one in folder.iterdir() if one.name.upper().startswith(("LICENSE", "LICENCE")))
    if not files:
        return (
            f"(The package brings no text; its package.json says {read(folder / 'package.json')['license']}.)"
        )
    return files[0].read_text(encoding="utf-8").replace("\r\n", "\n").strip()


def strip_addresses(lock: Path) -> None:
    """Take the addresses out of the lock; versions and hashes stay."""
    document = read(lock)
    for one in document["packages"].values():
        one.pop("resolved", None)
    lock.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """A JSON file."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


if __name__ == "__main__":
    main()
