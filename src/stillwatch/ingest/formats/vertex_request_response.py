"""Request-response logs of Google's Vertex AI, exported from BigQuery."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.envelope import DEPLOYMENT
from stillwatch.ingest.gateway import account_of, tagged, with_settings, with_words
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.secrets import first_account
from stillwatch.ingest.values import Row, absent, dig, first, first_text, inner, mapping_of, text, whole
from stillwatch.registry import FORMATS, Format

PRINCIPALS = ("metadata.principal_email", "metadata.principal")
LABELS = tagged("metadata.labels", "metadata", "full_request.labels", "labels")
"""Labels are part of the request: whoever calls writes them."""
OTHERS = (("embed", "embeddings"), ("imagen", "images"), ("imagegen", "images"), ("veo", "videos"))


def detect(sample: Sample) -> float:
    """The columns of the table that Vertex makes."""
    if not sample.has("logging_time") or not sample.columns & {"full_request", "request_payload"}:
        return 0.0
    return 0.8 + 0.2 * sample.share(("endpoint", "request_id", "api_method", "model", "full_response"))


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one logged call as a request; embeddings and images are stepped over."""
    model = first_text(row, "model", "deployed_model_id") or _model(row)
    named = f"{row.get('api_method', '')} {model or ''}".lower()
    other = next((kind for mark, kind in OTHERS if mark in named), None)
    if other is not None or "counttokens" in named:
        yield SteppedOver(other or "token counts")
        return
    body = with_settings(mapping_of(_whole(row, "full_request", "request_payload")))
    answer = _whole(row, "full_response", "response_payload")
    request = Request(
        request_id=text(row.get("request_id")),
        account_id=account_of(row, context, *PRINCIPALS, *LABELS),
        end_user=first_text(row, *LABELS) if first_account(row, *PRINCIPALS) else None,
        time=context.moment(row.get("logging_time"), "logging_time"),
        model=model,
        status=_status(row, answer),
        duration_ms=whole(first(row, "metadata.latency_ms", "metadata.request_latency")),
    )
    yield with_words(request, body, answer, path=row.get("endpoint"))


def _whole(row: Row, parsed: str, pieces: str) -> Any:
    """Return a body: as BigQuery parsed it, else put together from the pieces of its text."""
    found = inner(row.get(parsed))
    if not absent(found) and found != {}:
        return found
    given = row.get(pieces)
    joined = "".join(map(str, given)) if isinstance(given, list) else given
    value = inner(joined)
    return value if isinstance(value, dict | list) else None


def _status(row: Row, answer: Any) -> int | None:
    code = first(row, "metadata.status_code", "response_code")
    fault = dig(answer, "error.code") if isinstance(answer, dict) else None
    found = whole(code if code is not None else fault)
    return 200 if found is None and answer else found


def _model(row: Row) -> str | None:
    found = DEPLOYMENT.search(f"/{row.get('endpoint', '')}/")
    return text(found[1]) if found else None


SAMPLE = {
    "endpoint": "projects/1/locations/x/publishers/google/models/heron",
    "deployed_model_id": "",
    "logging_time": "2026-02-01 12:00:00.123456 UTC",
    "request_id": "123456789001",
    "model": "heron-1",
    "model_version": "001",
    "api_method": "GenerateContent",
    "full_request": {
        "contents": [{"role": "user", "parts": [{"text": "what is a reef"}]}],
        "generationConfig": {"temperature": 0.3},
        "labels": {"user": "ada"},
    },
    "full_response": {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "coral"}]}}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 2},
    },
}
FORMATS.add(
    "vertex_request_response",
    Format(
        name="vertex_request_response",
        title="Vertex AI request-response logs, exported from BigQuery as JSON lines or Parquet",
        source="Google Cloud, Generative AI on Vertex AI: Log requests and responses",
        suffixes=(".jsonl", ".json", ".parquet"),
        detect=detect,
        read=read,
        blind_spots="No client address, no user agent. The account is the principal where the log has "
        "it; else a label of the request (user, account, customer, tenant, team), which whoever calls writes",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "123456789001",
                "account_id": "ada",
                "model": "heron-1",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 6,
                "reasoning_tokens": 2,
                "parameters": "temperature=0.3",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
