"""Whoever imitates a customer does not get it named: each imitation that needs no look at its traffic, and all."""

from __future__ import annotations

from pathlib import Path

import pytest
from imitation_world import (
    ADDRESSES,
    CLIENT,
    EMPLOYEES,
    EVERYTHING,
    HOURS,
    OFFICES,
    PARAMETERS,
    POOL,
    Said,
    make,
    told,
)

VICTIMS = EMPLOYEES * len(OFFICES)


def said_of(
    folder: Path,
    imitated: tuple[str, ...],
    share: float,
    *,
    template: bool = False,
    quiet: int = 0,
    copied: float = 0.0,
) -> Said:
    make(folder / "world", imitated, share, template=template, quiet=quiet, copied=copied)
    return told(folder / "world", folder / "run")


@pytest.mark.parametrize(
    "imitated",
    [ADDRESSES, *(pytest.param(one, marks=pytest.mark.thorough) for one in (CLIENT, HOURS, PARAMETERS))],
)
def test_one_imitated_mark_names_nobody_else(imitated: str, tmp_path: Path) -> None:
    said = said_of(tmp_path, (imitated,), 0.5)
    assert said.verdicts == {"adversarial"}
    assert said.of("guilty", said.named) >= 0.9 * POOL
    assert said.of("employee", said.named) == said.of("stranger", said.named) == 0


def test_where_everything_is_imitated_victims_are_present_at_most(tmp_path: Path) -> None:
    said = said_of(tmp_path, EVERYTHING, 1.0)
    assert said.verdicts == {"adversarial"}
    assert said.of("employee", said.present) > 0.8 * VICTIMS, "the imitation draws its victims in"
    assert said.of("guilty", said.named) >= 0.9 * POOL
    assert said.of("employee", said.named) == said.of("stranger", said.named) == 0


def test_where_a_victims_tool_has_words_of_its_own_victims_are_present_at_most(tmp_path: Path) -> None:
    said = said_of(tmp_path, EVERYTHING, 1.0, template=True)
    assert said.verdicts == {"adversarial"}
    assert said.of("guilty", said.named) >= 0.9 * POOL
    assert said.of("employee", said.present) > 0.8 * VICTIMS
    assert said.of("employee", said.named) == 0


@pytest.mark.parametrize("copied", [pytest.param(0.4, marks=pytest.mark.thorough), 1.0])
def test_where_a_victims_tool_is_copied_victims_are_present_at_most(copied: float, tmp_path: Path) -> None:
    said = said_of(tmp_path, EVERYTHING, 1.0, copied=copied)
    assert said.verdicts == {"adversarial"}
    assert said.of("guilty", said.named) >= 0.9 * POOL
    assert said.of("employee", said.named) == said.of("stranger", said.named) == 0


def test_a_few_who_harvest_do_not_accuse_a_group_that_does_not(tmp_path: Path) -> None:
    said = said_of(tmp_path, EVERYTHING, 1.0, template=True, quiet=POOL - 4)
    assert said.verdicts <= {"coordinated"}
    assert not said.apart
