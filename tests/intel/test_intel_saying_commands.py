"""`stillwatch intel dispute|attribute|statistic`: each waits for a second person, and holds no text of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from click.testing import CliRunner
from desk_objects import BEGIN, HERON, Row, asn, bundle, ident, identity, thing
from intel_runs import customer, planted

from stillwatch.cases.database import Database
from stillwatch.cli import program
from stillwatch.errors import StillwatchError
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.tlp import Tlp
from stillwatch.intel_settings import IntelSettings
from stillwatch.run.reading import Run

PUBLISHED = "https://example.org/reports/campaigns"


def intel(*words: object) -> Any:
    done = CliRunner().invoke(program, ["intel", *map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*words: object) -> StillwatchError:
    with pytest.raises(StillwatchError) as caught:
        CliRunner().invoke(program, ["intel", *map(str, words)], catch_exceptions=False)
    assert caught.value.do
    return caught.value


def campaign(maker: str = HERON) -> Row:
    """A campaign that another member shared."""
    techniques = [{"source_name": "mitre-atlas", "external_id": one} for one in ("AML.T0024.002",)]
    told = {"name": "Distillation campaign 0a0b0c0d", "external_references": techniques}
    return thing("campaign", f"campaign of {maker}", maker, BEGIN, Tlp.AMBER, **told)


@pytest.fixture
def db(tmp_path: Path) -> list[object]:
    """A store that received one report and one campaign."""
    (tmp_path / "bundle.json").write_bytes(
        bundle([identity(HERON, "heron"), asn("network", 64500), campaign()])
    )
    store = ["--db", tmp_path / "SHARING.db"]
    intel("receive", tmp_path / "bundle.json", "--from", "hub", *store)
    return store


def content(number: int, db: list[object]) -> Any:
    """What an export would let leave."""
    return json.loads(intel("show", number, *db)["content"])


def of_type(name: str, found: Any) -> list[Row]:
    return [one for one in found["objects"] if one["type"] == name]


def test_a_dispute_tells_an_opinion_and_keeps_its_reason_here(db: list[object], tmp_path: Path) -> None:
    report = ident("indicator", "network")
    said = ["--reason", "our customer Zyxomma works there", "--by", "Ann"]
    made = intel("dispute", report, *said, *db)
    assert made["state"] == "waiting"
    assert made["tlp"] == "TLP:AMBER", "no further than the report itself"
    [opinion] = of_type("opinion", content(made["number"], db))
    assert (opinion["opinion"], opinion["object_refs"]) == ("disagree", [report])
    assert "Zyxomma" not in json.dumps(content(made["number"], db))
    [row] = [one for one in intel("received", *db) if one["report"] == report]
    assert row["judged"] == "disputed"
    assert (
        "does not approve"
        in refused("approve", made["number"], "--sha256", made["sha256"], "--by", "ann", *db).what
    )
    decided = intel("dispute", report, "--decided", *said, *db)
    assert of_type("opinion", content(decided["number"], db))[0]["opinion"] == "strongly-disagree"
    assert "nothing like that" in refused("dispute", ident("indicator", "other"), *said, *db).what


def test_an_attribution_is_its_reporters(db: list[object]) -> None:
    words = ["--reporter", "Example Research", "--url", PUBLISHED, "--tlp", "green", "--by", "Ann"]
    made = intel("attribute", campaign()["id"], *words, *db)
    assert (made["state"], made["tlp"]) == ("waiting", "TLP:AMBER")
    found = content(made["number"], db)
    [report] = of_type("report", found)
    [reporter] = [one for one in of_type("identity", found) if one["name"] == "Example Research"]
    assert report["object_refs"] == [campaign()["id"], reporter["id"]]
    assert report["external_references"] == [{"source_name": "Example Research", "url": PUBLISHED}]
    assert "neither ours" in report["description"]
    assert (
        "no name of a reporter"
        in refused("attribute", campaign()["id"], *words, "--reporter", "them 2", *db).what
    )
    assert "nothing like that" in refused("attribute", ident("campaign", "none"), *words, *db).what


def month_of(run: Path) -> str:
    return f"{Run(run).rows('campaigns')[0]['last']:%Y-%m}"


def test_a_statistic_costs_once_and_tells_noisy_counts_of_enough_only(
    db: list[object], tmp_path: Path
) -> None:
    run = sealed(tmp_path / "run", Sealed("run-1", (Group("camp-a", 300),)))
    small = sealed(tmp_path / "small", Sealed("run-2", (Group("camp-b", 4),)))
    month = month_of(run)
    words = ["--month", month, "--tlp", "amber", "--by", "Ann"]
    made = intel("statistic", run, *words, *db)
    assert made["state"] == "waiting"
    assert made["profile"] == "statistic"
    found = content(made["number"], db)
    assert [one["of"] for one in found["cells"]] == ["AML.T0024.002"], "others told of this one only"
    assert abs(found["cells"][0]["accounts"] - 300) < 60
    again = intel("statistic", run, *words, *db)
    assert content(again["number"], db) == found, "the same month is told as it was, and costs nothing"
    assert "no cell" in refused("statistic", small, "--measure", "kinds", *words, *db).what
    assert "no cell" in refused("statistic", run, *words[2:], "--month", "2001-01", *db).what
    assert "no month" in refused("statistic", run, *words[2:], "--month", "January", *db).what
    approved = ["approve", made["number"], "--sha256", made["sha256"], "--by", "Ben"]
    intel(*approved, "--to", tmp_path / "statistic.json", *db)
    assert json.loads((tmp_path / "statistic.json").read_text(encoding="utf-8")) == found


def test_a_statistic_holds_nothing_of_a_customer(db: list[object], tmp_path: Path) -> None:
    customers = [customer(at) for at in range(200)]
    run = planted(tmp_path / "run", customers)
    words = ["--month", month_of(run), "--tlp", "amber", "--by", "Ann"]
    made = intel("statistic", run, *words, *db)
    told = intel("show", made["number"], *db)["content"]
    assert not [value for one in customers for value in one.values() if value in told]


def test_an_attribution_may_be_of_what_we_shared(tmp_path: Path) -> None:
    run = sealed(tmp_path / "run", Sealed("run-1", (Group("camp-a", 30),)))
    db = ["--db", tmp_path / "own.db"]
    with Database(tmp_path / "own.db") as database:
        Gate(database, IntelSettings()).name_itself("provider-a")
    made = intel("export", run, "C001", "--purpose", "detection", "--tlp", "amber", "--by", "Ann", *db)
    own = of_type("campaign", content(made["number"], db))[0]["id"]
    words = ["--reporter", "Example Research", "--url", PUBLISHED, "--tlp", "green", "--by", "Ann"]
    assert "nothing was ever" in refused("attribute", own, *words, *db).what, "nobody approved it yet"
    intel("approve", made["number"], "--sha256", made["sha256"], "--by", "Ben", *db)
    assert intel("attribute", own, *words, *db)["tlp"] == "TLP:AMBER"
