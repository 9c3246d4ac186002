"""Fixtures of every area. Each area keeps its own in a module with a name of its own, since mypy knows a
module by its name alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

pytest_plugins = [
    "ingest_bench",
    "range_worlds",
    "sketch_requests",
    "small_world",
    "village",
    "village_planted",
]
LONGEST = (
    "engine/test_engine_spark.py",
    "privacy/test_canaries.py",
    "pipeline/test_watch_days.py",
    "pipeline/test_detect_stops.py",
    "privacy/test_forget.py",
    "range/test_evasion.py",
)
"""Files that take longest. Where several processes share the tests these come first, so that none is still at
work on one when the others are done.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_xdist_setupnodes() -> None:
    """Before the processes begin that share the tests."""
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


@pytest.fixture(scope="session", autouse=True)
def own_key_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's own key is a file of the tests: none writes into a home, and tables are the same in each
    session.
    """
    file = tmp_path_factory.mktemp("key") / "key"
    file.write_text("the key of the tests, the same each time\n", encoding="ascii")
    file.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STILLWATCH_KEY_FILE", str(file))
        yield
