"""From a bundle in a file to a run in which it matched, and back: the commands, as a person gives them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from desk_objects import HERON, Row, asn, bundle, identity, indicator, later
from village import command_here, small_row

from stillwatch.cli import program
from stillwatch.errors import StillwatchError
from stillwatch.intel.tlp import Tlp

NOW = datetime.now(UTC)
DOMAIN = "mail.example"


def told(*words: object) -> Any:
    """What a command prints as JSON."""
    return json.loads(command_here(*words, "--json").output)


def refused(*words: object) -> str:
    """What a command says that cannot be done."""
    done = CliRunner().invoke(program, [str(word) for word in words])
    assert isinstance(done.exception, StillwatchError), done.output
    return str(done.exception)


def reports() -> list[Row]:
    return [
        identity(HERON, "heron"),
        indicator("domain", f"[domain-name:value = '{DOMAIN}']", HERON, NOW),
        asn("network", 64500, HERON, NOW),
        asn("secret", 64501, HERON, NOW, level=Tlp.RED),
    ]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a log, its accounts, and a store that received a bundle."""
    log = "".join(json.dumps(small_row(at)) + "\n" for at in range(12))
    (tmp_path / "log.jsonl").write_text(log, encoding="utf-8")
    rows = [f"small-{at},{DOMAIN if at < 2 else 'other.example'}" for at in range(3)]
    (tmp_path / "accounts.csv").write_text("\n".join(["account_id,email_domain", *rows]), encoding="utf-8")
    (tmp_path / "bundle.json").write_bytes(bundle(reports()))
    return tmp_path


def test_what_was_received_matches_a_run_and_a_correction_comes_back_to_it(place: Path) -> None:
    db = ("--db", place / "desk.db")
    found = told("intel", "receive", place / "bundle.json", "--from", "hub", *db)
    assert (found["new"], found["refused"]) == (4, 0)
    assert told("intel", "receive", place / "bundle.json", "--from", "hub", *db)["known"] == 4

    listed = {one["kind"]: one for one in told("intel", "received", *db)}
    assert set(listed) == {"mail_domain", "asn"}, "what is RED is not shown"
    assert len(told("intel", "received", "--red", *db)) == 3
    assert listed["mail_domain"]["reporter"].startswith("heron (")
    assert told("intel", "received", "--reporters", *db)[0]["reports"] == 3
    assert told("intel", "received", "--sources", *db)[0]["versions"] == 4

    shared, run = place / "shared.parquet", place / "run"
    outcome = told("intel", "match", "--out", shared, "--public-key", *db)
    assert outcome["reports"] == 2
    assert any("RED" in why for why in outcome["left_out"])
    assert shared.stat().st_mode & 0o077 == 0

    given = ("--accounts", place / "accounts.csv", "--public-key", "--shared", shared)
    command_here("detect", place / "log.jsonl", "--out", run, *given)
    matching = pq.read_table(run / "shared.parquet").to_pylist()
    assert len({one["account"] for one in matching}) == 2
    assert "2 accounts in no group carry what others reported" in (run / "report.html").read_text("utf-8")

    assert told("intel", "matched", run, *db)["reports"] == 1
    assert told("intel", "matched", run, *db)["reports"] == 1
    ident = listed["mail_domain"]["report"]
    assert {one["report"]: one["accounts"] for one in told("intel", "received", *db)}[ident] == 2
    assert told("intel", "corrected", *db) == []
    (place / "later.json").write_bytes(bundle([later(reports()[1], hours=1, revoked=True)]))
    assert told("intel", "receive", place / "later.json", "--from", "hub", *db)["replaced"] == [ident]
    changed = told("intel", "corrected", *db)
    assert [(one["report"], one["how"], one["accounts"]) for one in changed] == [(ident, "taken back", 2)]
    assert [one["state"] for one in told("intel", "received", ident, *db)] == ["taken back", "replaced"]

    command_here("forget", "small-0", "--run", run)
    left = pq.read_table(run / "shared.parquet").to_pylist()
    assert {one["account"] for one in left} < {one["account"] for one in matching}


def test_what_was_false_here_is_said_with_a_reason_and_matches_no_more(place: Path) -> None:
    db = ("--db", place / "desk.db")
    command_here("intel", "receive", place / "bundle.json", "--from", "hub", *db)
    ident = next(one["report"] for one in told("intel", "received", *db) if one["kind"] == "asn")
    judging = ("intel", "judge", ident, "false-positive", "--by", "ann", *db)
    assert told(*judging, "--reason", "a university")["judged"] == "false positive"
    outcome = told("intel", "match", "--out", place / "shared.parquet", "--public-key", *db)
    assert outcome["left_out"]["it was false here"] == 1
    assert told("intel", "received", "--reporters", *db)[0]["false_positives"] == 1
    assert "nothing like that" in refused(
        "intel", "judge", "indicator--x", "open", "--by", "a", "--reason", "b", *db
    )
    assert told("intel", "purge", "--days", "0", *db)["versions"] == 0
    assert told("intel", "corrections", *db) == []


def test_mistakes_are_told(place: Path) -> None:
    db = ("--db", place / "desk.db")
    assert "nothing was ever received" in refused("intel", "received", *db)
    (place / "no.json").write_text("{}", encoding="utf-8")
    assert "no STIX bundle" in refused("intel", "receive", place / "no.json", "--from", "hub", *db)
    assert "no name of a source" in refused("intel", "receive", place / "bundle.json", "--from", "A B", *db)
    assert "belong together" in refused("intel", "match", "--out", place / "x", "--run", place, *db)
    command_here("intel", "receive", place / "bundle.json", "--from", "hub", *db)
    shared = place / "shared.parquet"
    command_here("intel", "match", "--out", shared, *db)
    said = refused("detect", place / "log.jsonl", "--out", place / "run", "--public-key", "--shared", shared)
    assert "never match" in said
    assert not (place / "run").exists()
