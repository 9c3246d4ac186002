"""The case that a path names."""

from __future__ import annotations

from stillwatch.cases.case import Case
from stillwatch.console.not_there import NotThere
from stillwatch.console.seen import Seen
from stillwatch.errors import CaseError

LARGEST = 2**31
"""Numbers of cases are smaller: both databases keep them in 32 bits."""


def case_of_path(seen: Seen) -> Case:
    """Return the case that the path names. Raises NotThere where there is none."""
    number = seen.path["number"]
    try:
        if number < LARGEST:
            return seen.doors.cases.show(number)
    except CaseError as error:
        if error.where != "CASE":
            raise
    raise NotThere(f"there is no case {number}", where="the address", do="see the list of cases")
