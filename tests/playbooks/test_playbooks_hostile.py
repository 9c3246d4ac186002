"""Files of strangers: bounded, refused in words, and nothing of them runs or drives a terminal."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook_files import action, document, name

from stillwatch.errors import PlaybookError
from stillwatch.playbooks.cacao_file import LARGEST, playbook_of, read_playbook

VALID = json.dumps(document(name("action", "a"), action("a", check="run_recent"))).encode()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


def taken(data: bytes) -> None:
    """Read it: it is a playbook, or is refused in words that a terminal may show."""
    fault: PlaybookError | None = None
    try:
        found = playbook_of(data, "file.json", "file.json")
    except PlaybookError as error:
        fault = error
    if fault is not None:
        assert fault.what
        assert fault.do
        assert len(fault.where) < 20_000
        assert all(line.isprintable() for line in str(fault).splitlines())
        return
    shown = [found.name, found.description]
    for step in found.steps.values():
        shown += [step.name, step.description, *step.commands, *step.binding.unknown]
    assert all(text.isprintable() or not text for text in shown)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes(data: bytes) -> None:
    taken(data)


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_any_json(told: Any) -> None:
    taken(json.dumps(told).encode())


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_valid_file_with_anything_put_into_it(data: st.DataObject) -> None:
    told = json.loads(VALID)
    place: Any = told
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        deeper = place[key]
        if not isinstance(deeper, dict | list) or not deeper or data.draw(st.integers(0, 3)) == 0:
            break
        place = deeper
    place[key] = data.draw(JSON)
    taken(json.dumps(told).encode())


@given(st.integers(0, len(VALID) - 1), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_a_valid_file_with_one_byte_changed(at: int, byte: int) -> None:
    taken(VALID[:at] + bytes([byte]) + VALID[at + 1 :])


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"type": "playbook", "type": "playbook"}',
        b'{"a": 1e999}',
        b'{"a": NaN}',
        b'{"a": "' + b"x" * 9_000 + b'"}',
        b'{"a": "\\ud800"}',
        b'{"a": ' + b"1" * 10_000 + b"}",
        b" " * (LARGEST + 1),
        b"\xff\xfe",
        b"",
    ],
    ids=lambda data: str(data[:12]),
)
def test_known_tricks_are_refused(data: bytes) -> None:
    with pytest.raises(PlaybookError, match="cannot be read"):
        playbook_of(data, "x.json", "x.json")


def test_many_faults_are_told_briefly_and_soon() -> None:
    told = json.loads(VALID)
    told["workflow"] |= {f"x{number}": {"type": "y" * 5_000} for number in range(150)}
    began = time.monotonic()
    with pytest.raises(PlaybookError) as caught:
        playbook_of(json.dumps(told).encode(), "x.json", "x.json")
    assert time.monotonic() - began < 10
    assert len(str(caught.value)) < 10_000


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match="cannot be read"):
        read_playbook(tmp_path / "gone.json")
    with pytest.raises(PlaybookError, match="larger than"):
        read_playbook(Path("/dev/zero"))


def test_a_file_cannot_take_the_name_of_a_playbook_that_ships(tmp_path: Path) -> None:
    path = tmp_path / "share"
    path.write_bytes(VALID)
    assert read_playbook(path).title == "share.json"
