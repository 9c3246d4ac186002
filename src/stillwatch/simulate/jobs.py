"""Jobs: the kinds of use that exchanges are made of, and mixtures of them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.simulate.clients import as_json
from stillwatch.simulate.grammar import Grammar, documents
from stillwatch.simulate.paraphrase import LEVELS
from stillwatch.simulate.specs import Region

Array = npt.NDArray[Any]
SCOPES = ("row", "account", "group", "world")
SLOTS = 1024
LANGUAGES = ("en", "es", "pt", "de", "fr", "ja", "zh", "hi", "ar", "ru", "ko", "it")
UNLIMITED = 0


class Jobs:
    """All jobs as columns, and the mixtures that accounts draw them from.

    System, head and body have one row per level of paraphrase.
    """

    def __init__(self, grammar: Grammar, parameters: Mapping[str, int]) -> None:
        book = documents("catalogue")
        jobs = {
            name: {**book["jobs.toml"].get(row.get("like", ""), {}), **row}
            for name, row in book["jobs.toml"].items()
        }
        self.grammar = grammar
        self.names = list(jobs)
        rows = list(jobs.values())
        self.toolsets = [
            "",
            *(as_json([_tool(f) for f in functions]) for functions in book["tools.toml"].values()),
        ]
        tools = {"": 0} | {name: i + 1 for i, name in enumerate(book["tools.toml"])}
        self.formats = ["", as_json({"type": "json_object"})]
        self.system = np.stack([self._symbols(rows, "system", level) for level in range(LEVELS)])
        self.head = np.stack([self._symbols(rows, "head", level) for level in range(LEVELS)])
        self.answer = self._symbols(rows, "answer", 0)
        self.body = np.stack([self._all_spoken(rows, "body", level) for level in range(LEVELS)])
        self.follow = self._all_spoken(rows, "follow", 0)
        self.scope = {
            part: np.array([SCOPES.index(row.get(f"{part}_scope", "row")) for row in rows])
            for part in ("system", "head", "body")
        }
        self.pool = {
            part: np.array([row.get(key, UNLIMITED) for row in rows], np.uint64)
            for part, key in (("system", "system_pool"), ("body", "pool"))
        }
        self.turns = np.array([row.get("turns", 1) for row in rows])
        self.follow_role = np.array([int(row.get("follow_role") == "tool") for row in rows])
        self.input = np.array([row.get("input", [0.0, 0.0]) for row in rows])
        self.output = np.array([row["output"] for row in rows])
        self.reasoning = np.array([row.get("reasoning", 0.0) for row in rows])
        self.refusal = np.array([row.get("refusal", 0.004) for row in rows])
        self.parameters = np.array(
            [parameters[row["parameters"]] if "parameters" in row else -1 for row in rows]
        )
        self.tools = np.array([tools[row.get("tools", "")] for row in rows])
        self.output_format = np.array([int("output_format" in row) for row in rows])
        self.world_seed = np.array(
            [zlib.crc32(row.get("questions", name).encode()) for name, row in jobs.items()], np.uint64
        )
        self.signs = np.array([bool(row.get("signs")) for row in rows])
        self.opening = np.array([row.get("opening", [0, 0]) for row in rows])
        self.replays = np.array([bool(row.get("replays")) for row in rows])
        self.goes_on = np.array(["opening" in row or row.get("replays") == "resume" for row in rows])
        self.asks = np.array([self.names.index(row["asks"]) if "asks" in row else -1 for row in rows])
        self.refusal_symbol = grammar.number("refusal")
        self._profiles: dict[tuple[tuple[str, float], ...], int] = {}

    def _symbols(self, rows: list[dict[str, Any]], key: str, level: int) -> Array:
        return np.array([self.grammar.at_level(row.get(key, ""), level) for row in rows], np.int64)

    def _all_spoken(self, rows: list[dict[str, Any]], key: str, level: int) -> Array:
        return np.stack([self._spoken(rows, key, level, language) for language in LANGUAGES], axis=1)

    def _spoken(self, rows: list[dict[str, Any]], key: str, level: int, language: str) -> Array:
        """Return the symbols of a part in a language.

        A follow-up without words of its own in the language says another first question.
        """
        numbers = []
        for row in rows:
            name = row.get(key, "")
            spoken = f"{row.get('body' if name.endswith('_follow') else key, '')}_{language}"
            numbers.append(
                self.grammar.at_level(spoken if name and spoken in self.grammar.symbols else name, level)
            )
        return np.array(numbers, np.int64)

    def profile(self, mixture: Mapping[str, float]) -> int:
        """Return the number of a mixture of jobs."""
        key = tuple(sorted((name, weight) for name, weight in mixture.items() if weight > 0))
        return self._profiles.setdefault(key, len(self._profiles))

    def table(self) -> Array:
        """Return SLOTS job numbers for each profile, each as often as its weight says."""
        rows = []
        for mixture in self._profiles:
            edges = np.cumsum([weight for _, weight in mixture])
            slots = np.searchsorted(edges / edges[-1], (np.arange(SLOTS) + 0.5) / SLOTS)
            rows.append(np.array([self.names.index(name) for name, _ in mixture])[slots])
        return np.stack(rows)

    def languages_of(self, region: Array, regions: Sequence[Region], rng: np.random.Generator) -> Array:
        """Draw a language for each account, by its region's shares."""
        chosen = np.zeros(len(region), np.int64)
        for r, spec in enumerate(regions):
            inside = np.flatnonzero(region == r)
            names, weights = list(spec.languages), np.array(list(spec.languages.values()))
            numbers = np.array([LANGUAGES.index(name) if name in LANGUAGES else 0 for name in names])
            chosen[inside] = numbers[rng.choice(len(names), len(inside), p=weights / weights.sum())]
        return chosen


def _tool(function: str) -> dict[str, Any]:
    name, _, rest = function.partition("(")
    properties = {argument.strip(): {"type": "string"} for argument in rest.rstrip(")").split(",")}
    parameters = {"type": "object", "properties": properties, "required": list(properties)[:1]}
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": f"Tool {name.replace('_', ' ')}.",
            "parameters": parameters,
        },
    }
