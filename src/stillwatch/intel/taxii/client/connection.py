"""A connection to a TAXII server: polite, with limits on all that comes back."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2
import orjson

from stillwatch.errors import IntelError
from stillwatch.intel.taxii.client.settings import ClientSettings
from stillwatch.intel.taxii.media import TAXII, is_taxii
from stillwatch.plain import plain

AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which a request is sent again."""


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    """Its HTTP status."""
    headers: Mapping[str, str]
    """Its headers, by names in small letters."""
    body: Any
    """Its body, a map; empty where it has none."""


class Refusal(IntelError):
    """A server refused a request; `status` says how."""

    def __init__(self, status: int, what: str, *, where: str, do: str) -> None:
        super().__init__(what, where=where, do=do)
        self.status = status


class Connection:
    """Requests to one server, as one member. Use it in `async with`.

    A request is sent again after a fault of the network and after 408, 429 and 5xx: after Retry-After, or a
    random wait that grows. An object posted twice is kept once, so that sending again is safe for all.
    """

    def __init__(
        self,
        url: str,
        auth: tuple[str, str] | httpx2.Auth | None = None,
        settings: ClientSettings | None = None,
        *,
        verify: Any = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """url: the address of the server, as https://hub.example; auth: name and password, or another
        way to say who asks; verify: an SSL context, or True. Raises IntelError for another address.
        """
        parts = _split(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise IntelError(
                "this is no address of a TAXII server", where=url[:200], do="write it as https://hub.example"
            )
        if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise IntelError(
                "credentials and shared objects do not go unencrypted", where=url[:200], do="use https://"
            )
        self.url = url.rstrip("/")
        self.settings = settings or ClientSettings()
        self._sleep = sleep
        self._client = httpx2.AsyncClient(
            auth=auth,
            verify=verify,
            follow_redirects=False,
            timeout=httpx2.Timeout(self.settings.timeout_s),
            headers={"Accept": TAXII, "Accept-Encoding": "identity", "User-Agent": "stillwatch-taxii/1"},
        )

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    def within(self, url: str) -> str:
        """Return an address that the server named, made whole. Raises IntelError where it leads to another
        server: the credentials are for this one.
        """
        try:
            whole = urljoin(self.url + "/taxii2/", url)
            httpx2.URL(whole)
        except (ValueError, httpx2.InvalidURL) as error:
            raise _no_address(url) from error
        if urlsplit(whole)[:2] != urlsplit(self.url)[:2]:
            raise IntelError(
                "the server names an address of another server",
                where=plain(whole)[:200],
                do="ask whoever runs it; give that server's address if you trust it with the credentials",
            )
        return whole if whole.endswith("/") else whole + "/"

    async def get(self, url: str, params: Mapping[str, str] | None = None) -> Answer:
        """Return an answer. Raises Refusal for a status of 400 and more, IntelError where there is none."""
        return await self._asked("GET", url, params=params)

    async def post(self, url: str, body: bytes) -> Answer:
        """Post an envelope. Raises as `get` does."""
        return await self._asked("POST", url, content=body, headers={"Content-Type": TAXII})

    async def delete(self, url: str, params: Mapping[str, str] | None = None) -> Answer:
        """Delete an object. Raises as `get` does."""
        return await self._asked("DELETE", url, params=params)

    async def _asked(self, method: str, url: str, **more: Any) -> Answer:
        whole = self.within(url)
        for number in range(self.settings.tries):
            last = number + 1 == self.settings.tries
            try:
                answer = await self._once(method, whole, **more)
            except (httpx2.TransportError, TimeoutError) as error:
                if last:
                    raise IntelError(
                        f"the server cannot be reached: {type(error).__name__}",
                        where=whole[:200],
                        do="check its address and the network, and begin again: what came is kept",
                    ) from error
                await self._sleep(self._wait(number))
                continue
            if answer.status < 300:
                return answer
            if last or answer.status not in AGAIN:
                raise _refusal(answer, whole)
            await self._sleep(self._told(answer, number, whole))
        raise AssertionError("BUG: no try was made")

    async def _once(self, method: str, url: str, **more: Any) -> Answer:
        async with asyncio.timeout(self.settings.answer_s), self._client.stream(method, url, **more) as came:
            pieces: list[bytes] = []
            size = 0
            async for piece in came.aiter_raw():
                size += len(piece)
                if size > self.settings.answer_bytes:
                    raise IntelError(
                        f"the answer is larger than {self.settings.answer_bytes:,} bytes",
                        where=url[:200],
                        do="ask for smaller pages",
                    )
                pieces.append(piece)
            headers = {name.lower(): value for name, value in came.headers.items()}
            return Answer(came.status_code, headers, _body(came.status_code, headers, b"".join(pieces), url))

    def _told(self, answer: Answer, number: int, url: str) -> float:
        """Seconds to wait after a refusal. Raises Refusal where the server asks for too many."""
        asked = _seconds(answer.headers.get("retry-after", ""))
        if asked is None:
            return self._wait(number)
        if asked > self.settings.retry_after_s:
            raise _refusal(answer, url)
        return asked + random.uniform(0, self.settings.first_wait_s)  # noqa: S311  # a wait is no secret

    def _wait(self, number: int) -> float:
        longest = min(self.settings.longest_wait_s, self.settings.first_wait_s * 2**number)
        return random.uniform(0, longest)  # noqa: S311  # a wait is no secret


def _split(url: str) -> SplitResult:
    """The parts of an address. Raises IntelError for what is none."""
    try:
        return urlsplit(url)
    except ValueError as error:
        raise _no_address(url) from error


def _no_address(url: str) -> IntelError:
    return IntelError(
        "this is no address", where=plain(url)[:200], do="write it whole, as https://hub.example"
    )


def _body(status: int, headers: Mapping[str, str], data: bytes, url: str) -> Any:
    """The body of an answer, a map. Raises IntelError where a success is something else."""
    told = headers.get("content-type", "")
    if not data.strip() and status < 300:
        return {}
    if headers.get("content-encoding", "identity") == "identity" and (is_taxii(told) or "json" in told):
        try:
            body = orjson.loads(data)
        except orjson.JSONDecodeError:
            body = None
        if isinstance(body, dict) and (is_taxii(told) or status >= 300):
            return body
    if status >= 300:
        return {}
    raise IntelError(
        "the server answers something other than TAXII 2.1",
        where=url[:200],
        do="check the address: it is the server's, before /taxii2/",
    )


def _refusal(answer: Answer, url: str) -> Refusal:
    described = answer.body.get("description") or answer.body.get("title") or ""
    said = f": {plain(described)[:300]}" if isinstance(described, str) and described else ""
    do = {
        401: "check name and password",
        403: "ask whoever runs the server for the right",
        404: "check the address; or you may not see it",
        413: "send less at once",
        429: f"wait {plain(answer.headers.get('retry-after', 'a while'))[:40]} seconds, and begin again",
    }
    return Refusal(
        answer.status,
        f"the server answers {answer.status}{said}",
        where=url[:200],
        do=do.get(answer.status, "see what it says; what came before is kept"),
    )


def _seconds(text: str) -> float | None:
    """Seconds of a Retry-After header: a number, or a date; None for another text."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
