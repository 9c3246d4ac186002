"""Portkey's webhook guardrail ("bring your own guardrail"), for `before_request_hooks`.

Portkey answers 446 for a guardrail that denies, whatever it says. It waits 3 s; its documentation says that
a request then goes on, its published source that it is denied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.guard.bodies import NONE, Raw, msgspec, read, small
from stillwatch.guard.refusals import Dialect, Refusal
from stillwatch.guard.request import Decision, Request
from stillwatch.guard.webhooks.webhook import Asked, details, first_account, shaped

AFTER = "afterRequestHook"


class Inner(msgspec.Struct):
    """The client's request."""

    json: Raw = NONE


class Call(msgspec.Struct):
    """The fields that are read."""

    request: Inner = msgspec.field(default_factory=Inner)
    eventType: Raw = NONE  # noqa: N815
    requestType: Raw = NONE  # noqa: N815
    metadata: Raw = NONE


class PortkeyCall:
    """A call of Portkey."""

    waits = True

    def __init__(self, accounts: Sequence[str]) -> None:
        """accounts: keys of the metadata that name the account, the best first."""
        self._accounts = tuple(dict.fromkeys(accounts))

    def asked(self, data: bytes) -> Asked | None:
        """Read a call. Raises BadCall."""
        call = shaped(data, Call)
        if small(call.eventType) == AFTER:
            return None
        metadata = details(call.metadata, self._accounts)
        account = first_account(metadata.get(name) for name in self._accounts)
        dialect = Dialect.ANTHROPIC if small(call.requestType) == "messages" else Dialect.OPENAI
        return Asked(Request(account, read(bytes(call.request.json)).facts, surface="portkey"), dialect)

    def told(self, decision: Decision | None, refusal: Refusal | None) -> Mapping[str, Any]:
        """Return the verdict, and what a client should be told as data."""
        if refusal is None:
            return {"verdict": True, "data": {"reference": decision.id if decision else ""}}
        headers = dict(refusal.headers)
        return {
            "verdict": False,
            "data": {
                "explanation": refusal.message,
                "reference": decision.id if decision else "",
                "status": refusal.status,
                "retry_after_s": int(headers.get(b"retry-after", b"0")),
                "permit": decision.permission if decision else "not-asked",
            },
        }
