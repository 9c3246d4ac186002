"""Ways in which a client may try to drop out of the analysis, done to the campaigns of a world."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

pc: Any = pyarrow.compute
Row = dict[str, Any]
Trick = Callable[[Row, int, str], bytes]
"""From a row of SpendLogs, its number and the id of somebody else's request to the line that is logged."""
DEEP = 300
"""Levels of a tool's schema."""
TOO_DEEP = 3_000
"""Levels that no parser takes."""
OVERSIZED = 400_000
"""Characters that are added to an oversized request; `max_row_bytes` is set below it."""
MAX_ROW_BYTES = 262_144
"""The setting under which such a request is too long for a row."""


def _line(row: Row, **changes: Any) -> bytes:
    return json.dumps(row | changes).encode()


def _body(row: Row, text: str) -> bytes:
    """The row with more in its request body, as it is."""
    sent = str(row.get("proxy_server_request") or "{}").rstrip()
    more = sent[:-1] + ("," if len(sent) > 2 else "") + text + "}"
    return _line(row, proxy_server_request=more)


def _raw(row: Row, field: bytes) -> bytes:
    """The row with one more field of its own, as it is."""
    return b"{" + field + b"," + _line(row)[1:]


def _invalid(row: Row) -> bytes:
    said = str(row["messages"]).replace('"}', ' ~~"}')
    return _line(row, messages=said).replace(b"~~", b"\xff\xfe")


def _wrong_types(row: Row, place: int) -> bytes:
    kinds: list[Row] = [
        {"end_user": [1, {"a": 2}], "session_id": 7.5},
        {"metadata": "[[[["},
        {"requester_ip_address": {"a": 1}, "status": ["success"]},
        {"response": 17, "completion_tokens": "many"},
        {"proxy_server_request": '{"tools": "no list", "thinking": 3, "metadata": [null]}'},
    ]
    return _line(row, **kinds[place % len(kinds)])


TRICKS: dict[str, Trick] = {
    "one id for all": lambda row, place, victim: _line(row, request_id="chatcmpl-0"),
    "ids of others": lambda row, place, victim: _line(row, request_id=victim),
    "deep tools": lambda row, place, victim: _body(row, f'"tools":{"[" * DEEP}{"]" * DEEP}'),
    "deep line": lambda row, place, victim: _raw(row, b'"x":' + b"[" * TOO_DEEP + b"]" * TOO_DEEP),
    "bytes that are no text": lambda row, place, victim: _invalid(row),
    "oversized": lambda row, place, victim: _raw(row, b'"x":"' + b"y" * OVERSIZED + b'"'),
    "unreadable model": lambda row, place, victim: _line(row, model={"a": [1]}, model_group=[2]),
    "wrong types": lambda row, place, victim: _wrong_types(row, place),
}
"""The tricks by name."""


def campaign_accounts(world: Path) -> set[str]:
    """Return the accounts of a world's campaigns."""
    truth = pq.read_table(world / "truth.parquet", columns=["account_id", "campaign"])
    return {str(name) for name in truth.filter(pc.not_equal(truth["campaign"], ""))["account_id"].to_pylist()}


def drop_out(world: Path, logs: Path, tricks: Sequence[str]) -> int:
    """Write a world's logs (SpendLogs as Parquet) to `logs`, with the campaigns' rows as JSON lines.

    Each of these rows tries one of `tricks`, in turn. Returns their number.
    """
    logs.mkdir(parents=True)
    accounts = pa.array(sorted(campaign_accounts(world)))
    written = 0
    with (logs / "campaigns.jsonl").open("wb") as out:
        for path in sorted((world / "logs").glob("*.parquet")):
            table = pq.read_table(path)
            ours = pc.is_in(table["user"], accounts)
            others = table.filter(pc.invert(ours))
            pq.write_table(others, logs / path.name)
            victims = others["request_id"].to_pylist()
            for row in _rows(table.filter(ours)):
                victim = str(victims[written % len(victims)] if victims else row["request_id"])
                out.write(TRICKS[tricks[written % len(tricks)]](row, written, victim) + b"\n")
                written += 1
    return written


def _rows(table: pa.Table) -> Iterator[Row]:
    for row in table.to_pylist():
        yield {
            name: value.isoformat() + "Z" if hasattr(value, "isoformat") else value
            for name, value in row.items()
        }
