"""A statistic that leaves: how many accounts stand in each cell, with noise from the ledger, and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.gate.aggregate import Cell, Given, statistic
from stillwatch.intel.gate.export import Export, Profile, Stage
from stillwatch.intel.gate.forms import NAME, leaves, like, one_of, whole
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.keeping import keep
from stillwatch.intel.gate.ledger import Ledger, exact
from stillwatch.intel.gate.passing import Purpose
from stillwatch.intel.gate.watched import Watched
from stillwatch.intel.stix.atlas import atlas
from stillwatch.intel.stix.facts import FAMILIES
from stillwatch.intel.stix.project import own_techniques
from stillwatch.intel.tlp import Tlp

FORM = "stillwatch-statistic-1"
PERIOD = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
"""A month."""
NOISY = (
    "About how many accounts, with noise. Cells of few accounts or few providers are left out, and so "
    "are some that are not much larger: that a cell is missing does not say that nothing was there."
)
MOST = 10**9


class Measure(StrEnum):
    """What the cells are."""

    KINDS = "kinds"
    """Kinds of evidence."""
    TECHNIQUES = "techniques"
    """Techniques."""


FORMS = {
    "form": one_of(FORM),
    "provider": like(NAME.pattern),
    "tlp": one_of(*(level.label for level in Tlp)),
    "purpose": one_of(Purpose.REPORT),
    "statement": one_of(NOISY),
    "measure": one_of(*Measure),
    "period": like(PERIOD.pattern),
    "least_accounts": whole(2, MOST),
    "least_reporters": whole(1, MOST),
    "cells[].of": one_of(*FAMILIES, *atlas().techniques, *own_techniques()),
    "cells[].accounts": whole(0, MOST),
}
"""What a statistic may hold, and what its values may look like."""


def give(
    gate: Gate,
    measure: Measure,
    period: str,
    cells: Iterable[Cell],
    watched: Sequence[Watched],
    *,
    by: str,
    level: Tlp,
    now: float,
) -> Export:
    """Let a statistic wait for a second person. period: a month, as 2026-11. watched: what must not leave of
    the runs behind it. Raises IntelError where no cell may leave, and where the ledger does not suffice; a
    cell that the noise made too small to be told has cost its part.
    """
    with gate.keeping() as session:
        ledger = Ledger(session, exact(gate.settings.epsilon_total))
        epsilon = exact(gate.settings.epsilon_count)
        given = statistic(f"statistic {measure}", period, cells, ledger, epsilon, gate.settings, now)
        name = gate.maker(session, level, datetime.fromtimestamp(now, UTC)).name
    if not given:
        raise IntelError(
            "no cell has accounts and providers enough to be told",
            where=f"{measure} of {period}",
            do="wait for more reports; intel.least_accounts and intel.least_reporters say how many it takes",
        )
    with gate.keeping() as session:
        data = must_be_statistic(_document(gate, measure, period, given, name, level), watched)
        subject = f"statistic {measure} {period}"
        row = keep(
            session, Profile.STATISTIC, subject, data, Stage.WAITING, by, str(Purpose.REPORT), level, now
        )
        return Export.of(row)


def must_be_statistic(document: dict[str, Any], watched: Sequence[Watched]) -> bytes:
    """Return a statistic as bytes. Raises IntelError where it holds anything but what the form has."""
    wrong = sorted({path for path, value in leaves(document) if path not in FORMS or not FORMS[path](value)})
    data = (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()
    if wrong or any(one.found_in(data) for one in watched):
        raise IntelError(
            f"it may not leave: {', '.join(wrong[:5]) or 'it holds something of the accounts'}",
            where="the statistic profile",
            do="nothing was kept, and nothing left",
        )
    return data


def _document(
    gate: Gate, measure: Measure, period: str, given: Sequence[Given], name: str, level: Tlp
) -> dict[str, Any]:
    return {
        "form": FORM,
        "provider": name,
        "tlp": level.label,
        "purpose": str(Purpose.REPORT),
        "statement": NOISY,
        "measure": str(measure),
        "period": period,
        "least_accounts": gate.settings.least_accounts,
        "least_reporters": gate.settings.least_reporters,
        "cells": [{"of": one.of, "accounts": one.accounts} for one in given],
    }
