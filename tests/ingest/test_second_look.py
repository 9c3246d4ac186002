"""Files beside are read for a trace only while something of it is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ingest_bench import Bench
from otlp_rows import export, span

from stillwatch.ingest import second_look

CALL: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "m",
    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"hello"}]}]',
}


@pytest.fixture
def looked_into(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read for facts, in order."""
    names: list[str] = []
    rows_of = second_look.SecondLook._facts

    def facts(look: second_look.SecondLook, source: Any) -> Any:
        names.append(source.name)
        return rows_of(look, source)

    monkeypatch.setattr(second_look.SecondLook, "_facts", facts)
    return names


def _written(bench: Bench, first: list[Any]) -> Path:
    other = export(span({"user.id": "u2"}, span_id="o", kind=2, trace="t1"))
    bench.lines("a.jsonl", first)
    for name in ("b", "c", "d"):
        bench.lines(f"{name}.jsonl", [other])
    return bench.folder


def test_nothing_is_read_where_the_file_itself_says_it(bench: Bench, looked_into: list[str]) -> None:
    around = export(span({"user.id": "u1"}, span_id="s", kind=2, trace="t1"))
    call = export(span(CALL, span_id="c", parent="s", trace="t1"))
    (found,) = bench.read(_written(bench, [call, around]))
    assert found["account_id"] == "u1"
    assert looked_into == ["a.jsonl"]


def test_the_first_file_that_settles_it_is_the_last(bench: Bench, looked_into: list[str]) -> None:
    (found,) = bench.read(_written(bench, [export(span(CALL, span_id="c", parent="o", trace="t1"))]))
    assert found["account_id"] == "u2"
    assert looked_into == ["a.jsonl", "b.jsonl"]


def test_a_span_of_another_client_settles_nothing(bench: Bench, looked_into: list[str]) -> None:
    stranger = export(span({"user.id": "attacker"}, span_id="x", kind=2, trace="t1"))
    call = export(span(CALL, span_id="c", parent="o", trace="t1"))
    (found,) = bench.read(_written(bench, [stranger, call]))
    assert found["account_id"] == "u2"
    assert "b.jsonl" in looked_into


def test_what_is_held_is_bounded_for_all_keys(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, looked_into: list[str]
) -> None:
    monkeypatch.setattr(second_look, "MOST_FACTS_IN_ALL", 5)
    calls = [export(span(CALL, span_id=f"c{i}", parent="o", trace=f"t{i}")) for i in range(9)]
    assert len(bench.read(_written(bench, calls))) == 0
    assert looked_into == ["a.jsonl"]
    assert any("more spans" in reason for _, reason in bench.quarantine.mended)
