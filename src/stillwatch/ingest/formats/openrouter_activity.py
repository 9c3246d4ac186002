"""OpenRouter's activity export (CSV), and generations as its API returns them."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.ingest.endpoints import other_call
from stillwatch.ingest.gateway import account_of
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, absent, first, first_text, micro_dollars, text, whole
from stillwatch.registry import FORMATS, Format

ACCOUNTS = ("api_key_name", "api_key_hash", "api_key_id", "external_user", "user", "user_id")
MARKS = frozenset(("tokens_prompt", "tokens_completion"))
OTHERS = frozenset(
    (
        "generation_id",
        "model_permaslug",
        "native_tokens_prompt",
        "provider_name",
        "generation_time",
        "upstream_id",
    )
)


def detect(sample: Sample) -> float:
    """The names of its token counts, and one more of its own."""
    columns = sample.columns
    if "data" in columns and sample.rows and all(isinstance(row.get("data"), dict) for row in sample.rows):
        columns = frozenset().union(*(row["data"].keys() for row in sample.rows))
    return 0.95 if columns >= MARKS and columns & OTHERS and "created_at" in columns else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one generation as a request."""
    given = row.get("data")
    flat = given if isinstance(given, dict) else row
    other = other_call(flat.get("api_type"))
    if other is not None:
        yield SteppedOver(other)
        return
    account = account_of(flat, context, *ACCOUNTS)
    yield Request(
        request_id=first_text(flat, "generation_id", "id"),
        account_id=account,
        time=context.moment(flat.get("created_at"), "created_at"),
        model=first_text(flat, "model_permaslug", "model"),
        status=_status(flat),
        input_tokens=whole(first(flat, "native_tokens_prompt", "tokens_prompt")),
        output_tokens=whole(first(flat, "native_tokens_completion", "tokens_completion")),
        reasoning_tokens=whole(first(flat, "native_tokens_reasoning", "tokens_reasoning")),
        cached_tokens=whole(first(flat, "native_tokens_cached", "tokens_cached")),
        spend=micro_dollars(first(flat, "cost_total", "total_cost")),
        duration_ms=whole(first(flat, "generation_time_ms", "generation_time", "latency")),
        user_agent=text(flat.get("user_agent")),
        end_user=first_text(flat, "user", "external_user"),
        conversation=first_text(flat, "session_id"),
    )


def _status(flat: Row) -> int | None:
    """A cancelled call is answered with nothing; a finished one with its reason."""
    if str(flat.get("cancelled", "")).lower() in ("true", "1"):
        return 499
    reason = first(flat, "finish_reason_normalized", "finish_reason", "native_finish_reason")
    return None if absent(reason) else 500 if reason == "error" else 200


FORMATS.add(
    "openrouter_activity",
    Format(
        name="openrouter_activity",
        title="OpenRouter: activity export (CSV), or generations as its API returns them (JSON)",
        source="OpenRouter documentation: activity export; API reference, GET /api/v1/generation. What "
        "Broadcast sends is OTLP (otel_genai)",
        suffixes=(".csv", ".json", ".jsonl"),
        detect=detect,
        read=read,
        blind_spots="No words, no address, no parameters. The account is the name of the API key; where one "
        'key serves everybody, name the end user with ingest.account_field = "user"',
        sample="generation_id,created_at,cost_total,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,"
        "model_permaslug,provider_name,cancelled,streamed,user,finish_reason_normalized,generation_time_ms,"
        "api_key_name\ngen-1,2026-02-01 12:00:00.123,0.1,9,4,1,2,heron/large,P,false,true,eve,stop,800,ada\n",
        gives=(
            {
                "request_id": "gen-1",
                "account_id": "ada",
                "model": "heron/large",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "reasoning_tokens": 1,
                "cached_tokens": 2,
                "spend": 100_000,
                "duration_ms": 800,
                "end_user": "eve",
            },
        ),
    ),
)
