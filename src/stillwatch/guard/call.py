"""One request that asks a model, on its way through an adapter, and its line in the guard's own log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from stillwatch.guard.bodies import Body, members, small
from stillwatch.guard.callers import Headers
from stillwatch.guard.decision_id import decision_id
from stillwatch.guard.exchanges import KEPT_HEADERS, WORDS, Exchange
from stillwatch.guard.refusals import Dialect

LONGEST_FIELD = 1_024
"""Bytes of a field of a request that is looked at for the log; longer ones are words."""
CLIENT_KIND = (*(name.encode() for name in KEPT_HEADERS), b"x-stainless-")


@dataclass(slots=True)
class Call:
    """One request."""

    path: str
    """Its path without the query, as the server reads it."""
    peer: str
    """Address of the other end of the connection; empty: not known."""
    headers: Headers
    """Its headers as they came, names in lower case."""
    dialect: Dialect
    """How it is answered."""
    began: float
    """POSIX seconds."""
    counter: float
    """time.perf_counter() at its beginning."""
    body: Body | None = None
    """None until it is read."""
    account: str = ""
    """The account that it is decided for."""
    decision_id: str = ""
    """Empty until it is decided."""
    kept: dict[str, Any] | None = None
    """What the log keeps of the body; None while the body itself is there."""

    def let_go(self, *, logged: bool) -> None:
        """Forget the body, which may be large, for as long as the answer takes. logged: whether the log gets
        a line.
        """
        if self.body is not None and self.kept is None:
            self.kept = self._asked() if logged else {}
            self.body = replace(self.body, data=b"")

    def exchange(
        self, status: int, response: Mapping[str, Any], *, address: str, ja4_header: bytes
    ) -> Exchange:
        """The line of the log. ja4_header: where the edge writes JA4; empty: nowhere."""
        ja4 = next((value for name, value in self.headers if ja4_header and name == ja4_header), b"")
        return Exchange(
            request_id=self.decision_id or decision_id(self.began),
            account=self.account,
            time=self.began,
            path=self.path,
            status=status,
            duration_ms=round((time.perf_counter() - self.counter) * 1000),
            address=address,
            ja4=ja4.decode("latin-1"),
            headers={
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in self.headers
                if name.startswith(CLIENT_KIND)
            },
            request=self._asked() if self.kept is None else self.kept,
            response=response,
            decision=self.decision_id,
        )

    def _asked(self) -> dict[str, Any]:
        """The small fields of the request; the log drops those that hold words."""
        found = members(self.body) if self.body is not None else None
        return {
            name: small(raw)
            for name, raw in (found or {}).items()
            if len(raw) <= LONGEST_FIELD and (name not in WORDS or name == "metadata")
        }
