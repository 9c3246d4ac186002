"""`stillwatch intel convert`: the form is found out, and what is missing is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from forms_made import of, plain, shared

from stillwatch.cli import program
from stillwatch.intel.forms.canonical import canonical
from stillwatch.intel.forms.convert import Form, form_of
from stillwatch.intel.stix.reading import read_bundle


def run(*words: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(program, ["intel", "convert", *map(str, words)])


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """What a provider shares, as a bundle."""
    path = tmp_path / "bundle.json"
    path.write_bytes(canonical(shared()))
    return path


@pytest.mark.parametrize("form", list(Form))
def test_there_and_back(bundle: Path, tmp_path: Path, form: Form) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    assert run(bundle, "--to", form, "--out", there).exit_code == 0
    assert form_of(there.read_bytes()) is form
    assert run(there, "--to", "stix", "--out", back).exit_code == 0
    if form in (Form.CSV, Form.JSON):
        found = read_bundle(back.read_bytes()).objects.good
        assert canonical(of(found, "indicator")) == canonical(of(shared(), "indicator"))
    else:
        assert back.read_bytes() == bundle.read_bytes()


def test_what_has_no_place_is_said_and_whole_writes_nothing_then(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    told = run(bundle, "--to", "csv", "--out", out)
    assert told.exit_code == 0
    assert "not carried: 1 campaign: a row of CSV has no place for it" in told.stderr
    out.unlink()
    refused = run(bundle, "--to", "csv", "--out", out, "--whole")
    assert refused.exit_code == 3
    assert "nothing was written" in refused.stderr
    assert not out.exists()


def test_json_lists_everything(bundle: Path, tmp_path: Path) -> None:
    document = json.loads(bundle.read_bytes())
    document["objects"].append({**plain("[autonomous-system:number = 1]"), "confidence": 130})
    bundle.write_text(json.dumps(document), encoding="utf-8")
    told = json.loads(run(bundle, "--to", "csv", "--out", tmp_path / "o", "--json").stdout)
    assert told["from"] == "stix"
    assert [one["why"] for one in told["refused"]] == ["confidence is not an integer from 0 to 100"]
    assert len(told["not_carried"]) > 5
    assert run(bundle, "--to", "csv", "--json").exit_code == 2


def test_a_file_of_no_form_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text('{"prompt": "no"}', encoding="utf-8")
    found = CliRunner().invoke(program, ["intel", "convert", str(path), "--to", "stix"])
    assert found.exit_code != 0
    assert "none of the forms" in str(found.exception)


def test_the_form_can_be_said(bundle: Path, tmp_path: Path) -> None:
    told = run(bundle, "--from", "opencti", "--to", "stix", "--out", tmp_path / "o")
    assert told.exit_code == 0
    assert "objects of opencti written" in told.stderr
