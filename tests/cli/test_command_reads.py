"""`explain`, `report` and `range score` over a real run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from village import Ran

from stillwatch.cli import program
from stillwatch.errors import RunError


def said(*words: object, width: int = 200) -> str:
    done = CliRunner(env={"COLUMNS": str(width)}).invoke(program, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_explain_a_campaign(village_run: Ran) -> None:
    text = said("explain", village_run.folder, "C001")
    assert "C001" in text
    assert "adversarial" in text
    assert "nats" in text
    document = json.loads(said("explain", village_run.folder, "c001", "--json"))
    assert {row["account_id"] for row in document["members"]} == village_run.members("C001")
    assert document["evidence"]
    assert document["scores"]
    assert document["blind_spots"]
    assert all(document["text"].values())


def test_explain_a_permitted_group_names_its_permit(village_run: Ran) -> None:
    assert "licence-1" in said("explain", village_run.folder, "C002")


def test_explain_an_account_by_its_id_and_by_its_key(village_run: Ran) -> None:
    account = min(village_run.members("C001"))
    text = said("explain", village_run.folder, account)
    assert account in text
    assert "C001" in text
    document = json.loads(said("explain", village_run.folder, account, "--json"))
    (membership,) = document["groups"]
    assert membership["campaign"] == "C001"
    assert membership["exonerates"]
    assert json.loads(said("explain", village_run.folder, document["account"], "--json")) == document


def test_explain_an_innocent_account(village_run: Ran) -> None:
    members = {row["account_id"] for row in village_run.rows("members")}
    innocent = min(
        row["account_id"] for row in village_run.rows("accounts") if row["account_id"] not in members
    )
    assert json.loads(said("explain", village_run.folder, innocent, "--json"))["groups"] == []
    assert "no group" in said("explain", village_run.folder, innocent)


def test_a_name_that_is_nobodys(village_run: Ran) -> None:
    done = CliRunner().invoke(program, ["explain", str(village_run.folder), "C0O1"])
    assert isinstance(done.exception, RunError)
    assert "did you mean C001" in done.exception.do


def test_report_writes_the_same_page_again(village_run: Ran, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(village_run.folder, copy)
    before = (copy / "report.html").read_bytes()
    (copy / "report.html").unlink()
    document = json.loads(said("report", copy, "--json"))
    assert document["report"] == str(copy / "report.html")
    assert document["campaigns"] == json.loads(village_run.stdout)["campaigns"]
    assert (copy / "report.html").read_bytes() == before
    assert "report.html" in said("report", copy)


@pytest.mark.parametrize("missing", ["run.json", "members.parquet", "campaigns.parquet"])
def test_a_run_that_is_not_whole_is_said_to_be_so(village_run: Ran, tmp_path: Path, missing: str) -> None:
    copy = tmp_path / "run"
    shutil.copytree(village_run.folder, copy)
    (copy / missing).unlink()
    for words in (["report", str(copy)], ["explain", str(copy), "C001"]):
        done = CliRunner().invoke(program, words)
        assert isinstance(done.exception, RunError)
        assert missing.split(".")[0] in str(done.exception)


def test_the_score_for_people(village_run: Ran) -> None:
    text = said("range", "score", village_run.folder, village_run.world)
    assert "thistle" in text
    assert "authorised as they should be: Kestrel Learning" in text


def test_a_narrow_screen_and_a_wide_one_say_the_same_names(village_run: Ran) -> None:
    for width in (80, 160):
        text = said("explain", village_run.folder, "C001", width=width)
        assert "C001" in text
        assert max(len(line) for line in text.splitlines()) <= width
