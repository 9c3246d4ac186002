"""What an answer offers to be asked has the keys of the prompts that say it, and of no others."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sketch_requests import Row, Sketcher

from stillwatch.sketch.offered import LEAST_WORDS, MOST_PARTS, READ_BYTES

HARDER = "Prove that the sum of two odd numbers is even, and say where you used that they are odd."
OTHER = "Write a short story about a lighthouse keeper who is afraid of the dark"
quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def asked(answer: str | None) -> Row:
    return {"messages": [{"role": "user", "text": "Make it harder."}], "answer": answer}


def offers_it(rows_of: Sketcher, answer: str, prompt: str) -> bool:
    offering, asking = rows_of([asked(answer), prompt])
    return asking["prompt"] in offering["offers"]


@pytest.mark.parametrize(
    "answer",
    [
        HARDER,
        f"  {HARDER}\n",
        f'"{HARDER}"',
        f"**{HARDER}**",
        f"Instruction: {HARDER}",
        f"#Rewritten Prompt#:\n{HARDER}",
        f"Sure! Here is the rewritten prompt:\n\n{HARDER}",
        f"1. {OTHER}\n2. {HARDER}\n",
        f"- {OTHER}\n- {HARDER}",
        f"(1) {OTHER}\r\n(2) {HARDER}\r\n",
        f"**Question 2:** {HARDER}\n**Answer:** Two odd numbers are 2a + 1 and 2b + 1.",
        f'{{"instruction": "{HARDER}"}}',
        f'[\n  {{"instruction": "{OTHER}"}},\n  {{\n    "instruction": "{HARDER}",\n    "input": ""\n  }}\n]',
        f"<think>\nThe user wants it harder.\n</think>\n\n{HARDER}",
    ],
)
def test_what_is_offered_is_told_when_it_is_asked(rows_of: Sketcher, answer: str) -> None:
    assert offers_it(rows_of, answer, HARDER)
    assert not offers_it(rows_of, answer, HARDER.replace("odd", "prime"))


def test_a_prompt_of_several_lines_is_told(rows_of: Sketcher) -> None:
    task = f"{HARDER}\n\n- Use 3.5 examples.\n- Write in prose; no lists, please."
    assert offers_it(rows_of, task, task)
    assert offers_it(rows_of, f"Here is the new instruction:\n{task}", task)


def test_a_label_that_belongs_to_the_prompt_stays(rows_of: Sketcher) -> None:
    assert offers_it(rows_of, f"1. Translate: {OTHER}\n2. {HARDER}", f"Translate: {OTHER}")


@pytest.mark.parametrize("answer", ["Yes.", "Go on", "1. Yes\n2. No", "Would you like me to", "", " \n\n"])
def test_short_parts_offer_nothing(rows_of: Sketcher, answer: str) -> None:
    assert rows_of([asked(answer)])[0]["offers"] == []


def test_without_an_answer_it_is_not_known(rows_of: Sketcher) -> None:
    assert rows_of([asked(None)])[0]["offers"] is None


def test_the_same_part_counts_once_and_there_are_few(rows_of: Sketcher) -> None:
    same, many = rows_of(
        [asked(f"{HARDER}\n{HARDER}"), asked("\n".join(f"{n}. {n} {HARDER}" for n in range(40, 70)))]
    )
    assert len(same["offers"]) == 2
    assert len(set(many["offers"])) == len(many["offers"]) == MOST_PARTS


def test_a_long_answer_offers_the_lines_that_are_read(rows_of: Sketcher) -> None:
    long = f"{HARDER}\n{OTHER} {'and on ' * READ_BYTES}"
    offering, first, whole = rows_of([asked(long), HARDER, long])
    assert offering["offers"] == [first["prompt"]]
    assert whole["prompt"] not in offering["offers"]


def test_a_cut_answer_offers_its_whole_lines(rows_of: Sketcher) -> None:
    """As LiteLLM cuts them: in the middle, with a mark."""
    cut = f"1. {HARDER}\n2. {OTHER[:30]}... (litellm_truncated 4000 chars) ...\n9. {OTHER}"
    offering, first, last = rows_of([asked(cut), HARDER, OTHER])
    assert {first["prompt"], last["prompt"]} <= set(offering["offers"])


@quick
@given(st.text(st.sampled_from('ab1 \n.:)("<>*#é漢?-'), max_size=200), st.integers(1, 400))
def test_whatever_is_answered(rows_of: Sketcher, answer: str, most: int) -> None:
    """A whole answer of enough words is offered; there are never more parts than that, whatever is in it."""
    offering, asking = rows_of([asked(answer), answer or "x"], max_chars=most)
    assert len(offering["offers"]) <= MOST_PARTS
    plain = len(answer.encode()) <= most and "<" not in answer
    if plain and asking["words"] is not None and asking["words"] >= LEAST_WORDS:
        assert asking["prompt"] in offering["offers"]
