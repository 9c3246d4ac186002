"""What an export says of a case, before it has a form: kinds of evidence, never what detectors look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from stillwatch.cases.case import Case
from stillwatch.cases.evidence import Frozen
from stillwatch.cases.outbox.severity import severity_of
from stillwatch.cases.outbox.telling import figure, named
from stillwatch.cases.states import DISMISSES, Outcome, State

FIGURES = ("named", "present", "near", "at_least", "exchanges", "input_tokens", "output_tokens")
DISMISSED = (*DISMISSES, Outcome.LICENSED, Outcome.DUPLICATE)


@dataclass(frozen=True)
class Account:
    """An account of a case."""

    id: str
    """Its id as the run shows it."""
    tier: str
    """named or present."""


@dataclass(frozen=True)
class Finding:
    """A case as it leaves the house."""

    case: Case
    """The case."""
    accounts: Sequence[Account] = ()
    """Its accounts; empty unless they were asked for."""

    @property
    def uid(self) -> str:
        """By what it is known again."""
        return f"stillwatch:case:{self.case.id}"

    @property
    def title(self) -> str:
        """What it is, in the house's own words and numbers."""
        return f"Case {self.case.id} ({self.case.kind}): accounts that act as one against a language model"

    @property
    def severity(self) -> str:
        """One of severity.LEVELS."""
        return severity_of(self.case.found.get("verdict"), self.case.kind)

    @property
    def evidence(self) -> list[str]:
        """Kinds of evidence: network, identity, software, rhythm, content."""
        return [named(one) for one in self.case.found.get("families", ())]

    @property
    def seen(self) -> tuple[float | None, float | None]:
        """The first and the last exchange, POSIX seconds; None where the run did not say."""
        return _moment(self.case.found.get("first")), _moment(self.case.found.get("last"))

    @property
    def dismissed(self) -> bool:
        """Whether it was closed as something else than an offence."""
        return self.case.state == State.CLOSED and self.case.outcome in DISMISSED

    def facts(self) -> dict[str, object]:
        """Return ids, figures and states."""
        case, found = self.case, self.case.found
        return {
            "case": case.id,
            "kind": str(case.kind),
            "state": str(case.state),
            "outcome": str(case.outcome),
            "identity": named(case.identity),
            **{name: named(found.get(name)) for name in ("campaign", "verdict", "role", "run", "digest")},
            "accounts": case.accounts,
            **{name: figure(found.get(name)) for name in FIGURES},
        }


def finding_of(case: Case, kept: Frozen | None) -> Finding:
    """Return a case as it leaves the house. kept: its newest evidence, where its accounts are to be named."""
    if kept is None:
        return Finding(case)
    rows = kept.table("members").select(["account_id", "tier"]).to_pylist()
    return Finding(case, [Account(str(row["account_id"]), str(row["tier"])) for row in rows])


def _moment(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
