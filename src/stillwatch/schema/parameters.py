"""The sampling parameters that tell clients apart: which are kept, and which of their values are shown."""

from __future__ import annotations

import re

SAMPLING = (
    "best_of",
    "frequency_penalty",
    "logprobs",
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "min_p",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning_effort",
    "repetition_penalty",
    "service_tier",
    "stop",
    "stop_sequences",
    "store",
    "stream",
    "temperature",
    "tool_choice",
    "top_k",
    "top_logprobs",
    "top_p",
    "truncation",
    "verbosity",
)
"""Parameters whose values are kept."""
PRESENCE = ("seed", "logit_bias")
"""Parameters of which only the presence is kept."""
NAMES = frozenset((*SAMPLING, *PRESENCE, "thinking"))
"""Names that the canonical form may hold."""
PLAIN_VALUE = re.compile(
    r"-?[0-9][0-9.eE+-]*|true|false|set|auto|none|null|any|required|default|flex|priority|scale|standard_only|minimal|low|medium|high|xhigh|max"
    r"|disabled|(?:enabled|adaptive)(?::[0-9]+)?"
)
"""Values that are shown. Any other is the customer's own, as stop sequences and names of tools are."""


def shown_parameters(canonical: str) -> str:
    """Format canonical parameters (sorted name=value pairs, joined by a space) for an analyst.

    `…` replaces what is not shown.
    """
    return " ".join(map(_shown, canonical.split(" ")))


def _shown(pair: str) -> str:
    name, _, value = pair.partition("=")
    return "…" if name not in NAMES else pair if PLAIN_VALUE.fullmatch(value) else f"{name}=…"
