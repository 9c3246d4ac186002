"""What a request log's line holds around the request body: who, when, from where, and the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from stillwatch.asking_paths import asks
from stillwatch.ingest.addresses import BY_PROXIES, SPELLED, joined
from stillwatch.ingest.dialects import fill, is_anthropic
from stillwatch.ingest.endpoints import other_bodies, other_path
from stillwatch.ingest.parameters import output_format_of, parameters_of, stainless_of, tools_of
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.secrets import any_account, clean_headers, credential_of, first_account
from stillwatch.ingest.status import answer_status, fault_status
from stillwatch.ingest.streams import put_together
from stillwatch.ingest.values import (
    Row,
    dig,
    first,
    first_text,
    inner,
    mapping_of,
    micro_dollars,
    text,
    whole,
)

BODIES = ("request.body", "request", "body", "request_body", "input_body", "params", "payload")
ANSWERS = ("response.body", "response", "response_body", "output_body", "completion", "result")
HEADERS = ("headers", "request_headers", "request.headers")
IDS = ("request_id", "x_request_id", "log_id", "response.request_id", "id", "custom_id")
ACCOUNTS = [
    "account_id",
    "account",
    "api_key_id",
    "key_id",
    "key",
    "api_key",
    "organization_id",
    "organisation_id",
    "organization",
    "organisation",
    "org_id",
    "org",
    "customer_id",
    "project_id",
    "project",
    "team_id",
    "user_id",
    "accountId",
    "apiKeyId",
    "organizationId",
    "orgId",
    "customerId",
    "projectId",
    "teamId",
    "userId",
    "tenant_id",
    "tenantId",
    "tenant",
    "consumer",
    "virtual_key",
    "virtual_key_id",
    *(f"{holder}.id" for holder in ("account", "api_key", "consumer", "customer", "organization", "user")),
]
TAGS = (
    "metadata.account_id",
    "metadata.user_id",
    "metadata.user_api_key_user_id",
    "metadata.user_api_key_hash",
)
"""Tags of a gateway that name the account. In a line that is the body itself they are the client's words."""
SPELLINGS = (
    *("time", "timestamp", "created_at", "request_time", "start_time", "request_id", "id", "model"),
    *("account", "account_id", "api_key", "user_id", "customer_id", "organization", "tenant_id", "team_id"),
    *("prompt", "messages", "system", "response", "completion", "usage", "status", "status_code"),
    *("duration_ms", "latency_ms", "client_ip", "ip_address", "ip", "user_agent", "ja4", "headers", "path"),
    *("session_id", "conversation_id", "input_tokens", "output_tokens", "prompt_tokens", "completion_tokens"),
)
"""Names that a table may spell in another way, as `Client IP`."""
TIMES = (
    "time",
    "timestamp",
    "ts",
    "created_at",
    "created",
    "request_time",
    "requested_at",
    "start_time",
    "startTime",
    "started_at",
    "date",
    "t",
    "t_s",
    "request.time",
)
ENDS = ("end_time", "endTime", "ended_at", "finished_at", "completed_at")
DURATIONS = ("duration_ms", "latency_ms", "response_time_ms", "elapsed_ms")
ADDRESSES = ("address", "client_ip", "client_address", "ip", "ip_address", "remote_ip")
"""Fields in which an operator names the client."""
PEERS = ("remote_addr", "peer", "peer_address")
"""Fields that name the other end of the connection, often a load balancer."""
SESSIONS = ("conversation_id", "session_id", "thread_id", "conversation")
STATUSES = ("status_code", "http_status", "response.status_code", "response.status", "status")
FINE = ("success", "succeeded", "ok", "completed", "incomplete")
"""What logs and the Responses API call a call that came to an end."""
FORWARDED = (*SPELLED[:BY_PROXIES], "downstream_remote_address", *SPELLED[BY_PROXIES:])
"""What proxies write, before what they may only have passed on."""
PATHS = (
    "path",
    "uri",
    "url",
    "endpoint",
    "route",
    "request_path",
    "request.path",
    "request.url",
    "request.uri",
)
DEPLOYMENT = re.compile(r"/(?:deployments|models?|engines)/([^/:?]+)(?=[/:])")
"""The model in the path of a call: Azure OpenAI, Vertex, Bedrock."""
COUNTED = (
    *("prompt_tokens", "input_tokens", "promptTokens", "inputTokens"),
    *("completion_tokens", "output_tokens", "completionTokens", "outputTokens"),
)
"""Counts of tokens in the line itself."""
COSTS = ("cost_usd", "spend_usd", "response_cost_usd")
"""What the call cost; only where the name says the currency."""
SAYS = ("messages", "input", "prompt", "instructions", "system")


@dataclass(frozen=True)
class Envelope:
    """One line, taken apart."""

    row: Row
    """The line itself."""
    body: Row
    """The request's body."""
    answer: Any
    """The response's body."""
    headers: Row
    """The request's headers, lower case, without credentials."""
    credential: str | None
    """The API key that it carried; it is only used to make an account id."""

    @property
    def path(self) -> Any:
        """The path of the call; nothing if the line has none."""
        return first(self.row, *PATHS)

    @property
    def anthropic(self) -> bool:
        """Whether request and response are in the words of Anthropic's Messages API."""
        return is_anthropic(self.body, self.answer, path=self.path, headers=self.headers)

    @property
    def other(self) -> str | None:
        """What the line is if it does not ask a model for text; None if it does, or if that is not known."""
        if asks(self.path):
            return None
        return other_path(self.path) or other_bodies(self.body, self.answer)


def opened(row: Row) -> Envelope:
    """Return the parts of a line, however it nests them.

    What a line holds beside a nested body also belongs to the request.
    """
    body: Row = {}
    for path in BODIES:
        body = mapping_of(dig(row, path))
        if body and not set(body) <= {"headers", "method", "url", "path"}:
            break
    if body:
        body = {**{name: inner(row[name]) for name in SAYS if name in row and name not in body}, **body}
    given = inner(first(row, *HEADERS))
    answer = put_together(inner(first(row, *ANSWERS)))
    return Envelope(row, body or row, answer, clean_headers(given), credential_of(given))


def request_of(envelope: Envelope, context: Context) -> Request:
    """Return everything but the words, the tokens and the end user."""
    row, body, headers = envelope.row, envelope.body, envelope.headers
    return Request(
        request_id=first_text(row, *IDS)
        or text(headers.get("x-request-id"))
        or first_text(mapping_of(envelope.answer), "id", "responseId"),
        account_id=_account(envelope, context),
        time=context.moment(_time(envelope)),
        model=text(body.get("model"))
        or text(mapping_of(envelope.answer).get("model"))
        or text(row.get("model"))
        or _model_in(envelope.path),
        status=_status(envelope),
        spend=micro_dollars(first(row, *COSTS)),
        duration_ms=_duration(row, context),
        address=joined(
            first(row, *ADDRESSES), first(_forwarded(row, headers), *FORWARDED), first(row, *PEERS)
        ),
        user_agent=text(row.get("user_agent")) or text(headers.get("user-agent")),
        stainless=stainless_of(headers),
        ja4=text(row.get("ja4")) or text(headers.get("x-ja4")) or text(headers.get("ja4")),
        parameters=parameters_of(body),
        tools=tools_of(body),
        output_format=output_format_of(body),
        conversation=_conversation(row, body),
    )


def _forwarded(row: Row, headers: Row) -> Row:
    """Return the fields that proxies write. They are asked for one by one, so that other fields need not be
    the same in rows that are read alike (see frames).
    """
    return {
        name: value
        for name in FORWARDED
        if (value := headers[name] if name in headers else row.get(name)) is not None
    }


def request_of_body(envelope: Envelope) -> Request:
    """Return the same for a body alone, without what only a log's line holds."""
    body, answer = envelope.body, mapping_of(envelope.answer)
    return Request(
        request_id=text(answer.get("id")),
        model=text(body.get("model")) or text(answer.get("model")),
        parameters=parameters_of(body),
        tools=tools_of(body),
        output_format=output_format_of(body),
        conversation=_conversation({}, body),
    )


def _account(envelope: Envelope, context: Context) -> str | None:
    if context.account_field:
        return any_account(envelope.row, context.account_field)
    gateway = envelope.body is not envelope.row
    return (
        first_account(envelope.row, *ACCOUNTS)
        or (first_account(envelope.row, *TAGS) if gateway else None)
        or text(envelope.headers.get("openai-organization"))
        or envelope.credential
        or any_account(envelope.row, *TAGS, *ACCOUNTS)
    )


def _time(envelope: Envelope) -> Any:
    answer = mapping_of(envelope.answer)
    return next(
        (
            v
            for v in (first(envelope.row, *TIMES), answer.get("created"), answer.get("created_at"))
            if v is not None
        ),
        None,
    )


def _status(envelope: Envelope) -> int | None:
    status = first(envelope.row, *STATUSES)
    if status is None and (code := _code(envelope)) is not None:
        return code
    if isinstance(status, str) and not status.isdigit():
        known = _code(envelope)
        return 200 if known is None and status.lower() in FINE else known or answer_status({"status": status})
    if status is None:
        return answer_status(mapping_of(envelope.answer))
    return whole(status)


def _code(envelope: Envelope) -> int | None:
    """Return the status in an error object, of the row or of the answer."""
    for holder in (envelope.row, mapping_of(envelope.answer)):
        if (fault := holder.get("error")) and (code := fault_status(fault)) is not None:
            return code
    return None


def _model_in(path: Any) -> str | None:
    found = DEPLOYMENT.search(path) if isinstance(path, str) else None
    return text(unquote(found[1])) if found else None


def _duration(row: Row, context: Context) -> int | None:
    given, end = first(row, *DURATIONS), first(row, *ENDS)
    if given is not None:
        return whole(given)
    return context.span_ms(first(row, *TIMES), end) if end is not None else None


def _conversation(row: Row, body: Row) -> str | None:
    for found in (first(row, *SESSIONS), body.get("conversation")):
        name = text(found.get("id")) if isinstance(found, dict) else text(found)
        if name:
            return name
    return text(mapping_of(body.get("metadata")).get("session_id"))


def asking(sample: Sample) -> list[Envelope]:
    """Return the sampled rows that ask a model, taken apart, for `detect`."""
    return [envelope for envelope in map(opened, sample.rows) if envelope.other is None]


def read_line(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one line, whichever API's words it holds."""
    envelope = opened(row)
    other = envelope.other
    if other is not None:
        yield SteppedOver(other)
        return
    yield fill(
        request_of(envelope, context),
        envelope.body,
        envelope.answer,
        usage=row.get("usage") or {name: row[name] for name in COUNTED if name in row},
        path=envelope.path,
        headers=envelope.headers,
    )
