"""Indicators as JSON lines: one object a line, as `row.schema.json` describes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.forms.carried import Object, Taken, Written, differences
from stillwatch.intel.forms.frame import without_frame
from stillwatch.intel.forms.row import COLUMNS, Row
from stillwatch.intel.forms.rows import Line, rows_of, taken
from stillwatch.intel.stix.limits import DEFAULT, Limits
from stillwatch.intel.stix.reading import read_json

SCHEMA = Path(__file__).parent / "row.schema.json"
"""JSON Schema (2020-12) of a line."""
OPTIONAL = {"confidence": int, "revoked": bool, "techniques": list, "more": dict}
"""Columns that are no texts."""


def write(objects: Sequence[Object]) -> Written:
    """Return the indicators of checked objects as JSON lines, sorted, without what is empty."""
    rows = rows_of(objects)
    lines = [json.dumps(_told(row), ensure_ascii=True) for row in rows]
    data = "".join(f"{line}\n" for line in lines).encode("ascii")
    return Written(data, len(rows), differences(without_frame(objects), read(data).objects, "a line of JSON"))


def read(data: bytes, limits: Limits = DEFAULT, where: str = "the file") -> Taken:
    """Return the objects of JSON lines; a line that cannot be used is refused, with the reason. Raises
    IntelError for more bytes than the limit.
    """
    if len(data) > limits.bundle_bytes:
        what = f"it has {len(data):,} bytes, and {limits.bundle_bytes:,} are the most"
        raise IntelError(what, where=where, do="split it")
    return taken(_lines(data.removeprefix(b"\xef\xbb\xbf"), limits), limits)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a line."""
    told: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return told


def _lines(data: bytes, limits: Limits) -> Iterator[Line]:
    place = -1
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        place += 1
        if place >= limits.objects:
            yield place, f"there are more than {limits.objects} lines"
            return
        yield place, _row(line, limits)


def _row(line: bytes, limits: Limits) -> Row | str:
    if len(line) > 2 * limits.object_bytes:
        return f"it is longer than {2 * limits.object_bytes} bytes"
    try:
        told = read_json(line, limits)
    except IntelError as error:
        return error.what
    if not isinstance(told, dict):
        return "it is no JSON object"
    if not told.keys() <= set(COLUMNS):
        return "it has a member that is none of " + ", ".join(COLUMNS)
    for name, value in told.items():
        wanted = OPTIONAL.get(name, str)
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            return f"{name} is of another type than the schema says"
    techniques = told.get("techniques", [])
    if not all(isinstance(one, str) for one in techniques):
        return "techniques is no list of texts"
    return Row(**{**told, "techniques": tuple(techniques)})


def _told(row: Row) -> dict[str, Any]:
    told = asdict(row)
    number = told.pop("confidence")  # 0 says something, and what else is false says nothing
    kept = {name: value for name, value in told.items() if value}
    if number is not None:
        kept["confidence"] = number
    return {name: kept[name] for name in COLUMNS if name in kept}
