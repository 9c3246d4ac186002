"""An answer over HTTP from a service that may be anybody: never more of it than was expected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from stillwatch.errors import IntelError

PATIENCE_S = 60.0
"""Seconds that a service may be silent."""


@dataclass(frozen=True)
class Got:
    """An answer."""

    path: str
    """What was asked."""
    status: int
    """Its status."""
    body: bytes
    """Its body."""

    def document(self) -> dict[str, Any]:
        """Its body as a JSON object; empty where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


async def got(
    http: httpx2.AsyncClient,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
    most: int,
    patience_s: float = PATIENCE_S,
) -> Got:
    """Ask. most: bytes that are read. Raises IntelError for a larger answer, httpx2.TransportError."""
    async with http.stream(method, path, content=body, headers=dict(headers), timeout=patience_s) as answer:
        pieces: list[bytes] = []
        size = 0
        async for piece in answer.aiter_bytes():
            size += len(piece)
            if size > most:
                raise IntelError(
                    f"the answer is larger than {most:,} bytes",
                    where=answer.request.url.path,
                    do="nothing of it was kept; tell who runs the service",
                )
            pieces.append(piece)
        return Got(answer.request.url.path, answer.status_code, b"".join(pieces))


def refusal(answer: Got, who: str) -> IntelError:
    """What a service refused, in its words."""
    document = answer.document()
    return IntelError(
        f"{who} refused: {str(document.get('error', 'no reason given'))[:300]}",
        where=f"{answer.path}: status {answer.status}",
        do=str(document.get("do", "check the address and the credentials"))[:300],
    )
