"""The guardrail that withholds reasoning from answers, beside the one that decides.

It is added when the first answer is to be without: LiteLLM keeps the pieces of every stream once any
guardrail looks at streams.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from stillwatch.guard.litellm_reasoning import ReasoningFilter, without_reasoning
from stillwatch.guard.litellm_rewrite import withholds
from stillwatch.guard.litellm_settings import NAME

try:
    from litellm.integrations.custom_guardrail import CustomGuardrail
except ImportError:  # this module may be imported without it, and not used
    CustomGuardrail = object


class Withheld(CustomGuardrail):  # type: ignore[misc]
    """Takes the reasoning from answers to requests that were so decided."""

    def __init__(self) -> None:
        super().__init__(guardrail_name=NAME, event_hook="post_call", default_on=True)

    def should_run_guardrail(self, data: Any, event_type: Any) -> bool:
        """After the call of a request that was so decided."""
        return str(getattr(event_type, "value", event_type)) == "post_call" and withholds(data)

    async def async_post_call_success_hook(self, data: Any, user_api_key_dict: Any, response: Any) -> Any:
        """A whole answer."""
        return without_reasoning(response)

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: Any
    ) -> AsyncIterator[Any]:
        """A streamed answer, piece by piece."""
        found = ReasoningFilter()
        async for piece in response:
            for kept in found.pieces(piece):
                yield kept
        if rest := found.end():
            yield rest
