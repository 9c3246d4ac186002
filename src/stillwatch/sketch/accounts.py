"""The accounts file -> table ACCOUNTS: identities become keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.schema.keyed import HashKey, keys_of
from stillwatch.schema.stored import ACCOUNTS
from stillwatch.sketch.arrow import compute
from stillwatch.sketch.batch import account_keys
from stillwatch.sketch.mail_roots import mail_roots
from stillwatch.sketch.marks import Labels

PASSED = (
    "account_id",
    "created",
    "plan",
    "verification",
    "region",
    "banned",
    "banned_unknown",
    "limit_requests_minute",
    "limit_requests_day",
    "limit_tokens_minute",
    "limit_tokens_day",
)
SHOWN = ("organisation", "email_domain", "phone_prefix", "email_shape")


def sketch_accounts(rows: pa.Table, key: HashKey, public_mail: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """Turn table ACCOUNT_ROWS into table ACCOUNTS and its labels.

    A payment instrument's label is six hexadecimal digits of its key.
    """
    labels = Labels()
    columns: dict[str, pa.Array[Any]] = {name: rows.column(name).combine_chunks() for name in PASSED}
    columns["account"] = account_keys(columns["account_id"], key)
    for name in SHOWN:
        shown = compute.utf8_trim_whitespace(rows.column(name).combine_chunks())
        folded = _folded(shown)
        columns[name] = keys_of(folded, key, name)
        if name == "email_domain":
            shown = folded
            columns["email_public"] = _is_public(folded, public_mail)
            roots = mail_roots(folded, public_mail)
            columns["mail_root"] = keys_of(roots, key, "mail_root")
            labels.add("mail_root", roots.unique(), key)
        pairs = (
            pa.table({"key": columns[name], "label": shown})
            .group_by(["key"], use_threads=False)
            .aggregate([("label", "min")])
        )
        labels.add_keys(
            name, pairs.column("key").combine_chunks(), pairs.column("label_min").combine_chunks()
        )
    payment = keys_of(compute.utf8_trim_whitespace(rows.column("payment").combine_chunks()), key, "payment")
    columns["payment"] = payment
    distinct = payment.unique().drop_null()
    labels.add_keys(
        "payment",
        distinct,
        pa.array([f"payment {int(value) & 0xFFFFFF:06x}" for value in np.asarray(distinct)], pa.string()),
    )
    table = pa.Table.from_arrays(
        [columns[c.name].cast(c.type) for c in ACCOUNTS.columns], schema=ACCOUNTS.arrow
    )
    return table, labels.table()


def _folded(texts: Any) -> Any:
    """Remove differences of case and spacing."""
    return compute.replace_substring_regex(compute.utf8_lower(texts), r"\s+", " ")


def _is_public(domains: pa.Array[Any], public_mail: Sequence[str]) -> Any:
    inside = np.asarray(compute.is_in(domains, value_set=pa.array(list(public_mail), pa.string())))
    return pa.array(inside, mask=np.asarray(domains.is_null()))
