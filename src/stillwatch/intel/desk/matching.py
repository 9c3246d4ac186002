"""From what came to the file that a search takes: values as the run keys them, with what each counts for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import IntelError
from stillwatch.intel.desk.reports import Report, called, origins_of
from stillwatch.intel.kinds import OF_CUSTOMERS, IndicatorKind
from stillwatch.intel.tlp import Tlp
from stillwatch.run.reading import Run
from stillwatch.run.sketched import Sketched
from stillwatch.schema.keyed import HashKey, keys_of_texts
from stillwatch.schema.shared import SHARED_REPORTS
from stillwatch.schema.table import rows_where, values

COLUMNS: Mapping[IndicatorKind, tuple[str, ...]] = {
    IndicatorKind.ASN: ("asn",),
    IndicatorKind.NETWORK_PREFIX: ("subnet",),
    IndicatorKind.ADDRESS: ("address",),
    IndicatorKind.MAIL_DOMAIN: ("email_domain", "mail_root"),
    IndicatorKind.RESELLER_DOMAIN: ("email_domain", "mail_root"),
    IndicatorKind.TLS_FINGERPRINT: ("ja4",),
    IndicatorKind.CLIENT_SHAPE: ("client", "stainless"),
    IndicatorKind.PAYMENT: ("payment",),
    IndicatorKind.PHONE: ("phone_prefix",),
}
"""Where a run has values of a kind. It has none of the others: mail addresses, templates, schedules."""
Own: TypeAlias = Mapping[str, Sequence[tuple[str, int]]]
"""Of one kind, our own values as text, and where each stands in the run: column and key."""
Tokenise: TypeAlias = Callable[[IndicatorKind, str, Sequence[str]], Sequence[str]]
"""From kind, epoch and our own values to a token for each, in hexadecimal digits; empty: it has none."""


@dataclass(frozen=True)
class Outcome:
    """What went into the file, and what did not."""

    rows: int
    """Rows of the file."""
    reports: int
    """Reports that they come from."""
    left_out: Mapping[str, int]
    """Reports that were left out, by reason."""


def match(
    found: Sequence[Report],
    names: Mapping[str, str],
    key: HashKey,
    now: datetime,
    own: Mapping[IndicatorKind, Own] | None = None,
    tokenise: Tokenise | None = None,
) -> tuple[pa.Table, Outcome]:
    """Return rows of SHARED_REPORTS. own, tokenise: our own values, and how tokens are made of them; without
    them, reports that hold tokens are left out.
    """
    origin = origins_of(list(found))
    left: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    used = 0
    tokens = _tokens(found, now, own or {}, tokenise)
    for one in found:
        why = _left_out(one, now, tokenise)
        places = [] if why else _places(one, key, tokens)
        if not why and not places:
            why = "no value of ours has its token"
        if why:
            left[why] = left.get(why, 0) + 1
            continue
        used += 1
        rows += [_row(one, place, origin[one.id, one.maker], names, now) for place in places]
    rows.sort(key=lambda row: (row["report"], row["reporter"], row["column"], row["value"]))
    return pa.Table.from_pylist(rows, schema=SHARED_REPORTS.arrow), Outcome(len(rows), used, left)


def write(table: pa.Table, key: HashKey, path: Path) -> None:
    """Write the file, readable by its owner only. Raises IntelError where it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    marked = table.replace_schema_metadata(Sketched.by(key).marked(SHARED_REPORTS.arrow).metadata)
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            pq.write_table(marked, file, compression="zstd")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise IntelError(
            f"the file cannot be written: {error.strerror}",
            where=str(path),
            do="choose a folder in which you may write",
        ) from error


def own_values(run: Run) -> dict[IndicatorKind, Own]:
    """Return our own values of each kind that a run may show: they are what its labels say. A payment
    instrument has no label that is its value, so tokens of payments match nothing here.
    """
    labels = run.table("labels")
    found: dict[IndicatorKind, dict[str, list[tuple[str, int]]]] = {}
    for kind, columns in COLUMNS.items():
        if kind is IndicatorKind.PAYMENT:
            continue
        for column in columns:
            if column == "asn":
                continue
            rows = rows_where(labels, "kind", column)
            for text, number in zip(values(rows, "label"), values(rows, "key"), strict=True):
                found.setdefault(kind, {}).setdefault(text, []).append((column, number))
    return dict(found)


def _left_out(one: Report, now: datetime, tokenise: Tokenise | None) -> str:
    if one.name is None:
        return "it names no single value"
    if one.tlp is Tlp.RED:
        return "it is TLP:RED, for persons who are named and not for runs"
    if one.ends <= now:
        return "it has run out"
    if one.weight(now) <= 0.0:
        return "it was false here" if one.judged else "nothing is left of its confidence"
    if one.name.kind not in COLUMNS:
        return f"a run has no values of kind {one.name.kind}"
    if one.name.epoch is None and one.name.kind in OF_CUSTOMERS:
        return "it names a customer's value in the clear"
    if one.name.epoch is not None and tokenise is None:
        return "it is a token, and none were made of our own values"
    return ""


def _tokens(
    found: Sequence[Report], now: datetime, own: Mapping[IndicatorKind, Own], tokenise: Tokenise | None
) -> dict[tuple[IndicatorKind, str, str], list[tuple[str, int]]]:
    """Where our own values stand, by kind, epoch and token; only for kinds and epochs that were reported."""
    if tokenise is None:
        return {}
    asked = {
        (one.name.kind, one.name.epoch)
        for one in found
        if one.name is not None and one.name.epoch is not None and one.ends > now
    }
    places: dict[tuple[IndicatorKind, str, str], list[tuple[str, int]]] = {}
    for kind, epoch in sorted(asked):
        texts = sorted(own.get(kind, {}))
        made = tokenise(kind, epoch, texts) if texts else []
        for text, token in zip(texts, made, strict=True):
            if token:
                places.setdefault((kind, epoch, token), []).extend(own[kind][text])
    return places


def _places(
    one: Report, key: HashKey, tokens: Mapping[tuple[IndicatorKind, str, str], Sequence[tuple[str, int]]]
) -> Iterable[tuple[str, int]]:
    name = one.name
    assert name is not None, "BUG: a report without a value is left out before"
    if name.epoch is not None:
        return list(tokens.get((name.kind, name.epoch, name.value), []))
    if name.kind is IndicatorKind.ASN:
        return [("asn", int(name.value))]
    return [(column, int(keys_of_texts([name.value], key, column)[0])) for column in COLUMNS[name.kind]]


def _row(
    one: Report, place: tuple[str, int], origin: str, names: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    name = one.name
    assert name is not None, "BUG: a report without a value is left out before"
    return {
        "kind": name.kind.value,
        "column": place[0],
        "value": place[1],
        "report": one.id,
        "reporter": called(one.maker, names),
        "origin": called(origin, names),
        "confidence": one.confidence / 100.0,
        "weight": round(one.weight(now), 6),
        "confirmed": one.history.confirmed,
        "false_positives": one.history.false_positives,
        "disputed": bool(one.disagreements),
        "valid_until": one.ends,
        "tlp": one.tlp.label,
        "epoch": name.epoch,
    }
