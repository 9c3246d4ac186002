"""Days are put together into runs, and a run's days are written as each would be alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from village import beside, run_here

from stillwatch.pipeline import Inputs, write_exchanges
from stillwatch.pipeline.write_exchanges import in_runs
from stillwatch.run.layout import stored_days
from stillwatch.schema.keyed import HashKey


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(1, 60))
def test_runs_are_as_long_as_they_may_be(sizes: list[int], most: int) -> None:
    runs = in_runs(sizes, most)
    assert [place for run in runs for place in run] == list(range(len(sizes)))
    for run in runs:
        assert len(run) == 1 or sum(sizes[place] for place in run) <= most
    for run, following in pairwise(runs):
        assert sum(sizes[place] for place in run) + sizes[following.start] > most


def test_the_days_of_a_run_are_written_as_each_would_be_alone(village: Path, tmp_path: Path) -> None:
    given = Inputs((village / "logs",), key=HashKey.public(), **beside(village))
    together = stored_days(run_here(given, tmp_path / "together"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write_exchanges, "AT_ONCE", 1)
        alone = stored_days(run_here(given, tmp_path / "alone"))
    assert len(together) > 1
    assert [path.parent.name for path in together] == [path.parent.name for path in alone]
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(together, alone, strict=True))
