"""Attributes of a span -> fields of a call, in one pass over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.secrets import account_text
from stillwatch.ingest.values import Row, absent, text

ASKED = "asked."
"""Head of the fields that are parameters of the call."""


def _given(value: Any) -> Any:
    return None if value is None or value == "" else value


def _header(value: Any) -> Any:
    """Return a value that may be a header; headers come as lists of one."""
    return (
        (", ".join(map(str, value)) or None) if isinstance(value, list) else None if absent(value) else value
    )


def _named(value: Any) -> str | None:
    return text(_header(value))


READ: tuple[tuple[str, tuple[str, ...], Callable[[Any], Any]], ...] = (
    ("owner", names.OWNER, account_text),
    ("account", names.ACCOUNT, account_text),
    ("end_user", names.END_USER, text),
    ("other_user", names.END_USER[len(names.ENDUSER) :], text),
    ("model", names.MODEL, text),
    ("input_tokens", names.INPUT_TOKENS, _given),
    ("output_tokens", names.OUTPUT_TOKENS, _given),
    ("reasoning_tokens", names.REASONING_TOKENS, _given),
    ("cached_tokens", names.CACHED_TOKENS, _given),
    ("cache_written_tokens", names.WRITTEN_TOKENS, _given),
    ("spend", names.SPEND, _given),
    ("conversation", names.CONVERSATION, text),
    ("response_id", names.RESPONSE_ID, text),
    ("named_address", names.NAMED_ADDRESS, _header),
    ("forwarded", names.FORWARDED, _header),
    ("peer", names.PEER, _header),
    ("user_agent", names.USER_AGENT, _named),
    ("status", names.STATUS, _given),
    ("ja4", names.JA4, _named),
    ("region", names.REGION, _named),
    ("asn", names.ASN, _given),
    ("tools", names.TOOLS, _given),
    ("output_format", names.OUTPUT_FORMAT, _given),
)
"""Each field, the attributes that may hold it, and what makes a value of it, or None where it holds none."""
PLACES: dict[str, list[tuple[str, int, Callable[[Any], Any]]]] = {}
for _field, _several, _reading in READ:
    for _rank, _name in enumerate(_several):
        PLACES.setdefault(_name, []).append((_field, _rank, _reading))
for _rank, (_name, _field) in enumerate(names.PARAMETERS.items()):
    PLACES.setdefault(_name, []).append((ASKED + _field, _rank, _given))


def fields_of(attributes: Row) -> Row:
    """Return the fields that attributes hold. Of several names for one, the first in its list counts."""
    found: Row = {}
    ranks: dict[str, int] = {}
    for name, value in attributes.items():
        for field, rank, reading in PLACES.get(name, ()):
            if rank < ranks.get(field, 1_000) and (read := reading(value)) is not None:
                found[field], ranks[field] = read, rank
    return found
