"""The golden sentences: evidence of real runs as codes and values (golden/NAME.json), and what is said of it
(golden/NAME.txt).

    python tests/report/golden_sets.py             words changed: write the texts again, then read the difference
    python tests/report/golden_sets.py NAME RUN    values changed: take the evidence from a run folder first

The runs are of the worlds that `stillwatch range make february --scale 0.005`, `stolen_keys --scale 0.01` and
`benign --scale 0.001` make, all with `--seed 1`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.report import formatting, sentences
from stillwatch.report.account import account_view
from stillwatch.report.sentences import frames
from stillwatch.report.view_models import AXES, CampaignView, campaign_view, listed, unlisted
from stillwatch.run.reading import TABLES, Row, Run
from stillwatch.schema.values import items, records

GOLDEN = Path(__file__).resolve().parent / "golden"
NAMES = ("benign", "february", "stolen_keys")
UNLISTED = 14
"""Groups kept that are not listed; listed ones are all kept."""
ACCOUNTS = 3
"""Accounts kept of a group."""
KEPT = (
    "campaigns",
    "scores",
    "members",
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
        shown = {row["account"] for row in view.members[:ACCOUNTS]}
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
    yield f"# {view.name}, {campaign['kind']}"
    yield sentences.verdict(campaign, sentences.high(run))
    if not campaign["listed"]:
        yield f"not listed: {sentences.reason_unlisted(campaign, sentences.high(run), values)}"
    for axis in AXES:
        yield f"{axis}: {sentences.why(campaign[f'{axis}_why'], values)}"
    yield f"extracting: {sentences.extracting(campaign['extracting'])}"
    yield f"how many: {sentences.bound(campaign, run.about)}"
    yield f"how sure: {sentences.tested(campaign)}"
    yield f"permit: {sentences.permit(campaign)}"
    if campaign["listed"] or campaign["kind"] == "linked":
        for row in view.scores:
            yield f"{formatting.named(row['signal'])}: {sentences.finding(row['signal'], row['values'])}"
        yield from (frames.sentence(row) for row in view.templates[:3] if row["part"] == "frame")
        yield sentences.correction(view.intents)
        for member in view.members[:1]:
            yield from (f"account: {line}" for line in _account(run, member))
    yield from (f"against: {line}" for line in sentences.against(view))


def _account(run: Run, member: Row) -> Iterator[str]:
    view = account_view(run, member["account_id"])
    assert view is not None
    for membership in view.memberships:
        yield from membership.exonerates


def _plain(value: Any) -> str:
    """How JSON holds a time."""
    assert isinstance(value, datetime)
    return value.isoformat()


def main(arguments: list[str]) -> None:
    """Take evidence from a run, if one is given; then write the texts."""
    if arguments:
        name, folder = arguments
        document = json.dumps(taken(Path(folder)), indent=0, default=_plain, ensure_ascii=False)
        (GOLDEN / f"{name}.json").write_text(document + "\n", encoding="utf-8")
    for name in NAMES:
        if (GOLDEN / f"{name}.json").exists():
            (GOLDEN / f"{name}.txt").write_text(told(name), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
