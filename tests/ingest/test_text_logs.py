"""Logs of text lines, and rows with MongoDB's Extended JSON."""

from __future__ import annotations

import re

from stillwatch.ingest.files.text import TextLog, text_rows
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.values import Row
from stillwatch.ingest.wrappers.extended_json import plain


def _row(line: str) -> Row:
    if not line.startswith("at "):
        raise BadRow("", "a line of another shape")
    return {"at": line[3:]}


LOG = TextLog(re.compile("^at "), _row)


def test_lines_become_numbered_rows_and_a_line_of_another_shape_is_a_bad_row() -> None:
    rows = list(text_rows(iter([b"at one\r\nelse\n", b"\nat t\xffo"]), LOG, 100))
    assert [(number, row) for number, row in rows if not isinstance(row, BadRow)] == [
        (1, {"at": "one"}),
        (4, {"at": "t\ufffdo"}),
    ]
    assert [number for number, row in rows if isinstance(row, BadRow)] == [2]


def test_extended_json_becomes_plain_in_both_its_forms() -> None:
    assert plain({"a": {"$date": {"$numberLong": "1769947200000"}}}) == {"a": 1769947200000}
    assert plain({"a": [{"$oid": "65"}, {"$numberInt": "3"}]}) == {"a": ["65", 3]}
    assert plain({"a": {"$date": "2026-02-01T12:00:00Z"}}) == {"a": "2026-02-01T12:00:00Z"}
    assert plain({"a": {"$ref": "#/x"}, "b": {"$date": 1, "c": 2}}) == {
        "a": {"$ref": "#/x"},
        "b": {"$date": 1, "c": 2},
    }


def test_extended_json_nested_without_end_is_left_as_it_is() -> None:
    deep: object = "end"
    for _ in range(2000):
        deep = [deep]
    assert plain(deep) == deep
