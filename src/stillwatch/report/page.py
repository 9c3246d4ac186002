"""The page: one self-contained HTML file for a run."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stillwatch.errors import RunError
from stillwatch.registry import FAMILIES
from stillwatch.report import formatting, sentences
from stillwatch.report.chapters import headline, in_chapters, in_order
from stillwatch.report.figures import axes
from stillwatch.report.section import sections
from stillwatch.report.sentences import blindness, frames, lineage, log_settings, reviewed, shared, tiers, use
from stillwatch.report.sentences.crosswalk import SOURCES
from stillwatch.report.view_models import listed, unlisted
from stillwatch.run.durable import write_text
from stillwatch.run.layout import PAGE
from stillwatch.run.reading import Row, Run
from stillwatch.schema.codes import FORMED

MOST_SECTIONS = 50
MOST_UNLISTED = 60
MOST_TEMPLATES = 15


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
    campaigns, rest = in_order(listed(run)), unlisted(run)
    high, about = sentences.high(run), run.about
    return {
        "about": about,
        "campaigns": campaigns,
        "headline": headline(campaigns),
        "chapters": [
            (chapter, [(c, axes.three((c["scale"], c["deception"], c["intent"]), high)) for c in rows])
            for chapter, rows in in_chapters(campaigns)
        ],
        "error_control": sentences.error_control(about, campaigns),
        "related": [*lineage.overview(run, campaigns), *reviewed.lines(run), *shared.lines(run)],
        "unlisted": [(c, _why_not(run, c, high)) for c in rest[:MOST_UNLISTED]],
        "unlisted_total": len(rest),
        "blind": sorted(
            run.rows("blindness"),
            key=lambda r: (blindness.is_answer(r), -r["share"], r["kind"], r["name"]),
        ),
        "additions": [str(one) for one in log_settings.additions(run)],
        "quarantine": _quarantine(run),
        "use_lines": use.lines(run.rows("use")),
        "use_warnings": use.warnings(run.rows("use")),
        "use_rows": use.table(run.rows("use")),
        "key_note": sentences.key_note(about),
        "period": (formatting.moment(about.get("first")), formatting.moment(about.get("last"))),
        "high": high,
        "most_templates": MOST_TEMPLATES,
    }


def _why_not(run: Run, campaign: Row, high: float) -> str:
    values = sentences.values_of(run.rows("scores", campaign["group"]))
    return sentences.reason_unlisted(campaign, high, values)


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
        "blind_state": blindness.state,
        "called": tiers.called,
        "tier_means": tiers.means,
        "reason": tiers.reason,
        "reason_short": tiers.reason_short,
        "tiers_counted": tiers.counted,
        "beside_peers": sentences.beside_peers,
        "stands_out": sentences.stands_out,
        "peers_of": sentences.peers_of,
        "labelled": _labelled,
    }
    environment.filters.update(shown)
    environment.globals.update(
        period_of=formatting.period,
        tokens_of=formatting.tokens,
        e_value=formatting.e_value,
        label=formatting.label,
        finding=sentences.finding,
        nothing=sentences.NOTHING,
        axes=axes,
        families=FAMILIES,
        formed=FORMED,
        plural=formatting.plural,
        link_means=lineage.MEANS,
        sources=SOURCES,
        roles=sentences.ROLES,
    )
    return environment


def _labelled(link: Row) -> str:
    return formatting.labelled(link["facet"], link["label"], 90)


def source(name: str) -> str:
    """A file of the templates' folder."""
    loader = environment().loader
    assert loader is not None
    return loader.get_source(environment(), name)[0].replace("\r\n", "\n")


def _digest(text: str) -> str:
    """The hash by which the page's own policy admits its style and script (CSP level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
