"""SpendLogs from Parquet, fast: plain columns stay in Arrow, and each JSON text is parsed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute

from stillwatch.ingest.account_columns import any_accounts, note_doubtful
from stillwatch.ingest.conversation import ROLES, Messages, answer_of, messages_of
from stillwatch.ingest.litellm import (
    NOTHING,
    body_of,
    client_of,
    note_cut_rows,
    other_row,
    sent_of,
    status_of,
    stored_messages,
    tagged_agent,
)
from stillwatch.ingest.parameters import output_format_of, parameters_of, tools_of
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context, MessageColumn, Raw
from stillwatch.ingest.signatures import plain, signatures_of
from stillwatch.ingest.streams import put_together
from stillwatch.ingest.thoughts import thought_chars
from stillwatch.ingest.usage import counts_of, usage_of
from stillwatch.ingest.values import Row, dig, inner, mapping_of, path_of, text
from stillwatch.ingest.vectors import column_of, counts, dollars, gaps_ms, row_numbers, strings, times

pc: Any = pyarrow.compute

PLAIN = [
    "request_id",
    "litellm_call_id",
    "user",
    "api_key",
    "startTime",
    "endTime",
    "model",
    "model_group",
    "spend",
    "prompt_tokens",
    "completion_tokens",
    "request_duration_ms",
    "requester_ip_address",
    "end_user",
    "session_id",
    "status",
    "call_type",
    "team_id",
]
JSON = ("metadata", "messages", "response", "proxy_server_request", "request_tags")
WANTED = (*PLAIN, *JSON)
OTHERS = ("api_key", "user", "call_type", "messages", "response", "completion_tokens")
"""Columns that tell whether a row asks a model."""
BESIDE = ("tool_calls", "function_call", "refusal", "audio")
"""Fields of a message beside its text that are words of the answer."""
Faults = list[tuple[int, str, str]]
Signatures = list[list[str] | None]


def columns_of(batch: pa.RecordBatch, first_row: int, context: Context) -> Raw:
    """Read a batch of the table as raw columns of requests."""
    faults: list[tuple[int, str, str]] = []
    start = times(column_of(batch, "startTime"), rules=context.times)
    clients = _clients(batch, faults)
    _count_answers(clients, column_of(batch, "response"))
    columns = {
        "request_id": pc.coalesce(
            strings(column_of(batch, "request_id")), strings(column_of(batch, "litellm_call_id"))
        ),
        "account_id": _accounts(batch, context),
        "time": start,
        "model": pc.coalesce(strings(column_of(batch, "model_group")), strings(column_of(batch, "model"))),
        "input_tokens": pc.coalesce(counts(column_of(batch, "prompt_tokens")), clients["input_tokens"]),
        "output_tokens": pc.coalesce(counts(column_of(batch, "completion_tokens")), clients["output_tokens"]),
        "spend": dollars(column_of(batch, "spend")),
        "duration_ms": pc.coalesce(
            counts(column_of(batch, "request_duration_ms")),
            gaps_ms(start, times(column_of(batch, "endTime"), rules=context.times)),
        ),
        "address": pc.coalesce(
            strings(column_of(batch, "requester_ip_address"), from_end=True), clients["address"]
        ),
        "end_user": strings(column_of(batch, "end_user")),
        "conversation": strings(column_of(batch, "session_id")),
        "user_agent": clients["user_agent"],
        "stainless": clients["stainless"],
        "reasoning_tokens": clients["reasoning_tokens"],
        "cached_tokens": clients["cached_tokens"],
        "cache_written_tokens": clients["cache_written_tokens"],
        "status": _statuses(strings(column_of(batch, "status")), clients["code"]),
    }
    bodies = _bodies(column_of(batch, "proxy_server_request"), faults)
    columns.update(_asked(bodies))
    columns["messages"], sent = _messages(column_of(batch, "messages"), bodies, faults)
    note_cut_rows(columns["messages"])
    columns.update(_answers(column_of(batch, "response"), sent, faults))
    _fill_headers(columns, bodies)
    columns["user_agent"] = pc.coalesce(columns["user_agent"], _tagged(column_of(batch, "request_tags")))
    others = _others(batch)
    asked = np.asarray(start.is_valid()).copy()
    asked[[index for index, _ in others]] = False
    note_doubtful(columns["account_id"].filter(pa.array(asked)))
    return Raw(row_numbers(first_row, len(batch)), columns, faults, others)


def _others(batch: pa.RecordBatch) -> list[tuple[int, str]]:
    """Return the rows that ask no model, and what they are; only rows that may be such are looked at."""
    calls = strings(column_of(batch, "call_type")).dictionary_encode()
    odd = [call is not None and bool(other_row({"call_type": call})) for call in calls.dictionary.to_pylist()]
    passed = [call is not None and "pass_through" in call for call in calls.dictionary.to_pylist()]
    may = pc.fill_null(pa.array(np.logical_or(odd, passed), pa.bool_()).take(calls.indices), False)
    for name in ("api_key", "user"):
        inside = pc.match_substring_regex(strings(column_of(batch, name)), "(?i)^litellm[-_]internal")
        may = pc.or_(may, pc.fill_null(inside, False))
    found = []
    for i in np.flatnonzero(np.asarray(may)).tolist():
        row = {name: column_of(batch, name)[i].as_py() for name in OTHERS}
        if (kind := other_row(row)) is not None:
            found.append((i, kind))
    return found


def _accounts(batch: pa.RecordBatch, context: Context) -> Any:
    if not context.account_field:
        return any_accounts(*(column_of(batch, name) for name in ("user", "api_key", "team_id")), tell=False)
    if batch.schema.get_field_index(context.account_field) >= 0:
        return any_accounts(column_of(batch, context.account_field), tell=False)
    head = context.account_field.partition(".")[0]
    values = [dig({head: value}, context.account_field) for value in column_of(batch, head).to_pylist()]
    texts = [value if isinstance(value, str) else text(value) for value in values]
    return any_accounts(pa.array(texts, pa.string()), tell=False)


def _tagged(column: Any) -> Any:
    """Return the user agents among the tags; equal tags are read once."""
    if not pa.types.is_string(column.type):
        return pa.array(map(tagged_agent, column.to_pylist()), pa.string())
    encoded = column.dictionary_encode()
    return pa.array(map(tagged_agent, encoded.dictionary.to_pylist()), pa.string()).take(encoded.indices)


_CLIENT: dict[str, Any] = {
    "user_agent": pa.string(),
    "stainless": pa.string(),
    "input_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "reasoning_tokens": pa.int64(),
    "cached_tokens": pa.int64(),
    "cache_written_tokens": pa.int64(),
    "code": pa.int64(),
    "address": pa.string(),
}


COUNTS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "cache_written_tokens")
"""Those of `counts_of`, in its order."""


def _clients(batch: pa.RecordBatch, faults: Faults) -> dict[str, Any]:
    """Return what the metadata says about each request's client; equal metadata is read once."""
    column = column_of(batch, "metadata")
    indices = None
    if pa.types.is_string(column.type):
        encoded = column.dictionary_encode()
        column, indices = encoded.dictionary, encoded.indices
    found: list[tuple[Any, ...]] = []
    for i, meta in enumerate(column.to_pylist()):
        try:
            found.append(_client(mapping_of(meta)))
        except BadRow as bad:
            at = [i] if indices is None else np.flatnonzero(np.asarray(pc.equal(indices, i).fill_null(False)))
            faults.extend((int(row), "metadata", bad.reason) for row in at)
            found.append((None,) * len(_CLIENT))
    columns: list[Any] = (
        [
            pa.array(values, kind)
            for values, kind in zip(zip(*found, strict=True), _CLIENT.values(), strict=True)
        ]
        if found
        else []
    )
    if not columns:
        return {name: pa.nulls(len(batch), kind) for name, kind in _CLIENT.items()}
    return dict(
        zip(
            _CLIENT, columns if indices is None else [values.take(indices) for values in columns], strict=True
        )
    )


def _client(meta: Row) -> tuple[Any, ...]:
    code = status_of("failure", meta) if "error_information" in meta else None
    counted = counts_of(mapping_of(meta.get("usage_object")))
    return (*client_of(meta, {}), *counted, code, path_of(meta.get("requester_ip_address")))


def _count_answers(clients: dict[str, Any], column: Any) -> None:
    """Fill in the tokens that a response tells, where the metadata tells none."""
    untold = np.logical_and.reduce([np.asarray(clients[name].is_null()) for name in COUNTS])
    if column.null_count == len(column) or not untold.any():
        return
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        untold &= np.asarray(
            pc.fill_null(pc.match_substring_regex(column, "(?i)usage|token|meta|metrics|_eval_"), False)
        )
    places = np.flatnonzero(untold)
    if not len(places):
        return
    answers = column.take(pa.array(places)).to_pylist()
    told = [counts_of(usage_of(put_together(inner(answer)))) for answer in answers]
    at = np.full(len(column), -1)
    at[places] = np.arange(len(places))
    taken = pa.array(at, mask=at < 0)
    for name, counted in zip(COUNTS, zip(*told, strict=True), strict=True):
        clients[name] = pc.coalesce(clients[name], pa.array(counted, pa.int64()).take(taken))


def _statuses(status: Any, code: Any) -> Any:
    failed = pc.coalesce(code, pa.scalar(500, pa.int64()))
    return pc.if_else(pc.equal(status, "success"), pa.scalar(200, pa.int64()), failed)


def _answers(column: Any, sent: Signatures, faults: Faults) -> dict[str, Any]:
    """The answers' text, the signatures that they carry and the requests did not, and their characters of
    reasoning.
    """
    words: list[str | None] = []
    signed: Signatures = []
    chars: list[int | None] = []
    for i, response in enumerate(column.to_pylist()):
        text, rest = _answer(i, response, faults)
        words.append(text)
        signed.append(signatures_of(rest, but=sent[i]) if rest else None)
        chars.append(thought_chars(rest) if rest else None)
    return {
        "answer": pa.array(words, pa.string()),
        "signatures": pa.array(sent, pa.list_(pa.string())),
        "signed": pa.array(signed, pa.list_(pa.string())),
        "reasoning_chars": pa.array(chars, pa.int64()),
    }


def _answer(i: int, response: Any, faults: Faults) -> tuple[str | None, Any]:
    """An answer's text, and what of it may carry reasoning."""
    if response is None or response in NOTHING:
        return None, None
    try:
        message = (choices := orjson.loads(response)["choices"])[0]["message"]
        words = message["content"]
        if type(words) is str and len(choices) == 1 and not any(map(message.get, BESIDE)):
            return words or None, None if plain(message) else message
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
        pass
    opened = put_together(inner(response))
    try:
        return answer_of(opened), opened
    except BadRow as bad:
        faults.append((i, "response", bad.reason))
        return None, None


@dataclass
class _Bodies:
    """The stored request bodies; equal ones, as where the messages have a column of their own, are taken
    apart once.
    """

    codes: list[int | None]
    """Which body each request has."""
    bodies: list[Row]
    """Each body, its headers under the key `headers`."""

    def of(self, i: int) -> Row:
        """Return the body of a request, empty if none was stored."""
        code = self.codes[i] if self.codes else None
        return self.bodies[code] if code is not None else {}

    def each(self, take: Callable[[Row], str | None]) -> Any:
        """Return a string made of each body, as a column."""
        values = pa.array([take(body) for body in self.bodies], pa.string())
        return values.take(pa.array(self.codes, pa.int64()))


def _bodies(column: Any, faults: Faults) -> _Bodies:
    if column.null_count == len(column):
        return _Bodies([], [])
    if pa.types.is_string(column.type):
        encoded = column.dictionary_encode()
        codes, distinct = encoded.indices.to_pylist(), encoded.dictionary.to_pylist()
    else:
        codes, distinct = list(range(len(column))), column.to_pylist()
    found = _Bodies(codes, [])
    for code, sent in enumerate(distinct):
        try:
            whole = {} if sent is None or sent in NOTHING else sent_of(sent)
            body = {"headers": whole.get("headers"), **body_of(whole)} if whole else {}
            parameters_of(body), tools_of(body), output_format_of(body)
        except BadRow as bad:
            faults.extend(
                (i, bad.column or "proxy_server_request", bad.reason)
                for i, at in enumerate(codes)
                if at == code
            )
            body = {}
        found.bodies.append(body)
    return found


def _asked(bodies: _Bodies) -> dict[str, Any]:
    if not any(bodies.bodies):
        return {}
    return {
        name: bodies.each(take)
        for name, take in (
            ("parameters", parameters_of),
            ("tools", tools_of),
            ("output_format", output_format_of),
        )
    }


def _fill_headers(columns: dict[str, Any], bodies: _Bodies) -> None:
    """Fill in user agent and SDK headers from the bodies where the metadata has none."""
    if any(
        body.get("headers") or any(name in body for name in ("metadata", "litellm_metadata"))
        for body in bodies.bodies
    ):
        columns["user_agent"] = pc.coalesce(
            columns["user_agent"], bodies.each(lambda body: client_of({}, body)[0])
        )
        columns["stainless"] = pc.coalesce(
            columns["stainless"], bodies.each(lambda body: client_of({}, body)[1])
        )


def _messages(column: Any, bodies: _Bodies, faults: Faults) -> tuple[Any, Signatures]:
    """Return the messages of each request, and the signatures that they send back.

    The common case, role and plain text, is handled directly.
    """
    found = MessageColumn()
    texts, roles = found.texts, found.roles
    sent: Signatures = [None] * len(column)
    told = any("system" in body for body in bodies.bodies)
    for i, value in enumerate(column.to_pylist()):
        before = len(texts)
        try:
            for item in orjson.loads(value):
                content = item["content"]
                if len(item) != 2 or type(content) is not str or not content:
                    raise KeyError
                roles.append(ROLES[item["role"]])
                texts.append(content)
            if len(texts) > before and not (told and "system" in bodies.of(i)):
                found.offsets.append(len(texts))
                found.absent.append(False)
                continue
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            pass
        del texts[before:], roles[before:]
        messages, sent[i] = _slow_messages(i, value, bodies.of(i), faults)
        found.add(messages)
    return found.array(), sent


def _slow_messages(i: int, value: Any, body: Row, faults: Faults) -> tuple[Messages | None, list[str] | None]:
    try:
        given = stored_messages(value, body)
        return messages_of(given, body.get("system")), signatures_of(given)
    except BadRow as bad:
        faults.append((i, "messages", bad.reason))
        return None, None
