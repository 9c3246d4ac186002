"""The outputs of the intent model: twelve labels, and whether the exchange is harvest-like at all."""

from __future__ import annotations

from stillwatch.schema.flags import HARVEST as HARVEST_FLAGS
from stillwatch.schema.flags import Flag

FLAGS = (
    Flag.REASONING,
    Flag.GRADING,
    Flag.PREFERENCE,
    Flag.GENERATION,
    Flag.REWRITING,
    Flag.EVALUATION,
    Flag.TRACE_CLEANING,
    Flag.TECHNIQUE,
    Flag.SAFE_REWRITE,
    Flag.JUDGE,
    Flag.TRAJECTORY,
    Flag.SYSTEM_PROMPT,
)
"""The labels' flags, in the order of the model's columns.

AGENTIC, STEPS and SELF_ELICITED are not among them, since the request itself shows them.
"""
HARVEST = "HARVEST"
"""Name of the last column: harvest-like at all.

As a label in a folder it is a pipeline's step that is none of the others.
"""
UNSURE = "UNSURE"
"""Label in a folder of what is left out of training, as neither for nor against.

For example a pipeline's step that by itself is anybody's request.
"""
LABELS = (*(flag.name or "" for flag in FLAGS), HARVEST)
"""The model's columns."""
HARVEST_COLUMN = len(FLAGS)
"""The column of HARVEST."""
BITS = (*(flag.value for flag in FLAGS), 0)
"""By column: the bit in `flags`; harvest has a column of its own."""
HARVESTS = frozenset(name for flag, name in zip(FLAGS, LABELS, strict=False) if flag & HARVEST_FLAGS) | {
    HARVEST
}
"""Labels that make an exchange harvest-like.

Techniques, evaluations and asking for the system prompt are not harvest by themselves.
"""
