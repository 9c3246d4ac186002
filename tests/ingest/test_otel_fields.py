"""A call's fields are found in one pass over its attributes, and are those that the lists of names say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from otlp_rows import export, span

from stillwatch.ingest import otel_calls
from stillwatch.ingest import otel_names as names
from stillwatch.ingest.otel_fields import ASKED, READ, fields_of
from stillwatch.ingest.request import Context, Request
from stillwatch.registry import FORMATS

NAMES = sorted({name for _, several, _ in READ for name in several} | set(names.PARAMETERS) | {"other"})
VALUES = st.sampled_from(
    [None, "", "-", "null", "u1", "u2", 7, 0, ["h"], [], ["a", "b"], {"x": 1}, "[REDACTED]", False]
)


def by_lists(attributes: dict[str, Any]) -> dict[str, Any]:
    """Look for each field under each of its names."""
    found = {}
    for field, several, reading in READ:
        read = [reading(attributes[name]) for name in several if name in attributes]
        found[field] = next((value for value in read if value is not None), None)
    for name, field in names.PARAMETERS.items():
        value = attributes.get(name)
        if found.get(ASKED + field) is None:
            found[ASKED + field] = None if value == "" else value
    return {field: value for field, value in found.items() if value is not None}


@settings(deadline=None, max_examples=300)
@given(attributes=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12))
def test_one_pass_finds_what_the_lists_say(attributes: dict[str, Any]) -> None:
    """Whatever the order of the attributes; a placeholder hides no later name."""
    right = by_lists(attributes)
    assert fields_of(attributes) == right
    assert fields_of(dict(reversed(attributes.items()))) == right


class Counted(dict[str, Any]):
    """Attributes that count how often all of them are looked through."""

    passes = 0

    def items(self) -> Any:
        self.passes += 1
        return super().items()


def test_the_attributes_are_looked_through_once() -> None:
    attributes = Counted(dict.fromkeys(NAMES, "7"))
    assert fields_of(attributes)["model"] == "7"
    assert attributes.passes == 1


def test_each_call_s_fields_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are handed on from the choice of calls to the request."""
    seen: list[Any] = []

    def counted(attributes: dict[str, Any]) -> dict[str, Any]:
        seen.append(attributes.get("gen_ai.response.id"))
        return fields_of(attributes)

    monkeypatch.setattr(otel_calls, "fields_of", counted)
    calls = [
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "m",
            "gen_ai.response.id": f"r{i}",
            "user.id": f"u{i % 3}",
        }
        for i in range(20)
    ]
    spans = [span(given, trace=f"a{i}", span_id=f"b{i}") for i, given in enumerate(calls)]
    found = list(FORMATS.all()["otel_genai"].read(export(*spans), Context()))
    assert [call.account_id for call in found if isinstance(call, Request)] == [
        f"u{i % 3}" for i in range(20)
    ]
    assert sorted(filter(None, seen)) == sorted(f"r{i}" for i in range(20))
