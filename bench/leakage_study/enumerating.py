"""A member that enumerates a network at the look-up service: greedy, and patient below every alarm."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from sqlalchemy.orm import Session
from starlette.requests import Request
from voprf import ristretto

from leakage_study.figures import Figure, once
from leakage_study.guessing import address
from stillwatch.cases.database import Database
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.service import lookup_app
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.private.token import input_bytes
from stillwatch.intel.tlp import Tlp
from stillwatch.intel.witness import Fact

EPOCH = Epoch.named("2026-W49")
NETWORK = 65_536
MEMBER = Member("identity--m", "mallory", Tlp.AMBER, frozenset({Channel.INFORMATION}), writes=True)


@dataclass
class Watched:
    """What the service told its log."""

    spent: int = 0
    alarms: list[tuple[str, int]] = field(default_factory=list)

    def __call__(self, session: Session, kind: str, member: Member | None, facts: Mapping[str, Fact]) -> None:
        if kind == "lookup" and facts["granted"]:
            self.spent += int(facts["inputs"] or 0)
        if kind == "lookup.alarm":
            self.alarms.append((str(facts["alarm"]), int(facts["spent"] or 0)))


async def _mallory(_request: Request) -> Member:
    return MEMBER


async def _ask(folder: Path, settings: LookupSettings, batch: int, every_s: float) -> tuple[Watched, int]:
    told, now = Watched(), EPOCH.begins + 2 * 3_600.0
    app = lookup_app(Database(folder / "hub.db"), settings, _mallory, told, clock=lambda: now)
    transport = httpx2.ASGITransport(app=app)
    asked = 0
    async with httpx2.AsyncClient(transport=transport, base_url="http://hub/") as http:
        while asked < NETWORK and now < EPOCH.ends:
            part = range(asked, min(asked + batch, NETWORK))
            blinded = [
                ristretto.Client.blind(input_bytes(IndicatorKind.ADDRESS, EPOCH.name, address(n)))[1]
                for n in part
            ]
            body = b"".join(one.serialize() for one in blinded)
            headers = {"content-type": "application/octet-stream"}
            answer = await http.post(f"v1/lookups/{EPOCH.name}", content=body, headers=headers)
            if answer.status_code != 200:
                break
            asked += len(part)
            now += every_s
    return told, asked


def enumerating(folder: Path, quick: bool) -> Iterator[Figure]:
    """How much of a /16 a member gets in one epoch, and when there is an alarm."""
    (folder / "key").write_bytes(base64.b64encode(os.urandom(32)))
    scale = 10 if quick else 1
    settings = LookupSettings(folder / "key", budget=20_000 // scale, largest_batch=1_000 // scale)
    for name, batch, every in (
        ("enumeration, greedy: full batches at once", settings.largest_batch, 1.0),
        ("enumeration, patient: small batches over the week", settings.budget // 160, 3_600.0),
    ):
        place = folder / name[13:19].strip()
        place.mkdir()
        told, asked = asyncio.run(_ask(place, settings, batch, every))
        yield once(name, "share of a /16 in one epoch", asked * scale / NETWORK, "of 1")
        yield once(name, "epochs for the whole /16", NETWORK / (asked * scale), "weeks")
        before = [alarm for alarm in told.alarms if alarm[0] != "budget-exhausted"]
        yield once(name, "alarms before the budget is spent", float(len(before)), "alarms")
        if before:
            yield once(name, "inputs answered at the first alarm", before[0][1] * scale, "inputs")
