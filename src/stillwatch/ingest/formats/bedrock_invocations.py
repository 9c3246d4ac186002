"""Model invocation logs of AWS Bedrock, from S3 or CloudWatch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.gateway import account_of, with_settings, with_words
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.secrets import account_text
from stillwatch.ingest.values import Row, dig, first, first_text, inner, mapping_of, text, whole
from stillwatch.registry import FORMATS, Format

OTHERS = (
    (re.compile(r"embed", re.IGNORECASE), "embeddings"),
    (re.compile(r"image|canvas|stable-|sd3|diffusion", re.IGNORECASE), "images"),
    (re.compile(r"reel|video", re.IGNORECASE), "videos"),
    (re.compile(r"rerank", re.IGNORECASE), "reranking"),
)
"""Models that give no text."""
ROLE = re.compile(r"(?P<role>arn:[\w-]+:sts::\d*:assumed-role/.+)/(?P<session>[^/]+)$")
MADE = re.compile(
    r"botocore-session-\d+|aws-(?:sdk|go-sdk|cli)[\w.-]*|AWSCLI-Session|i-[0-9a-f]{8,17}|\d{8,}"
    r"|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
"""Session names that software makes up; a role has a new one every hour, so they name nobody."""
STATUSES = {
    "ThrottlingException": 429,
    "ServiceQuotaExceededException": 400,
    "AccessDeniedException": 403,
    "ValidationException": 400,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ServiceUnavailableException": 503,
    "InternalServerException": 500,
}


def detect(sample: Sample) -> float:
    """The schema says its own name; copies through other systems may have lost it."""
    marked = all(str(row.get("schemaType")) == "ModelInvocationLog" for row in sample.rows)
    if sample.rows and marked:
        return 1.0
    return 0.95 if sample.has("modelId", "operation", "requestId", "timestamp", "input") else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one invocation as a request; models that give no text are stepped over."""
    model = text(row.get("modelId"))
    given, got = mapping_of(row.get("input")), mapping_of(row.get("output"))
    other = next((kind for mark, kind in OTHERS if mark.search(model or "")), None)
    if other is not None:
        yield SteppedOver(other)
        return
    body, answer = asked(mapping_of(given.get("inputBodyJson"))), inner(got.get("outputBodyJson"))
    request = Request(
        request_id=text(row.get("requestId")),
        account_id=account_of(row, context) if context.account_field else principal(row),
        time=context.moment(row.get("timestamp"), "timestamp"),
        model=model,
        status=_status(row),
        duration_ms=whole(dig(answer, "metrics.latencyMs")),
        conversation=first_text(mapping_of(row.get("requestMetadata")), "session_id", "sessionId"),
        end_user=first_text(mapping_of(row.get("requestMetadata")), "end_user", "user_id", "userId", "user"),
    )
    if not isinstance(answer, list | dict):
        answer = None
    yield _counted(with_words(request, body, _answer(answer)), given, got, answer)


def principal(row: Row) -> str | None:
    """Return who called: identity.arn, without a session name that software made up."""
    identity = inner(row.get("identity"))
    if isinstance(identity, list):
        identity = identity[0] if identity else None
    arn = account_text(mapping_of(identity).get("arn")) or account_text(row.get("identityArn"))
    assumed = ROLE.match(arn) if arn else None
    return assumed["role"] if assumed and MADE.fullmatch(assumed["session"]) else arn


def asked(body: Row) -> Row:
    """Return a request's body with Bedrock's prompts, parameters and tools as other APIs name them."""
    found = with_settings(body)
    if "messages" not in body and "prompt" not in body:
        words = first_said(body, "inputText", "message")
        if words is not None:
            found["prompt"] = words
    tools = mapping_of(body.get("toolConfig")).get("tools")
    if tools and "tools" not in found:
        found["tools"] = tools
    return found


def first_said(body: Row, *names: str) -> str | None:
    """Return the first text among several fields."""
    return next((body[name] for name in names if isinstance(body.get(name), str)), None)


def _answer(answer: Any) -> Any:
    """Return an answer in words that the other APIs share; unknown ones as they are."""
    pieces = answer if isinstance(answer, list) else [answer]
    words = [w for piece in pieces if isinstance(piece, dict) for w in _said(piece)]
    return {"text": "".join(words)} if words else answer


def _said(piece: Row) -> Iterator[str]:
    """Find the text of Titan, Llama, Mistral, Cohere, Jurassic, and of chunks of Nova and ConverseStream."""
    for found in (
        piece.get("outputText"),
        piece.get("generation"),
        dig(piece, "contentBlockDelta.delta.text"),
    ):
        if isinstance(found, str):
            yield found
    for name, path in (
        ("results", "outputText"),
        ("outputs", "text"),
        ("generations", "text"),
        ("completions", "data.text"),
    ):
        listed = piece.get(name)
        for item in listed if isinstance(listed, list) else ():
            if isinstance(words := dig(item, path), str):
                yield words


def _counted(request: Request, given: Row, got: Row, answer: Any) -> Request:
    """Set the counts of the log itself, whose input count leaves out cached tokens, as the API's usage does.

    A usage in the body that is lower by just the cached ones shows a count that includes them.
    """
    fresh = whole(given.get("inputTokenCount"))
    read, written = (
        whole(given.get(name)) for name in ("cacheReadInputTokenCount", "cacheWriteInputTokenCount")
    )
    if fresh is not None:
        parts = max(read or 0, 0) + max(written or 0, 0)
        usage = mapping_of(mapping_of(answer).get("usage"))
        bare = whole(first(usage, "inputTokens", "input_tokens"))
        included = parts and bare is not None and bare + parts == fresh
        request.input_tokens = fresh if fresh < 0 or included else fresh + parts
    request.cached_tokens = request.cached_tokens if read is None else read
    request.cache_written_tokens = request.cache_written_tokens if written is None else written
    out = whole(got.get("outputTokenCount"))
    request.output_tokens = request.output_tokens if out is None else out
    return request


def _status(row: Row) -> int | None:
    code = text(row.get("errorCode"))
    if code is None:
        return 200
    return int(code) if code.isdigit() and len(code) == 3 else STATUSES.get(code, 500)


SAMPLE = [
    {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": "2026-02-01T12:00:00Z",
        "accountId": "111122223333",
        "identity": {"arn": "arn:aws:sts::111122223333:assumed-role/app/ada"},
        "region": "us-east-1",
        "requestId": "b1",
        "operation": "Converse",
        "modelId": "heron-large-v1:0",
        "input": {
            "inputContentType": "application/json",
            "inputBodyJson": {
                "messages": [{"role": "user", "content": [{"text": "what is a reef"}]}],
                "inferenceConfig": {"maxTokens": 10},
            },
            "inputTokenCount": 28,
            "cacheReadInputTokenCount": 7,
            "cacheWriteInputTokenCount": 0,
        },
        "output": {
            "outputContentType": "application/json",
            "outputBodyJson": {
                "output": {"message": {"role": "assistant", "content": [{"text": "coral"}]}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 28, "outputTokens": 5, "totalTokens": 33},
            },
            "outputTokenCount": 5,
        },
    }
]
FORMATS.add(
    "bedrock_invocations",
    Format(
        name="bedrock_invocations",
        title="AWS Bedrock model invocation logs, from S3 (gzip, JSON lines) or CloudWatch",
        source="AWS, Amazon Bedrock User Guide: Monitor model invocation using CloudWatch Logs and Amazon S3",
        suffixes=(".json", ".jsonl", ".ndjson"),
        detect=detect,
        read=read,
        blind_spots="No client address and no user agent. Bodies above 100 KB lie in objects of their own "
        "(inputBodyS3Path): their words are not read, the row is kept. The account is the caller's ARN; "
        "a caller chooses the session name of an assumed role itself",
        sample="\n".join(map(json.dumps, SAMPLE)) + "\n",
        gives=(
            {
                "request_id": "b1",
                "account_id": "arn:aws:sts::111122223333:assumed-role/app/ada",
                "model": "heron-large-v1:0",
                "status": 200,
                "input_tokens": 35,
                "cached_tokens": 7,
                "output_tokens": 5,
                "answer": "coral",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "parameters": "max_tokens=10",
            },
        ),
    ),
)
