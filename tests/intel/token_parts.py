"""Members and a look-up service for tests: real SQLite, real keys, credentials in a small table."""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request

from stillwatch.cases.database import Database
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.private.client import LookupClient
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.service import lookup_app
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.private.token_cache import TokenCache
from stillwatch.intel.tlp import Tlp
from stillwatch.intel.witness import Fact

EPOCH = Epoch.named("2026-W49")
NOON = EPOCH.begins + 2.5 * 86_400


def member(name: str, *, coordinator: bool = False, channels: frozenset[Channel] | None = None) -> Member:
    return Member(
        identity=f"identity--{name}",
        name=name,
        clearance=Tlp.AMBER,
        channels=frozenset({Channel.INFORMATION}) if channels is None else channels,
        writes=True,
        coordinator=coordinator,
    )


@dataclass
class Parts:
    """A service and what it was told."""

    folder: Path
    place: str = ""
    now: float = NOON
    members: dict[str, Member] = field(
        default_factory=lambda: {
            "ann": member("ann"),
            "ben": member("ben"),
            "cora": member("cora", coordinator=True),
            "dan": member("dan", channels=frozenset({Channel.REPORT})),
        }
    )
    told: list[tuple[str, str | None, dict[str, Fact]]] = field(default_factory=list)
    calls: int = 0
    opened: list[Database] = field(default_factory=list)

    async def who(self, request: Request) -> Member | None:
        self.calls += 1
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return None
        name, _, secret = base64.b64decode(given).decode().partition(":")
        return self.members.get(name) if secrets.compare_digest(secret, f"{name}'s") else None

    def witness(self, session: Session, kind: str, member: Member | None, facts: Mapping[str, Fact]) -> None:
        assert session.in_transaction()
        self.told.append((kind, member.name if member else None, dict(facts)))

    def settings(self, **chosen: Any) -> LookupSettings:
        key = self.folder / "key"
        if not key.exists():
            key.write_bytes(base64.b64encode(secrets.token_bytes(32)))
            key.chmod(0o600)
        return LookupSettings(key_file=key, **chosen)

    def database(self) -> Database:
        self.opened.append(Database(self.place or self.folder / "hub.db"))
        return self.opened[-1]

    def app(self, **chosen: Any) -> Starlette:
        return lookup_app(
            self.database(), self.settings(**chosen), self.who, self.witness, clock=lambda: self.now
        )

    def of_kind(self, kind: str) -> list[dict[str, Fact]]:
        return [facts for told, _, facts in self.told if told == kind]


@contextlib.asynccontextmanager
async def calling(app: Any, name: str = "ann") -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client of an application, as a member."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://hub/", auth=(name, f"{name}'s")
    ) as http:
        yield http


async def signer_of(http: httpx2.AsyncClient) -> bytes:
    return bytes.fromhex((await http.get("v1/keys")).json()["signer"])


@contextlib.asynccontextmanager
async def asking(
    app: Any, cache: Path, name: str = "ann", *, batch: int = 500
) -> AsyncIterator[LookupClient]:
    """A look-up client of an application, with a cache of its own."""
    async with calling(app, name) as http:
        kept = TokenCache(cache)
        try:
            yield LookupClient(http, await signer_of(http), kept, batch=batch, first_wait_s=0.0)
        finally:
            kept.close()
