"""The sample of every format: detected as that format alone, and read as the format says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ingest_bench import Bench

from stillwatch.ingest.source import sample_of
from stillwatch.registry import FORMATS, Format
from stillwatch.settings import IngestSettings

SAMPLED = [name for name, form in FORMATS.all().items() if form.sample]


def _written(form: Format, folder: Path) -> Path:
    path = folder / f"sample{form.suffixes[0]}"
    path.write_text(form.sample, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SAMPLED)
def test_the_sample_is_detected_as_its_format_and_no_other_is_as_sure(name: str, tmp_path: Path) -> None:
    sample = sample_of(_written(FORMATS.all()[name], tmp_path), "", IngestSettings())
    sure = {other: form.detect(sample) for other, form in FORMATS.all().items()}
    assert sure[name] >= 0.5
    assert [other for other, how in sure.items() if how >= sure[name]] == [name]


@pytest.mark.parametrize("name", SAMPLED)
def test_the_sample_gives_what_the_format_says(name: str, bench: Bench) -> None:
    form = FORMATS.all()[name]
    found = bench.read(_written(form, bench.folder))
    assert form.gives
    assert [_only(row, want) for row, want in zip(found, form.gives, strict=True)] == list(form.gives)
    assert bench.quarantine.bad == 0


def _only(row: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    return {column: row[column] for column in want}
