"""`detect` beside an earlier run: campaigns are known again by their accounts, and their followers by
keys.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest
from village import Ran, beside, command, options, run_here

from stillwatch.errors import RunError
from stillwatch.pipeline import Inputs
from stillwatch.pipeline.watch import watch
from stillwatch.run.lineage.earlier import GIVEN, earlier_run, read_earlier
from stillwatch.run.sketched import Sketched
from stillwatch.schema.lineage import CAMPAIGN_KEYS, CAMPAIGN_LINKS

pc: Any = pyarrow.compute
REPLACED_FROM = datetime(2026, 3, 4, tzinfo=UTC)
"""The campaign's accounts are banned and replaced by then."""


def renamed(table: pa.Table, column: str, names: set[str]) -> pa.Table:
    """The table with other ids for these accounts."""
    ids = table[column].cast(pa.string())
    other = pc.if_else(
        pc.is_in(ids, value_set=pa.array(sorted(names))), pc.binary_join_element_wise(ids, "2", "-"), ids
    )
    return table.set_column(table.schema.get_field_index(column), column, other)


@pytest.fixture(scope="module")
def followed(village: Path, village_run: Ran, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The village a while later: its campaign goes on under accounts that the earlier run does not know."""
    world = tmp_path_factory.mktemp("later")
    gone = village_run.members("C001")
    (world / "logs").mkdir()
    for path in (village / "logs").iterdir():
        table = renamed(pq.read_table(path), "user", gone)
        late = pc.greater_equal(table["startTime"], pa.scalar(REPLACED_FROM, table["startTime"].type))
        theirs = pc.ends_with(table["user"].cast(pa.string()), "-2")
        pq.write_table(table.filter(pc.or_(pc.invert(theirs), late)), world / "logs" / path.name)
    given = beside(village)
    accounts = renamed(pq.read_table(given["accounts"]), "account_id", gone)
    pq.write_table(accounts, world / "accounts.parquet")
    inputs = Inputs(
        (world / "logs",), **given | {"accounts": world / "accounts.parquet"}, previous=village_run.folder
    )
    return Ran(run_here(inputs, world / "run"), world)


def links(ran: Ran) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for row in ran.rows("campaign_links"):
        found.setdefault(row["campaign"], []).append((row["link"], row["other_campaign"]))
    return found


def identity(ran: Ran, name: str) -> tuple[str, str]:
    return next((row["identity"], row["family"]) for row in ran.rows("campaigns") if row["campaign"] == name)


def test_a_first_run_links_nothing_and_keeps_keys(village_run: Ran) -> None:
    assert village_run.rows("campaign_links") == []
    assert "previous" not in village_run.about()
    assert {row["campaign"] for row in village_run.rows("campaign_keys")} >= {"C001"}
    assert (
        len({row["identity"] for row in village_run.rows("campaigns")})
        == village_run.table("campaigns").num_rows
    )
    for table in (CAMPAIGN_KEYS, CAMPAIGN_LINKS):
        assert village_run.table(table.name).schema.equals(table.arrow)


def test_replaced_accounts_make_a_successor_of_one_family(village_run: Ran, followed: Ran) -> None:
    assert links(followed)["C001"] == [("successor", "C001")]
    row = next(row for row in followed.rows("campaign_links") if row["campaign"] == "C001")
    assert (row["accounts"], row["other_identity"]) == (0, identity(village_run, "C001")[0])
    assert row["key_share"] > 0.5
    assert sum(row["facet_keys"]) == row["keys"]
    own, family = identity(followed, "C001")
    assert own != family == identity(village_run, "C001")[1]


def test_everybody_else_is_the_same(village_run: Ran, followed: Ran) -> None:
    before = {row["identity"]: row["campaign"] for row in village_run.rows("campaigns")}
    told = links(followed)
    assert told["C002"] == [("same", "C002")]
    for row in followed.rows("campaigns"):
        kept = {link for link, _ in told.get(row["campaign"], [])} & {"same", "grew"}
        assert bool(kept) == (row["identity"] in before)


def test_it_is_said_on_the_terminal_in_the_report_and_as_json(followed: Ran) -> None:
    said = "It follows C001 of the earlier run (its log ends on "
    shown = " ".join(command("explain", followed.folder, "C001").stdout.split())
    assert said in shown
    assert said in (followed.folder / "report.html").read_text(encoding="utf-8")
    document = json.loads(command("explain", followed.folder, "C001", "--json").stdout)
    (link,) = document["links"]
    assert (link["link"], link["other_campaign"], link["accounts"]) == ("successor", "C001", 0)
    assert link["sentence"].startswith(said)
    assert (document["identity"], document["family"]) == identity(followed, "C001")
    assert followed.about()["previous"]["why"] == "given"


def test_a_run_that_is_replaced_is_the_earlier_one(village: Path, village_run: Ran, tmp_path: Path) -> None:
    """The same log again: everything is the same, and says so."""
    out = tmp_path / "run"
    shutil.copytree(village_run.folder, out)
    done = command("detect", village / "logs", *options(beside(village)), "--out", out, "--force")
    again = Ran(out, village)
    assert {row["link"] for row in again.rows("campaign_links")} == {"same"}
    for column in ("identity", "family"):
        assert again.table("campaigns")[column] == village_run.table("campaigns")[column]
    assert "Against the run that it replaced" in done.stdout
    assert "C001 is the same as C001 there" in " ".join(done.stdout.split())
    assert again.about()["previous"]["why"] == "replaced"


def test_alarms_are_called_as_the_campaigns_and_keep_their_names(village_run: Ran, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(village_run.folder, out)
    for chosen in ({"every": 2}, {"every": 3, "window": 4}):
        watch(out, chosen, lambda step, done, total: None)
        alarms = Ran(out, out).rows("alarms")
        assert {row["identity"] for row in alarms} == {identity(village_run, "C001")[0]}
        assert Ran(out, out).rows("alarm_links") == []


def test_keys_of_another_version_or_key_are_refused_and_accounts_still_match(village_run: Ran) -> None:
    ours = Sketched(**village_run.about()["sketch"])
    assert read_earlier(village_run.folder, ours, GIVEN).document()["keys"] == "compared"
    for other, why in (
        (Sketched(ours.version + 1, ours.key), "version"),
        (Sketched(ours.version, "another"), "another key"),
    ):
        earlier = read_earlier(village_run.folder, other, GIVEN)
        assert why in earlier.no_keys
        assert not any(campaign.keys for campaign in earlier.campaigns)
        assert {c.name: c.accounts for c in earlier.campaigns}["C001"] == village_run.members("C001")


def test_a_previous_run_that_is_none_is_refused_and_one_in_the_way_is_not(tmp_path: Path) -> None:
    ours = Sketched(1, "key")
    with pytest.raises(RunError, match="there is no such run folder"):
        earlier_run(tmp_path / "nowhere", tmp_path / "out", ours, force=False)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.json").write_text("{}", encoding="utf-8")
    assert earlier_run(None, tmp_path / "out", ours, force=True) is None
