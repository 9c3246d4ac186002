"""The golden sentences: evidence of real runs as codes and values (golden/NAME.json), and what is said of it
(golden/NAME.txt). Also the words of a page and of a terminal, made from the tables of report_world.

    python tests/report/golden_sets.py             words changed: write the texts again, then read the
    difference python tests/report/golden_sets.py NAME RUN    values changed: take the evidence from a run
    folder first

The runs are of the worlds that `stillwatch range make february --scale 0.005`, `stolen_keys --scale 0.01` and
`benign --scale 0.001` make, all with `--seed 1`.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from report_world import make_run
from rich.console import Console

from stillwatch import report
from stillwatch.report import formatting, sentences
from stillwatch.report.account import account_view
from stillwatch.report.sentences import frames, tiers
from stillwatch.report.sentences.crosswalk import crosswalk, shut
from stillwatch.report.view_models import AXES, CampaignView, campaign_view, listed, unlisted
from stillwatch.run.layout import TABLES
from stillwatch.run.reading import Row, Run
from stillwatch.schema.values import items, records

GOLDEN = Path(__file__).resolve().parent / "golden"
NAMES = ("benign", "february", "stolen_keys")
UNLISTED = 10
"""Groups kept that are not listed; listed ones are all kept."""
ACCOUNTS = 3
"""Accounts kept of a group."""
KEPT = (
    "campaigns",
    "scores",
    "members",
    "bystanders",
    "member_evidence",
    "member_adjustments",
    "evidence",
    "intents",
    "templates",
    "blindness",
)
ABOUT = ("false_discovery_rate", "bound_level", "tested_groups", "key", "quarantined")


def taken(folder: Path) -> dict[str, Any]:
    """The evidence of a run that its sentences are made of."""
    run = Run(folder)
    campaigns = listed(run) + unlisted(run)[:UNLISTED]
    tables: dict[str, list[Row]] = {"campaigns": campaigns, "blindness": run.rows("blindness")}
    for campaign in campaigns:
        view = campaign_view(run, campaign)
        shown = {row["account"] for rows in (view.members, view.bystanders) for row in rows[:ACCOUNTS]}
        for name in KEPT[1:-1]:
            rows = run.rows(name, campaign["group"])
            tables.setdefault(name, []).extend(r for r in rows if r.get("account") in shown | {None})
    for row in tables["scores"]:
        row["values"] = items(row["values"])
    about = {name: run.about[name] for name in ABOUT}
    settings = {name: run.about["settings"][name] for name in ("linkage", "campaigns", "sketch")}
    return {"run": {**about, "settings": settings}, **tables}


def laid_out(document: dict[str, Any], folder: Path) -> Run:
    """A run folder that holds the evidence."""
    for name in KEPT:
        kind, rows = TABLES[name], document[name]
        if name == "scores":
            rows = [row | {"values": records(row["values"])} for row in rows]
        columns = {c.name: pa.array([_back(row.get(c.name)) for row in rows], c.type) for c in kind.columns}
        pq.write_table(pa.table(columns, schema=kind.arrow), folder / f"{name}.parquet")
    (folder / "run.json").write_text(json.dumps(document["run"]), encoding="utf-8")
    return Run(folder)


def _back(value: Any) -> Any:
    """Times come from JSON in their ISO form."""
    if isinstance(value, list):
        return [_back(one) for one in value]
    if isinstance(value, dict):
        return {
            name: datetime.fromisoformat(one) if name == "time" and one else _back(one)
            for name, one in value.items()
        }
    if isinstance(value, str) and len(value) > 18 and value[4:5] == "-" and value[10:11] == "T":
        return datetime.fromisoformat(value)
    return value


def told(name: str) -> str:
    """Every sentence about one set of evidence."""
    document = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        run = laid_out(document, Path(folder))
        shown = listed(run)
        lines = [sentences.error_control(run.about, shown), sentences.unlisted(run, len(shown))]
        lines += [sentences.not_seen(run), sentences.key_note(run.about)]
        for campaign in shown + unlisted(run):
            lines += ["", *_campaign(run, campaign_view(run, campaign))]
    return "\n".join(lines) + "\n"


def _campaign(run: Run, view: CampaignView) -> Iterator[str]:
    campaign, values = view.campaign, sentences.values_of(view.scores)
    usual = sentences.like_peers(view.scores)
    yield f"# {view.name}, {campaign['kind']}"
    yield sentences.verdict(campaign, sentences.high(run), sentences.industrial(run))
    yield f"accounts: {tiers.counted(campaign)}"
    if campaign["role"]:
        yield f"role: {sentences.role(campaign)} {sentences.role_why(campaign)}"
    advice = sentences.advice(campaign)
    yield from (f"first: {line}" for line in advice.first)
    yield from (f"never: {line}" for line in advice.never)
    yield from (f"decides: {line}" for line in advice.decides)
    if not campaign["listed"]:
        yield f"not listed: {sentences.reason_unlisted(campaign, sentences.high(run), values)}"
    for axis in AXES:
        yield f"{axis}: {sentences.axis(campaign, axis, values, usual)}"
    yield f"extracting: {sentences.extracting(campaign['extracting'])}"
    yield f"how many: {sentences.bound(campaign, run.about)}"
    yield f"how sure: {sentences.tested(campaign)}"
    yield f"permit: {sentences.permit(campaign)}"
    if campaign["listed"] or campaign["kind"] == "linked":
        for row in view.scores:
            yield f"{formatting.named(row['signal'])}: {sentences.beside_peers(row)}"
        yield from (frames.sentence(row) for row in view.templates[:3] if row["part"] == "frame")
        yield sentences.correction(view.intents)
        if campaign["listed"]:
            for line in crosswalk(view, shut(run)):
                yield f"{line.source} {line.behaviour}: {line.state}. {line.evidence}"
        for member in (*view.members[:1], *view.bystanders[:1]):
            yield from (f"account: {line}" for line in _account(run, member))
    yield from (f"against: {line}" for line in sentences.against(view))


def _account(run: Run, member: Row) -> Iterator[str]:
    view = account_view(run, member["account_id"])
    assert view is not None
    for membership in view.memberships:
        yield from membership.exonerates


def _by_line(document: dict[str, Any]) -> str:
    """JSON with one row a line."""
    tables = []
    for name, rows in document.items():
        told = [
            json.dumps(r, default=_plain, ensure_ascii=False) for r in (rows if name != "run" else [rows])
        ]
        lines = ",\n".join(told)
        tables.append(f'"{name}": {lines}' if name == "run" else f'"{name}": [\n{lines}\n]')
    return "{\n" + ",\n".join(tables) + "\n}\n"


def words_of_page() -> str:
    """The words of a page, figures as #, each line once."""
    with tempfile.TemporaryDirectory() as folder:
        text = report.write(make_run(Path(folder), members=40)).read_text(encoding="utf-8")
    text = re.sub(r"(?s)<(style|script|code)\b.*?</\1>|<[^>]*>", "\n", text[text.index("<body>") :])
    return _words(unescape(text).splitlines())


def words_of_terminal() -> str:
    """The words of the list, of a campaign and of an account on a terminal, figures as #, each line once."""
    console = Console(width=500, highlight=False, color_system=None)
    with tempfile.TemporaryDirectory() as folder, console.capture() as captured:
        run = make_run(Path(folder), members=40)
        console.print(report.summary(run))
        for name in ("C001", "C003", "G6", "acct-01-00003", "acct-03-00002", "acct-alone"):
            console.print(report.explain(run, name))
    return _words(captured.get().splitlines())


def _words(lines: Iterable[str]) -> str:
    """Lines that hold words, figures as # and shapes left out, each once."""
    plain = (re.sub(r"[\u2581-\u259f\u2500]+", "", line) for line in lines)
    figures = rf"\b[0-9a-f]{{8,16}}\b|[+{formatting.MINUS}]?\d[\d,.]*(?<![,.])"
    told = (re.sub(figures, "#", " ".join(line.split())) for line in plain)
    return "\n".join(dict.fromkeys(line for line in told if re.search("[a-z]{2}", line))) + "\n"


def texts() -> dict[str, Callable[[], str]]:
    """Every golden text by the name of its file, and what makes it."""
    made: dict[str, Callable[[], str]] = {name: partial(told, name) for name in NAMES}
    return made | {"page": words_of_page, "terminal": words_of_terminal}


def _plain(value: Any) -> str:
    """How JSON holds a time."""
    assert isinstance(value, datetime)
    return value.isoformat()


def main(arguments: list[str]) -> None:
    """Take evidence from a run, if one is given; then write the texts."""
    if arguments:
        name, folder = arguments
        (GOLDEN / f"{name}.json").write_text(_by_line(taken(Path(folder))), encoding="utf-8")
    for name, make in texts().items():
        (GOLDEN / f"{name}.txt").write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
