"""Tiers, roles and chapters: whom a campaign names, who is behind it, and where it stands in the report."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from report_world import make_run, rewrite
from rich.console import Console

from stillwatch import report
from stillwatch.cli.explain import command as explain_command
from stillwatch.report import formatting, sentences
from stillwatch.report.chapters import CHAPTERS, chapter_of, headline, in_chapters
from stillwatch.report.sentences import roles, tiers
from stillwatch.report.view_models import listed
from stillwatch.run.reading import Run
from stillwatch.schema import found, stored
from stillwatch.schema.codes import Role, RoleReason, Tier, TierReason


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run."""
    folder = make_run(tmp_path_factory.mktemp("run"), members=40)
    report.write(folder)
    return folder


def told(run: Path, name: str, *sections: str) -> str:
    """An explanation as one line."""
    console = Console(width=300, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(report.explain(run, name, sections))
    return " ".join(captured.get().split())


def test_every_tier_role_and_reason_has_its_words() -> None:
    assert set(tiers.TIERS) == set(tiers.MEANS) == set(Tier)
    assert set(tiers.REASONS) == set(tiers.SHORT) == set(TierReason)
    assert set(roles.ROLES) == set(Role)
    assert set(roles.REASONS) == set(RoleReason)


def test_the_page_shows_named_accounts_first_and_bystanders_apart(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    part = page[page.index('id="C001-accounts"') : page.index('id="C002"')]
    places = [part.index(f'class="accounts tier-{name}"') for name in ("named", "present", "near")]
    assert places == sorted(places)
    assert "40 named, 5 only present (look, do not act) and 2 near it." in part
    assert "acct-01-00044" in part[places[1] : places[2]]
    assert "acct-01-00044" not in part[places[0] : places[1]]
    assert "acct-01-00046" in part[places[2] :]


def test_an_account_has_its_facts_its_tier_and_a_card(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    first = re.search(r'<a href="#(C001-[0-9a-f]{16})">acct-01-\d+</a>', page)
    assert first is not None
    assert page.count(f'id="{first[1]}"') == 1
    card = page[page.index(f'id="{first[1]}"') :][:3_000]
    assert "each on its own, set it apart" in card
    assert "A permit that names it" in card
    document = report.explain_document(run, "acct-01-00005")
    assert document["facts"]["plan"] == "pro"
    assert document["facts"]["models"] == ["large-4.6", "small-1"]
    assert document["facts"]["created"] == "2026-01-28T23:55:00Z"
    assert document["facts"]["banned"] == "2026-02-12T00:05:00Z"
    assert document["groups"][0]["tier"] == "named"
    text = told(run, "acct-01-00005")
    for words in ("plan pro", "registered 2026-01-28 23:55", "verified phone", "banned 2026-02-12 00:05"):
        assert words in text


def test_what_the_accounts_file_lacks_and_what_it_lacks_of_one_account_differ(
    run: Path, tmp_path: Path
) -> None:
    assert "plan not known" in told(run, "acct-01-00006", "facts")
    assert "banned no" in told(run, "acct-01-00006", "facts")
    bare = make_run(tmp_path, members=12)
    kept = ("account", "account_id", "banned")
    rewrite(bare, stored.ACCOUNTS, {name: None for name in stored.ACCOUNTS.names() if name not in kept})
    assert "banned not known" in told(bare, "acct-01-00006", "facts"), "the file may not hold it"
    (bare / "accounts.parquet").unlink()
    text = told(bare, "acct-01-00006", "facts")
    assert "plan not in the accounts file" in text
    assert "banned not in the accounts file" in text


def test_an_account_that_is_only_present_is_not_accused(run: Path) -> None:
    text = told(run, "acct-01-00041")
    assert "present: look, do not act in C001" in text
    assert "Its content is not unlike that of its client's other users" in text
    assert "It is not among the accounts that the bound speaks of." in text
    document = report.explain_document(run, "acct-01-00041")
    assert document["groups"][0]["tier"] == "present"


@pytest.mark.parametrize(
    ("role", "why", "first", "never"),
    [
        (
            "operator",
            ("harvest", 0),
            "Look at the named accounts",
            "Do not act against accounts that are only",
        ),
        ("provider", ("many-hands", 0), "Ask who runs it, and offer terms", "Do not call it distillation"),
        ("victim", ("own-work-before", 9), "Rotate the keys", "Do not ban these accounts"),
        ("unknown", None, "Keep it under watch", "no purpose is shown"),
    ],
)
def test_a_role_comes_with_its_evidence_and_with_what_to_do(
    tmp_path: Path, role: str, why: tuple[str, int] | None, first: str, never: str
) -> None:
    folder = make_run(tmp_path, members=12)
    reasons = [{"code": why[0], "accounts": why[1], "of": 12, "score": 0.7}] if why else []
    verdict = "adversarial" if role in ("operator", "victim") else "coordinated"
    rewrite(folder, found.CAMPAIGNS, {"role": role, "role_why": reasons, "verdict": verdict, "permit": ""})
    text = told(folder, "C001")
    campaign = Run(folder).rows("campaigns")[0]
    assert sentences.role(campaign) in text
    assert sentences.role_why(campaign) in text
    assert sentences.role_why(campaign)
    assert sentences.advice(campaign).first[0].startswith(first)
    assert first in text
    assert any(never in line for line in sentences.advice(campaign).never)
    assert never in text
    page = unescape(report.write(folder).read_text(encoding="utf-8"))
    assert first in page
    assert never in page
    if role == "victim":
        assert "9 of 12 accounts worked from other networks" in text


def test_a_customer_with_a_permit_and_one_that_could_have_one_are_written_to(run: Path) -> None:
    rows = {row["campaign"]: row for row in Run(run).rows("campaigns")}
    assert sentences.advice(rows["C003"]).first[0].startswith("Ask: who are you")
    assert sentences.advice(rows["C004"]).first == ("Nothing, as long as the use stays within the permit.",)
    assert (
        sentences.advice(rows["C004"] | {"verdict": "unlicensed"})
        .first[0]
        .startswith("Write to the licensee")
    )


@pytest.mark.parametrize(
    "change", [{}, {"kind": "single", "permit": ""}, {"verdict": "coordinated", "permit": ""}]
)
def test_headline_numbers_agree_with_the_lists_below(tmp_path: Path, change: dict[str, str]) -> None:
    folder = make_run(tmp_path, members=12)
    if change:
        rewrite(folder, found.CAMPAIGNS, change)
    campaigns = listed(Run(folder))
    counts = [int(said.split()[0].replace(",", "")) for _chapter, said in headline(campaigns)]
    assert sum(counts) == len(campaigns) == 4
    page = report.write(folder).read_text(encoding="utf-8")
    top = page[page.index("<header") : page.index("</header>")]
    for chapter, rows in in_chapters(campaigns):
        said = f"{formatting.count(len(rows))} {chapter.noun if len(rows) == 1 else chapter.plural}"
        assert f">{said}</a>" in top
        part = page[page.index(f'id="list-{chapter.name}"') :].split("</table>", 1)[0]
        assert part.count('<th scope="row">') == len(rows)
        assert all(row["campaign"] in part for row in rows)
    places = [page.index(f'id="list-{chapter.name}"') for chapter, _rows in in_chapters(campaigns)]
    assert places == sorted(places)


def test_chapters_stand_in_the_order_of_what_to_look_at_first() -> None:
    row = {"permit": "", "kind": "linked", "verdict": "adversarial"}
    changes: tuple[dict[str, str], ...] = (
        {},
        {"verdict": "coordinated"},
        {"verdict": "unlicensed"},
        {"verdict": "unlicensed", "kind": "single"},
        {"verdict": "unlicensed", "permit": "p"},
        {"dismissed": "2026-11-01"},
    )
    assert tuple(chapter_of(row | change) for change in changes) == CHAPTERS


def test_a_short_explanation_is_short_and_says_what_to_do(run: Path) -> None:
    done = CliRunner().invoke(explain_command, [str(run), "C001", "--short"])
    assert done.exit_code == 0
    assert len(done.output.splitlines()) < 45
    text = " ".join(done.output.split())
    assert "What to do" in text
    assert "40 named, 5 only present" in text
    assert "Blind spots" not in text


def test_the_document_has_tiers_role_and_crosswalk(run: Path) -> None:
    document = json.loads(json.dumps(report.explain_document(run, "C001"), allow_nan=False))
    assert document["role"] == "operator"
    assert (document["named"], document["present"], document["near"]) == (40, 5, 2)
    assert [row["tier"] for row in document["bystanders"]] == ["present"] * 5 + ["near"] * 2
    assert document["text"]["advice"]["first"]
    assert document["crosswalk"][-1]["state"] == "not assessed"
    assert all(member["text"]["reason"] for member in document["members"])
    members = pq.read_table(run / "members.parquet").to_pylist()
    assert len(document["members"]) == sum(1 for row in members if row["group"] == 1)


def test_evidence_of_bystanders_is_not_in_the_campaigns_waterfall(run: Path) -> None:
    document = report.explain_document(run, "C001")
    mean = sum(member["nats"] for member in document["members"]) / len(document["members"])
    assert sum(row["nats"] for row in document["waterfall"]) == pytest.approx(mean)
    assert all(
        member["nats"] == pytest.approx(sum(row["nats"] for row in member["waterfall"]))
        for member in document["bystanders"]
    )
