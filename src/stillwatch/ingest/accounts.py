"""The operator's accounts file. Mail addresses and phone numbers are reduced as they are read."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from stillwatch.errors import InputError
from stillwatch.ingest.context import IngestContext
from stillwatch.ingest.quarantine import Quarantine
from stillwatch.ingest.secrets import account_name
from stillwatch.ingest.tables import side_batches
from stillwatch.ingest.vectors import counts, strings, times
from stillwatch.schema.requests import ACCOUNT_ROWS
from stillwatch.schema.table import TIME

pc: Any = pyarrow.compute

ALIASES = {
    "account_id": ("account_id", "account", "id", "user_id", "user", "customer_id", "api_key_hash"),
    "created": (
        "created",
        "created_at",
        "registered",
        "registered_at",
        "signup_time",
        "signup_at",
        "creation_date",
    ),
    "plan": ("plan", "tier", "subscription", "usage_tier"),
    "verification": ("verification", "verified", "verification_level", "kyc"),
    "payment": ("payment", "payment_hash", "payment_fingerprint", "card_fingerprint", "instrument"),
    "email_domain": ("email_domain", "mail_domain"),
    "email_shape": ("email_shape", "mail_shape"),
    "email": ("email", "mail", "email_address", "user_email"),
    "phone_prefix": ("phone_prefix",),
    "phone": ("phone", "phone_number", "msisdn"),
    "organisation": (
        "organisation",
        "organization",
        "org",
        "org_id",
        "organization_id",
        "company",
        "team_id",
    ),
    "region": ("region", "country", "billing_country", "country_code"),
    "banned": ("banned", "banned_at", "suspended_at", "deactivated_at", "blocked_at"),
    "limit_requests_minute": ("limit_requests_minute", "rpm_limit", "rpm", "requests_per_minute"),
    "limit_requests_day": (
        "limit_requests_day",
        "rpd_limit",
        "rpd",
        "requests_per_day",
        "daily_requests",
        "max_requests_per_1_day",
    ),
    "limit_tokens_minute": (
        "limit_tokens_minute",
        "tpm_limit",
        "tpm",
        "tokens_per_minute",
        "max_tokens_per_1_minute",
    ),
    "limit_tokens_day": ("limit_tokens_day", "tpd_limit", "tpd", "tokens_per_day", "daily_tokens"),
}
LIMITS = tuple(name for name in ALIASES if name.startswith("limit_"))
"""What a plan allows; a limit of 0 or less is none."""
LATEST = 7_258_118_400_000_000
"""The year 2200, in microseconds since 1970."""
SHAPE = re.compile(r"(?:(?:[a9]|[^\w\s]|_)\d{0,2})+")
"""The form of a result of `shape_of`."""
CARD = re.compile(r"(?:\d[ -]?){13,19}")
"""A payment instrument that was not hashed: its keyed hash is kept instead."""


def read_accounts(path: Path, ingest_context: IngestContext, quarantine: Quarantine) -> pa.Table:
    """Read table account_rows from CSV, JSONL or Parquet.

    Raises InputError if no column names the account.
    """
    found = []
    for rows, columns in side_batches(path, ingest_context, quarantine, ALIASES):
        if "account_id" not in columns:
            raise InputError(
                "the accounts file has no column that names the account",
                where=str(path),
                do="name it account_id; docs/formats.md lists the other names taken",
            )
        found.append(_batch(path.name, rows, columns, ingest_context, quarantine))
    return pa.Table.from_batches(found, schema=ACCOUNT_ROWS.arrow)


def _batch(
    file: str, rows: Any, columns: dict[str, Any], ingest_context: IngestContext, quarantine: Quarantine
) -> pa.RecordBatch:
    ids = strings(columns["account_id"])
    for row in rows[np.asarray(ids.is_null())]:
        quarantine.add(file, int(row), "account_id", "no account")
    keep = ids.is_valid()
    key = ingest_context.pseudonym_key
    made = {**_texts(columns), **_mail(columns), **_phone(columns), **_times(columns, quarantine)}
    made |= _limits(columns, quarantine)
    made["account_id"] = pa.array(
        [None if v is None else account_name(v, key) for v in ids.to_pylist()], pa.string()
    )
    arrays = [
        made.get(field.name, pa.nulls(len(rows), field.type)).filter(keep) for field in ACCOUNT_ROWS.arrow
    ]
    batch = pa.RecordBatch.from_arrays(arrays, schema=ACCOUNT_ROWS.arrow)
    quarantine.keep(file, batch)
    return batch


def _texts(columns: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        name: strings(columns[name])
        for name in ("plan", "verification", "organisation", "region")
        if name in columns
    }
    if "payment" in columns:
        made["payment"] = _each(strings(columns["payment"]), _instrument)
    return made


def _instrument(value: str) -> str:
    return account_name(f"Bearer {value}", None) if CARD.fullmatch(value.strip()) else value


def _mail(columns: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, mend in (("email_domain", _bare_domain), ("email_shape", _bare_shape)):
        if name in columns:
            made[name] = _each(strings(columns[name]), mend)
    if "email" in columns:
        mails = strings(columns["email"])
        for name, reduce in (("email_domain", domain_of), ("email_shape", shape_of)):
            reduced = _each(mails, reduce)
            made[name] = pc.coalesce(made[name], reduced) if name in made else reduced
    return made


def domain_of(mail: str) -> str | None:
    """Return the domain of a mail address, in lower case."""
    return mail.rpartition("@")[2].strip().lower() or None if "@" in mail else None


def shape_of(mail: str) -> str | None:
    """Return the shape of the local part: letters a, digits 9, others as they are.

    A run longer than one has its length.
    """
    local = mail.rpartition("@")[0].strip().lower()
    marks = ["a" if c.isalpha() else "9" if c.isdigit() else c for c in local]
    runs = [(mark, sum(1 for _ in run)) for mark, run in groupby(marks)]
    return "".join(f"{mark}{n}" if n > 1 else mark for mark, n in runs) or None


def _bare_domain(value: str) -> str | None:
    """Return a domain. If the value is a whole address, return its domain."""
    return value.rpartition("@")[2].strip().lower() or None


def _bare_shape(value: str) -> str | None:
    """Return a shape. If the value is an address or a local part, return its shape."""
    return (
        value.strip() if SHAPE.fullmatch(value.strip()) else shape_of(value if "@" in value else f"{value}@")
    )


def _bare_prefix(value: str) -> str | None:
    """Return a phone prefix. If the value is a whole number, return its prefix."""
    return value.strip() if len(re.sub(r"\D", "", value)) <= 7 else prefix_of(value)


def _phone(columns: dict[str, Any]) -> dict[str, Any]:
    made = (
        {"phone_prefix": _each(strings(columns["phone_prefix"]), _bare_prefix)}
        if "phone_prefix" in columns
        else {}
    )
    if "phone" in columns:
        reduced = _each(strings(columns["phone"]), prefix_of)
        made["phone_prefix"] = pc.coalesce(made["phone_prefix"], reduced) if made else reduced
    return made


def prefix_of(phone: str) -> str | None:
    """Return country and carrier of a phone number: its first six digits.

    At least four digits of a usual number are then dropped.
    """
    digits = re.sub(r"\D", "", phone.strip().removeprefix("00"))
    return f"+{digits[: min(6, max(len(digits) - 4, 0))]}" if len(digits) > 5 else None


def _times(columns: dict[str, Any], quarantine: Quarantine) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in ("created", "banned"):
        if name in columns:
            read = _believable(times(columns[name]))
            quarantine.mend(
                name, "no time that can be read: left out", read.null_count - _absent(columns[name])
            )
            made[name] = read.cast(TIME)
    return made


def _limits(columns: dict[str, Any], quarantine: Quarantine) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in LIMITS:
        if name in columns:
            read = counts(columns[name])
            lost = read.null_count - _absent(columns[name])
            quarantine.mend(name, "no number that can be read: left out", max(lost, 0))
            made[name] = pc.if_else(pc.greater(read, 0), read, pa.scalar(None, pa.int64())).cast(pa.int64())
    return made


def _believable(micros: Any) -> Any:
    """Keep times from 1970 to 2200; in many tools the years 1 and 9999 mean that there is no time."""
    return pc.if_else(
        pc.or_(pc.less(micros, 0), pc.greater(micros, LATEST)), pa.scalar(None, pa.int64()), micros
    )


def _absent(column: Any) -> int:
    return strings(column).null_count if pa.types.is_string(column.type) else int(column.null_count)


def _each(column: Any, change: Any) -> Any:
    return pa.array([None if value is None else change(value) for value in column.to_pylist()], pa.string())
