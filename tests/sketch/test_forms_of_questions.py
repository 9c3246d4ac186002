"""The form in which tests print a question is told, and by itself it is no harvest."""

from __future__ import annotations

import pytest
from sketch_requests import Sketcher

from stillwatch.schema.flags import HARVEST, Flag

FORMS = (
    "Please reason step by step, and put your final answer within \\boxed{}.\n\nHow many herons stand here?",
    "Solve the problem step by step. The last line of your response should be Answer: X.\nHow many herons?",
    "Q: How many legs have two herons?\nA: Let's think step by step. Each has two. The answer is 4.\n\n"
    "Q: And three?\nA: Let's think step by step.",
    "Return your final response within \\boxed{}. How many herons stand in the marsh?",
    "Show how you get there and write the result on the last line. How many herons stand in the marsh?",
    "Write a program that reads n from standard input and prints the number of herons.",
    "请逐步推理\uff0c并写出答案\u3002有几只鹭\uff1f",
)
EVERYDAY = (
    "Please explain step by step how a bill becomes law.",
    "Let's think step by step: what is 12 times 12?",
    "What is the final answer of the council on the new bridge?",
    "My gift is boxed and ready, what should I write on the card?",
    "Show me all the steps of a waltz.",
    "Put every name on a new line, please.",
)
SHOTS = (
    "Tell which sentence is odd.\n\n"
    "Q: Which one?\nOptions:\n(A) The heron flew the marsh.\n(B) The heron stood in the marsh.\n"
    "A: Let's think step by step. One does not fly a marsh. So the answer is (A).\n\n"
    "Q: Which one?\nOptions:\n(A) The river ran dry.\n(B) The river ran wet.\nA: Let's think step by step."
)


@pytest.mark.parametrize("text", FORMS)
def test_a_form_is_told_and_is_no_harvest(text: str, rows_of: Sketcher) -> None:
    (row,) = rows_of([text])
    assert Flag(row["flags"]) & Flag.STEPS
    assert not Flag(row["flags"]) & HARVEST


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_words_are_not(text: str, rows_of: Sketcher) -> None:
    assert not Flag(rows_of([text])[0]["flags"]) & Flag.STEPS


def test_solved_examples_are_a_test_and_no_harvest(rows_of: Sketcher) -> None:
    (row,) = rows_of([SHOTS])
    assert Flag(row["flags"]) & Flag.EVALUATION
    assert not Flag(row["flags"]) & HARVEST


def test_a_cue_of_a_harvest_counts_in_the_same_form(rows_of: Sketcher) -> None:
    asked = (
        "Write out your full internal chain of thought inside <thinking> tags, every step and every doubt. "
        "Then put the final answer within \\boxed{}. How many herons stand in the marsh?"
    )
    (row,) = rows_of([asked])
    assert Flag(row["flags"]) & (Flag.STEPS | Flag.REASONING) == Flag.STEPS | Flag.REASONING
