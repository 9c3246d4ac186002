"""LiteLLM's StandardLoggingPayload, one per line, as its callbacks write it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stillwatch.ingest.conversation import answer_of, messages_of
from stillwatch.ingest.gateway import account_of
from stillwatch.ingest.litellm import client_of, other_row, status_of, tagged_agent
from stillwatch.ingest.litellm_outline import PAYLOAD
from stillwatch.ingest.litellm_settings import EDGE, NOT_TURNED_OFF
from stillwatch.ingest.parameters import output_format_of, parameters_of, tools_of
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.streams import put_together
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.usage import add_parts, usage_of
from stillwatch.ingest.values import Row, inner, mapping_of, micro_dollars, path_of, text, whole
from stillwatch.registry import FORMATS, Format

ACCOUNTS = ("metadata.user_api_key_user_id", "metadata.user_api_key_hash", "metadata.user_api_key_alias")


def detect(sample: Sample) -> float:
    """Recognise the fields that only this payload has."""
    if not sample.has("startTime", "id") or sample.has("request_id"):
        return 0.0
    return 0.5 + 0.5 * sample.share(
        ("trace_id", "call_type", "model_parameters", "metadata", "prompt_tokens", "response_cost")
    )


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one payload as a request."""
    other = other_row(row)
    if other is not None:
        yield SteppedOver(other)
        return
    meta = mapping_of(row.get("metadata"))
    asked = mapping_of(row.get("model_parameters"))
    agent, stainless = client_of(meta, mapping_of(row.get("proxy_server_request")))
    answer = put_together(inner(row.get("response")))
    usage = mapping_of(meta.get("usage_object")) or usage_of(answer)
    request = Request(
        request_id=text(row.get("id")) or text(row.get("litellm_call_id")),
        account_id=account_of(row, context, *ACCOUNTS),
        time=context.moment(row.get("startTime"), "startTime"),
        model=text(row.get("model_group")) or text(row.get("model")),
        status=status_of(row.get("status"), {**meta, "error_information": row.get("error_information")}),
        input_tokens=whole(row.get("prompt_tokens")),
        output_tokens=whole(row.get("completion_tokens")),
        spend=micro_dollars(row.get("response_cost")),
        duration_ms=context.span_ms(row.get("startTime"), row.get("endTime")),
        address=path_of(row.get("requester_ip_address")) or path_of(meta.get("requester_ip_address")),
        user_agent=text(row.get("user_agent")) or agent or tagged_agent(row.get("request_tags")),
        stainless=stainless,
        end_user=text(row.get("end_user")) or text(meta.get("user_api_key_end_user_id")),
        conversation=text(row.get("session_id")),
        messages=messages_of(row.get("messages") or None, asked.get("system") or asked.get("instructions")),
        answer=answer_of(answer),
        parameters=parameters_of({**asked, "stream": asked.get("stream", row.get("stream") or None)}),
        tools=tools_of(asked),
        output_format=output_format_of(asked),
    )
    add_parts(request, usage)
    yield with_thoughts(request, answer, row.get("messages"))


SAMPLE = {
    "id": "l1",
    "trace_id": "t1",
    "call_type": "acompletion",
    "status": "success",
    "startTime": 1769947200.0,
    "endTime": 1769947200.8,
    "model": "heron",
    "model_parameters": {"temperature": 0.7},
    "messages": [{"role": "user", "content": "what is a reef"}],
    "response": {"choices": [{"message": {"role": "assistant", "content": "coral"}}]},
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "response_cost": 0.1,
    "requester_ip_address": "203.0.113.4",
    "metadata": {"user_api_key_user_id": "ada", "user_api_key_hash": "5" * 64},
}
FORMATS.add(
    "litellm_standard_payload",
    Format(
        name="litellm_standard_payload",
        title="LiteLLM StandardLoggingPayload, one JSON object a line",
        source="LiteLLM, types/utils.py, StandardLoggingPayload",
        suffixes=(".jsonl", ".ndjson", ".json", ".parquet"),
        detect=detect,
        read=read,
        blind_spots="No TLS fingerprint and no ASN. The words are gone where message logging is turned off.",
        outline=PAYLOAD,
        settings=(NOT_TURNED_OFF, EDGE),
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "l1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "spend": 100_000,
                "duration_ms": 800,
                "address": "203.0.113.4",
                "parameters": "temperature=0.7",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
