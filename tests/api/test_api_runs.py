"""A run as an object: its tables, its campaigns, and what shows itself in a notebook."""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from village import Ran, command

import stillwatch
from stillwatch.api.tables import TableOf
from stillwatch.schema.promises import PROMISES

HEAVY = ("duckdb", "ibis", "jinja2", "numba", "numpy", "pandas", "polars", "pyarrow", "rich", "scipy")


@pytest.fixture
def run(village_run: Ran) -> stillwatch.Run:
    return stillwatch.open_run(village_run.folder)


def test_importing_costs_next_to_nothing() -> None:
    code = f"import sys, stillwatch; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_that_is_offered_is_there_and_says_what_it_is() -> None:
    for name in stillwatch.__all__:
        assert getattr(stillwatch, name).__doc__ or name == "__version__", name
    assert set(stillwatch.__all__) <= set(dir(stillwatch))
    with pytest.raises(AttributeError, match="'stillwatch' has no attribute 'detekt'"):
        stillwatch.detekt  # type: ignore[attr-defined]  # noqa: B018


def test_sketch_is_the_function_whatever_was_imported_before() -> None:
    code = (
        "import stillwatch.sketch.batch, stillwatch; print(callable(stillwatch.sketch), "
        "stillwatch.sketch.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "sketch"]


def test_each_table_of_a_run_is_an_attribute() -> None:
    offered = {kept.contract.name for kept in vars(stillwatch.Run).values() if isinstance(kept, TableOf)}
    assert offered == set(PROMISES)


def test_a_frame_is_its_table_in_every_shape(run: stillwatch.Run, village_run: Ran) -> None:
    kept = village_run.table("members").replace_schema_metadata(None)
    frame = run.members
    assert frame.arrow() == kept
    assert len(frame) == kept.num_rows
    assert frame.columns == kept.column_names
    assert frame.pandas().equals(kept.to_pandas())
    assert frame.polars().to_arrow().to_pylist() == kept.to_pylist()
    assert frame.rows() == kept.to_pylist()
    assert pa.Table.from_batches(list(frame.batches(rows=7))) == kept
    assert max(len(batch) for batch in frame.batches(rows=7)) == 7
    assert (
        frame.ibis().order_by("group", "account").to_pyarrow().to_pylist()
        == kept.sort_by([("group", "ascending"), ("account", "ascending")]).to_pylist()
    )
    assert frame.arrow(["account"]) == kept.select(["account"])


def test_others_take_a_frame_as_it_is(run: stillwatch.Run, village_run: Ran) -> None:
    frame = run.evidence
    kept = village_run.table("evidence").replace_schema_metadata(None)
    assert pa.table(frame) == kept
    assert polars.DataFrame(frame).height == kept.num_rows
    assert duckdb.sql("SELECT count(*) FROM frame").fetchall() == [(kept.num_rows,)]


def test_exchanges_are_one_frame_over_all_days(run: stillwatch.Run, village_run: Ran) -> None:
    assert len(run.exchanges) == village_run.about()["exchanges"]
    assert run.exchanges.ibis().account.nunique().to_pyarrow().as_py() == village_run.about()["accounts"]


def test_tables_of_a_run_can_be_joined(run: stillwatch.Run) -> None:
    joined = run.members.ibis().join(run.campaigns.ibis(), "group")
    assert joined.count().to_pyarrow().as_py() == len(run.members)


def test_nothing_is_read_before_it_is_asked_for(village_run: Ran, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(village_run.folder, folder)
    run = stillwatch.open_run(folder)
    frame = run.links
    (folder / "links.parquet").write_bytes(b"not a table")
    with pytest.raises(stillwatch.StillwatchError, match="table links cannot be read as Parquet"):
        len(frame)
    (folder / "links.parquet").unlink()
    with pytest.raises(stillwatch.StillwatchError, match="the run has no table links"):
        frame.arrow()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_what_is_not_installed_is_named(
    run: stillwatch.Run, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(stillwatch.StillwatchError) as told:
        getattr(run.members, package)()
    assert str(told.value) == (
        f"{package} is not installed\n  what to do: pip install 'stillwatch[{package}]', or use .arrow()"
    )


def test_a_frame_shows_its_first_rows_and_nothing_of_it_is_markup(tmp_path: Path, village_run: Ran) -> None:
    folder = tmp_path / "run"
    shutil.copytree(village_run.folder, folder)
    bad = village_run.table("labels").slice(0, 12)
    bad = bad.set_column(2, bad.schema.field("label"), pa.array(["<script>x</script>\x1b"] * len(bad)))
    pq.write_table(bad, folder / "labels.parquet")
    shown = stillwatch.open_run(folder).labels._repr_html_()
    assert "<script" not in shown
    assert "\x1b" not in shown
    assert "&lt;script&gt;" in shown
    assert f"10 of {len(bad)} rows" in shown


def test_a_campaign_tells_its_facts(run: stillwatch.Run, village_run: Ran) -> None:
    (row,) = (row for row in village_run.rows("campaigns") if row["campaign"] == "C001")
    campaign = run.campaign("c001")
    assert (campaign.name, campaign.group, campaign.verdict) == ("C001", row["group"], row["verdict"])
    assert {name: getattr(campaign, name) for name in ("accounts", "at_least", "exchanges", "first")} == {
        name: row[name] for name in ("accounts", "at_least", "exchanges", "first")
    }
    assert {r["account_id"] for r in campaign.members.rows()} == village_run.members("C001")
    assert len(campaign.members) == campaign.accounts
    assert campaign.members.ibis().count().to_pyarrow().as_py() == campaign.accounts
    assert [found.name for found in run] == [
        r["campaign"] for r in village_run.rows("campaigns") if r["listed"]
    ]


def test_a_campaign_explains_itself_as_the_command_does(run: stillwatch.Run, village_run: Ran) -> None:
    said = run.campaign("C001").explain()
    assert said.document == json.loads(command("explain", village_run.folder, "C001", "--json").stdout)
    assert str(said).startswith("C001 adversarial")
    assert "<h3>Evidence</h3>" in said._repr_html_()
    assert said._repr_html_().count("<svg") > 3


def test_an_account_explains_itself(run: stillwatch.Run, village_run: Ran) -> None:
    name = min(village_run.members("C001"))
    account = run.account(name)
    assert account.groups == (run.campaign("C001").group,)
    assert run.account(account.account) == account
    assert name in str(account.explain())
    assert account.explain()._repr_html_().startswith("<pre>")


def test_pictures_are_whole_svg_documents(run: stillwatch.Run) -> None:
    campaign = run.campaign("C001")
    for picture in (campaign.timeline, campaign.graph, campaign.waterfall):
        root = ElementTree.fromstring(picture._repr_svg_())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.find("{http://www.w3.org/2000/svg}style") is not None
        assert picture.title.startswith("C001: ")


def test_the_style_stays_with_its_element(run: stillwatch.Run) -> None:
    style = run._repr_html_().split("<style>")[1].split("</style>")[0]
    rules = [line.strip() for line in style.splitlines() if "{" in line and not line.strip().startswith("@")]
    selectors = [
        one.strip()
        for rule in rules
        for part in rule.split("}")
        if "{" in part
        for one in part.split("{")[0].split(",")
    ]
    assert len(selectors) > 50
    assert [one for one in selectors if not one.startswith((".stillwatch", "svg.stillwatch"))] == []


@pytest.mark.parametrize(
    ("ask", "what", "do"),
    [
        (
            lambda run: run.campaign("C999"),
            "no campaign and no account is called C999",
            "campaigns of this run: C001",
        ),
        (lambda run: run.account("nobody"), "no campaign and no account is called nobody", ""),
        (lambda run: run.alarms, "the run has no table alarms", "call stillwatch.watch(run) first"),
        (lambda run: run.table("nope"), "the run has no table nope", "its tables: account_intents"),
        (
            lambda run: run.members.arrow(["x"]),
            "table members has no column x",
            "its columns: group, account",
        ),
        (
            lambda run: run.campaign("C001").table("accounts"),
            "table accounts has no column group",
            "use Run.table",
        ),
    ],
)
def test_a_wrong_name_is_told_with_what_there_is(
    run: stillwatch.Run, ask: object, what: str, do: str
) -> None:
    assert callable(ask)
    with pytest.raises(stillwatch.StillwatchError) as told:
        ask(run)
    assert told.value.what == what
    assert do in told.value.do


def test_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(stillwatch.StillwatchError, match="there is no such run folder"):
        stillwatch.open_run(tmp_path / "nothing")


def test_closing_ends_the_engine_and_leaves_the_folder(village_run: Ran) -> None:
    with stillwatch.open_run(village_run.folder) as run:
        assert run.members.ibis().count().to_pyarrow().as_py() == len(run.members)
    gc.collect()
    assert village_run.folder.exists()
    assert len(run.members) > 0
