"""Settings: each number has a range, and what lies outside is refused with file, key and range."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from stillwatch.allowed import Anything
from stillwatch.errors import SettingError
from stillwatch.setting import hints_of
from stillwatch.settings import Settings, as_document, from_document, load

SECTIONS: dict[str, Any] = {f.name: type(getattr(Settings(), f.name)) for f in fields(Settings)}
EVERY = [(section, f) for section, kind in SECTIONS.items() for f in fields(kind)]
NUMBERS = [(section, f) for section, f in EVERY if hints_of(SECTIONS[section])[f.name] in (int, float)]


@pytest.mark.parametrize(("section", "field"), EVERY, ids=lambda value: getattr(value, "name", value))
def test_each_setting_says_what_it_may_be_and_its_default_is(section: str, field: Any) -> None:
    allowed = field.metadata["allowed"]
    assert allowed is not None
    assert allowed.says
    assert allowed.holds(getattr(getattr(Settings(), section), field.name))
    if hints_of(SECTIONS[section])[field.name] in (int, float):
        assert not isinstance(allowed, Anything)


@pytest.mark.parametrize(("section", "field"), NUMBERS, ids=lambda value: getattr(value, "name", value))
def test_no_number_may_be_undefined_endless_negative_or_true(section: str, field: Any) -> None:
    for wrong in (math.nan, math.inf, -math.inf, -1, 2**62, True):
        with pytest.raises(SettingError) as refused:
            from_document({section: {field.name: wrong}}, where="settings.toml")
        assert f"{section}.{field.name}" in refused.value.what
        assert refused.value.where == "settings.toml"


REFUSED = {
    "[campaigns]\nfalse_discovery_rate = 5": "above 0 to 1",
    "[campaigns]\nfalse_discovery_rate = -1": "above 0 to 1",
    "[campaigns]\nfalse_discovery_rate = nan": "above 0 to 1",
    "[campaigns]\nfalse_discovery_rate = inf": "above 0 to 1",
    "[campaigns]\nfalse_discovery_rate = true": "must be float",
    "[linkage]\nsmallest_group = 0": "from 2 to",
    "[linkage]\nsmallest_group = 5.5": "must be int",
    "[ingest]\nworkers = -1": "from 0 to 256",
    "[ingest]\ntrusted_proxies = ['10.0.0.0/8', 'mine']": "networks as",
    '[engine]\nmemory = "1KB"': "a size from 50MB up",
    '[engine]\nmemory = "much"': "a size from 50MB up",
    "[watch]\nwindow = 0": "from 1 to 36,500",
    "[watch]\nsearches_a_day = 5": "one of 1, 2, 3",
}


@pytest.mark.parametrize(("text", "says"), REFUSED.items(), ids=list(REFUSED))
def test_a_value_out_of_range_is_refused_with_file_key_and_range(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError) as refused:
        load(path)
    section, key = text.partition("\n")[0].strip("[]"), text.partition("\n")[2].partition(" =")[0]
    assert f"{section}.{key}" in refused.value.what
    assert refused.value.where == str(path)
    assert says in str(refused.value)


def test_settings_made_in_python_are_held_to_the_same_ranges() -> None:
    with pytest.raises(SettingError, match=r"watch\.window cannot be 0"):
        replace(Settings().watch, window=0)


def test_settings_of_an_older_run_are_held_to_the_same_ranges() -> None:
    document = json.loads(json.dumps(as_document(Settings())))
    assert from_document(document, where="run.json") == Settings()
    document["linkage"]["overlap"] = 7
    with pytest.raises(SettingError, match=r"linkage\.overlap cannot be 7"):
        from_document(document, where="run.json")


def test_a_password_in_a_setting_is_not_written_down() -> None:
    ingest = replace(Settings().ingest, account_field="https://me:hunter2@gateway.example/x")
    assert "hunter2" not in json.dumps(as_document(replace(Settings(), ingest=ingest)))
