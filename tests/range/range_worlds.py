"""A small world that the tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest
from range_hamlet import HAMLET

from made_once import made_once
from stillwatch.simulate.make import Order, make
from stillwatch.simulate.scenario import parse
from stillwatch.simulate.world import World, make_world


@pytest.fixture(scope="session")
def hamlet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "hamlet.toml"
    path.write_text(HAMLET, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def hamlet(hamlet_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small world, cut into several parts a day."""

    def made(folder: Path) -> None:
        make(Order(str(hamlet_file), folder / "hamlet", scale=1.0, seed=3, part_rows=400))

    return made_once(tmp_path_factory, "hamlet", made) / "hamlet"


@pytest.fixture(scope="session")
def hamlet_world() -> World:
    return make_world(parse(HAMLET, "hamlet.toml"), 1.0, 3)
