"""The client of the look-up service: values in, tokens out. It checks what the service does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2

from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.private import bodies
from stillwatch.intel.private.answered import Got, got, refusal
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.key_list import LARGEST, CheatingService, KeyList, read_list
from stillwatch.intel.private.normalising import NoValue, normalised
from stillwatch.intel.private.settings import MOST_IN_A_BATCH
from stillwatch.intel.private.token import SIZE, Token, input_bytes
from stillwatch.intel.private.token_cache import TokenCache
from stillwatch.intel.private.voprf_package import ristretto

if TYPE_CHECKING:
    from voprf.ristretto import PublicKey

TRIES = 4
FIRST_WAIT_S = 0.5
LARGEST_ANSWER = 4 * LARGEST + MOST_IN_A_BATCH * bodies.ELEMENT
"""Bytes of an answer that are read."""


class BudgetSpent(IntelError):
    """The budget of the epoch does not suffice; tokens that were paid for are kept."""


@dataclass(frozen=True)
class Tokenised:
    """What became of some values."""

    tokens: Mapping[str, Token]
    """The token of each value that could be read, by the value as it was given."""
    refused: Mapping[str, str]
    """Why a value is none of its kind, by the value as it was given."""
    asked: int
    """Inputs that were paid for now; the others were known."""


class LookupClient:
    """Asks one service. Several tasks may share it."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        signer: bytes,
        cache: TokenCache,
        *,
        batch: int = 500,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        """http: with the service's address as its base, and the member's credentials. signer: the public key
        of the list of keys, which the member pinned when it joined. batch: inputs of a request. Raises
        MissingExtra without the package `voprf`.
        """
        ristretto()
        self._http, self._signer, self._cache = http, signer, cache
        self._batch, self._wait = min(batch, MOST_IN_A_BATCH), first_wait_s
        self._list: KeyList | None = None
        self._lock = asyncio.Lock()

    async def keys(self) -> KeyList:
        """The signed list of keys. Raises CheatingService where it contradicts what was shown before."""
        answer = await self._asked("GET", "v1/keys")
        found = read_list(answer.document(), self._signer)
        await asyncio.to_thread(self._cache.check_keys, found)
        self._list = found
        self._batch = max(1, min(self._batch, _whole(answer.document().get("largest_batch"), self._batch)))
        return found

    async def left(self) -> dict[str, int]:
        """Inputs that are left, by epoch."""
        rows = (await self._asked("GET", "v1/budget")).document().get("epochs")
        found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return {str(row.get("epoch")): _whole(row.get("left"), 0) for row in found}

    async def tokens_of(self, inputs: Sequence[bytes], epoch: str) -> tuple[dict[bytes, bytes], int]:
        """The token of each input, and how many were paid for. Each batch is kept when it has come, so that
        a second call goes on where the first ended. Raises BudgetSpent, CheatingService, IntelError.
        """
        async with self._lock:  # two tasks must not pay for one value
            found = await asyncio.to_thread(self._cache.known, epoch, inputs)
            missing = [one for one in dict.fromkeys(inputs) if one not in found]
            if not missing:
                return found, 0
            key = await self._key(epoch)
            at = 0
            while at < len(missing):
                part = missing[at : at + self._batch]
                got = await self._evaluated(part, epoch, key)
                await asyncio.to_thread(self._cache.keep, epoch, got)
                found |= got
                at += len(got)
            return found, len(missing)

    async def _key(self, epoch: str) -> PublicKey:
        listed = self._list
        if listed is None or epoch not in listed.keys:
            listed = await self.keys()
        if epoch not in listed.keys:
            known = ", ".join(sorted(listed.keys))
            raise IntelError("the service has no key for this epoch", where=epoch, do=f"it has: {known}")
        try:
            found: PublicKey = ristretto().PublicKey.deserialize(listed.keys[epoch])
        except ValueError:
            raise CheatingService(
                "the service signed a public key that is none", where=epoch, do="tell the group"
            ) from None
        return found

    async def _evaluated(self, part: Sequence[bytes], epoch: str, key: PublicKey) -> dict[bytes, bytes]:
        """The tokens of a batch, or of its beginning where the budget ends in it."""
        pairs = await asyncio.to_thread(lambda: [ristretto().Client.blind(one) for one in part])
        blinded = [element.serialize() for _, element in pairs]
        answer = await self._asked("POST", f"v1/lookups/{epoch}", bodies.request_body(blinded))
        if answer.status == 429:
            left = _whole(answer.document().get("left"), 0)
            if 0 < left < len(part):
                return await self._evaluated(part[:left], epoch, key)
            raise BudgetSpent(
                f"the budget of epoch {epoch} does not suffice: {left:,} inputs are left",
                do="go on in the next epoch; what was paid for is kept, and is not paid for again",
            )
        clients = [client for client, _ in pairs]
        outputs = await asyncio.to_thread(_finalised, clients, answer.body, key, epoch)
        return {one: output[:SIZE] for one, output in zip(part, outputs, strict=True)}

    async def _asked(self, method: str, path: str, body: bytes | None = None) -> Got:
        """The answer to a call. After a fault the same bytes go again; the service counts them once."""
        headers = {} if body is None else {"content-type": bodies.BINARY}
        said = ""
        for turn in range(TRIES):
            if turn:
                await asyncio.sleep(self._wait * 2 ** (turn - 1))
            try:
                answer = await got(self._http, method, path, body, headers, LARGEST_ANSWER)
            except httpx2.TransportError as error:
                said = type(error).__name__
                continue
            if answer.status < 500:
                if answer.status in (200, 429):
                    return answer
                raise refusal(answer, "the look-up service")
            said = f"status {answer.status}"
        raise IntelError(
            f"the look-up service does not answer: {said}",
            where=str(self._http.base_url),
            do="try again later; what was paid for is kept",
        )


async def tokenise(
    values: Sequence[str], kind: IndicatorKind, epoch: str | None, client: LookupClient
) -> Tokenised:
    """The tokens of values of one kind. epoch: None: that of now. Raises as LookupClient.tokens_of."""
    named = Epoch.named(epoch).name if epoch else Epoch.at(time.time()).name
    spelled: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    for value in values:
        try:
            spelled[value] = input_bytes(kind, named, normalised(kind, value))
        except NoValue as error:
            refused[value] = error.what
    found, asked = await client.tokens_of(list(spelled.values()), named)
    return Tokenised(
        {value: Token(found[one], kind, named) for value, one in spelled.items()}, refused, asked
    )


@asynccontextmanager
async def lookup_client(
    url: str, signer: bytes, cache: TokenCache, auth: httpx2.Auth | tuple[str, str], verify: Any = True
) -> AsyncIterator[LookupClient]:
    """A client of the service at an address. auth: what proves who asks. verify: how its certificate is
    checked, an SSL context or True. Raises IntelError where it would go over the network in the clear.
    """
    try:
        base = httpx2.URL(url.rstrip("/") + "/")
    except httpx2.InvalidURL:
        raise IntelError(
            "the service's address is none", where=repr(url[:80]), do="give https://HUB/private"
        ) from None
    if base.scheme != "https" and base.host not in ("127.0.0.1", "localhost", "::1"):
        raise IntelError("the service's address is not https", where=url, do="credentials go over https only")
    # No proxy of the environment: it would see sizes and times.
    async with httpx2.AsyncClient(base_url=base, auth=auth, verify=verify, trust_env=False) as http:
        yield LookupClient(http, signer, cache)


def _finalised(clients: Sequence[Any], answer: bytes, key: PublicKey, epoch: str) -> list[bytes]:
    try:
        outputs = ristretto().VerifiableBatchOutput.deserialize(answer)
        found: list[bytes] = ristretto().Client.finalize_batch(clients, outputs, key)
    except BaseException as error:
        # voprf 0.2.0 panics over the proof of a batch that does not hold; a panic is no Exception.
        if not isinstance(error, ValueError) and type(error).__name__ != "PanicException":
            raise
        raise CheatingService(
            "the service's answer does not hold: it was not made with the key of its signed list",
            where=f"epoch {epoch}",
            do="nothing of it was kept; a proxy that changes answers does this too: try another way once, "
            "then tell the group",
        ) from None
    return found


def _whole(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else otherwise
