"""What groups and their accounts ask for: shares of prompts by label, corrected and with intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.schema.flags import HARVEST, Flag
from stillwatch.schema.found import ACCOUNT_INTENTS, INTENTS
from stillwatch.schema.table import values
from stillwatch.signals.account_weights import account_weights
from stillwatch.signals.prevalence import (
    Floats,
    Ints,
    Rates,
    Shares,
    adjusted,
    effective_texts,
    pooled_effect,
    totals,
)

LABELS = tuple((flag.name or "").lower() for flag in Flag)
SETS = {
    "graded": Flag.GRADING | Flag.PREFERENCE | Flag.JUDGE,
    "made": Flag.GENERATION | Flag.REWRITING,
    "reasoned": Flag.REASONING | Flag.TRACE_CLEANING,
    "harvested": HARVEST,
}
"""Labels that signals take together: prompts with any of them."""
FEW_ACCOUNTS = 10
"""Below so many accounts, the days of accounts stand for what goes together instead of the accounts."""


@dataclass(frozen=True)
class Intents:
    """Estimates of what was asked for."""

    groups: pa.Table
    """Table intents, without the peers."""
    accounts: pa.Table
    """Table account_intents, without the peers."""
    wide: pa.Table
    """One row a group with prompts, the peers' too: group, and for each label and set its share, low and high
    (as name_low, name_high); no account is heard for more than the median one, see
    signals.account_weights."""


@dataclass(frozen=True)
class _Counts:
    """Prompts by group, account and day, sorted: what goes together at the finest."""

    group: Ints
    account: Ints
    texts: Floats
    flagged: Floats
    """(rows, labels and sets)."""


def intents(engine: Engine, rows: Table, rates: pa.Table | None) -> Intents:
    """Estimates for every group and account of rows of SIGNAL_EXCHANGES; rates: table RATES, None or lacking
    labels where no error rate is known.
    """
    counts = _counted(engine, rows)
    known = _rates(rates)
    labels = len(LABELS)
    names, group = np.unique(counts.group, return_inverse=True)
    account = _account_numbers(counts)
    first = np.unique(account, return_index=True)[1]
    texts, flagged = totals(counts.texts, account, len(first)), totals(counts.flagged, account, len(first))
    of_group = group[first]
    shares = _of_groups(counts, account, first, group, len(names), known)
    heard = _heard(counts, account_weights(texts, of_group, len(names))[account])
    told = _of_groups(heard, account, first, group, len(names), known)
    own = adjusted(
        flagged[:, :labels], texts[:, None], _own_worth(counts, account, group, first, texts, labels), known
    )
    total, all_flagged = totals(counts.texts, group, len(names)), totals(counts.flagged, group, len(names))
    corrected = [label in set(values(rates, "label")) if rates is not None else False for label in LABELS]
    return Intents(
        _table(
            INTENTS.arrow,
            {"group": names},
            total,
            all_flagged[:, :labels],
            shares,
            corrected,
            names > 0,
            least=0,
        ),
        _table(
            ACCOUNT_INTENTS.arrow,
            {"group": names[of_group], "account": counts.account[first]},
            texts,
            flagged[:, :labels],
            own,
            corrected,
            names[of_group] > 0,
            least=1,
        ),
        _wide(names, told, totals(heard.flagged, group, len(names))),
    )


def _counted(engine: Engine, rows: Table) -> _Counts:
    asked = rows.filter(_.has_text).mutate(
        day=(_.second // 86_400).cast("int64"), bits=_.flags.fill_null(0).cast("int64")
    )
    sums = {flag.name.lower(): _bit(flag).sum() for flag in Flag if flag.name}
    sums |= {
        name: ibis.greatest(*[_bit(flag) for flag in Flag if flag & flags]).sum()
        for name, flags in SETS.items()
    }
    by_day = asked.group_by("group", "account", "day").agg(texts=_.count(), **sums)
    found = engine.collect(by_day.order_by(["group", "account", "day"]))
    columns = {name: found.column(name).to_numpy() for name in found.column_names}
    flagged = np.stack([columns[name].astype(np.float64) for name in (*LABELS, *SETS)], axis=1)
    return _Counts(
        columns["group"].astype(np.int64),
        columns["account"].astype(np.int64),
        columns["texts"].astype(np.float64),
        flagged,
    )


def _heard(counts: _Counts, voice: Floats) -> _Counts:
    """The same prompts, each counted for what its account is heard."""
    return replace(counts, texts=counts.texts * voice, flagged=counts.flagged * voice[:, None])


def _bit(flag: Flag) -> Table:
    return (_.bits // int(flag)) % 2


def _account_numbers(counts: _Counts) -> Ints:
    """Accounts of groups, numbered from 0 in the order of the rows."""
    new = (np.diff(counts.group, prepend=-1) != 0) | (np.diff(counts.account, prepend=0) != 0)
    new[:1] = True
    return np.asarray(np.cumsum(new) - 1, np.int64)


def _rates(table: pa.Table | None) -> Rates:
    """Rates in the order of LABELS; perfect ones where none are known."""
    rates = Rates.perfect(len(LABELS))
    for row in table.to_pylist() if table is not None else []:
        if row["label"] in LABELS and row["positives"] > 0 and row["negatives"] > 0:
            place = LABELS.index(row["label"])
            rates.sensitivity[place], rates.positives[place] = (
                row["hits"] / row["positives"],
                row["positives"],
            )
            rates.false_positive[place], rates.negatives[place] = (
                row["false"] / row["negatives"],
                row["negatives"],
            )
    return rates


def _of_groups(counts: _Counts, account: Ints, first: Ints, group: Ints, groups: int, rates: Rates) -> Shares:
    """Shares of each group, by accounts where there are enough of them and by their days elsewhere."""
    labels = len(LABELS)
    flagged, of_group = counts.flagged[:, :labels], group[first]
    by_account = effective_texts(
        totals(flagged, account, len(first)),
        totals(counts.texts, account, len(first)),
        of_group,
        groups,
        few=True,
    )
    by_day = effective_texts(flagged, counts.texts, group, groups, few=True)
    many = np.bincount(of_group, minlength=groups)[:, None] >= FEW_ACCOUNTS
    total = totals(counts.texts, group, groups)[:, None]
    return adjusted(totals(flagged, group, groups), total, np.where(many, by_account, by_day), rates)


def _own_worth(
    counts: _Counts, account: Ints, group: Ints, first: Ints, texts: Floats, labels: int
) -> Floats:
    """Independent prompts of each account, by how its group's accounts differ from one of their days to
    another.
    """
    effect = pooled_effect(
        counts.flagged[:, :labels],
        counts.texts,
        account,
        len(first),
        group[first],
        int(group.max(initial=-1)) + 1,
    )
    return np.asarray(texts[:, None] / effect[group[first]])


def _table(
    schema: pa.Schema,
    keys: dict[str, Any],
    texts: Floats,
    flagged: Floats,
    shares: Shares,
    corrected: list[bool],
    kept: Table,
    *,
    least: int,
) -> pa.Table:
    """One row a subject and label, in that order; those with fewer than `least` flagged prompts are left
    out.
    """
    subject, label = np.nonzero(kept[:, None] & (flagged >= least) & (texts > 0)[:, None])
    columns: dict[str, Any] = {name: key[subject] for name, key in keys.items()}
    columns |= {
        "label": np.array(LABELS, object)[label],
        "texts": texts[subject],
        "flagged": flagged[subject, label],
    }
    columns |= {name: np.round(getattr(shares, name)[subject, label], 6) for name in ("share", "low", "high")}
    columns["corrected"] = np.array(corrected, np.bool_)[label]
    return pa.table(
        [pa.array(columns[field.name], from_pandas=False).cast(field.type) for field in schema], schema=schema
    )


def _wide(names: Ints, shares: Shares, flagged: Floats) -> pa.Table:
    """The groups' shares as columns. A set's share is the sum of its labels', less what they flag
    together.
    """
    columns: dict[str, Any] = {"group": pa.array(names, pa.int32())}
    for number, label in enumerate(LABELS):
        columns |= {
            _end(label, part): np.round(getattr(shares, part)[:, number], 6)
            for part in ("share", "low", "high")
        }
    for number, (name, flags) in enumerate(SETS.items(), len(LABELS)):
        own = [place for place, flag in enumerate(Flag) if flag & flags]
        apart = flagged[:, number] / np.maximum(flagged[:, own].sum(axis=1), 1.0)
        for part in ("share", "low", "high"):
            columns[_end(name, part)] = np.round(
                np.minimum(getattr(shares, part)[:, own].sum(axis=1) * apart, 1.0), 6
            )
    return pa.table(columns)


def _end(name: str, part: str) -> str:
    return name if part == "share" else f"{name}_{part}"
