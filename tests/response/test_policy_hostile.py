"""Whatever is given as a policy file ends in rules or in faults, in time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.response.language import source
from stillwatch.response.language.fault import PolicyFaults
from stillwatch.response.language.policy_file import policy_of
from stillwatch.response.language.vocabulary import FUNCTIONS, SECTIONS


def refusal(text: str) -> PolicyFaults | None:
    """The faults of a text; None if it has none."""
    try:
        policy_of(text, "made.policy")
    except PolicyFaults as refused:
        return refused
    return None


BOMBS = {
    "brackets": "x = " + "(" * 5_000 + "1" + ")" * 5_000,
    "few brackets": "x = " + "(" * 150 + "1" + ")" * 150,
    "not": "x = " + "not " * 10_000 + "account.held",
    "minus": "x = " + "-" * 30_000 + "1",
    "sums": "x = " + "1+" * 20_000 + "1",
    "tuples": "x = " + "(1," * 3_000 + ")" * 3_000,
    "many names": "\n".join(f"x{i} = 1" for i in range(6_000)),
    "digits": "x = " + "9" * 60_000,
    "calls": "x = " + "days(" * 1_000 + ")" * 1_000,
}


@pytest.mark.parametrize("name", list(BOMBS))
def test_what_is_too_deep_or_too_much_is_refused(name: str) -> None:
    if name == "few brackets":
        assert refusal(BOMBS[name]) is None
        return
    assert len(BOMBS[name].encode()) <= source.MOST_BYTES
    assert refusal(BOMBS[name]) is not None


WORDS = (
    *SECTIONS, *FUNCTIONS, "named", "tier", ".", "(", ")", "[", "]", ",", "=", "==", "<", "and", "or", "not", "in",
    "if", "else", "lambda", ":", "1", "2.5", '"named"', "'", '"', "\n", " ", "    ", "\\", "#", "*", "-", "x", "when",
    "do", "reason", "expires", "{", "}", "f", "@", ":=", "\t", "\0", "é", "\u202e", "0x", "e9", "_",
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join) | st.text(max_size=200))
def test_whatever_is_given_is_read_or_refused_in_words(text: str) -> None:
    found = refusal(text.encode("utf-8", "replace").decode())
    assert found is None or all(fault.line >= 1 and fault.column >= 1 for fault in found.faults)
    assert found is None or str(found)
