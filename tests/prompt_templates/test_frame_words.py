"""The words of a frame: recovered word for word, and nothing that too few accounts wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.schema.requests import MESSAGE, REQUESTS
from stillwatch.sketch import frame_of, head_of, prompts_of
from stillwatch.sketch.masked import masked_words

CANARY = "zzcanary flies over the quiet lake at night"
FIRST = "please weigh the two reeds named below against each other and"
SECOND = "then say in one short line which of them bends further"
LEAST = 20
Written = list[tuple[int, str]]


def windows(text: str, size: int = 5) -> set[tuple[str, ...]]:
    """Every run of `size` words, as a reader of the frame could see it."""
    words = text.casefold().split()
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def shown_runs(frame: str) -> list[str]:
    """The frame's runs of words between slots."""
    runs: list[str] = []
    run: list[str] = []
    for word in frame.split():
        if word.startswith("{"):
            runs.append(" ".join(run))
            run = []
        else:
            run.append(word)
    return [*runs, " ".join(run)]


def written(pieces: Sequence[str], accounts: int, rng: np.random.Generator, swap: float = 0.0) -> Written:
    """One prompt for each account: the pieces, some words swapped, with payload after each."""
    made = []
    for account in range(accounts):
        words: list[str] = []
        for piece in pieces:
            words += [f"{word}er" if rng.random() < swap else word for word in piece.split()]
            words += [f"stone{'abcdefgh'[n]}" for n in rng.integers(0, 8, int(rng.integers(2, 30)))]
        made.append((account, " ".join(words)))
    return made


def frame(prompts: Written, least: int = LEAST) -> str | None:
    return frame_of(prompts, least, 20_000)


def test_a_frame_is_given_back_word_for_word_with_its_slots() -> None:
    assert frame(written([FIRST, SECOND], 60, np.random.default_rng(1))) == f"{FIRST} {{1}} {SECOND} {{2}}"


def test_words_before_a_frame_are_a_slot_too() -> None:
    prompts = [
        (n, f"{f'note{chr(97 + n % 26)} ' * (n % 5)}{text}")
        for n, text in written([FIRST], 40, np.random.default_rng(2))
    ]
    assert frame(prompts) == f"{{1}} {FIRST} {{2}}"


def test_a_prompt_that_never_changes_has_no_slot() -> None:
    assert frame([(account, f"{FIRST}, {SECOND}.") for account in range(20)]) == f"{FIRST} {SECOND}"


@pytest.mark.parametrize(("swap", "accounts"), [(0.1, 120), (0.3, 250)])
def test_a_frame_is_put_together_from_prompts_of_which_none_has_it_whole(swap: float, accounts: int) -> None:
    prompts = written([f"{FIRST} {SECOND}"] * 1, accounts, np.random.default_rng(3), swap)
    found = frame(prompts)
    assert found is not None
    assert found.startswith(f"{FIRST} {SECOND}")
    if swap == 0.3:
        assert not any(f"{FIRST} {SECOND}" in text for _account, text in prompts)


def test_numbers_quotations_and_links_stay_masked() -> None:
    prompts = [
        (n, f'{FIRST} rate "the reed of {n}" from 1 to {n + 5} at https://reeds.example/{n} {SECOND}')
        for n in range(25)
    ]
    assert frame(prompts) == f"{FIRST} rate <quoted> from <number> to <number> at <link> {SECOND}"


@pytest.mark.parametrize("holders", [1, LEAST - 1])
def test_what_too_few_accounts_wrote_is_never_shown(holders: int) -> None:
    """In the slot, before and after the frame: by one account a hundred times, or by one account fewer than
    it takes.
    """
    rng = np.random.default_rng(4)
    for place in ("{canary} {first} {second}", "{first} {canary} {second}", "{first} {second} {canary}"):
        prompts = written([FIRST, SECOND], 60, rng)
        for repeat in range(100):
            prompts.append((repeat % holders, place.format(canary=CANARY, first=FIRST, second=SECOND)))
        found = frame(prompts)
        assert found is not None
        assert FIRST in found
        assert not windows(CANARY, 3) & windows(found, 3)
        assert "zzcanary" not in found


def test_the_same_words_of_enough_accounts_are_shown() -> None:
    """The control: one account more, and it is a part of the frame."""
    assert CANARY in (frame([(account, f"{FIRST} {CANARY} {SECOND}") for account in range(LEAST)]) or "")


def test_a_canary_inside_the_frame_of_too_few_breaks_the_run() -> None:
    prompts = written([FIRST, SECOND], 60, np.random.default_rng(5))
    prompts += [(account, f"{FIRST} zzcanary {SECOND}") for account in range(LEAST - 1) for _ in range(9)]
    assert frame(prompts) == f"{FIRST} {{1}} {SECOND} {{2}}"


def test_fewer_accounts_than_it_takes_say_nothing() -> None:
    assert frame([(n % (LEAST - 1), f"{FIRST} {SECOND}") for n in range(200)]) is None
    assert frame([(n, "four words at most") for n in range(30)]) is None
    assert frame([]) is None


def test_one_persons_spelling_is_not_shown() -> None:
    odd = FIRST.replace("weigh", "WE\u200bIGH").replace("reeds", "rëeds")
    prompts = [(n, f"{odd if n == 0 else FIRST.upper() if n % 2 else FIRST} {SECOND}") for n in range(30)]
    found = frame(prompts)
    assert found is not None
    assert found == f"{FIRST} {SECOND}"
    assert frame([(n, f"{odd} {SECOND}") for n in range(30)]) == f"{odd} {SECOND}"


def test_of_two_wordings_of_one_clause_one_is_shown() -> None:
    rng = np.random.default_rng(6)
    other = "keep your whole reply below one line of plain text please"
    prompts = [
        (account, f"{text} {SECOND if account % 3 else other}") for account, text in written([FIRST], 90, rng)
    ]
    assert frame(prompts) == f"{FIRST} {{1}} {SECOND}"


def test_another_wording_inside_a_clause_is_not_shown_beside_it() -> None:
    start, end = (
        "judge every answer that follows by the rules of the house",
        "and close with one line that gives the sum",
    )
    middle, other = "on a scale of high middling and low", "using steps named top half and bottom"
    rng = np.random.default_rng(8)
    prompts = written([f"{start} {middle} {end}"], 120, rng) + [
        (n + 200, text) for n, text in written([f"{start} {other} {end}"], 60, rng)
    ]
    found = frame(prompts)
    assert found is not None
    assert middle in found
    assert other not in found


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_written_each_shown_run_is_shared_by_enough_accounts(data: st.DataObject) -> None:
    """Prompts over six words, so that runs of them collide in every way."""
    least = data.draw(st.integers(2, 4))
    text = st.lists(st.sampled_from(["ash", "elm", "fir", "oak", "yew", "7"]), min_size=4, max_size=24).map(
        " ".join
    )
    shared = data.draw(text)
    prompts = [
        (
            data.draw(st.integers(0, 5)),
            data.draw(st.one_of(text, st.just(shared), text.map(lambda own: f"{own} {shared}"))),
        )
        for _ in range(data.draw(st.integers(0, 14)))
    ]
    found = frame(prompts, least)
    holders: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for account, prompt in prompts:
        for window in windows(" ".join(masked_words(prompt)[1])):
            holders[window].add(account)
    for run in shown_runs(found or ""):
        assert all(len(holders[window]) >= least for window in windows(run))


def test_a_head_is_the_frames_beginning_unless_a_slot_stands_in_it() -> None:
    assert head_of(f"{FIRST} {{1}}", 8) == " ".join(FIRST.split()[:8])
    assert head_of("one two {1} three four five six seven eight nine", 8) is None
    assert head_of("one two three", 8) is None


def test_the_last_user_message_is_what_is_read() -> None:
    rows = [
        [("system", "s"), ("user", "one"), ("assistant", "two"), ("human", "three"), ("assistant", "four")],
        [("assistant", "x")],
        None,
        [("user", None)],
        [("stranger", "five ... [truncated]")],
    ]
    held = pa.array(
        [row and [{"role": role, "text": text} for role, text in row] for row in rows], pa.list_(MESSAGE)
    )
    arrays = [held if c.name == "messages" else pa.array([None] * 5, c.type) for c in REQUESTS.columns]
    batch = pa.RecordBatch.from_arrays(arrays, names=REQUESTS.names())
    assert prompts_of(batch, [4, 0, 1, 2, 3]) == ["five  ", "three", "", "", ""]
