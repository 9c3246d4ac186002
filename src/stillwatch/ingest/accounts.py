"""The operator's accounts file. Mail addresses and phone numbers are reduced as they are read."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from stillwatch.account_names import account_name
from stillwatch.errors import InputError
from stillwatch.ingest.account_columns import any_accounts
from stillwatch.ingest.account_limits import LIMITS, limits_of
from stillwatch.ingest.account_times import NO, YES, AccountTimes
from stillwatch.ingest.context import IngestContext
from stillwatch.ingest.mapping import Mapping, MappingKind, load_mapping, time_rules
from stillwatch.ingest.quarantine import Quarantine
from stillwatch.ingest.scientific import mostly_scientific, scientific
from stillwatch.ingest.table_use import TableUse
from stillwatch.ingest.tables import NONE_SAYS_SOMETHING, SideBatch, side_batches
from stillwatch.ingest.vectors import strings, whole_strings
from stillwatch.schema.requests import ACCOUNT_ROWS

pc: Any = pyarrow.compute

ALIASES: dict[str, tuple[str, ...]] = {
    "account_id": (
        "account_id",
        "account",
        "user_id (metadata)",
        "account_id (metadata)",
        "metadata.user_id",
        "metadata.account_id",
        "user_id",
        "token",
        "api_key_hash",
        "customer_id",
        "local_id",
        "uid",
        "sub",
        "id",
        "user",
    ),
    "created": (
        "created",
        "created_at",
        "created_on",
        "created_utc",
        "created_date",
        "date_created",
        "registered",
        "registered_at",
        "signup_time",
        "signup_at",
        "signup_date",
        "creation_date",
        "creation_time",
        "metadata.creation_time",
        "user_create_date",
        "date_joined",
        "joined_at",
        "added_at",
        "inserted_at",
    ),
    "plan": ("plan", "tier", "subscription", "usage_tier", "app_metadata.plan", "raw_app_meta_data.plan"),
    "verification": ("verification", "verified", "verification_level", "kyc"),
    "email_verified": ("email_verified", "email_confirmed_at"),
    "payment": (
        "payment",
        "payment_hash",
        "payment_fingerprint",
        "card_fingerprint",
        "instrument",
        "payment_method.card.fingerprint",
    ),
    "email_domain": ("email_domain", "mail_domain"),
    "email_shape": ("email_shape", "mail_shape"),
    "email": ("email", "mail", "email_address", "user_email", "primary_email_address"),
    "phone_prefix": ("phone_prefix",),
    "phone": ("phone", "phone_number", "msisdn", "primary_phone_number"),
    "organisation": (
        "organisation",
        "org",
        "org_id",
        "organisation_id",
        "organisation_name",
        "company",
        "team_id",
    ),
    "region": (
        "region",
        "country",
        "billing_country",
        "country_code",
        "address.country",
        "card_address_country",
    ),
    "banned": ("banned", "banned_at", "suspended_at", "blocked_at", "banned_on"),
    "banned_unknown": (
        "is_banned",
        "blocked",
        "is_blocked",
        "suspended",
        "is_suspended",
    ),
    **LIMITS,
}
"""Our columns and those of billing and identity systems: Stripe's customers, LiteLLM_UserTable and
LiteLLM_VerificationToken, Auth0, Clerk, Cognito, Firebase, Supabase, members of an OpenAI organisation.
"""
ACCOUNTS_MAPPING = MappingKind("--accounts-mapping", tuple(ALIASES), (("account_id",),))
TIMES = ("created", "banned")
BANS = ("banned", "banned_unknown")
"""Of these the last row of an account decides, also where it says nothing: a ban may have been lifted."""
SEVERAL = "several rows of one account became one: the last value of each column, the first time of created"
SHAPE = re.compile(r"(?:(?:[a9]|[^\w\s]|_)\d{0,2})+")
"""The form of a result of `shape_of`."""
CARD = re.compile(r"(?:\d[ -]?){13,19}")
"""A payment instrument that was not hashed: its keyed hash is kept instead."""


def load_accounts_mapping(path: Path | None) -> Mapping | None:
    """Read a mapping of the accounts file; None if there is none. Raises SettingError."""
    return None if path is None else load_mapping(path, ACCOUNTS_MAPPING)


def read_accounts(
    path: Path, ingest_context: IngestContext, quarantine: Quarantine, mapping: Mapping | None = None
) -> pa.Table:
    """Read table account_rows from CSV, JSONL or Parquet: one row for each account.

    Where an account has several rows, the last value of each column counts, but the first time of `created`,
    and of a ban the last row, also where it says nothing.
    Raises InputError if no column names the account, its ids are in scientific notation, or day and month of
    a column of dates can be exchanged.
    """
    found: list[pa.RecordBatch] = []
    dates: dict[str, list[Any]] = {name: [] for name in TIMES}
    for batch in side_batches(path, ingest_context, quarantine, ALIASES, mapping):
        if not batch.has("account_id"):
            raise InputError(
                "the accounts file has no column that names the account",
                where=str(path),
                do="name it account_id, or name its column in an --accounts-mapping file; docs/formats.md "
                "lists the other names taken",
            )
        made, keep = _batch(path, batch, ingest_context, quarantine)
        found.append(made)
        for name in TIMES:
            column = batch.one(name)
            dates[name].append(
                pa.nulls(made.num_rows, pa.string()) if column is None else column.filter(keep)
            )
    if not found:
        return ACCOUNT_ROWS.arrow.empty_table()
    table = pa.Table.from_batches(found, schema=ACCOUNT_ROWS.arrow)
    read = AccountTimes(path, time_rules(ingest_context.settings, mapping), quarantine, mapping)
    created = read.column("created", dates["created"])
    banned, unknown = read.bans(dates["banned"], table["banned_unknown"])
    for name, values in (("created", created), ("banned", banned), ("banned_unknown", unknown)):
        table = table.set_column(table.schema.get_field_index(name), ACCOUNT_ROWS.arrow.field(name), values)
    read.told()
    for part in table.to_batches():
        quarantine.keep(path.name, part)
    return _one_each(path, table, quarantine)


def _one_each(path: Path, table: pa.Table, quarantine: Quarantine) -> pa.Table:
    """Return one row for each account, in the order of the first ones."""
    names = [name for name in table.column_names if name != "account_id"]
    merged = table.combine_chunks().group_by(["account_id"], use_threads=False)
    keeps_nothing = pc.ScalarAggregateOptions(skip_nulls=False, min_count=0)
    one = merged.aggregate(
        [
            (name, "min" if name == "created" else "last", keeps_nothing if name in BANS else None)
            for name in names
        ]
    )
    more = table.num_rows - one.num_rows
    if not more:
        return table
    quarantine.mend("account_id", SEVERAL, more)
    quarantine.use(
        path.name, TableUse(notes=(f"{more:,} more row{'s' * (more > 1)} than accounts: {SEVERAL}",))
    )
    arrays = {name.removesuffix("_last").removesuffix("_min"): one[name] for name in one.column_names}
    return pa.Table.from_arrays([arrays[name] for name in table.column_names], schema=table.schema)


def _batch(
    path: Path, batch: SideBatch, ingest_context: IngestContext, quarantine: Quarantine
) -> tuple[pa.RecordBatch, Any]:
    """Return the rows of a batch without their times, and which of its rows they are."""
    ids = _ids(path, batch, quarantine)
    for row in batch.rows[np.asarray(ids.is_null())]:
        quarantine.add(path.name, int(row), "account_id", "no account")
    keep = ids.is_valid()
    key = ingest_context.pseudonym_key
    columns = {ours: batch.one(ours) for ours in {**batch.columns, **batch.default}}
    made = {**_texts(columns), **_mail(columns), **_phone(columns), **limits_of(columns, quarantine)}
    made["account_id"] = pa.array(
        [None if v is None else account_name(v, key) for v in ids.to_pylist()], pa.string()
    )
    if "banned_unknown" in columns:
        made["banned_unknown"] = pa.array(
            [_flag(value, otherwise=value is not None) for value in columns["banned_unknown"].to_pylist()],
            pa.bool_(),
        )
    arrays = [
        made.get(field.name, pa.nulls(len(batch.rows), field.type)).filter(keep)
        for field in ACCOUNT_ROWS.arrow
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=ACCOUNT_ROWS.arrow), keep


def _ids(path: Path, batch: SideBatch, quarantine: Quarantine) -> Any:
    """Return the account ids: of each row the first that is neither a mask nor shared by everybody."""
    found = []
    for name, column in batch.columns.get("account_id", ()):
        if mostly_scientific(column):
            raise InputError(
                f"the ids in column {name} are in scientific notation, so their last digits are lost",
                where=str(path),
                do="export the column as text",
            )
        quarantine.mend("account_id", "in scientific notation: no account has it", scientific(column))
        found.append(column)
    if "account_id" in batch.default:
        found.append(pa.array([str(batch.default["account_id"])] * len(batch.rows), pa.string()))
    return any_accounts(*found)


def _texts(columns: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        name: whole_strings(columns[name]) if name in NONE_SAYS_SOMETHING else strings(columns[name])
        for name in ("plan", "verification", "organisation", "region")
        if name in columns
    }
    if "email_verified" in columns:
        proved = pa.array(
            [
                "email" if _flag(v, otherwise=v is not None) else None
                for v in columns["email_verified"].to_pylist()
            ],
            pa.string(),
        )
        made["verification"] = pc.coalesce(made["verification"], proved) if "verification" in made else proved
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


def _flag(value: Any, *, otherwise: bool) -> bool:
    """Return a yes or no; `otherwise` for a value that is neither."""
    word = str(value).strip().lower().removesuffix(".0")
    return word in YES or (otherwise and word not in NO)


def _each(column: Any, change: Any) -> Any:
    return pa.array([None if value is None else change(value) for value in column.to_pylist()], pa.string())
