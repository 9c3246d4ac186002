"""Fixtures of every area. Each area keeps its own in a module with a name of its own, since mypy knows a
module by its name alone.
"""

from collections.abc import Iterator

import pytest

pytest_plugins = [
    "case_stores",
    "console_parts",
    "console_remedy",
    "guard_states",
    "ingest_bench",
    "range_worlds",
    "several_processes",
    "sketch_requests",
    "small_world",
    "taxii_targets",
    "village",
    "village_planted",
    "whole_world",
    "small_runs",
]


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
