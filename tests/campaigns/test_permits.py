"""Permits: what may be written in the file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest

from stillwatch.campaigns.permit_matches import permit_matches
from stillwatch.campaigns.permits import Permit, read_permits
from stillwatch.errors import InputError

GOOD = """
[[permit]]
name = "study"
accounts = ["a", "b"]
models = ["small"]
volume = 1000
output_tokens = 50_000
purpose = "a tutor"
starts = 2026-01-01
expires = 2026-06-30T00:00:00+02:00

[[permit]]
name = "house"
organisation = "Example Ltd"
expires = "2026-12-31"
"""
END = 'expires = "2026-12-31"'


def written(folder: Path, text: str) -> Path:
    path = folder / "permits.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_permit_is_read_whole(tmp_path: Path) -> None:
    study, house = read_permits(written(tmp_path, GOOD))
    assert study == Permit(
        name="study",
        accounts=frozenset({"a", "b"}),
        organisation="",
        models=frozenset({"small"}),
        volume=1000,
        output_tokens=50_000,
        purpose="a tutor",
        starts=datetime(2026, 1, 1, tzinfo=UTC),
        expires=datetime(2026, 6, 29, 22, tzinfo=UTC),
    )
    assert (house.organisation, house.volume, house.starts) == ("Example Ltd", None, None)
    assert house.expires == datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "an end covers its day"


def test_no_file_and_an_empty_file_hold_no_permits(tmp_path: Path) -> None:
    assert read_permits(None) == []
    assert read_permits(written(tmp_path, "")) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[permit]\nname = 1", ["not TOML"]),
        ("[licence]\nname = 'x'", ["licence", "[[permit]]"]),
        ("permit = 3", ["[[permit]]"]),
        ("permit = [3]", ["[[permit]]"]),
        ("[permit]\nname = 'x'", ["[[permit]]"]),
        (f"[[permit]]\nname = 'x'\naccounts = ['a']\n{END}\nmodel = 'm'", ["permit 1", "model"]),
        (f"[[permit]]\naccounts = ['a']\n{END}", ["permit 1", "name"]),
        ("[[permit]]\nname = 'x'\naccounts = ['a']", ["permit 1", "expires"]),
        (f"[[permit]]\nname = 'x'\n{END}", ["permit 1", "accounts", "organisation"]),
        (f"[[permit]]\nname = 'x'\naccounts = 'a'\n{END}", ["permit 1", "accounts", "list"]),
        (f"[[permit]]\nname = 'x'\naccounts = ['a', 3]\n{END}", ["permit 1", "accounts", "list"]),
        (f"[[permit]]\nname = 'x'\naccounts = ['a']\nmodels = 'm'\n{END}", ["permit 1", "models", "list"]),
        (
            f"[[permit]]\nname = 'x'\naccounts = ['a']\nvolume = -1\n{END}",
            ["permit 1", "volume", "whole number"],
        ),
        (
            f"[[permit]]\nname = 'x'\naccounts = ['a']\nvolume = true\n{END}",
            ["permit 1", "volume", "whole number"],
        ),
        (
            f"[[permit]]\nname = 'x'\naccounts = ['a']\noutput_tokens = 1.5\n{END}",
            ["permit 1", "output_tokens", "whole number"],
        ),
        ("[[permit]]\nname = 'x'\naccounts = ['a']\nexpires = 'soon'", ["permit 1", "expires", "date"]),
        (f"[[permit]]\nname = 'x'\naccounts = ['a']\nstarts = 7\n{END}", ["permit 1", "starts", "date"]),
        (GOOD + "\n[[permit]]\nname = 'third'\norganisation = 'O'", ["permit 3", "expires"]),
    ],
)
def test_a_fault_is_told_with_file_permit_and_key(tmp_path: Path, text: str, words: list[str]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_permits(path)
    told = str(caught.value)
    assert str(path) in caught.value.where
    assert caught.value.do
    assert [word for word in words if word not in told] == []


def test_a_missing_file_and_one_that_is_no_text_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_permits(tmp_path / "nowhere.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not TOML"):
        read_permits(tmp_path / "bytes.toml")


def test_all_faults_are_told_at_once_with_the_nearest_key(tmp_path: Path) -> None:
    text = f"[[permit]]\nname = 'x'\norganization = 'O'\nmodel = ['m']\n{END}\n[[permit]]\nname = 'y'"
    with pytest.raises(InputError) as caught:
        read_permits(written(tmp_path, text))
    told = str(caught.value)
    assert "did you mean organisation?" in told
    assert "did you mean models?" in told
    assert "permit 2: the permit has no expires" in told


def test_swapped_dates_are_refused_and_doubled_names_are_said(tmp_path: Path) -> None:
    swapped = f"[[permit]]\nname = 'x'\norganisation = 'O'\nstarts = 2027-01-01\n{END}"
    with pytest.raises(InputError, match="ends before it starts"):
        read_permits(written(tmp_path, swapped))
    said: list[str] = []
    one = f"[[permit]]\nname = 'x'\norganisation = ' O '\n{END}\n"
    assert [permit.organisation for permit in read_permits(written(tmp_path, one * 2), said.append)] == [
        "O"
    ] * 2
    assert said == ["2 permits have one name, so lists cannot tell them apart: x"]


def test_an_end_on_a_bare_date_covers_that_day(tmp_path: Path) -> None:
    (permit,) = read_permits(
        written(tmp_path, "\ufeff[[permit]]\nname = 'x'\norganisation = 'O'\nexpires = 2026-12-31\n")
    )
    assert permit.expires == datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def test_a_permit_of_nobody_and_two_of_one_account_show(tmp_path: Path) -> None:
    permits = read_permits(
        written(
            tmp_path,
            f"[[permit]]\nname = 'ids'\naccounts = ['a', 'b']\n{END}\n"
            f"[[permit]]\nname = 'owner'\norganisation = 'O'\n{END}\n"
            f"[[permit]]\nname = 'nobody'\naccounts = ['z']\n{END}\n",
        )
    )
    found = permit_matches(permits, {1: "a", 2: "b", 3: "c"}, {2: "O", 3: "O"})
    assert [(one.name, one.other, one.accounts) for one in found] == [
        ("ids", None, 2),
        ("owner", None, 2),
        ("nobody", None, 0),
        ("ids", "owner", 1),
    ]


def test_many_permits_take_work_in_proportion(tmp_path: Path) -> None:
    (one,) = read_permits(written(tmp_path, f"[[permit]]\nname = 'x'\naccounts = ['a']\n{END}\n"))

    def seconds(n: int) -> float:
        permits = [
            replace(one, name=f"p{i}", accounts=frozenset((f"a{i}", f"a{i - i % 2}"))) for i in range(n)
        ]
        began = process_time()
        found = permit_matches(permits, {i: f"a{i}" for i in range(n)}, {})
        assert [(one.name, one.other) for one in found[n : n + 2]] == [("p0", "p1"), ("p2", "p3")]
        assert len(found) == n + n // 2
        return process_time() - began

    # The 200 million pairs of these permits take half a minute to look at.
    assert seconds(20_000) < 5
