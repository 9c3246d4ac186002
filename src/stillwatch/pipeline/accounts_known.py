"""Table accounts of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from stillwatch.ingest import IngestContext, Mapping, Quarantine, check_share, read_accounts
from stillwatch.ingest.table_use import TableUse
from stillwatch.pipeline.account_of_use import Beside
from stillwatch.pipeline.read_logs import Staged, distinct, refuse_unreadable
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.requests import ACCOUNT_ROWS
from stillwatch.schema.stored import ACCOUNTS, LABELS
from stillwatch.settings import Settings
from stillwatch.sketch import sketch_accounts


def accounts_known(
    path: Path | None,
    mapping: Mapping | None,
    settings: Settings,
    ingest_context: IngestContext,
    key: HashKey,
    staged: Staged,
    say: Callable[[str], None],
) -> pa.Table:
    """Table accounts: those of the accounts file, and those only seen in the log."""
    quarantine = Quarantine()
    rows = ACCOUNT_ROWS.arrow.empty_table()
    if path is not None:
        rows = read_accounts(path, ingest_context, quarantine, mapping)
        check_share(quarantine, settings.ingest)
        refuse_unreadable(quarantine, path, "accounts file", say)
    known, labels = sketch_accounts(rows, key, settings.campaigns.public_mail)
    staged.labels = distinct(pa.concat_tables([staged.labels, labels.cast(LABELS.arrow)]))
    unseen = staged.accounts.join(known.select(["account"]), "account", join_type="left anti").select(
        ["account", "account_id"]
    )
    if path is not None:
        seen = staged.accounts.num_rows
        taken = quarantine.uses.get(path.name, TableUse())
        for told in taken.notes:
            say(f"accounts file: {told}")
        staged.beside["accounts"] = Beside(
            quarantine, taken.columns_ignored, joined=(seen - unseen.num_rows, seen)
        )
    blank = [
        pa.nulls(unseen.num_rows, kind.type)
        for kind in ACCOUNTS.arrow
        if kind.name not in unseen.column_names
    ]
    more = pa.Table.from_arrays([*unseen.columns, *blank], schema=ACCOUNTS.arrow)
    return pa.concat_tables([known.cast(ACCOUNTS.arrow), more]).sort_by("account").combine_chunks()
