"""What makes two prompts have the same keys, and what does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.schema.keyed import HashKey, siphash, siphash_word
from stillwatch.schema.stored import EXCHANGES, LABELS
from stillwatch.settings import SketchSettings
from stillwatch.sketch import Sketched, account_keys, sketch

Rows = Callable[..., list[dict[str, Any]]]
Make = Callable[..., pa.RecordBatch]
TEMPLATE = (
    "please act as a patient tutor and walk the learner through the exercise below until every part is clear"
)
WORDS = st.lists(st.text(alphabet="abcdefghijklmnopqrstuvwxyzéжщ", min_size=1, max_size=9), max_size=30).map(
    " ".join
)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_word_hash_equals_the_published_function() -> None:
    """SipHash-2-4 of 8 bytes: the shortcut for one word equals the general kernel."""
    data = np.arange(8, dtype=np.uint8)
    k0, k1 = np.uint64(0x0706050403020100), np.uint64(0x0F0E0D0C0B0A0908)
    word = np.uint64(int.from_bytes(bytes(range(8)), "little"))
    assert int(siphash_word(word, k0, k1)) == int(siphash(data, 0, 8, k0, k1)) == 0x93F5F5799A932462


@quick
@given(before=WORDS, after=WORDS)
def test_padding_keeps_a_shared_shingle(rows_of: Rows, before: str, after: str) -> None:
    every = {"shingle_rate": 1, "shingles_kept": 500}
    bare, padded = rows_of([TEMPLATE, f"{before} {TEMPLATE} {after}"], **every)
    assert set(bare["shingles"]) <= set(padded["shingles"])


@quick
@given(
    words=st.lists(
        st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]), min_size=40, max_size=300
    )
)
def test_a_sample_is_the_same_windows_wherever_they_stand(rows_of: Rows, words: list[str]) -> None:
    """Containment: each window that the sample of the whole has is in the sample of any part that has the
    window, but for the two lowest.
    """
    whole, part = rows_of([" ".join(words), " ".join(words[10:30])], shingles_kept=10_000)
    (every,) = rows_of([" ".join(words[10:30])], shingles_kept=10_000, shingle_rate=1)
    assert set(whole["shingles"]) & set(every["shingles"]) <= set(part["shingles"])
    assert len(set(part["shingles"]) - set(whole["shingles"])) <= 2


@quick
@given(
    numbers=st.lists(
        st.decimals(min_value=0, max_value=10**9, allow_nan=False, places=2),
        min_size=2,
        max_size=2,
        unique=True,
    )
)
def test_numbers_are_masked_in_skeletons_only(rows_of: Rows, numbers: list[Any]) -> None:
    one, other = rows_of(
        [f"A farmer sells {n} eggs for ${n} each, on the market of the town" for n in numbers]
    )
    assert (one["head"], one["tail"], one["shingles"]) == (other["head"], other["tail"], other["shingles"])
    assert one["prompt"] != other["prompt"]


@quick
@given(
    texts=st.lists(
        st.one_of(
            st.none(),
            st.text(max_size=80),
            st.sampled_from(["'", '"a b" c', "```x```", "http://a.b/c d", "«où» est"]),
        ),
        max_size=12,
    ),
    cut=st.integers(0, 12),
)
def test_batches_and_slices_do_not_matter(make: Make, texts: list[str | None], cut: int) -> None:
    rows = [
        {"messages": None}
        if text is None
        else {"messages": [{"role": "system", "text": "s"}, {"role": "user", "text": text}], "answer": text}
        for text in texts
    ]
    batch = make(rows)
    whole = sketch(batch, HashKey.public(), SketchSettings()).exchanges
    parts = [
        sketch(part, HashKey.public(), SketchSettings()).exchanges
        for part in (batch.slice(0, cut), batch.slice(cut))
    ]
    assert (
        pa.Table.from_batches(parts).combine_chunks().equals(pa.Table.from_batches([whole]).combine_chunks())
    )


def test_another_key_changes_every_key(rows_of: Rows, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"a secret of 32 bytes, or more ..")
    row = {
        "messages": [{"role": r, "text": f"{r} {TEMPLATE}"} for r in ("system", "user", "assistant", "user")],
        "answer": "yes",
        "signatures": ["sig"],
        "signed": ["other"],
        "address": "203.0.113.9",
        "user_agent": "agent/1",
        "stainless": "lang=js",
        "ja4": "t13d",
        "parameters": "n=1",
        "end_user": "u",
        "device": "d",
        "conversation": "c",
        "tools": "[]",
        "output_format": "{}",
    }
    (public,), (private,) = rows_of([row]), rows_of([row], HashKey.from_file(tmp_path / "key"))
    for column in EXCHANGES.columns:
        if column.type == pa.int64() and column.name not in ("asn", "spend"):
            assert public[column.name] is not None, column.name
            assert public[column.name] != private[column.name], column.name
    for name in ("shingles", "bands", "signatures", "signed"):
        assert public[name]
        assert not set(public[name]) & set(private[name])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Write a Poem about THE SEA", "write  a poem,\tabout the sea!"),
        ("naïve café", "naive cafe\u0301"),
        ("\uff37\uff52\uff49\uff54\uff45 it", "write it"),
        ("wri\u200bte it", "write it"),
        ("don't stop", "don\u2019t stop"),
        ("ПРИВЕТ мир", "привет мир"),
        ("two\u3000words", "two words"),
    ],
)
def test_writing_differently_is_the_same_prompt(rows_of: Rows, one: str, other: str) -> None:
    first, second = rows_of([one, other])
    assert first["prompt"] == second["prompt"]


def test_payload_is_masked(rows_of: Rows) -> None:
    form = "Summarise {} in a friendly tone and keep it short for busy people who read on a phone"
    rows = rows_of(
        [
            form.format(payload)
            for payload in (
                '"the first text"',
                "“another one, longer”",
                "«un autre»",
                "'x y'",
                "```def f(): pass```",
                "https://a.example/b?c=d",
            )
        ]
    )
    assert len({row["tail"] for row in rows}) == 1
    assert len({row["head"] for row in rows[:4]}) == 1
    assert len({row["prompt"] for row in rows}) == len(rows)


def test_a_quoted_template_is_not_hidden(rows_of: Rows) -> None:
    one, other, bare = rows_of([f'"{TEMPLATE}"', f'"{TEMPLATE.replace("tutor", "doctor")}"', TEMPLATE])
    assert one["head"] == bare["head"]
    assert one["shingles"] == bare["shingles"] != other["shingles"]


def test_a_dated_system_prompt_keeps_its_key(rows_of: Rows) -> None:
    dated = [
        "Today is Monday, 3 February 2026. Be brief.",
        "Today is Tuesday, 14 March 2027. Be brief.",
        "Today is Tuesday. Be long.",
    ]
    one, other, third = rows_of([{"messages": [{"role": "system", "text": text}]} for text in dated])
    assert one["system"] == other["system"] != third["system"]
    assert one["prompt"] is None
    assert one["turns"] == 0


def test_prefix_needs_two_user_turns(rows_of: Rows) -> None:
    talk = [
        {"role": role, "text": text}
        for role, text in (("system", "x"), ("user", "hello"), ("assistant", "hi"), ("user", "more"))
    ]
    other = [*talk[1:], {"role": "assistant", "text": "yes"}, {"role": "user", "text": "and more"}]
    short, long, longer = rows_of([{"messages": talk[:3]}, {"messages": talk}, {"messages": other}])
    assert short["prefix"] is None
    assert long["prefix"] == longer["prefix"] is not None
    assert (short["turns"], long["turns"], longer["turns"]) == (1, 2, 3)


def test_shingles_are_few_and_stand_where_their_places_say(rows_of: Rows) -> None:
    for row in rows_of(
        [
            TEMPLATE * 5,
            "one two",
            "same " * 50,
            " ".join(f"w{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(600)),
        ]
    ):
        assert min(2, row["words"]) <= len(row["shingles"]) + (len(set(row["shingles"])) == 1) <= 65
        assert row["places"] == sorted(set(row["places"]))
        assert all(0 <= place < row["words"] for place in row["places"])


def test_near_duplicates_share_a_band(rows_of: Rows) -> None:
    """Of prompts that share nine windows in ten, almost all share a band; of strangers almost none."""
    rng = np.random.default_rng(3)
    alphabet = list("bcdfghjklmnpqrstvwxyz")
    words = ["".join(rng.choice(alphabet, 6)) for _ in range(4000)]
    texts = [list(rng.choice(words, 60)) for _ in range(200)]
    edited = [[*text[:30], "something", *text[31:]] for text in texts]
    rows = rows_of([" ".join(text) for text in texts + edited])
    near = sum(
        bool(set(one["bands"]) & set(other["bands"]))
        for one, other in zip(rows[:200], rows[200:], strict=True)
    )
    far = sum(bool(set(one["bands"]) & set(other["bands"])) for one, other in pairwise(rows[:200]))
    assert near >= 170
    assert far <= 2


def test_meaning_follows_the_content_words(rows_of: Rows) -> None:
    """Signs agree as 1 - angle / pi says (Charikar 2002): order and common words do not matter, other content
    words do.
    """
    rows = rows_of(
        [
            "compare the harvest yields of wheat and barley across northern provinces",
            "across northern provinces, compare harvest yields: barley and wheat",
            "debug this segmentation fault inside my threaded parser module please quickly",
        ]
    )
    semantic_vectors = [row["semantic"] & (2**64 - 1) for row in rows]
    assert semantic_vectors[0] == semantic_vectors[1]
    assert 12 <= (semantic_vectors[0] ^ semantic_vectors[2]).bit_count() <= 52


def test_names_are_masked_at_the_edges(rows_of: Rows) -> None:
    form = "Please write a letter to {} about the broken heating in the flat and ask for help"
    rows = rows_of([form.format(name) for name in ("John Smith", "Mary", "Anna Maria Lopez")])
    assert len({row["head"] for row in rows}) == 1
    assert len({row["prompt"] for row in rows}) == 3
    lower, other = rows_of([form.format("them"), form.format("us")])
    assert lower["head"] != other["head"]


@pytest.mark.parametrize(
    ("answer", "tokens", "share"),
    [
        ("<think>1234567890</think>1234567890", (None, None), 10 / 35),
        (" <Reasoning>\n12345678</reasoning>", (None, None), 9 / 33),
        ("<thinking>cut off", (None, None), 7 / 17),
        ("<b>bold</b>", (None, None), None),
        ("plain", (40, 100), 0.4),
        ("plain", (None, 100), None),
        ("<think>x</think>", (90, 100), 1 / 16),
        (None, (None, None), None),
    ],
)
def test_share_of_reasoning(
    rows_of: Rows, answer: str | None, tokens: tuple[int | None, int | None], share: float | None
) -> None:
    (row,) = rows_of([{"answer": answer, "reasoning_tokens": tokens[0], "output_tokens": tokens[1]}])
    assert row["reasoning_share"] == (None if share is None else pytest.approx(share, rel=1e-6))


def test_scripts_are_named(rows_of: Rows) -> None:
    rows = rows_of(["plain words here", "привет мир и ты", "你好世界", "12 34", ""])
    assert [row["script"] for row in rows] == ["latin", "cyrillic", "han", "other", None]


def test_nulls_and_empty_texts(rows_of: Rows) -> None:
    nothing, empty, blank, none = rows_of(
        [{}, "", " …!\n", {"messages": [{"role": None, "text": None}, None]}]
    )
    sketches = (
        "prompt",
        "head",
        "tail",
        "system",
        "prefix",
        "shingles",
        "language",
        "prompt_chars",
        "turns",
        "flags",
        "refused",
        "answer_chars",
    )
    assert nothing["has_text"] is False
    assert [nothing[name] for name in sketches] == [None] * len(sketches)
    for row in (empty, blank, none):
        assert row["has_text"] is True
        assert (row["prompt"], row["shingles"], row["language"]) == (None, [], None)
    assert blank["prompt_chars"] == 4


def test_long_prompts_are_read_at_both_ends(rows_of: Rows) -> None:
    filler = "lorem " * 2_000_000
    one, other, third = rows_of(
        [f"{TEMPLATE} {filler} end", f"{TEMPLATE} {filler} END", f"{TEMPLATE} {filler} é end"]
    )
    assert one["prompt"] == other["prompt"] != third["prompt"]
    assert one["head"] == third["head"]
    assert one["prompt_chars"] == len(TEMPLATE) + len(filler) + 5


def test_a_cut_inside_a_character_is_harmless(rows_of: Rows) -> None:
    rows = rows_of(["é" * size + " 漢字" * size for size in range(1, 30)], max_chars=7)
    assert all(row["prompt"] is not None for row in rows)


def test_no_words_in_the_result(sketched: Callable[..., Sketched]) -> None:
    canary = "zebrafinch quixotic"
    row = {
        "messages": [
            {"role": role, "text": f"{canary} {role}"}
            for role in ("system", "user", "assistant", "user", "tool", "odd")
        ],
        "answer": canary,
        "tools": canary,
        "output_format": canary,
        "end_user": canary,
        "conversation": canary,
    }
    result = sketched([row])
    shown = str([result.exchanges.to_pylist(), result.labels.to_pylist(), result.accounts.to_pylist()])
    assert "zebrafinch" not in shown
    assert "quixotic" not in shown


def test_schemas_and_accounts(sketched: Callable[..., Sketched]) -> None:
    result = sketched(["a b", {"account_id": "a0"}, {"account_id": "a7"}])
    assert result.exchanges.schema == EXCHANGES.arrow
    assert result.labels.schema == LABELS.arrow
    assert sorted(map(str, result.accounts.column("account_id").to_pylist())) == ["a0", "a7"]
    assert (
        result.accounts.column("account").to_pylist()
        == account_keys(result.accounts.column("account_id").combine_chunks(), HashKey.public()).to_pylist()
    )
    empty = sketched([])
    assert (empty.exchanges.num_rows, empty.labels.num_rows, empty.accounts.num_rows) == (0, 0, 0)


def test_settings_change_the_length_of_edges(rows_of: Rows) -> None:
    texts = ["alpha beta gamma delta", "alpha beta gamma epsilon"]
    one, other = rows_of(texts, **dataclasses.asdict(SketchSettings(edge_words=3)))
    assert one["head"] == other["head"]
    one, other = rows_of(texts, **dataclasses.asdict(SketchSettings(edge_words=4)))
    assert one["head"] != other["head"]
