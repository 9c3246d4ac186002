"""The documentation says what is true: commands, options, settings, links and examples are checked against
the code.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import reference
from stillwatch import settings
from stillwatch.campaigns.permits import read_permits
from stillwatch.cli import program
from stillwatch.pipeline.releases import read_releases
from stillwatch.registry import FORMATS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMANDS: dict[str, click.Command] = dict(reference.leaves(program, "stillwatch"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def calls() -> Iterator[tuple[str, list[str]]]:
    """Each call of stillwatch or make that a page or the Makefile shows, as words."""
    for path in PAGES:
        for line in "".join(blocks(path, "sh")).replace("\\\n", " ").splitlines():
            if line.startswith(("stillwatch ", "make ")):
                yield name(path), shlex.split(line, comments=True)
    for line in (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if "$(RUN) stillwatch" in line:
            yield "Makefile", line.partition("$(RUN) ")[2].split()


def test_pages_show_calls() -> None:
    assert {words[1] for _, words in calls()} >= {"detect", "explain", "range", "demo", "test"}


def after_global_options(words: list[str]) -> list[str]:
    """The words from the verb on; each option before it is one of the program's."""
    known = {name: option for option in program.params for name in option.opts}
    while words and words[0] in known:
        option = known[words[0]]
        assert isinstance(option, click.Option)
        words = words[1 if option.is_flag or option.count else 2 :]
    return words


@pytest.mark.parametrize(
    ("page", "words"),
    list(calls()),
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:3]),
)
def test_calls_that_are_shown_exist(page: str, words: list[str]) -> None:
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert {word for word in words[1:] if "=" not in word} <= set(targets)
        return
    words = [words[0], *after_global_options(words[1:])]
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    if len(words) == 1:
        return
    if words[1].startswith("-"):
        assert given <= {"--help", "--version"}
        return
    command = next(COMMANDS[name] for long in (2, 3, 4) if (name := " ".join(words[:long])) in COMMANDS)
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert given <= {*known, "--help"}, page


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if not re.match(r"https?:|mailto:", target):
            place, _, heading = target.partition("#")
            page = path.parent / place if place else path
            assert page.exists(), target
            assert not heading or heading in anchors(page), target


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_toml_examples_can_be_used(path: Path, tmp_path: Path) -> None:
    for block in blocks(path, "toml"):
        document = tomllib.loads(block)
        if document.keys() <= settings.as_document(settings.Settings()).keys():
            settings.from_document(document, where=name(path))
        if "permit" in document:
            file = tmp_path / "permits.toml"
            file.write_text(block, encoding="utf-8")
            assert read_permits(file)
        if "release" in document:
            file = tmp_path / "releases.toml"
            file.write_text(block, encoding="utf-8")
            assert read_releases(file) is not None


def test_start_names_every_format_and_exit_code() -> None:
    start = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    assert [form for form in FORMATS.all() if f"`{form}`" not in start] == []
    codes = re.findall(r"^\| (\d+) \|", reference.pages()["errors.md"], re.MULTILINE)
    assert re.findall(r"^\| (\d+) \|", start, re.MULTILINE) == codes


def test_contributing_names_what_ci_runs() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    lint = re.findall(
        r"^\t\$\(RUN\) (ruff check \.|ruff format --check \.|mypy|lint-imports|pytest)",
        (ROOT / "Makefile").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    shown = "".join(blocks(ROOT / "CONTRIBUTING.md", "sh")).splitlines()
    assert [command for command in lint if command not in shown] == []
    assert ".ci/run" in text


def test_a_changelog_in_the_usual_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.startswith("# Changelog\n")
    assert "## [Unreleased]" in text
    kinds = set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
