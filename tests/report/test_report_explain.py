"""Campaigns and accounts explained on a terminal and as documents."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from report_world import HOSTILE_AGENT, make_run, rewrite
from report_world_sides import why
from rich.console import Console, RenderableType

from stillwatch import report
from stillwatch.cli.explain import command as explain_command
from stillwatch.cli.report import command as report_command
from stillwatch.errors import RunError
from stillwatch.report import formatting
from stillwatch.report.terminal_tables import spark
from stillwatch.schema import found
from stillwatch.schema.codes import NullTested
from stillwatch.schema.values import records


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run."""
    return make_run(tmp_path_factory.mktemp("run"), members=40)


def shown(thing: RenderableType, width: int = 120) -> str:
    """What a terminal of that width shows."""
    console = Console(width=width, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(thing)
    return captured.get()


def test_a_campaign_says_what_the_tables_say(run: Path) -> None:
    text = shown(report.explain(run, "C001"))
    for words in (
        "C001 adversarial",
        "At least 36 of 40 named accounts",
        "hides who is behind it",
        "payment",
        "shared content",
        "sum, held-out",
        "sum, mean of the accounts",
        "large-4.6",
        "training coverage",
    ):
        assert words in text
    assert "blind spots of what contributed" in text.lower()


def test_what_was_asked_for_is_told_with_its_interval(run: Path) -> None:
    text = shown(report.explain(run, "C001"))
    assert "What the prompts ask for" in text
    assert "38\N{EN DASH}44%" in text
    assert "judge" not in text.split("What the prompts ask for")[1].split("Templates")[0]
    assert "corrected for prompts that the flags miss" in " ".join(text.split())
    document = report.explain_document(run, "C001")
    assert [(row["label"], row["share"], row["low"], row["high"]) for row in document["intents"]] == [
        ("grading", 0.41, 0.383, 0.44)
    ]
    member = document["members"][0]["account_id"]
    assert "30\N{EN DASH}57%" in shown(report.explain(run, member))
    (own,) = report.explain_document(run, member)["groups"][0]["intents"]
    assert (own["texts"], own["flagged"], own["share"]) == (50, 21, 0.43)


def test_shares_of_flagged_prompts_are_called_that(run: Path, tmp_path: Path) -> None:
    copy = make_run(tmp_path, members=10)
    rewrite(copy, found.INTENTS, {"corrected": False})
    assert "how often the flags err was not known" in " ".join(shown(report.explain(copy, "C001")).split())


def test_a_campaign_that_is_not_listed_can_be_asked_for(run: Path) -> None:
    text = shown(report.explain(run, "g6"))
    assert "not listed" in text
    assert "Benign" in text


def test_a_terminal_is_not_driven_by_a_label(run: Path) -> None:
    text = shown(report.explain(run, "C001"))
    assert HOSTILE_AGENT[:9] in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_no_text_of_a_table_drives_a_terminal(tmp_path: Path) -> None:
    folder = make_run(tmp_path, members=12)
    hostile = "a\x1b[2Jb\x07"
    for kind, column, value in (
        (found.SCORES, "signal", "agentic_work"),
        (found.SCORES, "values", records({"model": hostile})),
        (found.CAMPAIGNS, "scale_why", [why("agentic_work", 1.0, 1.0)]),
        (found.CAMPAIGNS, "permit", hostile),
        (found.CAMPAIGNS, "permit_excess", [{"code": "models", "values": records({"model": hostile})}]),
        (found.CAMPAIGNS, "null", {"code": hostile, "wider": False, "semantic": False}),
        (found.MEMBERS, "owner", hostile),
    ):
        rewrite(folder, kind, {column: value})
    for name in ("C001", "acct-01-00003"):
        text = shown(report.explain(folder, name), 300)
        assert "a·[2Jb·" in text
        assert "\x1b" not in text


def test_markup_in_an_account_name_is_shown_as_it_is(tmp_path: Path) -> None:
    folder = make_run(tmp_path, members=12)
    rewrite(folder, found.MEMBERS, {"owner": "[bold]x[/nonsense]"})
    assert "[bold]x[/nonsense]" in shown(report.explain(folder, "C001"), 200)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_the_terminal(run: Path, width: int) -> None:
    for thing in (report.explain(run, "C001"), report.explain(run, "acct-01-00003"), report.summary(run)):
        assert max(map(len, shown(thing, width).splitlines())) <= width


def test_a_campaign_as_a_document(run: Path) -> None:
    document = json.loads(json.dumps(report.explain_document(run, "C001"), allow_nan=False))
    assert document["verdict"] == "adversarial"
    assert len(document["members"]) == 40
    for member in document["members"]:
        assert member["nats"] == pytest.approx(sum(row["nats"] for row in member["waterfall"]))
    mean = sum(member["nats"] for member in document["members"]) / 40
    assert sum(row["nats"] for row in document["waterfall"]) == pytest.approx(mean)
    assert document["null"] == {"code": "content-given-client", "wider": False, "semantic": True}
    assert document["held_out"] == ["head", "shingle"]
    assert document["extracting"][0]["label"] == "grading"
    assert document["why"]["intent"][0]["signal"] == "reasoning_elicitation"
    assert document["scores"][0]["values"] == {"n": 9_080, "accounts": 40}
    assert document["scores"][0]["text"] == "9,080 exchanges from 40 accounts."
    assert [row["role"] for row in document["evidence"]] == ["formation"] * 8 + ["held-out"] * 2
    assert document["templates"][0]["words"]
    assert sum(row["exchanges"] for row in document["timeline"]) > 0


def test_an_account_by_its_id_and_by_its_key(run: Path) -> None:
    row = pq.read_table(run / "members.parquet").to_pylist()[3]
    by_id = report.explain_document(run, row["account_id"])
    assert by_id["groups"][0]["campaign"] == "C001"
    assert by_id["groups"][0]["nats"] == pytest.approx(row["nats"])
    assert report.explain_document(run, formatting.key(row["account"])) == by_id
    assert report.explain_document(run, str(row["account"])) == by_id


def test_an_account_is_told_what_would_clear_it(run: Path) -> None:
    text = " ".join(shown(report.explain(run, "acct-01-00003"), 200).split())
    assert "What would exonerate it" in text
    assert "A permit that names it" in text
    assert "At least 36 of the group's 40 named accounts take part. The other 4 may be bystanders" in text


def test_a_family_without_which_it_would_leave_is_named(tmp_path: Path) -> None:
    folder = make_run(tmp_path, members=12)
    for nats, words in (
        (8.0, "No single family carries it"),
        (1.4, "it would leave the group"),
        (0.5, "because its prompts agree"),
    ):
        rewrite(folder, found.MEMBER_EVIDENCE, {"nats": nats})
        lines = report.explain_document(folder, "acct-01-00002")["groups"][0]["exonerates"]
        assert any(words in line for line in lines), (nats, lines)
    lines = report.explain_document(folder, "acct-03-00002")["groups"][0]["exonerates"]
    assert "declares the same owner" in lines[0], "an owner's accounts are not linked by marks"


def test_an_account_in_no_group_is_told_so(run: Path) -> None:
    assert report.explain_document(run, "acct-alone")["groups"] == []
    text = shown(report.explain(run, "acct-alone"))
    assert "It is in no group" in text
    assert "ja4" in text


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("C01", "C001"),
        ("01-00007", "acct-01-00007"),
        ("acct-01-0003x", "acct-01-0003"),
        ("", "campaigns of this run"),
    ],
)
def test_an_unknown_name_gives_near_ones(run: Path, name: str, near: str) -> None:
    with pytest.raises(RunError) as raised:
        report.explain(run, name)
    assert near in raised.value.do


def test_the_summary_lists_the_most_pressing_first(run: Path) -> None:
    text = shown(report.summary(run))
    assert [line.split()[0] for line in text.splitlines() if line.startswith("C0")] == [
        "C001",
        "C002",
        "C003",
        "C004",
    ]
    assert "36 of 40" in text
    assert "2 more groups were looked at and are not listed" in " ".join(text.split())


def test_the_summary_as_a_document(run: Path) -> None:
    document = json.loads(json.dumps(report.summary_document(run), allow_nan=False))
    assert [c["campaign"] for c in document["campaigns"]] == ["C001", "C002", "C003", "C004", "G5", "G6"]
    wanted = {
        "campaign",
        "verdict",
        "listed",
        "accounts",
        "at_least",
        "exchanges",
        "first",
        "last",
        "scale",
        "deception",
        "intent",
        "log_e_value",
        "why",
        "permit",
    }
    assert wanted <= set(document["campaigns"][0])
    assert set(document["campaigns"][0]["why"]) == {"scale", "deception", "intent"}
    assert document["campaigns"][3]["permit_excess"] == [
        {"code": "exchanges", "values": {"used": 52_300, "allowed": 40_000}}
    ]
    assert "They had 52,300 exchanges" in document["campaigns"][3]["text"]["permit"]
    assert document["run"]["exchanges"] == 1_204_331


def test_the_commands(run: Path) -> None:
    runner = CliRunner()
    said = runner.invoke(explain_command, [str(run), "C002"])
    assert said.exit_code == 0
    assert "C002 adversarial" in said.output
    document = json.loads(runner.invoke(explain_command, [str(run), "acct-02-00001", "--json"]).output)
    assert document["account_id"] == "acct-02-00001"
    written = runner.invoke(report_command, [str(run), "--json"])
    assert Path(json.loads(written.output)["report"]).exists()
    assert isinstance(runner.invoke(report_command, [str(run / "none")]).exception, RunError)


def test_a_spark_line_shows_silence_and_the_peak() -> None:
    assert spark([0, 1, 4, 8]) == " ▁▄█"
    assert spark([]) == ""


def test_a_group_tested_without_facets_and_without_a_bound(tmp_path: Path) -> None:
    folder = make_run(tmp_path, members=12)
    rewrite(folder, found.CAMPAIGNS, {"held_out": [], "at_least": 0})
    text = " ".join(shown(report.explain(folder, "C003"), 200).split())
    assert "). The null hypothesis: the group's accounts carry" in text
    assert "It does not say how many of its 12 accounts take part" in text
    rewrite(folder, found.CAMPAIGNS, {"held_out": [], "null": NullTested().row()})
    assert "No evidence was held out" in shown(report.explain(folder, "C003"), 200)


def test_authorised_groups_are_not_counted_as_discoveries(run: Path) -> None:
    text = " ".join(shown(report.summary(run), 200).split())
    assert "3 of 37 tested groups are listed" in text
    assert "1 group with a permit is listed too" in text
