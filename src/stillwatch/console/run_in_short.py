"""The newest run in a few lines: what it lists, what it could not see, which alarms a watch raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined
from stillwatch.report.view_models import SEVERITY, listed
from stillwatch.run.reading import Run

MOST_NAMED, MOST_ALARMS = 6, 5


@dataclass(frozen=True)
class RunInShort:
    """A run."""

    id: str
    """Its id."""
    period: str
    """The days of its traffic."""
    exchanges: int
    """Exchanges in it."""
    accounts: int
    """Accounts in it."""
    campaigns: Mapping[str, int]
    """Listed campaigns by verdict, the gravest first."""
    blind: str
    """What it could not see, in one line; empty if it saw everything."""
    alarms: Sequence[Mapping[str, Any]]
    """The newest alarms of a watch, each once; none where the run was not watched."""
    alarms_in_all: int
    """How many alarms there are."""

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self)


def run_in_short(run: Run | None) -> RunInShort | None:
    """Return a run in short; None where there is none."""
    if run is None:
        return None
    about = run.about
    verdicts = Counter(row["verdict"] for row in listed(run))
    alarms = _alarms(run)
    return RunInShort(
        str(about.get("id") or ""),
        formatting.period(formatting.moment(about.get("first")), formatting.moment(about.get("last"))),
        int(about.get("exchanges") or 0),
        int(about.get("accounts") or 0),
        {verdict: verdicts[verdict] for verdict in SEVERITY if verdicts[verdict]},
        _blind(run),
        alarms[:MOST_ALARMS],
        len(alarms),
    )


def _blind(run: Run) -> str:
    """Facets and signals that had no data at all."""
    names = sorted({formatting.named(row["name"]) for row in run.rows("blindness") if row["share"] >= 1.0})
    if not names:
        return ""
    more = [f"{formatting.count(len(names) - MOST_NAMED)} more"] if len(names) > MOST_NAMED else []
    return (
        f"{joined([*names[:MOST_NAMED], *more])} had no data and say nothing; that is no sign of innocence."
    )


def _alarms(run: Run) -> list[dict[str, Any]]:
    """Alarms, each as the last search saw it, the newest first."""
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(run.rows("alarms"), key=lambda one: one["until"]):
        first = found.get(row["alarm"], {}).get("since", row["until"].timestamp())
        found[row["alarm"]] = {
            "alarm": row["alarm"],
            "identity": row["identity"],
            "verdict": row["verdict"],
            "accounts": row["accounts"],
            "since": first,
            "until": row["until"].timestamp(),
        }
    return sorted(found.values(), key=lambda one: (-one["since"], one["alarm"]))
