"""Other packages' facets, signals and formats: one is really installed, and what can go wrong is told."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

SOURCE = Path(__file__).with_name("acme_stillwatch")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "extending.md"
IN_USE = [
    {"kind": "facet", "name": "prompt_size", "distribution": "acme-stillwatch", "version": "1.2.0"},
    {"kind": "signal", "name": "rate_limited", "distribution": "acme-stillwatch", "version": "1.2.0"},
    {"kind": "format", "name": "acme_gateway", "distribution": "acme-stillwatch", "version": "1.2.0"},
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the package of the docs."""
    place = tmp_path_factory.mktemp("plugins")
    shutil.copytree(
        SOURCE, place / "source", ignore=shutil.ignore_patterns("*.egg-info", "build", "__pycache__")
    )
    words = (
        "install --quiet --no-deps --no-build-isolation --no-index --no-compile --disable-pip-version-check"
    )
    subprocess.run(
        [sys.executable, "-m", "pip", *words.split(), "--target", place / "site", place / "source"],
        check=True,
    )
    return place / "site"


@pytest.fixture
def acme_log(tmp_path: Path) -> Path:
    """A log as Acme's gateway writes it."""
    path = tmp_path / "acme.jsonl"
    rows = [
        {
            "acme_id": f"q{i}",
            "key_owner": f"owner-{i % 3}",
            "at": f"2026-03-02T10:{i:02d}:00Z",
            "model": "wren-1",
            "tokens_in": 17,
            "messages": [{"role": "user", "content": "tell me about herons"}],
        }
        for i in range(12)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def detect(log: Path, out: Path, *sites: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, where packages in some folders count as installed."""
    paths = [*map(str, sites), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    return subprocess.run(
        [sys.executable, "-m", "stillwatch", "detect", log, "--public-key", "--out", out],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def package(place: Path, name: str, group: str, point: str, code: str) -> Path:
    """A folder that looks as if a package were installed in it."""
    module = name.replace("-", "_")
    information = place / f"{module}-0.3.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.3\n", encoding="utf-8"
    )
    (information / "entry_points.txt").write_text(f"[{group}]\n{point} = {module}\n", encoding="utf-8")
    (place / f"{module}.py").write_text(code, encoding="utf-8")
    return place


def test_an_installed_package_is_used_and_named(installed: Path, acme_log: Path, tmp_path: Path) -> None:
    done = detect(acme_log, tmp_path / "run", installed)
    assert done.returncode == 0, done.stderr
    about = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert about["plugins"] == IN_USE
    assert (about["exchanges"], about["accounts"], about["quarantined"]) == (12, 3, 0)
    assert [source["format"] for source in about["inputs"]] == ["acme_gateway"]
    traces = pq.read_table(tmp_path / "run" / "traces.parquet").to_pylist()
    assert {row["value"] for row in traces if row["facet"] == "prompt_size"} == {17}
    # The run is read as well where the package is not installed.
    shown = subprocess.run(
        [sys.executable, "-m", "stillwatch", "report", tmp_path / "run"], capture_output=True, check=False
    )
    assert shown.returncode == 0, shown.stderr


def test_a_format_that_is_not_used_is_not_named(installed: Path, small_log: Path, tmp_path: Path) -> None:
    assert detect(small_log, tmp_path / "run", installed).returncode == 0
    about = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert about["plugins"] == IN_USE[:2]


@pytest.mark.parametrize("names", ["acme-stillwatch", "other, Acme_Stillwatch", "all"])
def test_plugins_are_turned_off_by_name(installed: Path, acme_log: Path, tmp_path: Path, names: str) -> None:
    done = detect(acme_log, tmp_path / "run", installed, STILLWATCH_WITHOUT_PLUGINS=names)
    assert done.returncode == 2
    assert "the logs hold no exchange" in done.stderr


BROKEN = {
    "raises": (
        "stillwatch.facets",
        "raise RuntimeError('out of herons')",
        "the plug-in heron-marks 0.3 cannot be loaded: RuntimeError: out of herons",
    ),
    "has nothing": (
        "stillwatch.signals",
        "",
        "the plug-in heron-marks 0.3 cannot be loaded: it registers no signal called herons",
    ),
    "is no Python": (
        "stillwatch.formats",
        "def",
        "the plug-in heron-marks 0.3 cannot be loaded: SyntaxError: invalid syntax",
    ),
}


@pytest.mark.parametrize(
    "kind",
    ["raises", *(pytest.param(one, marks=pytest.mark.thorough) for one in sorted(BROKEN) if one != "raises")],
)
def test_a_broken_one_stops_the_run_and_says_whose_it_is(small_log: Path, tmp_path: Path, kind: str) -> None:
    group, code, what = BROKEN[kind]
    site = package(tmp_path / "site", "heron-marks", group, "herons", code)
    done = detect(small_log, tmp_path / "run", site)
    assert done.returncode == 2
    assert f"stillwatch: {what}" in done.stderr
    assert f"where: entry point herons = heron_marks of {group}" in done.stderr
    assert "run without it: STILLWATCH_WITHOUT_PLUGINS=heron-marks" in done.stderr
    assert not (tmp_path / "run").exists()
    assert detect(small_log, tmp_path / "run", site, STILLWATCH_WITHOUT_PLUGINS="heron-marks").returncode == 0


MARK = """
from stillwatch.api.facets import facet

@facet(family="network", sees="a", blind_spots="b", needs=("exchanges.account",))
def {name}(tables):
    {body}
"""


def test_a_name_that_is_taken_is_refused_with_both_owners(small_log: Path, tmp_path: Path) -> None:
    code = MARK.format(name="onset", body="return tables.exchanges")
    site = package(tmp_path / "a", "heron-marks", "stillwatch.facets", "onset", code)
    done = detect(small_log, tmp_path / "run", site)
    assert done.returncode == 2
    assert "two facets are called onset: one of Stillwatch itself, one of heron-marks 0.3" in done.stderr


def test_two_packages_with_one_name_are_both_named(small_log: Path, tmp_path: Path) -> None:
    code = MARK.format(name="wading", body="return tables.exchanges")
    first, second = (
        package(tmp_path / name, name, "stillwatch.facets", "wading", code)
        for name in ("heron-marks", "ibis-marks")
    )
    done = detect(small_log, tmp_path / "run", first, second)
    assert done.returncode == 2
    assert "two facets are called wading: one of heron-marks 0.3, one of ibis-marks 0.3" in done.stderr


def test_a_fault_at_work_names_the_package_and_shows_no_words(small_log: Path, tmp_path: Path) -> None:
    code = MARK.format(name="wading", body="raise LookupError('words of a person')")
    site = package(tmp_path / "site", "heron-marks", "stillwatch.facets", "wading", code)
    done = detect(small_log, tmp_path / "run", site)
    assert done.returncode == 2
    assert "the facet wading of the plug-in heron-marks 0.3 failed with LookupError" in done.stderr
    assert "where: heron_marks.py:6" in done.stderr
    assert "words of a person" not in done.stdout + done.stderr
    assert not (tmp_path / "run").exists()


def test_the_page_shows_the_package_that_is_tested() -> None:
    shown = dict(
        re.findall(
            r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        )
    )
    files = [
        path
        for path in sorted(SOURCE.rglob("*"))
        if path.suffix in (".py", ".toml") and "build" not in path.parts
    ]
    for path in files:
        if path.name != "__init__.py":
            assert shown[path.relative_to(SOURCE).as_posix()] == path.read_text(encoding="utf-8"), path
