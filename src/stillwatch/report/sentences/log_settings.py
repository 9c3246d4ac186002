"""What one setting of the program that wrote the log would add, and what could then see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.registry import FORMATS, LogSetting
from stillwatch.report import formatting
from stillwatch.report.sentences.blindness import COLUMN
from stillwatch.report.sentences.clauses import joined
from stillwatch.run.reading import Row, Run
from stillwatch.schema import use

NEARLY_NONE = 0.05
"""A column that a smaller share of the rows fills counts as not written."""


@dataclass(frozen=True)
class Addition:
    """One setting that would add something."""

    format: str
    """The log format."""
    setting: str
    """What the program calls it."""
    text: str
    """What is missing."""
    do: str
    """What to set."""
    sees: tuple[str, ...]
    """Facets and signals that could see then, as far as this setting is what they lack."""

    def __str__(self) -> str:
        """All of it in sentences."""
        names = joined([formatting.named(name) for name in self.sees])
        return f"{self.text} {self.do}" + (f" These could then see: {names}." if names else "")


def additions(run: Run) -> list[Addition]:
    """What settings would add to the logs of the format that most rows came in, each thing once."""
    rows: Counter[str] = Counter()
    for source in run.about.get("inputs", []):
        rows[source.get("format", "")] += source.get("rows", 0)
    known = FORMATS.all()
    if not rows or (most := rows.most_common(1)[0][0]) not in known or 2 * rows[most] <= rows.total():
        return []
    used = [row for row in run.rows("use") if row["input"] == "logs"]
    given: dict[str, Any] = run.about.get("given", {})
    blind = run.rows("blindness")
    found: list[Addition] = []
    told: set[str] = set()
    for setting in known[most].settings:
        if setting.unless and given.get(setting.unless):
            continue
        text = _cut(setting, used) if setting.mended else _empty(setting, used)
        sees = _sees(setting, blind, told)
        if text and (sees or setting.mended):
            found.append(Addition(most, setting.name, text, setting.do, sees))
            told.update(sees)
    return found


def _empty(setting: LogSetting, used: Sequence[Row]) -> str:
    """The sentence for columns that hardly any row fills; empty where some do."""
    read = sum(row["count"] for row in used if row["what"] == use.READ)
    filled = sum(row["count"] for row in used if row["what"] == use.FILLED and row["name"] in setting.empty)
    return f"The log lacks {setting.lacks}." if read and filled < NEARLY_NONE * read else ""


def _cut(setting: LogSetting, used: Sequence[Row]) -> str:
    """The sentence for values that were counted as cut; empty where none was."""
    count = sum(row["count"] for row in used if row["detail"] == setting.mended)
    return f"{formatting.plural(count, 'request')} of the log lost {setting.lacks}." if count else ""


def _sees(setting: LogSetting, blind: Sequence[Row], told: Collection[str]) -> tuple[str, ...]:
    """The facets and signals that saw nearly nothing for want of these columns alone."""
    names = {
        row["name"]
        for row in blind
        if row["share"] > 1.0 - NEARLY_NONE
        and (columns := COLUMN.findall(row["reason"]))
        and all(name.removeprefix("exchanges.") in setting.brings for name in columns)
    }
    return tuple(sorted(names - set(told)))
