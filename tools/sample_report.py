"""Make docs/sample-report.html again: the report of a small world of the range, to open and look at.

python tools/sample_report.py [WORLD]

WORLD: a folder that `stillwatch range make stolen_keys --scale 0.01 --seed 1` has made; without one, it is
made here, which takes some minutes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sample-report.html"
SCENARIO = ("stolen_keys", "--scale", "0.01", "--seed", "1")


def stillwatch(*words: str | Path) -> None:
    """Call the command; its own messages say what went wrong."""
    subprocess.run([sys.executable, "-m", "stillwatch", *map(str, words)], check=True)


def main(arguments: list[str]) -> None:
    """Make the world if none is given, search it, and keep the page."""
    with tempfile.TemporaryDirectory() as aside:
        world = Path(arguments[0]) if arguments else Path(aside) / "world"
        if not arguments:
            stillwatch("range", "make", *SCENARIO, "--out", world)
        beside = [
            word
            for name, file in (
                ("edge", "edge.parquet"),
                ("accounts", "accounts.parquet"),
                ("permits", "permits.toml"),
                ("releases", "releases.toml"),
            )
            if (world / file).exists()
            for word in (f"--{name}", world / file)
        ]
        run = Path(aside) / "run"
        stillwatch("detect", world / "logs", *beside, "--public-key", "--out", run)
        shutil.copyfile(run / "report.html", PAGE)
    sys.stdout.write(f"{PAGE.name}: {PAGE.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
