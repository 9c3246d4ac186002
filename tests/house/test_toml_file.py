"""TOML files of people: whatever is given as one ends in a message with its place, in time and in little
memory.
"""

from __future__ import annotations

import ast
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillwatch import small_file
from stillwatch.campaigns.permits import read_permits
from stillwatch.errors import InputError, SettingError, StillwatchError
from stillwatch.ingest.mapping import load_mapping
from stillwatch.pipeline.releases import read_releases
from stillwatch.settings import load
from stillwatch.simulate.price import read_prices
from stillwatch.simulate.scenario import load as load_scenario
from stillwatch.toml_file import LARGEST, read_toml

READERS: dict[str, Callable[[Path], Any]] = {
    "settings": load,
    "permits": read_permits,
    "releases": read_releases,
    "mapping": load_mapping,
    "prices": read_prices,
    "scenario": lambda path: load_scenario(str(path)),
}
SOURCE = Path(__file__).resolve().parents[2] / "src" / "stillwatch"


def refusal(read: Callable[[Path], Any], path: Path) -> StillwatchError:
    with pytest.raises(StillwatchError) as refused:
        read(path)
    assert refused.value.do
    return refused.value


@pytest.fixture(params=list(READERS))
def read(request: pytest.FixtureRequest) -> Callable[[Path], Any]:
    return READERS[request.param]


BAD: dict[str, tuple[bytes, str]] = {
    "arrays in arrays": (b"a = " + b"[" * 100_000 + b"]" * 100_000, "more than 32 deep"),
    "tables in tables": (b"a = " + b"{a = " * 100_000 + b"1" + b"}" * 100_000, "more than 32 deep"),
    "a key of many parts": (b"[" + b"a." * 100_000 + b"a]", "more than 32 deep"),
    "a few tables too many": (b"[" + b".".join([b"a"] * 40) + b"]\nb = 1", "more than 32 deep"),
    "no UTF-8": (b"# a\n# b \xff\n", "byte 5 of the line is not UTF-8"),
    "no TOML": (b"a = 1\nb = \n", "is not TOML at the key b"),
    "a key twice": (b"a = 1\na = 2\n", "is not TOML at the key a"),
    "65 bits": (b"a = 9223372036854775808", "64 bits cannot hold it"),
    "a number without end": (b"a = " + b"9" * 10_000, "too large"),
    "a time before the calendar": (b"a = 0001-01-01T00:00:00+14:00", "outside the years 1970 to 9999"),
    "a time after the calendar": (b"a = 9999-12-31T23:59:59-12:00", "outside the years 1970 to 9999"),
    "an unknown key": (b"colour = 3\n", "colour"),
    "too large": (b"#" * (LARGEST + 1), "is larger than"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_faulty_file_is_refused_with_what_and_where(
    read: Callable[[Path], Any], tmp_path: Path, name: str
) -> None:
    path = tmp_path / "given.toml"
    path.write_bytes(BAD[name][0])
    error = refusal(read, path)
    assert BAD[name][1] in error.what
    assert "given.toml" in error.where
    if name in ("no UTF-8", "no TOML", "a key twice"):
        assert error.where.endswith("line 2")


def test_what_has_no_end_is_refused_soon(
    read: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_file, "PATIENCE", 0.1)
    os.mkfifo(tmp_path / "silent")
    begun = time.monotonic()
    assert "larger than" in refusal(read, Path("/dev/zero")).what
    assert "nothing came through it" in refusal(read, tmp_path / "silent").what
    assert refusal(read, tmp_path / "absent").what
    assert refusal(read, tmp_path).what
    assert time.monotonic() - begun < 10


def test_a_long_word_is_looked_at_once(tmp_path: Path) -> None:
    (tmp_path / "given.toml").write_text(f"{'a' * 2_000_000} = 1\n", encoding="utf-8")
    begun = time.monotonic()
    assert len(next(iter(read_toml(tmp_path / "given.toml", "file", option="--file")))) == 2_000_000
    assert time.monotonic() - begun < 10, "it took minutes where the search began at each letter"


def test_what_comes_through_a_pipe_is_read() -> None:
    end, other = os.pipe()
    os.write(other, b"[linkage]\nsmallest_group = 9\n")
    os.close(other)
    try:
        assert load(Path(f"/dev/fd/{end}")).linkage.smallest_group == 9
    finally:
        os.close(end)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_bytes(b"\xef\xbb\xbf[linkage]\r\nsmallest_group = 9\r\n")
    assert load(tmp_path / "s.toml").linkage.smallest_group == 9


def test_a_name_that_is_nearly_right_is_suggested(tmp_path: Path) -> None:
    time_ = "time = 2026-02-01T00:00:00Z\n"
    for read, text, says in (
        (load, "[campagns]\n", "did you mean campaigns"),
        (load, "[campaigns]\nfalse_discovery = 0.1\n", "did you mean false_discovery_rate"),
        (read_releases, f"[[releases]]\nmodel = 'a'\n{time_}", "[[release]]"),
        (read_releases, f"[[release]]\nmodels = 'a'\n{time_}", "did you mean model"),
        (read_releases, "release = 3", "[[release]]"),
        (read_permits, "[[permits]]\nname = 'a'\n", "[[permit]]"),
        (read_permits, "[[permit]]\nname = 'a'\nexpire = 2026-02-01\n", "did you mean expires"),
        (load_mapping, "[column]\ntime = 'a'\n", "did you mean columns"),
        (read_prices, "[adress]\namount = 1\nsource = 'x'\n", "known:"),
    ):
        path = tmp_path / "given.toml"
        path.write_text(text, encoding="utf-8")
        assert says in str(refusal(read, path))


def test_times_at_the_ends_are_taken_where_they_can_be_computed_with(tmp_path: Path) -> None:
    path = tmp_path / "releases.toml"
    path.write_text(
        "[[release]]\nmodel = 'a'\ntime = 9999-12-31T23:59:59Z\n[[release]]\nmodel = 'b'\ntime = "
        "1970-01-01\n",
        encoding="utf-8",
    )
    found = read_releases(path)
    assert found is not None
    assert found["second"].to_pylist() == [0, 253_402_300_799]


def test_the_error_is_of_the_kind_asked_for(tmp_path: Path) -> None:
    for kind in (InputError, SettingError):
        with pytest.raises(kind):
            read_toml(tmp_path / "absent", "list", option="--list", error=kind)


def test_toml_is_read_in_one_place() -> None:
    importing = [
        path.name
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and any(name.name == "tomllib" for name in node.names)
    ]
    assert importing == ["toml_file.py"]
