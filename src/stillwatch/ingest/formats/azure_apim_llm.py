"""Logs of language models of Azure API Management: several rows a call, joined by CorrelationId."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.endpoints import other_path
from stillwatch.ingest.gateway import account_of, folded, with_words
from stillwatch.ingest.held import Held
from stillwatch.ingest.quarantine import BadRow, Missing
from stillwatch.ingest.request import Context, Numbered, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, absent, first, first_text, inner, mapping_of, whole
from stillwatch.registry import FORMATS, Format

MARKS = frozenset(
    ("requestmessages", "responsemessages", "prompttokens", "completiontokens", "isstreamcompletion")
)
ACCOUNTS = ("userid", "apimsubscriptionid", "subscriptionname")
JOINED = "the rows of one call"
"""Field of a gathered row, which no log has."""


def detect(sample: Sample) -> float:
    """A correlation, a place in the exchange, and counts or messages."""
    rows = [folded(row, "properties") for row in sample.rows]
    if not rows or not all("correlationid" in row for row in rows):
        return 0.0
    return 0.95 if any("sequencenumber" in row and MARKS & set(row) for row in rows) else 0.0


def gather(rows: Numbered) -> Numbered:
    """Join the rows of each call; rows of ApiManagementGatewayLogs in the same file belong to it too."""
    held: Held[tuple[int, list[Row]]] = Held()
    for number, row in rows:
        if isinstance(row, BadRow | SteppedOver):
            yield number, row
            continue
        flat = folded(row, "properties")
        key = first_text(flat, "correlationid")
        if key is None:
            yield number, {JOINED: [flat]}
            continue
        begun, parts = held.get(key) or (number, [])
        parts.append(flat)
        held.put(key, (begun, parts), 400 + sum(len(v) for v in flat.values() if isinstance(v, str)))
        for first_number, done in held.overdue():
            yield first_number, {JOINED: done}
    for first_number, done in held.rest():
        yield first_number, {JOINED: done}


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read the joined rows of one call as a request."""
    parts = row.get(JOINED) or [folded(row, "properties")]
    flat: Row = {}
    for part in parts:
        flat.update({name: value for name, value in part.items() if not absent(value)})
    if not any("sequencenumber" in part for part in parts):
        yield SteppedOver("calls that the model log does not have")
        return
    other = other_path(first_text(flat, "url", "operationid"))
    if other is not None:
        yield SteppedOver(other)
        return
    account = account_of(flat, context, *ACCOUNTS)
    if account is None and context.account_field:
        account = first_text(flat, context.account_field.lower())
    if account is None:
        raise Missing(
            "account_id",
            "the model log of API Management names no account: export it joined with "
            "ApiManagementGatewayLogs on CorrelationId, or name a column with ingest.account_field",
        )
    body = mapping_of(inner(first(flat, "requestbody", "backendrequestbody")))
    said = _joined(parts, "requestmessages")
    if said is not None:
        body = {**body, **(said if isinstance(said, dict) else {"messages": said})}
    request = Request(
        request_id=first_text(flat, "correlationid", "requestid"),
        account_id=account,
        time=context.moment(
            first(flat, "timegenerated", "timegenerated [utc]", "time", "timestamp"), "TimeGenerated"
        ),
        model=first_text(flat, "modelname", "deploymentname"),
        status=whole(first(flat, "responsecode", "backendresponsecode")),
        input_tokens=_largest(parts, "prompttokens"),
        output_tokens=_largest(parts, "completiontokens"),
        duration_ms=whole(first(flat, "totaltime", "durationms")),
        address=first_text(flat, "calleripaddress"),
    )
    yield with_words(request, body, _answer(_joined(parts, "responsemessages")))


def _joined(parts: list[Row], name: str) -> Any:
    """Return the messages of all parts in order: lists after each other, pieces of a text put together."""
    found = [
        (whole(part.get("sequencenumber")) or 0, inner(part[name]))
        for part in parts
        if not absent(part.get(name))
    ]
    values = [value for _, value in sorted(found, key=lambda item: item[0])]
    if not values:
        return None
    if all(isinstance(value, str) for value in values):
        return inner("".join(values))
    said: list[Any] = []
    for value in values:
        said.extend(value if isinstance(value, list) else [value])
    return said


def _answer(said: Any) -> Any:
    if isinstance(said, str):
        return {"text": said}
    if isinstance(said, dict):
        said = [said] if "choices" not in said else said
    if not isinstance(said, list):
        return said
    return {"choices": [{"message": message} for message in said]}


def _largest(parts: list[Row], name: str) -> int | None:
    counts = [count for part in parts if (count := whole(part.get(name))) is not None]
    return max(counts, default=None)


SAMPLE = [
    {
        "TimeGenerated": "2026-02-01T12:00:00Z",
        "CorrelationId": "a1",
        "SequenceNumber": 0,
        "ModelName": "heron-large",
        "DeploymentName": "heron",
        "PromptTokens": 9,
        "CompletionTokens": 4,
        "IsStreamCompletion": False,
        "UserId": "ada",
        "ResponseCode": 200,
    },
    {
        "TimeGenerated": "2026-02-01T12:00:00Z",
        "CorrelationId": "a1",
        "SequenceNumber": 1,
        "RequestMessages": '[{"role": "user", "content": "what is a reef"}]',
    },
    {
        "TimeGenerated": "2026-02-01T12:00:01Z",
        "CorrelationId": "a1",
        "SequenceNumber": 2,
        "ResponseMessages": '[{"role": "assistant", "content": "coral"}]',
    },
]
FORMATS.add(
    "azure_apim_llm",
    Format(
        name="azure_apim_llm",
        title="Azure API Management, table ApiManagementGatewayLlmLog (category GatewayLlmLogs): several "
        "rows a call",
        source="Microsoft Learn, Azure Monitor tables: ApiManagementGatewayLlmLog, ApiManagementGatewayLogs",
        suffixes=(".json", ".jsonl", ".csv"),
        detect=detect,
        read=read,
        gather=gather,
        blind_spots="The table names no account, status and address: ApiManagementGatewayLogs has them, "
        "joined on CorrelationId or in the same file. Messages above 2 MB are cut by Azure. No user agent. A "
        "call whose rows lie more than 20,000 calls apart becomes two",
        sample="\n".join(map(json.dumps, SAMPLE)) + "\n",
        gives=(
            {
                "request_id": "a1",
                "account_id": "ada",
                "model": "heron-large",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
