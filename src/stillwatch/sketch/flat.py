"""Arrow columns as flat buffers for the kernels, without copying text."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.schema.keyed import Int64s, buffers_of
from stillwatch.sketch.arrow import compute
from stillwatch.sketch.machine import unmarked
from stillwatch.sketch.rows import ASSISTANT, SYSTEM, TOOL, USER, Texts

ROLES = {
    "system": SYSTEM,
    "developer": SYSTEM,
    "user": USER,
    "human": USER,
    "assistant": ASSISTANT,
    "model": ASSISTANT,
    "ai": ASSISTANT,
    "tool": TOOL,
    "function": TOOL,
}
"""Code of each role; an unknown one counts as the user's."""


def flatten(messages: Any, answers: pa.Array[Any]) -> Texts:
    """Flatten the messages and answers of a batch; slices and nulls are respected."""
    inner = messages.values
    offsets = np.asarray(messages.offsets).astype(np.int64)
    held = np.asarray(messages.is_valid())
    rows = np.where(held, np.stack([offsets[:-1], offsets[1:]]), 0).T
    data, spans = spans_of(unmarked(_field(inner, "text")))
    answer_data, answer_spans = spans_of(answers)
    return Texts(
        data, spans, roles_of(_field(inner, "role")), np.ascontiguousarray(rows), answer_data, answer_spans
    )


def _field(inner: Any, name: str) -> Any:
    child = inner.field(name)
    return (
        compute.if_else(inner.is_valid(), child, pa.scalar(None, child.type)) if inner.null_count else child
    )


def spans_of(column: pa.Array[Any]) -> tuple[npt.NDArray[np.uint8], Int64s]:
    """Return the bytes of a string column, and where each text begins and ends; a null is empty."""
    data, offsets = buffers_of(column)
    starts, stops = offsets[:-1], offsets[1:]
    if column.null_count:
        stops = np.where(np.asarray(column.is_valid()), stops, starts)
    return data, np.ascontiguousarray(np.stack([starts, stops], axis=1))


def roles_of(column: pa.Array[Any]) -> npt.NDArray[np.uint8]:
    """Return the role codes of a role column."""
    encoded = column.dictionary_encode()
    codes = np.array(
        [*(ROLES.get(str(role).lower(), USER) for role in encoded.dictionary.to_pylist()), USER], np.uint8
    )
    places = np.asarray(encoded.indices.fill_null(len(codes) - 1))
    return np.asarray(codes[places])


def characters_of(messages: Any) -> Int64s:
    """Count the characters (code points) of all messages of each row."""
    lengths = np.asarray(compute.fill_null(compute.utf8_length(_field(messages.values, "text")), 0)).astype(
        np.int64
    )
    total = np.concatenate([[0], np.cumsum(lengths)])
    offsets = np.asarray(messages.offsets)
    return np.asarray(total[offsets[1:]] - total[offsets[:-1]], np.int64)


def with_role(messages: Any, texts: Texts, role: int) -> npt.NDArray[np.bool_]:
    """Return which rows hold a message of a role."""
    total = np.concatenate([[0], np.cumsum(texts.roles == role)])
    return np.asarray(total[texts.rows[:, 1]] > total[texts.rows[:, 0]])
