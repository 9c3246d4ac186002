"""The page: one self-contained HTML file for a run."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stillwatch.errors import RunError
from stillwatch.registry import FAMILIES
from stillwatch.report import export, formatting, sentences
from stillwatch.report.figures import axes, graph, timeline, waterfall
from stillwatch.report.sentences import frames, lineage, use
from stillwatch.report.view_models import SEVERITY, CampaignView, campaign_view, listed, unlisted
from stillwatch.run.durable import write_text
from stillwatch.run.layout import PAGE
from stillwatch.run.reading import Row, Run

MOST_SECTIONS = 50
MOST_ACCOUNTS_SHOWN = 200
MOST_ROWS_SHOWN = 1_500
"""Account rows in the whole page: sections share them when there are many."""
MOST_EXPORT_ROWS = 20_000
MOST_EXPORT_BYTES, TIGHT_EXPORT_BYTES = 3_200_000, 1_400_000
"""CSV in the whole page, where sections are few and where they are many; what goes beyond is left to
members.parquet.
"""
MOST_UNLISTED = 60
ROOMY_SECTIONS = 15
"""With more sections than these, graphs are drawn smaller and less CSV is kept."""
MOST_TEMPLATES = 15


@dataclass(frozen=True)
class Share:
    """What each section may take of the page."""

    rows: int
    """Account rows."""
    graph: tuple[int, int]
    """Accounts and keys in its graph."""
    period: tuple[datetime | None, datetime | None]
    """The run's period, on which timelines are drawn."""
    high: float
    """The score at which an axis is called high."""


@dataclass(frozen=True)
class Section:
    """One campaign, ready to be printed."""

    view: CampaignView
    """Its view model."""
    verdict: str
    """The verdict in sentences."""
    axes: list[tuple[str, Markup, float, str]]
    """Name, bar, score and sentence of each axis."""
    bound: str
    """The lower bound of accounts, in a sentence."""
    test: str
    """The held-out test, in sentences."""
    extracting: str
    """What was being extracted, in a sentence."""
    permit: str
    """Which permit covers it, in sentences."""
    timeline: Markup
    """The timeline."""
    graph: Markup
    """The account-trace graph."""
    graph_note: str
    """How much of it is shown."""
    waterfall: Markup
    """The evidence waterfall."""
    correction: str
    """What the shares of prompts were made from."""
    frames: list[Row]
    """The templates its accounts share, most used first."""
    parts: list[Row]
    """What else its prompts share: beginnings and ends."""
    frame_note: str
    """What a frame is, and whose words are shown."""
    against: list[str]
    """What speaks against the verdict."""
    doubts: list[sentences.Doubt]
    """How what contributed can mislead."""
    silent: list[str]
    """Facets that could see and found nothing."""
    members: tuple[Row, ...]
    """The accounts shown."""
    top: float
    """The most nats of an account: the full length of its bar."""
    csv: str
    """A data link with all accounts; empty where they are too many for the page."""


def write(folder: Path) -> Path:
    """Write RUN/report.html and return its path; aside first, then renamed. Raises RunError for a run that
    cannot be read or written.
    """
    run = Run(folder)
    path = folder / PAGE
    text = html(run)
    try:
        write_text(path, text)
    except OSError as error:
        raise RunError(
            f"the report cannot be written: {error.strerror}",
            where=str(path),
            do="check the folder's rights and free space",
        ) from error
    return path


def html(run: Run) -> str:
    """The page as text; the same for the same tables."""
    style, script = source("style.css"), source("page.js")
    values = context(run)
    shown = values["campaigns"][:MOST_SECTIONS]
    return (
        environment()
        .get_template("page.html")
        .render(
            **values,
            style=Markup(style),  # noqa: S704 - a file of this package
            script=Markup(script),  # noqa: S704 - a file of this package
            policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
            "img-src "
            "data:; base-uri 'none'; form-action 'none'",
            sections=sections(run, shown, values["blind"], values["high"]),
        )
    )


def context(run: Run) -> dict[str, Any]:
    """What the templates show of a run, but for the sections."""
    campaigns, rest = listed(run), unlisted(run)
    high, about = sentences.high(run), run.about
    return {
        "about": about,
        "campaigns": campaigns,
        "verdicts": [(verdict, sum(1 for c in campaigns if c["verdict"] == verdict)) for verdict in SEVERITY],
        "overview": [(c, axes.three((c["scale"], c["deception"], c["intent"]), high)) for c in campaigns],
        "error_control": sentences.error_control(about, campaigns),
        "related": [*lineage.families(run, campaigns), lineage.compared(run, campaigns)],
        "unlisted": [
            (c, sentences.reason_unlisted(c, high, sentences.values_of(run.rows("scores", c["group"]))))
            for c in rest[:MOST_UNLISTED]
        ],
        "unlisted_total": len(rest),
        "blind": sorted(run.rows("blindness"), key=lambda r: (-r["share"], r["kind"], r["name"])),
        "quarantine": _quarantine(run),
        "use_lines": use.lines(run.rows("use")),
        "use_warnings": use.warnings(run.rows("use")),
        "use_rows": use.table(run.rows("use")),
        "key_note": sentences.key_note(about),
        "period": (formatting.moment(about.get("first")), formatting.moment(about.get("last"))),
        "high": high,
        "most_templates": MOST_TEMPLATES,
    }


def sections(run: Run, campaigns: list[Row], blind: list[Row], high: float) -> list[Section]:
    """A section for each campaign, within the page's shares of rows and bytes."""
    share = Share(
        rows=min(MOST_ACCOUNTS_SHOWN, MOST_ROWS_SHOWN // max(1, len(campaigns))),
        graph=graph.ROOMY if len(campaigns) <= ROOMY_SECTIONS else graph.TIGHT,
        period=(formatting.moment(run.about.get("first")), formatting.moment(run.about.get("last"))),
        high=high,
    )
    found, left = [], MOST_EXPORT_BYTES if len(campaigns) <= ROOMY_SECTIONS else TIGHT_EXPORT_BYTES
    for campaign in campaigns:
        view = campaign_view(run, campaign)
        link = export.data_link(export.accounts_csv(view)) if len(view.members) <= MOST_EXPORT_ROWS else ""
        link = link if len(link) <= left else ""
        left -= len(link)
        found.append(_section(run, view, blind, share, link))
    return found


def _section(run: Run, view: CampaignView, blind: list[Row], share: Share, link: str) -> Section:
    campaign = view.campaign
    ids = {row["account"]: row["account_id"] for row in view.members}
    shown = view.members[: share.rows]
    threshold = run.setting("linkage", "threshold_nats", 0.0) or None
    shared, parts = frames.split(view.templates)
    values = sentences.values_of(view.scores)
    return Section(
        view=view,
        verdict=sentences.verdict(campaign, share.high),
        axes=[
            (
                axis,
                axes.one(campaign[axis], share.high),
                campaign[axis],
                sentences.why(campaign[f"{axis}_why"], values),
            )
            for axis in axes.AXES
        ],
        bound=sentences.bound(campaign, run.about),
        test=sentences.tested(campaign),
        extracting=sentences.extracting(campaign["extracting"]),
        permit=sentences.permit(campaign),
        timeline=timeline.timeline(view.timeline, view.marks, share.period),
        graph=graph.graph(view.links, ids, share.graph),
        graph_note=_graph_note(view, share.graph),
        waterfall=waterfall.waterfall(view.waterfall, campaign["accounts"], threshold),
        correction=sentences.correction(view.intents),
        frames=shared,
        parts=parts,
        frame_note=frames.note(shared, int(run.setting("sketch", "template_accounts", 0))),
        against=sentences.against(view),
        doubts=sentences.doubts(view),
        silent=sentences.silent(view, blind),
        members=shown,
        top=max(
            (sum(n for n in view.family_nats(row["account"]).values() if n > 0) for row in shown),
            default=1.0,
        )
        or 1.0,
        csv=link,
    )


def _graph_note(view: CampaignView, most: tuple[int, int]) -> str:
    keys, accounts = graph.chosen(view.links, most)
    all_keys = len({(row["facet"], row["key"]) for row in view.links})
    return (
        f"{formatting.count(len(accounts))} of {formatting.plural(view.campaign['accounts'], 'account')} "
        f"and {formatting.count(len(keys))} of {formatting.plural(all_keys, 'telling key')} drawn: the most "
        "shared, every family in turn. "
        "The number at the right is how many linked accounts carry the key."
    )


def _quarantine(run: Run) -> list[tuple[str, str, int, str]]:
    """Reason, column, rows and an example of each kind of row that could not be read."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for row in run.rows("quarantine"):
        kind = (row["reason"], row["column"] or "")
        n, example = found.get(kind, (0, ""))
        found[kind] = (n + 1, min(filter(None, (example, f"{row['file']}:{row['row']}"))))
    return [
        (reason, column, n, example)
        for (reason, column), (n, example) in sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    ]


@cache
def environment() -> Environment:
    """Where the templates and their filters are."""
    environment = Environment(
        loader=PackageLoader("stillwatch.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown: dict[str, Any] = {
        "count": formatting.count,
        "short": formatting.short,
        "percent": formatting.percent,
        "probability": formatting.probability,
        "nats": formatting.nats,
        "interval": formatting.interval,
        "minute": formatting.minute,
        "day": formatting.day,
        "cut": formatting.cut,
        "named": formatting.named,
        "sentence": formatting.sentence,
        "keyed": formatting.key,
        "frame_shape": frames.shape,
        "frame_use": frames.use,
        "frame_pieces": frames.pieces,
        "part": frames.part,
        "link": lineage.sentence,
    }
    environment.filters.update(shown)
    environment.globals.update(
        period_of=formatting.period,
        e_value=formatting.e_value,
        label=formatting.label,
        finding=sentences.finding,
        nothing=sentences.NOTHING,
        axes=axes,
        families=FAMILIES,
        plural=formatting.plural,
        link_means=lineage.MEANS,
    )
    return environment


def source(name: str) -> str:
    """A file of the templates' folder."""
    loader = environment().loader
    assert loader is not None
    return loader.get_source(environment(), name)[0].replace("\r\n", "\n")


def _digest(text: str) -> str:
    """The hash by which the page's own policy admits its style and script (CSP level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
