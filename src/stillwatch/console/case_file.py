"""What the frozen evidence of a case says, in the sentences and figures of the report."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute
from markupsafe import Markup

from stillwatch.cases.cases import Cases
from stillwatch.cases.evidence import Frozen
from stillwatch.cases.frozen_run import FrozenRun
from stillwatch.cases.labels import evidence_hash
from stillwatch.report import formatting, sentences
from stillwatch.report.figures import axes, timeline, waterfall
from stillwatch.report.sentences import lineage, tiers
from stillwatch.report.view_models import CampaignView, campaign_view
from stillwatch.run.reading import Row, Run
from stillwatch.schema.codes import Tier

pc: Any = pyarrow.compute
KEPT = 24
"""Files of cases that are kept in memory; each holds the accounts of one campaign."""
MOST_WHOLE = 2_000
"""Accounts up to which evidence of each single account is read too; beyond, it takes seconds."""
OF_EACH_ACCOUNT = (
    "members",
    "bystanders",
    "links",
    "member_evidence",
    "member_adjustments",
    "account_intents",
    "account_use",
)
SHOWN = ("account", "account_id", "tier", "reason", "nats", "owner", "exchanges", "first", "last")
"""Columns of an account that a case shows."""


@dataclass(frozen=True)
class CaseFile:
    """Frozen evidence, ready to be read."""

    sha256: str
    """Hash of the evidence."""
    run: str
    """Id of the run that it was taken from."""
    period: str
    """The days of that run."""
    campaign: Row
    """Its row in table campaigns."""
    verdict: str
    """The verdict in sentences."""
    role: tuple[str, str]
    """Who its accounts are, and what speaks for it."""
    advice: sentences.Advice
    """What to do first, and what not."""
    axes: tuple[tuple[str, Markup, float, str], ...]
    """Name, bar, score and sentence of each axis."""
    said: Mapping[str, str]
    """What was extracted, how many accounts, how sure, which permit: in sentences."""
    related: tuple[str, ...]
    """How it is linked to other campaigns, in sentences."""
    evidence: tuple[Row, ...]
    """The strongest shared key of each facet."""
    scores: tuple[Row, ...]
    """Signals, with `said`, the finding as a sentence, and `clear`, whether it stands out."""
    against: tuple[str, ...]
    """What speaks against the verdict."""
    silent: tuple[str, ...]
    """Facets that could see and found nothing."""
    doubts: tuple[sentences.Doubt, ...]
    """How what contributed can mislead."""
    timeline: Markup
    """Volume over time."""
    waterfall: Markup
    """Evidence by facet; empty where there are too many accounts to read each one's."""
    counted: str
    """How many accounts each tier has, in a sentence."""
    accounts: pa.Table
    """Accounts by tier, the most evidence first; columns SHOWN."""
    tiers: Mapping[str, int]
    """Accounts of each tier that has any."""
    guard: tuple[Mapping[str, Any], ...]
    """What the guard's journal said of it then."""
    whole: bool
    """Whether the evidence of each single account was read too."""


class Shelf:
    """Files of cases, each read once: evidence never changes, its hash says which it is. Threads may share
    it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: OrderedDict[str, CaseFile] = OrderedDict()

    def file_of(self, cases: Cases, number: int) -> CaseFile:
        """Return the file of a case. Raises CaseError where its evidence is not what its hash says."""
        with cases.database.reading() as session:
            sha256 = evidence_hash(session, number)
        with self._lock:
            if sha256 in self._files:
                self._files.move_to_end(sha256)
                return self._files[sha256]
        made = file_from(cases.evidence(number))
        with self._lock:
            self._files[made.sha256] = made
            while len(self._files) > KEPT:
                self._files.popitem(last=False)
        return made


SHELF = Shelf()


def file_from(kept: Frozen) -> CaseFile:
    """Return what evidence says."""
    accounts = _accounts(kept)
    whole = accounts.num_rows <= MOST_WHOLE
    run = FrozenRun(kept, without=() if whole else OF_EACH_ACCOUNT)
    campaign = run.rows("campaigns")[0]
    view = campaign_view(run, campaign)
    high, blind = sentences.high(run), run.rows("blindness")
    first, last = formatting.moment(run.about.get("first")), formatting.moment(run.about.get("last"))
    counts = {str(one["values"]): one["counts"] for one in pc.value_counts(accounts["tier"]).to_pylist()}
    threshold = run.setting("linkage", "threshold_nats", 0.0) or None
    return CaseFile(
        sha256=kept.sha256,
        run=str(run.about.get("id") or ""),
        period=formatting.period(first, last),
        campaign=campaign,
        verdict=sentences.verdict(campaign, high, sentences.industrial(run)),
        role=(sentences.role(campaign), sentences.role_why(campaign)) if campaign["role"] else ("", ""),
        advice=sentences.advice(campaign),
        axes=_axes(view, high),
        said=_said(run, campaign),
        related=tuple(lineage.sentence(row) for row in view.lineage),
        evidence=view.evidence,
        scores=tuple(_score(row) for row in view.scores),
        against=tuple(sentences.against(view)),
        silent=tuple(sentences.silent(view, blind)),
        doubts=tuple(sentences.doubts(view)),
        timeline=timeline.timeline(view.timeline, view.marks, (first, last)),
        waterfall=waterfall.waterfall(view.waterfall, campaign["accounts"], threshold)
        if whole
        else Markup(""),
        counted=tiers.counted(campaign),
        accounts=accounts,
        tiers={str(one): counts[str(one)] for one in Tier if str(one) in counts},
        guard=tuple(kept.guard),
        whole=whole,
    )


def _axes(view: CampaignView, high: float) -> tuple[tuple[str, Markup, float, str], ...]:
    values, usual = sentences.values_of(view.scores), sentences.like_peers(view.scores)
    return tuple(
        (
            axis,
            axes.one(view.campaign[axis], high),
            view.campaign[axis],
            sentences.axis(view.campaign, axis, values, usual),
        )
        for axis in axes.AXES
    )


def _said(run: Run, campaign: Row) -> dict[str, str]:
    asked = campaign["extracting"]
    return {
        "What was being extracted": "Not known: the log holds no prompts."
        if asked is None
        else sentences.extracting(asked),
        "How many accounts": sentences.bound(campaign, run.about),
        "How sure": sentences.tested(campaign),
        "Permit": sentences.permit(campaign),
    }


def _score(row: Row) -> Row:
    return row | {"said": sentences.beside_peers(row), "clear": sentences.stands_out(row)}


def _accounts(kept: Frozen) -> pa.Table:
    parts = [kept.table(name).select(list(SHOWN)) for name in ("members", "bystanders")]
    table = pa.concat_tables(parts)
    rank = pc.fill_null(pc.index_in(table["tier"], value_set=pa.array([str(one) for one in Tier])), len(Tier))
    order = pc.sort_indices(
        table.append_column("rank", rank),
        sort_keys=[("rank", "ascending"), ("nats", "descending"), ("account_id", "ascending")],
    )
    return table.take(order)
