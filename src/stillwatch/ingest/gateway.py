"""What formats of gateways and clouds share: the account, and a call's words from the two bodies."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.dialects import fill
from stillwatch.ingest.parameters import output_format_of, parameters_of, tools_of
from stillwatch.ingest.request import Context, Request
from stillwatch.ingest.secrets import any_account
from stillwatch.ingest.values import Row, absent, mapping_of, text

SETTINGS = {
    "maxTokens": "max_tokens",
    "maxTokenCount": "max_tokens",
    "maxOutputTokens": "max_tokens",
    "max_new_tokens": "max_tokens",
    "max_gen_len": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "temperature": "temperature",
    "seed": "seed",
    "stopSequences": "stop",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
}
"""Names of sampling parameters in APIs of clouds, with ours."""
NESTED = ("inferenceConfig", "textGenerationConfig", "generationConfig", "generation_config", "parameters")
"""Where these APIs keep them."""
USERS = (
    "account_id",
    "accountId",
    "account",
    "user_id",
    "userId",
    "_user",
    "user",
    "customer_id",
    "customerId",
    "customer",
    "tenant_id",
    "tenantId",
    "tenant",
    "org_id",
    "team",
)
"""Names by which operators tag a call with its account, where a system leaves the tags to them."""


def account_of(row: Row, context: Context, *paths: str) -> str | None:
    """Return the account: of the operator's field, else of the first of the format's paths that holds one."""
    return any_account(row, *((context.account_field,) if context.account_field else paths))


def tagged(*holders: str) -> tuple[str, ...]:
    """Return the paths of USERS inside the objects that hold an operator's tags."""
    return tuple(f"{holder}.{name}" for holder in holders for name in USERS)


def folded(row: Row, *inside: str) -> Row:
    """Return a row by lower-case names, and the fields of objects inside it where it has none of its own."""
    found = {name.lower(): value for name, value in row.items()}
    for holder in inside:
        for name, value in mapping_of(found.get(holder)).items():
            if absent(found.get(name.lower())):
                found[name.lower()] = value
    return found


def with_settings(body: Row) -> Row:
    """Return a request's body with its sampling parameters under the names of the OpenAI API too."""
    found = {**body}
    for holder in (body, *(mapping_of(body.get(name)) for name in NESTED)):
        for name, ours in SETTINGS.items():
            if holder.get(name) is not None and ours not in found:
                found[ours] = holder[name]
    return found


def with_words(
    request: Request, body: Row, answer: Any, *, path: Any = "", headers: Row | None = None
) -> Request:
    """Add what the bodies hold: words, tokens, parameters, tools, end user.

    What the log itself says about model, tokens and end user stays where the bodies say nothing.
    """
    said = request.input_tokens, request.output_tokens, request.end_user
    parts = request.cached_tokens, request.cache_written_tokens, request.reasoning_tokens
    request.parameters = parameters_of(body)
    request.tools = tools_of(body)
    request.output_format = output_format_of(body)
    request = fill(request, body, answer, path=path, headers=headers)
    if request.input_tokens is None:
        request.input_tokens = said[0]
    if request.output_tokens is None:
        request.output_tokens = said[1]
    if request.end_user is None:
        request.end_user = said[2]
    if request.cached_tokens is None:
        request.cached_tokens = parts[0]
    if request.cache_written_tokens is None:
        request.cache_written_tokens = parts[1]
    if request.reasoning_tokens is None:
        request.reasoning_tokens = parts[2]
    request.model = request.model or text(body.get("model")) or text(mapping_of(answer).get("model"))
    return request
