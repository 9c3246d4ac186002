"""Cases, one document each, in one of the forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from stillwatch.cases.exports.ecs import ecs_of
from stillwatch.cases.exports.finding import Finding, finding_of
from stillwatch.cases.exports.ocsf import ocsf_of
from stillwatch.cases.labels import evidence_at
from stillwatch.cases.store import Store
from stillwatch.errors import CaseError

FORMS: Mapping[str, Callable[[Finding], dict[str, Any]]] = {"ocsf": ocsf_of, "ecs": ecs_of}


def exported(
    store: Store, numbers: Sequence[int], form: str, *, accounts: bool = False
) -> Iterator[dict[str, Any]]:
    """Return cases in a form: ocsf or ecs. accounts: name theirs too, as the run shows them. Raises CaseError
    where there is no case of a number or no such form, and for evidence that is not what its hash says.
    """
    if form not in FORMS:
        raise CaseError(f"there is no form {form[:40]!r}", where="--format", do=f"known: {', '.join(FORMS)}")
    for number in numbers:
        kept = evidence_at(store, number) if accounts else None
        yield FORMS[form](finding_of(store.case(number), kept))
