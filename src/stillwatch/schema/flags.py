"""What a prompt asks for, as bits of the column `flags`."""

from __future__ import annotations

from enum import IntFlag


class Flag(IntFlag):
    """Elicitation flags of one exchange. A flag is a sketch, not a judgement: each alone is everyday work."""

    REASONING = 1
    """Asks for the reasoning itself to be written out: tags, traces, working memory."""
    GRADING = 2
    """Asks for a score against a rubric."""
    PREFERENCE = 4
    """Asks which of two or more answers is better."""
    GENERATION = 8
    """Asks for new instructions, questions or tasks."""
    REWRITING = 16
    """Asks for an instruction or an answer to be rewritten, evolved or made harder."""
    EVALUATION = 32
    """Looks like a benchmark question: choices, few-shot pairs, final-answer format."""
    TRACE_CLEANING = 64
    """Gives a chain of thought to be cleaned, completed or reconstructed."""
    TECHNIQUE = 128
    """Uses a known way round safeguards."""
    SAFE_REWRITE = 256
    """Asks for politically safe alternatives to sensitive questions."""
    AGENTIC = 512
    """Carries tools, tool results or a code task."""
    JUDGE = 1024
    """Uses the model as a judge or a reward: is this answer right, safe, in line with a reference."""
    TRAJECTORY = 2048
    """Asks for trajectories of tool use to be written out or simulated."""
    SYSTEM_PROMPT = 4096
    """Asks for the system prompt."""
    STEPS = 8192
    """Asks for a question to be worked out in a fixed form: steps first, the answer in a set place. The same
    words stand in tests and in harvests, so that by itself it is neither."""
    SELF_ELICITED = 16384
    """Asks nothing, or only opens a user's turn, and gets a long answer: the model writes the question."""


HARVEST = (
    Flag.REASONING
    | Flag.GRADING
    | Flag.PREFERENCE
    | Flag.JUDGE
    | Flag.GENERATION
    | Flag.REWRITING
    | Flag.TRACE_CLEANING
    | Flag.TRAJECTORY
    | Flag.SAFE_REWRITE
    | Flag.SELF_ELICITED
)
"""What training sets are made of. A prompt with any of these is harvest-like; many honest prompts are."""
