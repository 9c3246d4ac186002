"""How several processes share the tests: what comes before they begin, and which takes what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

TESTS = Path(__file__).parent
LONGEST = (
    "engine/test_engine_spark.py",
    "pipeline/test_tables_stay.py",
    "privacy/test_canaries.py",
    "pipeline/test_watch_days.py",
    "plugins/test_plugins.py",
    "cli/test_faults.py",
    "privacy/test_forget.py",
    "pipeline/test_detect_stops.py",
    "range/test_evasion.py",
)
"""Files that take longest. They come first, so that no process is still at work on one when the others are
done.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_xdist_setupnodes() -> None:
    """Before the processes begin."""
    # Not before pytest itself has taken in the plugins, which this imports.
    from kernels_first import compile_kernels

    compile_kernels()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Each file's tests go to one process, since they share its fixtures, in the order given above; unless
    another way was asked for.
    """
    if config.option.dist != "load":
        return None
    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)
