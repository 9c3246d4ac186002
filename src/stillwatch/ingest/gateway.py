"""What formats of gateways and clouds share: the account, and a call's words from the two bodies."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.dialects import fill
from stillwatch.ingest.parameters import output_format_of, parameters_of, tools_of
from stillwatch.ingest.request import Context, Request
from stillwatch.ingest.secrets import first_account
from stillwatch.ingest.values import Row, dig, text


def account_of(row: Row, context: Context, *paths: str) -> str | None:
    """Return the account: of the operator's field, else of the first of the format's paths that holds one."""
    return text(dig(row, context.account_field)) if context.account_field else first_account(row, *paths)


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
    return request
