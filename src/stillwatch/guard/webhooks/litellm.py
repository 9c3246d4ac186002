"""LiteLLM's Generic Guardrail API, for who cannot install code into the proxy.

LiteLLM 1.108 turns BLOCKED into HTTP 400 with a message of its own shape, and can neither wait nor rewrite
what is no text: a block and a spent budget both arrive as 400, and TRIM, ROUTE, MARK and SUMMARISE are not
done. What was reserved is not settled. The hook in the proxy's process does all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.guard.bodies import LONGEST_MODEL, NONE, Raw, msgspec, small, text
from stillwatch.guard.refusals import Refusal
from stillwatch.guard.request import Decision, Request
from stillwatch.guard.webhooks.webhook import Asked, details, first_account, shaped
from stillwatch.response.inputs import RequestFacts

HIDDEN = "[present]"
"""What LiteLLM sends in place of the value of a header that is not in the guardrail's `extra_headers`."""
HEADER = "header:"


class Call(msgspec.Struct):
    """The fields that are read; texts and messages are stepped over."""

    input_type: Raw = NONE
    litellm_call_id: Raw = NONE
    model: Raw = NONE
    request_data: Raw = NONE
    request_headers: Raw = NONE
    texts: Raw = NONE
    structured_messages: Raw = NONE
    tools: Raw = NONE


class LitellmCall:
    """A call of LiteLLM."""

    waits = True

    def __init__(self, accounts: Sequence[str]) -> None:
        """accounts: where the account stands, the best first."""
        self._accounts = tuple(accounts)
        self._fields = tuple(dict.fromkeys(one for one in accounts if not one.startswith(HEADER)))
        named = [one.removeprefix(HEADER) for one in accounts if one.startswith(HEADER)]
        # LiteLLM writes the names of headers in lower case; another version may hand them on as they came.
        self._headers = tuple(
            dict.fromkeys(form for one in named for form in (one.lower(), one, one.title()))
        )

    def asked(self, data: bytes) -> Asked | None:
        """Read a call. Raises BadCall."""
        call = shaped(data, Call)
        if small(call.input_type) == "response":
            return None
        fields = details(call.request_data, self._fields)
        found = details(call.request_headers, self._headers) if self._headers else {}
        headers = {name.lower(): value for name, value in reversed(found.items()) if value is not None}
        values = [
            headers.get(one.removeprefix(HEADER).lower()) if one.startswith(HEADER) else fields.get(one)
            for one in self._accounts
        ]
        account = first_account(None if value == HIDDEN else value for value in values)
        facts = RequestFacts(
            model=text(call.model, LONGEST_MODEL),
            input_bytes=max(len(call.structured_messages), len(call.texts)),
            tools=bytes(call.tools) not in (b"", b"null", b"[]") if len(call.tools) < 8 else True,
        )
        request = Request(account, facts, text(call.litellm_call_id, 200), "litellm")
        return Asked(request, unseen=not account and HIDDEN in values)

    def told(self, decision: Decision | None, refusal: Refusal | None) -> Mapping[str, Any]:
        """Return NONE or BLOCKED."""
        if refusal is None:
            return {"action": "NONE"}
        return {"action": "BLOCKED", "blocked_reason": refusal.message}
