"""Account ids of whole columns, as `secrets.any_account` finds them row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute

from stillwatch.ingest.notes import note
from stillwatch.ingest.secrets import KEPT, account_text, literal_account
from stillwatch.ingest.vectors import strings, whole_strings

pc: Any = pyarrow.compute


def any_accounts(*columns: Any, tell: bool = True) -> Any:
    """Return of each row the first account id among several columns, or else the first text that may be one.

    columns: of any type and one length. tell: whether to note the latter, for all rows.
    """
    found = pc.coalesce(*(_each(strings(column), account_text) for column in columns))
    texts = [column for column in columns if pa.types.is_string(column.type)]
    if found.null_count and texts:
        doubtful = pc.coalesce(*(_each(whole_strings(column), literal_account) for column in texts))
        found = pc.coalesce(found, doubtful)
        if tell:
            note_doubtful(found)
    return found


def note_doubtful(accounts: Any) -> None:
    """Note how many ids are kept only since no other field names the account."""
    count = _each(accounts, account_text).null_count - accounts.null_count
    if count:
        note("account_id", KEPT, count)


def _each(column: Any, change: Callable[[Any], str | None]) -> Any:
    """Change each distinct text of a column."""
    encoded = column.dictionary_encode()
    return pa.array(map(change, encoded.dictionary.to_pylist()), pa.string()).take(encoded.indices)
