"""The page: whole, safe, small, the same every time."""

from __future__ import annotations

import csv
import io
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest
from report_world import FORMULA_OWNER, HOSTILE, make_run, rewrite
from report_world_sides import why

from stillwatch import report
from stillwatch.errors import RunError
from stillwatch.report.page import MOST_SECTIONS
from stillwatch.schema import found
from stillwatch.schema.templates import TEMPLATES
from stillwatch.schema.values import records

VOID = {"meta", "link", "br", "input", "rect", "line", "circle", "path"}


class Page(HTMLParser):
    """Collects what the tests ask about, and checks that elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.pointers: list[str] = []
        self.headers_without_scope = 0
        self.tables = self.captions = self.pictures = self.named_pictures = 0
        self.scripts: list[str] = []
        self.attributes: set[str] = set()
        self.downloads: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element opens."""
        given = {name: value or "" for name, value in attrs}
        self.attributes |= set(given)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[name] for name in ("href", "src") if name in given]
        self.pointers += given.get("aria-labelledby", "").split()
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.pictures += tag == "svg"
        self.headers_without_scope += tag == "th" and "scope" not in given
        if "download" in given:
            self.downloads[given["download"]] = given["href"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """One element closes: it must be the last that opened."""
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """The words of a script."""
        if self._open and self._open[-1] == "script":
            self.scripts.append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with its report."""
    folder = make_run(tmp_path_factory.mktemp("run"))
    report.write(folder)
    return folder


@pytest.fixture(scope="module")
def text(run: Path) -> str:
    """The page."""
    return (run / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    """The page, read as a browser reads it."""
    return Page(text)


def test_the_same_tables_give_the_same_bytes(run: Path, tmp_path: Path) -> None:
    again = make_run(tmp_path / "again")
    assert report.write(again) == again / "report.html"
    assert (again / "report.html").read_bytes() == (run / "report.html").read_bytes()


def test_order_of_rows_does_not_matter(run: Path, tmp_path: Path) -> None:
    again = make_run(tmp_path / "turned")
    for kind in (
        found.CAMPAIGNS,
        found.MEMBERS,
        found.EVIDENCE,
        found.LINKS,
        found.SCORES,
        found.TIMELINE,
        TEMPLATES,
        found.MEMBER_EVIDENCE,
    ):
        path = again / f"{kind.name}.parquet"
        table = pq.read_table(path)
        pq.write_table(table.take(list(range(len(table)))[::-1]), path)
    report.write(again)
    assert (again / "report.html").read_bytes() == (run / "report.html").read_bytes()


def test_nothing_is_left_aside(run: Path) -> None:
    assert [path.name for path in run.iterdir() if "part" in path.name] == []


def test_it_points_nowhere_but_into_itself(page: Page) -> None:
    assert page.links
    assert [link for link in page.links if not link.startswith(("#", "data:text/csv", "data:,"))] == []
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_its_policy_lets_nothing_in(text: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src &#39;none&#39;;")
    assert "unsafe" not in policy[1]
    assert "://" not in text


def test_it_can_be_used_without_a_mouse_or_eyes(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert set(page.pointers) <= set(page.ids)
    assert page.headers_without_scope == 0
    assert page.tables == page.captions > 10


def test_hostile_labels_are_shown_and_never_run(text: str, page: Page) -> None:
    assert HOSTILE not in text
    assert "agent/1.0 &lt;script&gt;" in text
    assert len(page.scripts) == 1
    assert not {name for name in page.attributes if name.startswith("on")}
    assert "style" not in page.attributes
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_hostile_sentences_are_escaped_too(tmp_path: Path) -> None:
    folder = make_run(tmp_path, members=12)
    ask = {"label": HOSTILE, "share": 0.5, "low": 0.4, "high": 0.6}
    for kind, column, value in (
        (found.CAMPAIGNS, "extracting", [ask]),
        (found.CAMPAIGNS, "held_out", [HOSTILE]),
        (found.CAMPAIGNS, "scale_why", [why(HOSTILE, 1.0, 1.0)]),
        (found.SCORES, "signal", "agentic_work"),
        (found.SCORES, "values", records({"model": HOSTILE})),
        (found.MEMBERS, "account_id", HOSTILE),
        (TEMPLATES, "words", HOSTILE),
    ):
        rewrite(folder, kind, {column: value})
    rewrite(folder, found.MARKS, {"label": HOSTILE})
    assert HOSTILE not in report.write(folder).read_text(encoding="utf-8")


def test_words_appear_only_where_the_table_holds_them(text: str) -> None:
    assert text.count("write the steps that lead to the answer") == 1
    assert text.count("not kept") == 15


def test_every_listed_campaign_has_its_section_and_no_other(page: Page) -> None:
    assert {"C001", "C002", "C003", "C004"} <= set(page.ids)
    assert not {"G5", "G6"} & set(page.ids)


def test_groups_not_listed_are_there_with_a_reason(text: str) -> None:
    part = text[text.index('id="unlisted"') : text.index('id="blindness"')]
    assert "G5" in part
    assert "G6" in part
    assert part.count("Intent is low (") == 2
    assert len(re.findall(r"Scale is low \(0.08\). [\d,]+ exchanges from 30 accounts.", part)) == 1


def test_a_permit_and_its_excess_are_shown(text: str) -> None:
    part = text[text.index('id="C004"') : text.index('id="unlisted"')]
    assert "north-lab-2026" in part
    assert "They had 52,300 exchanges; the permit allows 40,000." in part
    assert "a permit covers the group, though its use goes somewhat beyond it" in part


def test_the_download_holds_every_account(run: Path, page: Page) -> None:
    rows = list(
        csv.DictReader(io.StringIO(unquote(page.downloads["C001-accounts.csv"].split(",", 1)[1]), newline=""))
    )
    every = [
        row
        for table in ("members", "bystanders")
        for row in pq.read_table(run / f"{table}.parquet").to_pylist()
        if row["group"] == 1
    ]
    assert {row["account_id"]: row["tier"] for row in rows} == {r["account_id"]: r["tier"] for r in every}
    assert [row["tier"] for row in rows] == ["named"] * 120 + ["present"] * 5 + ["near"] * 2
    known = rows[[row["account_id"] for row in rows].index("acct-01-00005")]
    assert (known["plan"], known["verified"], known["models"]) == ("pro", "phone", "large-4.6 small-1")
    assert known["registered"] == "2026-01-28 23:55"
    assert known["banned"] == "2026-02-12 00:05"
    for row in rows:
        nats = [float(value) for name, value in row.items() if name.startswith("nats_") and value]
        assert sum(nats) == pytest.approx(float(row["nats"]), abs=0.01)


def test_a_spreadsheet_runs_no_owner(page: Page) -> None:
    cells = unquote(page.downloads["C001-accounts.csv"])
    assert f",'{FORMULA_OWNER}," in cells
    assert f",{FORMULA_OWNER}" not in cells


def test_quarantine_is_summed_by_reason(text: str) -> None:
    part = text[text.index('id="quarantine"') :]
    assert re.search(r"the time cannot be read</td><td>startTime</td><td class=\"n\">7</td>", part)


def test_blindness_is_said(text: str) -> None:
    assert "no client fingerprint column" in text[text.index('id="blindness"') :]


def test_blind_spots_come_from_the_registry(text: str) -> None:
    from markupsafe import escape

    from stillwatch.registry import FACETS

    facets = FACETS.all()
    if "address" not in facets:
        pytest.skip("no facets in this build")
    assert str(escape(facets["address"].blind_spots)) in text


def test_the_test_of_meaning_is_shown_with_its_blind_spots_though_it_is_no_facet(tmp_path: Path) -> None:
    folder = make_run(tmp_path, members=12)
    top = "prompts alike in meaning"
    rewrite(
        folder,
        found.EVIDENCE,
        {"facet": "semantic", "family": "content", "role": "held-out", "nats": 3.0, "top": top},
    )
    text = report.write(folder).read_text(encoding="utf-8")
    assert top in text
    assert "One trade, one language or one course makes prompts alike too." in text


def test_a_run_without_campaigns_is_no_error(tmp_path: Path) -> None:
    folder = make_run(tmp_path, members=12)
    rewrite(folder, found.CAMPAIGNS, {"listed": False})
    text = report.write(folder).read_text(encoding="utf-8")
    assert "nothing is listed" in text
    assert "0 campaigns in 1,204,331 exchanges" in text


def test_tables_that_explain_may_be_missing(tmp_path: Path) -> None:
    folder = make_run(tmp_path, members=12)
    for name in (
        "groups",
        "links",
        "timeline",
        "marks",
        "templates",
        "blindness",
        "quarantine",
        "accounts",
        "member_evidence",
        "member_adjustments",
    ):
        (folder / f"{name}.parquet").unlink()
    Page(report.write(folder).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["campaigns.parquet", "members.parquet", "evidence.parquet", "run.json"])
def test_a_missing_part_is_named(tmp_path: Path, name: str) -> None:
    folder = make_run(tmp_path, members=12)
    (folder / name).unlink()
    with pytest.raises(RunError) as raised:
        report.write(folder)
    assert name in raised.value.where
    assert "detect" in raised.value.do
    assert not (folder / "report.html").exists()


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    folder = make_run(tmp_path, members=12)
    (folder / "scores.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(RunError, match="scores cannot be read"):
        report.write(folder)
    pq.write_table(
        pq.read_table(folder / "members.parquet").drop_columns(["owner"]), folder / "members.parquet"
    )
    make_scores = make_run(tmp_path / "other", members=12) / "scores.parquet"
    (folder / "scores.parquet").write_bytes(make_scores.read_bytes())
    with pytest.raises(RunError, match="members has no column owner"):
        report.write(folder)


def test_a_hundred_campaigns_stay_small_and_quick(tmp_path: Path) -> None:
    folder = make_run(tmp_path, campaigns=100, members=200)
    start = time.process_time()
    path = report.write(folder)
    assert time.process_time() - start < 10
    assert path.stat().st_size < 5_000_000
    page = Page(path.read_text(encoding="utf-8"))
    assert sum(1 for name in page.ids if re.fullmatch(r"C\d{3}", name)) == MOST_SECTIONS
