"""Any CSV, JSONL or Parquet with a mapping file, or with the column names of REQUESTS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from stillwatch.ingest.account_columns import any_accounts
from stillwatch.ingest.conversation import Messages, answer_of, messages_of
from stillwatch.ingest.mapping import TARGETS, Mapping
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context, MessageColumn, Raw, Request
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.secrets import named_account
from stillwatch.ingest.signatures import listed, signatures_of
from stillwatch.ingest.thoughts import thought_chars, with_thoughts
from stillwatch.ingest.values import Row, absent, canonical, dig, inner, micro_dollars, path_of, text, whole
from stillwatch.ingest.vectors import column_of, counts, dollars, row_numbers, strings, times, whole_strings
from stillwatch.registry import FORMATS, Format
from stillwatch.schema.requests import MESSAGE, REQUESTS

pc: Any = pyarrow.compute

TEXTS = (
    "model",
    "address",
    "network_class",
    "region",
    "user_agent",
    "stainless",
    "ja4",
    "parameters",
    "end_user",
    "conversation",
    "request_id",
    "account_id",
)
READERS = {"address": path_of, "account_id": named_account}
"""How texts are read that are not like the others."""
COUNTS = (
    "status",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "cache_written_tokens",
    "duration_ms",
    "asn",
)
SPEND = "spend"
"""In US dollars; the one number that need not be whole."""
Faults = list[tuple[int, str, str]]
Signatures = list[list[str] | None]
JSONS = ("tools", "output_format")
SIGNATURES = ("signatures", "signed")
AS_THEY_ARE = Mapping({name: name for name in TARGETS})


def detect(sample: Sample) -> float:
    """Accept only files that already use our names; the caller asks for a mapping."""
    if not sample.has("account_id", "time"):
        return 0.0
    ours = set(REQUESTS.names()) - {
        "account_id",
        "time",
        "request_id",
        "model",
        "status",
        "address",
        "user_agent",
        "messages",
        "tools",
    }
    return 0.6 + min(0.19, 0.03 * len(sample.columns & (ours | {"prompt", "system"})))


def read(row: Row, context: Context) -> Iterator[Request]:
    """Read one row as a request, through the mapping."""
    mapping = _mapping(context)
    get = _Getter(row, mapping)
    request = Request(time=context.moment(get("time"), "time", _unit(mapping)))
    for name in TEXTS:
        setattr(request, name, READERS.get(name, text)(get(name)))
    for name in COUNTS:
        setattr(request, name, whole(get(name)))
    request.spend = micro_dollars(get(SPEND))
    for name in JSONS:
        value = inner(get(name))
        setattr(request, name, canonical(value, name))
    request.messages = _said(get("messages"), get("system"), get("prompt"))
    request.answer = _answered(get("answer"))
    with_thoughts(request, get("answer"), get("messages"), get("prompt"))
    given = whole(get("reasoning_chars"))
    request.reasoning_chars = request.reasoning_chars if given is None else given
    for name in SIGNATURES:
        setattr(request, name, listed(get(name)) or getattr(request, name))
    yield request


def _said(messages: Any, system: Any, prompt: Any) -> Messages | None:
    """Return the log's messages, else system and prompt.

    The latter are plain text, not JSON to be parsed.
    """
    if messages is not None:
        return messages_of(messages, system)
    if isinstance(prompt, dict | list):
        return messages_of(prompt, system)
    return [
        (role, words)
        for role, words in (("system", system), ("user", prompt))
        if isinstance(words, str) and words
    ] or None


def _answered(answer: Any) -> str | None:
    """Return an answer's text; JSON that is no response object is the text itself."""
    return answer_of(answer) or (answer if isinstance(answer, str) and answer else None)


class _Getter:
    """Returns values by column of REQUESTS."""

    def __init__(self, row: Row, mapping: Mapping) -> None:
        self._row = row
        self._mapping = mapping

    def __call__(self, name: str) -> Any:
        path = self._mapping.columns.get(name)
        value = dig(self._row, path) if path else None
        default = self._mapping.defaults.get(name)
        if name == "account_id" and default is None:
            return value  # a customer may be called null
        return default if absent(value) else value


def _mapping(context: Context) -> Mapping:
    mapping = context.mapping or AS_THEY_ARE
    if not context.account_field:
        return mapping
    return Mapping(
        {**mapping.columns, "account_id": context.account_field}, mapping.defaults, mapping.time_unit
    )


def _unit(mapping: Mapping) -> str:
    return "" if mapping.time_unit in ("auto", "iso") else mapping.time_unit


def columns_of(batch: pa.RecordBatch, first_row: int, context: Context) -> Raw:
    """Read a Parquet batch as raw columns; plain columns never leave Arrow."""
    mapping = _mapping(context)
    unit = _unit(mapping)
    columns: dict[str, Any] = {"time": times(_pick(batch, mapping, "time"), unit, context.times)}
    columns.update(
        {
            name: strings(_pick(batch, mapping, name), from_end=name == "address")
            for name in TEXTS
            if name in mapping.columns or name in mapping.defaults
        }
    )
    columns["account_id"] = any_accounts(_pick(batch, mapping, "account_id"))
    columns.update(
        {
            name: counts(_pick(batch, mapping, name))
            for name in COUNTS
            if name in mapping.columns or name in mapping.defaults
        }
    )
    columns[SPEND] = dollars(_pick(batch, mapping, SPEND))
    faults: Faults = []
    for name in JSONS:
        columns[name] = _json_column(_pick(batch, mapping, name), name, faults)
    columns["messages"], sent = _messages(batch, mapping, faults)
    columns["answer"], signed, chars = _answers(_pick(batch, mapping, "answer"), sent, faults)
    for name, found in (("signatures", sent), ("signed", signed)):
        columns[name] = _signatures(_pick(batch, mapping, name), found)
    columns["reasoning_chars"] = pc.coalesce(counts(_pick(batch, mapping, "reasoning_chars")), chars)
    return Raw(row_numbers(first_row, len(batch)), columns, faults)


def _pick(batch: pa.RecordBatch, mapping: Mapping, name: str) -> Any:
    path = mapping.columns.get(name, "")
    head = path.partition(".")[0]
    if batch.schema.get_field_index(path) >= 0:
        column = column_of(batch, path)
    elif head and head != path and batch.schema.get_field_index(head) >= 0:
        column = pa.array([_flat(dig({head: value}, path)) for value in column_of(batch, head).to_pylist()])
    else:
        column = pa.nulls(len(batch), pa.string())
    default = mapping.defaults.get(name)
    if default is None:
        return column
    if column.null_count == len(column):
        return pa.array([default] * len(column))
    return column.fill_null(default)


def _flat(value: Any) -> Any:
    return canonical(value, "") if isinstance(value, dict | list) else value if value is None else str(value)


def _json_column(column: Any, name: str, faults: Faults) -> Any:
    if column.null_count == len(column):
        return pa.nulls(len(column), pa.string())
    seen: dict[str, str | None] = {}
    found: list[str | None] = []
    for i, value in enumerate(column.to_pylist()):
        try:
            if not isinstance(value, str):
                found.append(canonical(value, name))
                continue
            if value not in seen:
                seen[value] = canonical(inner(value), name)
            found.append(seen[value])
        except BadRow as bad:
            faults.append((i, name, bad.reason))
            found.append(None)
    return pa.array(found, pa.string())


def _messages(batch: pa.RecordBatch, mapping: Mapping, faults: Faults) -> tuple[Any, Signatures]:
    """Return the messages of each row, and the signatures that they send back."""
    full, system, prompt = (_pick(batch, mapping, name) for name in ("messages", "system", "prompt"))
    if full.type == pa.list_(MESSAGE) and system.null_count == prompt.null_count == len(full):
        return full, [None] * len(full)
    if full.null_count < len(full) or pa.types.is_nested(prompt.type):
        return _parsed(full, system, prompt, faults)
    return _from_text(whole_strings(system), whole_strings(prompt)), [None] * len(full)


def _from_text(system: Any, prompt: Any) -> Any:
    """Turn one or two plain text columns into messages, without a Python object for any row."""
    n = len(prompt)
    both = pa.concat_arrays([system, prompt])
    at = np.arange(2 * n).reshape(2, n).T.reshape(-1)
    present = np.concatenate([np.asarray(system.is_valid()), np.asarray(prompt.is_valid())])[at]
    kept = at[present]
    ends: Any = np.concatenate([[0], np.cumsum(present.reshape(n, 2).sum(axis=1))]).astype(np.int32)
    roles = pa.DictionaryArray.from_arrays(
        pa.array((kept >= n).astype(np.int8)), pa.array(["system", "user"])
    ).cast(pa.string())
    values = pa.StructArray.from_arrays([roles, both.take(pa.array(kept))], fields=list(MESSAGE))
    offsets: Any = pa.array(ends)
    return pa.ListArray.from_arrays(offsets, values, mask=pa.array(np.diff(ends) == 0))


def _parsed(full: Any, system: Any, prompt: Any, faults: Faults) -> tuple[Any, Signatures]:
    found, sent = MessageColumn(), []
    for i, parts in enumerate(zip(full.to_pylist(), system.to_pylist(), prompt.to_pylist(), strict=True)):
        try:
            found.add(_said(*(part or None for part in parts)))
            sent.append(signatures_of(parts[0], parts[2]))
        except BadRow as bad:
            faults.append((i, "messages", bad.reason))
            found.add(None)
            sent.append(None)
    return found.array(), sent


def _answers(column: Any, sent: Signatures, faults: Faults) -> tuple[Any, Signatures, Any]:
    """The answers' text, their signatures that the requests lack, and their characters of reasoning."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        looks_json = pc.match_substring_regex(column, r"^\s*[\[{]")
        if not looks_json.true_count:
            return whole_strings(column), [None] * len(column), pa.nulls(len(column), pa.int64())
    found: list[str | None] = []
    signed: Signatures = []
    chars: list[int | None] = []
    for i, value in enumerate(column.to_pylist()):
        opened = inner(value)
        try:
            found.append(_answered(value))
        except BadRow as bad:
            faults.append((i, "answer", bad.reason))
            found.append(None)
        signed.append(signatures_of(opened, but=sent[i]))
        chars.append(thought_chars(opened))
    return pa.array(found, pa.string()), signed, pa.array(chars, pa.int64())


def _signatures(column: Any, found: Signatures) -> Any:
    """Return the log's column of signatures, else those found in the messages or the answer."""
    if column.null_count < len(column):
        found = [listed(value) or other for value, other in zip(column.to_pylist(), found, strict=True)]
    return pa.array(found, pa.list_(pa.string()))


FORMATS.add(
    "generic",
    Format(
        name="generic",
        title="Any CSV, JSONL or Parquet, with a mapping file or with columns named as in the table "
        "`requests`",
        source="docs/formats.md, section 'A log of your own'",
        suffixes=(".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"),
        detect=detect,
        read=read,
        blind_spots="Whatever the mapping does not name.",
        columns=columns_of,
        spellings=TARGETS,
        sample="request_id,account_id,time,model,prompt,answer,input_tokens\n"
        "g1,ada,2026-02-01T12:00:00Z,heron,what is a reef,coral,9\n",
        gives=(
            {
                "request_id": "g1",
                "account_id": "ada",
                "model": "heron",
                "input_tokens": 9,
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
