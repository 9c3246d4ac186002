"""What a group's prompts ask for."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import between, joined
from stillwatch.run.reading import Row

ASKS = {
    "trace_cleaning": "reasoning traces to be cleaned or completed",
    "reasoning": "written-out reasoning",
    "trajectory": "trajectories of tool use",
    "grading": "grades against rubrics",
    "judge": "the verdict of a judge or reward model",
    "preference": "a choice between answers",
    "generation": "new instructions and tasks",
    "rewriting": "rewritten or harder instructions",
    "safe_rewrite": "politically safe rewrites",
    "technique": "answers past the safeguards",
    "system_prompt": "the system prompt",
    "agentic": "tool use and code",
    "steps": "worked answers in a fixed form, as tests and harvests ask for them",
    "self_elicited": "nothing, so that the model writes the question too",
}
"""What each label of campaigns.extracting is called."""


def extracting(asked: Sequence[Row] | None) -> str:
    """What was being extracted, in a sentence. asked: campaigns.extracting."""
    if asked is None:
        return "Not known: the log holds no prompts."
    if not asked:
        return "Answers to ordinary questions."
    told = [f"{_share(row)} for {ASKS.get(row['label'], formatting.named(row['label']))}" for row in asked]
    # The first share carries the verb: 41% of prompts ask for this, 20% for that.
    first = ASKS.get(asked[0]["label"], formatting.named(asked[0]["label"]))
    return joined([f"{_share(asked[0])} of prompts ask for {first}", *told[1:]]) + "."


def _share(row: Row) -> str:
    return between(row["share"], row["low"], row["high"])


def correction(intents: Sequence[Row]) -> str:
    """What the shares of prompts were made from."""
    alike = "The intervals allow for the prompts of one account being alike."
    if all(row["corrected"] for row in intents):
        return f"Shares are corrected for prompts that the flags miss or flag wrongly. {alike}"
    if any(row["corrected"] for row in intents):
        return f"Shares are corrected for the errors of the flags where these are known. {alike}"
    return f"Shares are those of flagged prompts: how often the flags err was not known. {alike}"
