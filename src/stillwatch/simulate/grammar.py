"""Phrase books: symbols with alternatives, as flat arrays that a compiled kernel can expand."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.simulate import paraphrase
from stillwatch.toml_file import parse_toml

SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Grammar:
    """A context-free grammar without recursion. Every literal is already escaped for a JSON string."""

    symbols: dict[str, int]
    """Number of each symbol."""
    data: npt.NDArray[np.uint8]
    """The bytes of all literals."""
    literals: Ints
    """Where each literal starts in `data`; one more entry than literals."""
    ops: Ints
    """Steps of all alternatives: a literal's number, or -1 - symbol."""
    alternatives: Ints
    """Where each alternative starts in `ops`; one more entry than alternatives."""
    choices: Ints
    """Where each symbol's alternatives start; one more entry than symbols."""
    wording: npt.NDArray[np.bool_]
    """Whether a symbol draws from the random stream of wording.

    It does if it belongs to a paraphrased frame, not to the payload.
    """

    def number(self, symbol: str) -> int:
        """Return the symbol's number, -1 for the empty name. Raises KeyError for an unknown one."""
        return self.symbols[symbol] if symbol else -1

    def at_level(self, symbol: str, level: int) -> int:
        """Return the number of the symbol that says the same at a level of paraphrase.

        It is the symbol itself if it is no paraphrased frame.
        """
        return self.symbols.get(symbol + paraphrase.ENDS[level], self.number(symbol)) if symbol else -1

    def arrays(self) -> tuple[npt.NDArray[np.uint8], Ints, Ints, Ints, Ints, npt.NDArray[np.bool_]]:
        """The arrays that the kernels take."""
        return self.data, self.literals, self.ops, self.alternatives, self.choices, self.wording


def build(rules: dict[str, list[str]]) -> Grammar:
    """Make a grammar from symbol -> alternatives. Raises ValueError for an unknown slot and for recursion."""
    symbols = {name: i for i, name in enumerate(sorted(rules))}
    _refuse_loops(rules)
    texts: dict[bytes, int] = {}
    ops: list[int] = []
    alternatives, choices = [0], [0]
    for name in symbols:
        for alternative in rules[name]:
            ops += [
                _step(part, i % 2 == 1, symbols, texts, name)
                for i, part in enumerate(SLOT.split(alternative))
                if part
            ]
            alternatives.append(len(ops))
        choices.append(len(alternatives) - 1)
    offsets = np.cumsum([0, *(len(text) for text in texts)], dtype=np.int64)
    data = np.frombuffer(b"".join(texts), np.uint8)
    wording = np.array([name.startswith(paraphrase.FIRST) for name in symbols], np.bool_)
    return Grammar(
        symbols,
        data,
        offsets,
        np.array(ops, np.int64),
        np.array(alternatives, np.int64),
        np.array(choices, np.int64),
        wording,
    )


def _step(part: str, slot: bool, symbols: dict[str, int], texts: dict[bytes, int], name: str) -> int:
    if not slot:
        escaped = json.dumps(part, ensure_ascii=False)[1:-1].encode()
        return texts.setdefault(escaped, len(texts))
    if part not in symbols:
        raise ValueError(f"BUG: phrase {name} uses {{{part}}}, which no phrase book has")
    return -1 - symbols[part]


def _refuse_loops(rules: dict[str, list[str]]) -> None:
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"BUG: phrase {name} contains itself")
        if name in done:
            return
        for alternative in rules.get(name, []):
            for slot in SLOT.findall(alternative):
                visit(slot, (*above, name))
        done.add(name)

    for name in rules:
        visit(name, ())


@cache
def shipped() -> Grammar:
    """Return the grammar of the phrase books in this package."""
    return build(shipped_rules())


def shipped_rules() -> dict[str, list[str]]:
    """Return the rules of the phrase books, with number symbols and paraphrases added."""
    rules: dict[str, list[str]] = _numbers()
    for name, book in documents("phrases").items():
        for symbol, alternatives in book.items():
            if symbol in rules:
                raise ValueError(f"BUG: phrase {symbol} of {name} is already in another book")
            rules[symbol] = list(alternatives)
    return rules | paraphrase.rules(rules, documents("paraphrases"))


def documents(folder: str) -> dict[str, dict[str, Any]]:
    """Return the TOML files of a folder of this package, by name, sorted."""
    files = resources.files(__package__).joinpath(folder).iterdir()
    found = {f.name: f.read_text(encoding="utf-8") for f in files if f.name.endswith(".toml")}
    return {name: parse_toml(found[name], "phrase book", where=name) for name in sorted(found)}


def _numbers() -> dict[str, list[str]]:
    return {
        "digit": [str(i) for i in range(2, 10)],
        "tens": [str(i) for i in range(11, 99)],
        "hundreds": [str(i) for i in range(101, 999, 3)],
        "thousands": [str(i) for i in range(1013, 9999, 37)],
        "year": [str(i) for i in range(1974, 2026)],
    }
