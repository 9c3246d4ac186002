"""What a member that was removed can still do with what it kept: tokens of epochs that it knew, and its name."""

from __future__ import annotations

import asyncio
import base64
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from starlette.requests import Request

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.private.client import LookupClient, tokenise
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.service import lookup_app
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.private.token_cache import TokenCache
from stillwatch.intel.tlp import Tlp

THEN, NOW = "2026-W49", "2026-W50"
DAY = 86_400.0
VALUES = tuple(f"240.{number >> 8}.{number & 255}.0/24" for number in range(500))
KIND = IndicatorKind.NETWORK_PREFIX


@dataclass(frozen=True)
class Left:
    """What a removed member found."""

    values: int
    """Values of which it kept tokens, and which another member shared anew."""
    same_epoch: int
    """Of tokens that were shared in the epoch that it knew, those that it can tell."""
    next_epoch: int
    """The same in the epoch after: must be 0."""
    answered: int
    """Inputs that the service still answered it: must be 0."""

    @property
    def kept(self) -> bool:
        """Whether what was promised holds."""
        return self.same_epoch == self.values and not self.next_epoch and not self.answered

    @property
    def sentence(self) -> str:
        """It in words."""
        return (
            f"a member that was removed knows {self.same_epoch} of {self.values} tokens of the epoch in which it "
            f"asked, {self.next_epoch} of the next, and was answered {self.answered} inputs"
        )


@dataclass
class _Group:
    """A look-up service with members that can be removed, and its time."""

    now: float = Epoch.named(THEN).begins + DAY
    members: set[str] = field(default_factory=lambda: {"leaver", "another"})

    async def who(self, request: Request) -> Member | None:
        given = request.headers.get("authorization", "").partition(" ")[2]
        name = base64.b64decode(given).decode().partition(":")[0]
        if name not in self.members:
            return None
        return Member(f"identity--{name}", name, Tlp.AMBER, frozenset(Channel), writes=True)


def left_with_keys() -> Left:
    """Let a member ask, remove it, go on to the next epoch, and let it try what it kept."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_story(Path(folder)))


async def _story(folder: Path) -> Left:
    key = folder / "key"
    key.write_bytes(base64.b64encode(secrets.token_bytes(32)))
    key.chmod(0o600)
    group = _Group()
    app = lookup_app(
        Database(folder / "hub.db"), LookupSettings(key_file=key), group.who, clock=lambda: group.now
    )
    known = await _tokens(app, folder, "leaver", THEN)
    then = await _tokens(app, folder, "another", THEN)
    group.members.discard("leaver")
    group.now = Epoch.named(NOW).begins + DAY
    later = await _tokens(app, folder, "another", NOW)
    try:
        answered = len(await _tokens(app, folder / "again", "leaver", NOW))
    except IntelError:
        answered = 0
    hexes = {pattern.rpartition(":")[2] for pattern in known}
    return Left(
        len(VALUES),
        sum(pattern.rpartition(":")[2] in hexes for pattern in then),
        sum(pattern.rpartition(":")[2] in hexes for pattern in later),
        answered,
    )


async def _tokens(app: object, folder: Path, name: str, epoch: str) -> set[str]:
    folder.mkdir(exist_ok=True)
    transport = httpx2.ASGITransport(app=app)  # type: ignore[arg-type]
    cache = TokenCache(folder / f"{name}.db")
    try:
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://hub/", auth=(name, "secret")
        ) as http:
            told = await http.get("v1/keys")
            if told.status_code != 200:
                raise IntelError("the service knows nobody by this name", where=name, do="join again")
            client = LookupClient(http, bytes.fromhex(told.json()["signer"]), cache, first_wait_s=0.0)
            done = await tokenise(list(VALUES), KIND, epoch, client)
    finally:
        cache.close()
    return {token.pattern for token in done.tokens.values()}
