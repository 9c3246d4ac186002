"""A row with a field at fault is read without it, with as few tries as that takes."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context
from stillwatch.ingest.salvage import OF_A_FILE, TRIES, Tries, without_fault
from stillwatch.registry import FORMATS

Row = dict[str, Any]


class Reader:
    """Reads rows that hold no 'bad' value anywhere, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, row: Row) -> Row:
        self.asked += 1
        if any(bad == ["bad"] or (isinstance(bad, dict) and ["bad"] in bad.values()) for bad in row.values()):
            raise BadRow("", "bad")
        return row


def test_the_least_is_left_out() -> None:
    row = {"a": {"x": 1, "y": ["bad"], "z": [2]}, "b": [1], "c": "words"}
    less = without_fault(Reader(), row, (), Tries())
    assert less == {"a": {"x": 1, "z": [2]}, "b": [1], "c": "words"}


def test_a_row_with_two_faults_costs_a_bounded_number_of_tries() -> None:
    read = Reader()
    many = {f"p{n}": 1 for n in range(64)}
    row: Row = {f"f{n}": many for n in range(64)} | {"f3": {"x": ["bad"]}, "f9": {"x": ["bad"], "k": 5}}
    less = without_fault(read, row, (), Tries())
    assert less["f9"] == {"k": 5}
    assert read.asked <= TRIES + 1


def test_a_file_of_such_rows_is_read_once_a_row_in_the_end() -> None:
    read, tries = Reader(), Tries()
    row: Row = {"text": "x" * 2**20, "a": {"x": ["bad"], "k": 5}, "b": {"x": ["bad"]}}
    rows = OF_A_FILE // 64
    for _ in range(rows):
        assert without_fault(read, row, (), tries)["a"] == {"k": 5}
    assert read.asked < 2 * rows


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (
            "claude_code_sessions",
            {"type": "assistant", "message": {"model": "m"}, "timestamp": 1_770_000_000},
        ),
        ("vllm_requests", {"request_id": "r", "time": "2026-02-01T00:00:00Z"}),
        (
            "azure_apim_llm",
            {
                "TimeGenerated": "2026-02-01T00:00:00Z",
                "CorrelationId": "c",
                "ModelName": "m",
                "SequenceNumber": 1,
            },
        ),
        ("openai_batch_input", {"custom_id": "a", "time": 1_770_000_000, "body": {"messages": []}}),
        ("openai_batch_output", {"custom_id": "a", "response": {"body": {"created": 1_770_000_000}}}),
        ("anthropic_batch_results", {"custom_id": "a", "time": 1, "result": {"type": "succeeded"}}),
    ],
)
def test_no_try_is_made_where_a_log_names_no_account(name: str, row: Row) -> None:
    with pytest.raises(BadRow) as told:
        list(FORMATS.all()[name].read(row, Context()))
    assert told.value.required
