"""JSON texts that break off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stillwatch.ingest.broken_off import before_cut

SAID: list[dict[str, Any]] = [
    {"role": "system", "content": 'You "are" \\ a\nb \u00e9 \U0001f600'},
    {
        "role": "user",
        "content": [{"type": "text", "text": "what"}, {"n": 1.5, "b": True, "x": None, "e": {}}],
    },
    {"role": "user", "content": "last words"},
]


def words(value: Any) -> str:
    """All texts in a value, one after another."""
    if isinstance(value, dict | list):
        return "".join(map(words, value.values() if isinstance(value, dict) else value))
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(
    "text", [json.dumps(SAID), json.dumps(SAID, ensure_ascii=False), json.dumps({"messages": SAID}, indent=1)]
)
def test_each_beginning_keeps_its_words(text: str) -> None:
    told = -1
    for end in range(1, len(text)):
        found = before_cut(text[:end])
        assert isinstance(found, dict | list), end
        kept = words(found).rstrip("\ufffd")
        assert words(SAID).startswith(kept)
        assert len(kept) >= told
        told = len(kept)
    assert told == len(words(SAID))


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "[" * 200,
        '[{"role": "user", "content": "whole"}]',
        '[{"role": "user", "content": ""}, hidden words',
        '[{"role": "user", "content": ""} hidden words "more',
        '[{"role": "user"} "a": "b',
        '["x" "y',
        '{"role": "user"} and more',
        '{"role": "user"]',
        '[{"role": "' + "x" * 10 + '", "' + "hidden " * 20,
    ],
)
def test_what_is_no_beginning_stays_a_text(text: str) -> None:
    assert before_cut(text) is None


def test_work_grows_with_the_length_only() -> None:
    for text in ('[{"role": "' + "a" * 200_000, '[{"role": "' + "\\\\" * 100_001, '["a", ' * 100):
        assert before_cut(text) is not None
