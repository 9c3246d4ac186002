"""What a killed server had begun is ended whatever happens to a part of it."""

from __future__ import annotations

import pytest

from stillwatch.cases.remediation.resuming import ended
from stillwatch.errors import CaseError


def test_a_fault_of_one_stops_no_other_and_is_told() -> None:
    done: list[str] = []

    def fails() -> None:
        raise CaseError("the journal cannot be written", where="journal.db", do="make room")

    with pytest.raises(CaseError, match="journal"):
        ended([("a", lambda: done.append("a")), ("b", fails), ("c", lambda: done.append("c"))])
    assert done == ["a", "c"]
    assert ended([("a", lambda: None)]) == ["a"]
