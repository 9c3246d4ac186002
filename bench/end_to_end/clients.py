"""Sends requests over real connections, several at a time, and keeps what each client got."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from end_to_end.shapes import Ask

PATH = "/v1/chat/completions"


@dataclass(frozen=True)
class Got:
    """What a client got."""

    account: str
    shape: str
    status: int
    retry_after: str = ""
    reference: str = ""
    """The reference of an appeal: the id of the decision."""
    permit: str = ""
    """What a refusal says of a permit."""
    cohort: str = ""
    """The cohort that the model was told; empty: none."""


Named = Callable[[str], dict[str, str]]
"""The headers by which an account is named to a gateway."""


class Line:
    """One connection."""

    def __init__(self, port: int, named: Named) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._named = named

    def ask(self, ask: Ask) -> Got:
        """Ask once."""
        headers = {"content-type": "application/json", **ask.headers, **self._named(ask.account)}
        try:
            self._line.request("POST", PATH, json.dumps(ask.body), headers)
            answer = self._line.getresponse()
            data = answer.read()
        except (http.client.HTTPException, OSError):
            self._line.close()
            return Got(ask.account, ask.shape, 0)
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Got(
            ask.account,
            ask.shape,
            answer.status,
            told.get("retry-after", ""),
            told.get("x-policy-reference", ""),
            told.get("x-policy-permit", ""),
            _cohort(data) if answer.status == 200 else "",
        )

    def close(self) -> None:
        """Hang up."""
        self._line.close()


def _cohort(data: bytes) -> str:
    """The first word that the model said, in a stream or not."""
    if not data.startswith(b"data:"):
        words = json.loads(data)["choices"][0]["message"]["content"]
        return _word(words)
    said = ""
    for line in data.splitlines():
        if line.startswith(b"data: {"):
            choices = json.loads(line[6:])["choices"]
            said += (choices[0]["delta"].get("content") or "") if choices else ""
    return _word(said)


def _word(said: Any) -> str:
    first = str(said).split(" ")[0]
    return "" if first == "plain" else first


def send(asks: Sequence[Ask], port: int, named: Named, lines: int = 8) -> list[Got]:
    """Send all, each account's in order; returns what each got."""
    shares: list[list[Ask]] = [[] for _ in range(lines)]
    places = {name: place for place, name in enumerate(sorted({ask.account for ask in asks}))}
    for ask in asks:
        shares[places[ask.account] % lines].append(ask)
    found: list[list[Got]] = [[] for _ in range(lines)]

    def work(number: int) -> None:
        line = Line(port, named)
        for ask in shares[number]:
            found[number].append(line.ask(ask))
        line.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(lines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [got for part in found for got in part]
