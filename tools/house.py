"""Draw the packages of Stillwatch and their imports, in the layers of the import contract, as one SVG file.

    python tools/house.py [FILE]        # docs/figures/house.svg

The layers are read from pyproject.toml and the imports from the code (grimp, which import-linter uses), so
the picture always fits the code. A line goes from a package down to one that it imports; its width grows with
the number of modules that do so. Imports of `schema`, `settings`, `errors` and `registry`, which nearly every
package has, are counted and not drawn.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "stillwatch"
GROUND = (
    "registry",
    "plugins",
    "schema",
    "settings",
    "setting",
    "toml_file",
    "allowed",
    "small_file",
    "errors",
    "plain",
    "iso_time",
    "numba_cache",
)
"""Packages that nearly every other imports."""
ASIDE = {"run": 0.82}
"""Where a package is in its layer's width, if not in the middle."""
WIDTH, ROW, BOX, HIGH, TOP = 1150, 96, 98, 46, 54
STYLE = """
:root { color-scheme: light dark; --paper: #fcfcf9; --ink: #1d2126; --quiet: #5a626b; --box: #eef1ee; --line: #0b63a5; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171a; --ink: #e2e5e8; --quiet: #9da6af; --box: #21262b; --line: #74b2ec; } }
text { font: 13px system-ui, sans-serif; fill: var(--ink); text-anchor: middle; }
.quiet { fill: var(--quiet); font-size: 11px; } .box { fill: var(--box); stroke: var(--quiet); }
.title { font-size: 15px; font-weight: 600; text-anchor: start; } .paper { fill: var(--paper); }
.line { fill: none; stroke: var(--line); stroke-opacity: .38; }
"""


@dataclass(frozen=True)
class House:
    """What is drawn."""

    layers: list[list[str]]
    """Package names, top layer first."""
    modules: dict[str, int]
    """Modules of each package."""
    imports: dict[tuple[str, str], int]
    """(importer, imported) -> modules of the first that import the second."""


def house() -> House:
    """Read the layers and the imports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(c for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    layers = [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]
    graph = grimp.build_graph(PACKAGE)
    modules: dict[str, int] = {}
    imports: dict[tuple[str, str], int] = {}
    for module in graph.modules:
        own = _package(module)
        modules[own] = modules.get(own, 0) + 1
        for other in {_package(found) for found in graph.find_modules_directly_imported_by(module)} - {own}:
            imports[own, other] = imports.get((own, other), 0) + 1
    return House(layers, modules, imports)


def _package(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else PACKAGE


def drawn(found: House) -> str:
    """Return the picture as SVG."""
    at = {
        # A package alone in its layer moves aside if lines from above pass it.
        name: (WIDTH * (ASIDE.get(name, place + 0.5)) / len(layer), TOP + ROW * row)
        for row, layer in enumerate(found.layers)
        for place, name in enumerate(layer)
    }
    high = TOP + ROW * len(found.layers) - ROW + HIGH + 20
    lines = [
        _line(at[a], at[b], count, f"{a} → {b}: {count} modules")
        for (a, b), count in sorted(found.imports.items())
        if a in at and b in at and b not in GROUND
    ]
    boxes = [_box(name, x, y, found) for name, (x, y) in at.items()]
    title = "Stillwatch: packages by layer; each imports only what is below it"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" role="img" '
        f'aria-label="{title}">'
        f"<style>{STYLE}</style>"
        f'<rect class="paper" width="{WIDTH}" height="{high}"/><text class="title" x="14" '
        f'y="26">{title}</text>' + "".join(lines + boxes) + "</svg>\n"
    )


def _line(start: tuple[float, float], end: tuple[float, float], count: int, told: str) -> str:
    (x1, y1), (x2, y2) = (start[0], start[1] + HIGH), end
    bend = (y1 + y2) / 2
    path = f"M{x1:.0f} {y1:.0f}C{x1:.0f} {bend:.0f} {x2:.0f} {bend:.0f} {x2:.0f} {y2:.0f}"
    width = min(0.8 + count / 6, 5.0)
    return f'<path class="line" d="{path}" stroke-width="{width:.1f}"><title>{escape(told)}</title></path>'


def _box(name: str, x: float, y: float, found: House) -> str:
    ground = sum(found.imports.get((name, other), 0) > 0 for other in GROUND)
    told = (
        f"{found.modules.get(name, 0)} modules"
        if name not in GROUND
        else "used by " + str(sum(1 for _, other in found.imports if other == name))
    )
    note = f"{name}: {told}" + (f", imports {ground} of {len(GROUND)} ground packages" if ground else "")
    fit = f' textLength="{BOX - 8}" lengthAdjust="spacingAndGlyphs"' if len(name) > 12 else ""
    return (
        f'<g><title>{escape(note)}</title><rect class="box" x="{x - BOX / 2:.0f}" y="{y:.0f}" width="{BOX}" '
        f'height="{HIGH}" rx="6"/><text x="{x:.0f}" y="{y + 20:.0f}"{fit}>{escape(name)}</text>'
        f'<text class="quiet" x="{x:.0f}" y="{y + 37:.0f}">{escape(told)}</text></g>'
    )


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "figures" / "house.svg"
    target.write_text(drawn(house()), encoding="utf-8")
