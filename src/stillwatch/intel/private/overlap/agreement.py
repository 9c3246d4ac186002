"""What two providers agree on before they look for an overlap. Each holds it; a request names all of it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.token import PURPOSE

NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,62}[a-z0-9]")
MOST_ASKED = 65_536
MOST_ANSWERED = 1_048_576


class Mode(StrEnum):
    """What who asks is to learn."""

    COUNT = "count"
    """How many tokens both have."""
    TOKENS = "tokens"
    """Which."""


@dataclass(frozen=True)
class Agreement:
    """One agreement. Raises IntelError where it is made with something that cannot be."""

    investigation: str
    """Reference of the investigation, the same at both: 3 to 64 lower-case letters, digits, hyphens."""
    asks: str
    """Name of the member that asks, and learns the result."""
    answers: str
    """Name of the member that answers, and learns how large the question was."""
    kind: IndicatorKind
    """The kind of tokens."""
    epoch: str
    """The epoch of the tokens."""
    mode: Mode = Mode.COUNT
    """What who asks is to learn. Both hold the agreement, so it is `tokens` only where both allow it."""
    most_asked: int = 1_024
    """Tokens that may be asked at once."""
    runs: int = 3
    """Questions that are answered in this investigation for this kind and epoch."""
    purpose: str = PURPOSE
    """What the result may be used for."""

    def __post_init__(self) -> None:
        for what, good in (
            ("investigation", bool(NAME.fullmatch(self.investigation))),
            ("asks", bool(NAME.fullmatch(self.asks)) and self.asks != self.answers),
            ("answers", bool(NAME.fullmatch(self.answers))),
            ("most_asked", 0 < self.most_asked <= MOST_ASKED),
            ("runs", 0 < self.runs <= 1_000),
            ("purpose", self.purpose == PURPOSE),
        ):
            if not good:
                raise IntelError(
                    f"an agreement cannot have this {what}",
                    where=f"{what}: {str(getattr(self, what))[:80]!r}",
                    do="names have 3 to 64 lower-case letters, digits, hyphens; at most "
                    f"{MOST_ASKED:,} tokens and 1,000 runs; purpose {PURPOSE}",
                )
        Epoch.named(self.epoch)

    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """SHA-256 of it, by which both can see that they hold the same."""
        return hashlib.sha256(json.dumps(self.document(), sort_keys=True).encode()).hexdigest()

    @staticmethod
    def of(document: Any) -> Agreement:
        """Read it. Raises IntelError for what is none."""
        names = {field.name for field in fields(Agreement)}
        if not isinstance(document, dict) or not set(document) <= names:
            raise _none("it is no object with the fields of an agreement")
        whole = {"most_asked", "runs"}
        if not all(type(value) is (int if key in whole else str) for key, value in document.items()):
            raise _none("a field has the wrong type")
        try:
            given = {**document, "kind": IndicatorKind(document["kind"])}
            given["mode"] = Mode(given.get("mode", Mode.COUNT))
            return Agreement(**given)
        except (KeyError, ValueError, TypeError) as error:
            raise _none(" ".join(str(error).split())[:200]) from None

    def differs(self, other: Agreement) -> list[str]:
        """The fields in which two agreements differ."""
        return [f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name)]


def _none(why: str) -> IntelError:
    return IntelError(f"an agreement cannot be read: {why}", do="make it with stillwatch intel overlap agree")
