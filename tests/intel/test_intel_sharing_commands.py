"""`stillwatch intel` as a person calls it: export, approve, release, check, revoke, correct, disclose, atlas."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from click.testing import CliRunner

from stillwatch.cases import Cases
from stillwatch.cli import program
from stillwatch.errors import EXIT_BAD_ROWS, EXIT_MISSING_EXTRA, IntelError, StillwatchError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run in it, in which commands are called."""
    monkeypatch.chdir(tmp_path)
    sealed(tmp_path / "run", Sealed("run-1", [Group("camp-a"), Group("camp-b", 30)]))
    return tmp_path


def intel(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(program, ["intel", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def document(*words: object, code: int = 0) -> Any:
    return json.loads(intel(*words, "--json", code=code).splitlines()[-1])


def refused(*words: object) -> StillwatchError:
    with pytest.raises(StillwatchError) as caught:
        CliRunner().invoke(program, ["intel", *map(str, words)], catch_exceptions=False)
    assert caught.value.do
    return caught.value


EXPORT = ("export", "run", "C001", "--purpose", "detection", "--tlp", "amber", "--by", "Anna")


def test_a_campaign_from_run_to_file_and_back(here: Path) -> None:
    assert "provider-a is identity--" in intel("name", "provider-a")
    made = document(*EXPORT, "--to", "early.json")
    assert made["state"] == "waiting"
    assert not Path("early.json").exists()
    assert "nobody approved" in refused("release", 1, "--to", "x.json", "--by", "Bela").what
    shown = document("show", 1)
    assert shown["sha256"] == made["sha256"]
    intel("approve", 1, "--sha256", made["sha256"][:16], "--by", "Bela", "--to", "out.json")
    assert Path("out.json").read_text(encoding="ascii") == shown["content"]
    document(*EXPORT, "--to", "same.json")
    assert Path("same.json").read_bytes() == Path("out.json").read_bytes()
    assert document("check", "out.json")["refused"] == []
    listed = document("exports")
    assert [(one["number"], one["approver"], len(one["releases"])) for one in listed] == [(1, "Bela", 2)]
    campaign = next(one["id"] for one in json.loads(shown["content"])["objects"] if one["type"] == "campaign")
    assert document("correct", campaign, "--confidence", 70, "--by", "Anna")["purpose"] == "correction"
    intel("revoke", "camp-a", "--reason", "an appeal", "--by", "Anna", "--to", "back.json")
    assert '"revoked": true' in Path("back.json").read_text(encoding="ascii")
    assert "written out" in intel("exports")
    del here


@pytest.mark.usefixtures("here")
def test_a_case_is_shared_from_its_evidence() -> None:
    with Cases("CASES.db", create=True) as cases:
        cases.sync(Path("run"))
    made = document("export", "case", 2, *EXPORT[3:], "--count")
    assert made["state"] == "waiting"
    refusal = document("refuse", 1, "--sha256", made["sha256"], "--by", "Bela", "--reason", "too early")
    assert refusal["reason"] == "too early"
    assert "number" in refused("export", "case", "camp-b", *EXPORT[3:]).what


@pytest.mark.usefixtures("here")
def test_a_card_for_an_authority() -> None:
    card = document("disclose", "run", "C002", "--owner", "Counsel", "--tlp", "red", "--by", "Anna")
    intel("approve", 1, "--sha256", card["sha256"], "--by", "Bela")
    assert "owner" in refused("release", 1, "--to", "card.json", "--by", "Anna").what
    assert "permitted" in intel("permission", 1, "--granted", "--by", "Anna")
    intel("release", 1, "--to", "card.json", "--by", "Anna")
    assert json.loads(Path("card.json").read_text(encoding="ascii"))["form"] == "stillwatch-disclosure-1"


@pytest.mark.usefixtures("here")
def test_what_is_wrong_is_told() -> None:
    assert "no such campaign" in refused(*EXPORT[:2], "C077", *EXPORT[3:]).what
    refused("export", "nowhere", *EXPORT[2:])
    assert "cleared for TLP:CLEAR" in refused(*EXPORT, "--clearance", "clear").what
    refused("show", 9)
    refused("revoke", "camp-z", "--reason", "x", "--by", "Anna")
    refused("correct", "campaign--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "--confidence", 1, "--by", "Anna")
    refused("name", "Not A Name")


@pytest.mark.usefixtures("here")
def test_check_tells_what_is_refused_and_reads_nothing_too_large() -> None:
    bad = {"type": "indicator", "id": "indicator--1"}
    name = "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
    Path("bad.json").write_text(
        json.dumps({"type": "bundle", "id": name, "objects": [bad]}), encoding="ascii"
    )
    assert "object 0" in intel("check", "bad.json", code=EXIT_BAD_ROWS)
    Path("no.json").write_text("{", encoding="ascii")
    assert isinstance(refused("check", "no.json"), IntelError)
    Path("small.toml").write_text("[intel]\nbundle_mib = 1\n", encoding="ascii")
    Path("large.json").write_bytes(b" " * (2**20 + 1))
    refused("check", "large.json", "--settings", "small.toml")


def test_the_table_of_techniques_is_shown_with_its_version() -> None:
    assert document("atlas")["atlas_version"] == "5.6.0"
    assert "AML.T0024.002" in intel("atlas")


@pytest.mark.parametrize(
    ("missing", "words"),
    [("stix2", ["check", "x.json"]), ("stix2validator", ["atlas"]), ("sqlalchemy", ["exports"])],
)
def test_what_is_not_installed_is_told(tmp_path: Path, missing: str, words: list[str]) -> None:
    script = (
        "import sys, importlib.util as util; find = util.find_spec;"
        f"util.find_spec = lambda name, *more: None if name == {missing!r} else find(name, *more);"
        "from stillwatch.cli import main; sys.argv[1:] = ['intel', *%r]; sys.exit(main())" % (words,)
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == EXIT_MISSING_EXTRA, done.stderr
    assert missing in done.stderr
    assert "Traceback" not in done.stderr
