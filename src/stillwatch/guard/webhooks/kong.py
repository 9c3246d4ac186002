"""Kong's `ai-custom-guardrail` (3.14 on), whose request and reply are templates; docs/guard.md has them.

A function of the plugin is given the words, the phase and the plugin's own configuration, and neither the
consumer nor the model: the account must stand in `config.params` of a plugin that is bound to one consumer.
Kong answers 400 for a block.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.guard.bodies import LONGEST_MODEL, NONE, Raw, msgspec, small, text
from stillwatch.guard.refusals import Refusal
from stillwatch.guard.request import Decision, Request
from stillwatch.guard.webhooks.webhook import Asked, first_account, shaped
from stillwatch.response.inputs import RequestFacts


class Call(msgspec.Struct):
    """The fields that are read."""

    account: Raw = NONE
    model: Raw = NONE
    source: Raw = NONE
    """INPUT or OUTPUT."""
    content: Raw = NONE


class KongCall:
    """A call of Kong."""

    waits = True

    def asked(self, data: bytes) -> Asked | None:
        """Read a call. Raises BadCall."""
        call = shaped(data, Call)
        if small(call.source) == "OUTPUT":
            return None
        facts = RequestFacts(model=text(call.model, LONGEST_MODEL), input_bytes=len(call.content))
        return Asked(Request(first_account([small(call.account)]), facts, surface="kong"))

    def told(self, decision: Decision | None, refusal: Refusal | None) -> Mapping[str, Any]:
        """Return whether to block, and the message."""
        return {
            "block": refusal is not None,
            "block_message": refusal.message if refusal else "",
            "reference": decision.id if decision else "",
        }
