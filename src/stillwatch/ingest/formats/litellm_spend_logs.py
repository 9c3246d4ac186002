"""LiteLLM's table LiteLLM_SpendLogs, exported as CSV, JSONL or Parquet."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.ingest.conversation import answer_of, messages_of
from stillwatch.ingest.gateway import account_of
from stillwatch.ingest.litellm import (
    body_of,
    client_of,
    note_cut,
    other_row,
    sent_of,
    status_of,
    stored_messages,
    tagged_agent,
)
from stillwatch.ingest.litellm_columns import JSON, WANTED, columns_of
from stillwatch.ingest.litellm_outline import SPEND
from stillwatch.ingest.litellm_settings import AGENT, EDGE, LENGTH, PAYLOADS, STORED
from stillwatch.ingest.parameters import output_format_of, parameters_of, tools_of
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.streams import put_together
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.usage import add_parts, counts_of, usage_of
from stillwatch.ingest.values import Row, inner, mapping_of, micro_dollars, path_of, text, whole
from stillwatch.registry import FORMATS, Format


def detect(sample: Sample) -> float:
    """Recognise the columns that only this table has."""
    if not sample.has("startTime") or not (sample.has("request_id") or sample.has("litellm_call_id")):
        return 0.0
    return 0.5 + 0.5 * sample.share(
        ("call_type", "api_key", "spend", "prompt_tokens", "completion_tokens", "endTime", "user")
    )


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one row of the table as a request."""
    other = other_row(row)
    if other is not None:
        yield SteppedOver(other)
        return
    meta = mapping_of(row.get("metadata"))
    sent = sent_of(row.get("proxy_server_request"))
    body = body_of(sent)
    agent, stainless = client_of(meta, sent)
    given = whole(row.get("request_duration_ms"))
    said, answer = stored_messages(row.get("messages"), body), put_together(inner(row.get("response")))
    request = Request(
        request_id=text(row.get("request_id")) or text(row.get("litellm_call_id")),
        account_id=_account(row, context),
        time=context.moment(row.get("startTime"), "startTime"),
        model=text(row.get("model_group")) or text(row.get("model")),
        status=status_of(row.get("status"), meta),
        input_tokens=whole(row.get("prompt_tokens")),
        output_tokens=whole(row.get("completion_tokens")),
        spend=micro_dollars(row.get("spend")),
        duration_ms=given if given is not None else context.span_ms(row.get("startTime"), row.get("endTime")),
        address=path_of(row.get("requester_ip_address")) or path_of(meta.get("requester_ip_address")),
        user_agent=agent or tagged_agent(row.get("request_tags")),
        stainless=stainless,
        end_user=text(row.get("end_user")),
        conversation=text(row.get("session_id")),
        messages=messages_of(said, body.get("system")),
        answer=answer_of(answer),
        parameters=parameters_of(body),
        tools=tools_of(body),
        output_format=output_format_of(body),
    )
    note_cut(words for _role, words in request.messages or ())
    usage = mapping_of(meta.get("usage_object"))
    add_parts(request, usage if any(n is not None for n in counts_of(usage)) else usage_of(answer))
    yield with_thoughts(request, answer, said)


def _account(row: Row, context: Context) -> str | None:
    return account_of(row, context, "user", "api_key", "team_id")


FORMATS.add(
    "litellm_spend_logs",
    Format(
        name="litellm_spend_logs",
        title="LiteLLM SpendLogs: the table LiteLLM_SpendLogs as CSV, JSONL or Parquet",
        source="LiteLLM, schema.prisma, model LiteLLM_SpendLogs",
        suffixes=(".csv", ".jsonl", ".ndjson", ".json", ".parquet"),
        detect=detect,
        read=read,
        blind_spots="No TLS fingerprint and no ASN. Prompts only with store_prompts_in_spend_logs; the "
        "address is the load balancer's unless use_x_forwarded_for is set.",
        columns=columns_of,
        wants=WANTED,
        json_columns=JSON,
        outline=SPEND,
        settings=(STORED, LENGTH, AGENT, PAYLOADS, EDGE),
        sample="request_id,call_type,api_key,startTime,endTime,model,user,status,prompt_tokens,completion_tokens,"
        "requester_ip_address,spend\n"
        "s1,acompletion,5f,2026-02-01 12:00:00,2026-02-01 12:00:01,heron,ada,success,9,4,203.0.113.4,"
        "1.2e-05\n",
        gives=(
            {
                "request_id": "s1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "spend": 12,
                "duration_ms": 1000,
                "address": "203.0.113.4",
            },
        ),
    ),
)
