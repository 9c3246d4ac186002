"""The reference pages are made from the code, are up to date, and leave nothing out."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

import reference
import stillwatch
from stillwatch import errors, settings
from stillwatch.cli import program
from stillwatch.registry import FACETS, FORMATS, SIGNALS

PAGES = reference.pages()


def test_pages_on_disk_are_those_the_code_makes() -> None:
    assert reference.stale() == [], "run `make reference`"


def test_a_changed_page_and_a_left_over_one_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "FOLDER", tmp_path / "reference")
    assert reference.main(["--check"]) == 1
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    (tmp_path / "reference" / "settings.md").write_text("old")
    (tmp_path / "reference" / "gone.md").write_text("left over")
    assert reference.stale() == ["gone.md", "settings.md"]
    reference.write()
    assert reference.stale() == []


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("commands.md", [name for name, _ in reference.leaves(program, "stillwatch")]),
        ("facets.md", list(FACETS.all())),
        ("formats.md", list(FORMATS.all())),
        ("python.md", [name for name in stillwatch.__all__ if name != "__version__"]),
        ("signals.md", list(SIGNALS.all())),
        ("tables.md", [table.name for table in reference.all_tables()]),
        ("settings.md", [f"[{section}]" for section in settings.as_document(settings.Settings())]),
    ],
)
def test_everything_has_its_heading(page: str, names: list[str]) -> None:
    headings = {line.lstrip("#").strip() for line in PAGES[page].splitlines() if line.startswith("##")}
    assert names, f"nothing to write about in {page}"
    assert set(names) <= headings


def test_every_setting_column_option_and_error_has_its_row() -> None:
    for section, values in settings.as_document(settings.Settings()).items():
        for name in values:
            assert f"| `{name}` |" in PAGES["settings.md"], f"{section}.{name}"
    for table in reference.all_tables():
        for column in table.columns:
            assert f"| `{column.name}` |" in PAGES["tables.md"], f"{table.name}.{column.name}"
    for name, command in reference.leaves(program, "stillwatch"):
        for option in (opt for parameter in command.params for opt in parameter.opts if opt.startswith("--")):
            assert option in PAGES["commands.md"], f"{name} {option}"
    kinds: list[type[errors.StillwatchError]] = [
        errors.StillwatchError,
        *errors.StillwatchError.__subclasses__(),
    ]
    for kind in kinds:
        assert f"| `{kind.__name__}` |" in PAGES["errors.md"]


def test_every_option_says_what_it_means() -> None:
    for name, command in reference.leaves(program, "stillwatch"):
        assert command.help, f"{name} has no help"
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, (
                f"{name} {parameter.name} has no help"
            )


def test_blind_spots_are_stated() -> None:
    stated = {
        **{name: facet.blind_spots for name, facet in FACETS.all().items()},
        **{name: signal.blind_spots for name, signal in SIGNALS.all().items()},
    }
    assert [name for name, blind_spots in stated.items() if len(blind_spots) < 10] == []
