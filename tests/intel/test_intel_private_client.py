"""The look-up client: pays once for a value, goes on after a fault, and catches a service that cheats."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from token_parts import EPOCH, NOON, Parts, asking, calling, signer_of
from voprf import ristretto

from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.private.client import BudgetSpent, LookupClient, lookup_client, tokenise
from stillwatch.intel.private.key_list import CheatingService, read_list, sign_list
from stillwatch.intel.private.token_cache import TokenCache

MAILS = [f"name{number}@example.org" for number in range(30)]
App = Callable[[Any, Any, Any], Awaitable[None]]


def paid(parts: Parts) -> int:
    return sum(int(f["inputs"] or 0) for f in parts.of_kind("lookup") if f["granted"] and not f["repeated"])


def test_two_members_find_the_same_token_and_neither_pays_twice(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    app = parts.app()

    async def run() -> None:
        async with asking(app, tmp_path / "ann.db") as ann, asking(app, tmp_path / "ben.db", "ben") as ben:
            one = await tokenise(
                [*MAILS, "Name3+x@EXAMPLE.org", "no mail"], IndicatorKind.EMAIL, EPOCH.name, ann
            )
            two = await tokenise(["NAME3@example.org"], IndicatorKind.EMAIL, EPOCH.name, ben)
            assert one.asked == len(MAILS)
            assert list(one.refused) == ["no mail"]
            assert one.tokens["name3@example.org"] == one.tokens["Name3+x@EXAMPLE.org"]
            assert two.tokens["NAME3@example.org"] == one.tokens["name3@example.org"]
            assert len({token.value for token in one.tokens.values()}) == len(MAILS)
            other = await tokenise(["example.org"], IndicatorKind.MAIL_DOMAIN, EPOCH.name, ann)
            same = await tokenise(["example.org"], IndicatorKind.RESELLER_DOMAIN, EPOCH.name, ann)
            assert other.tokens["example.org"].value != same.tokens["example.org"].value
        async with asking(app, tmp_path / "ann.db") as ann:
            again = await tokenise(MAILS, IndicatorKind.EMAIL, EPOCH.name, ann)
            assert again.asked == 0
            assert again.tokens == {mail: one.tokens[mail] for mail in MAILS}

    asyncio.run(run())
    assert paid(parts) == len(MAILS) + 1 + 2
    assert stat.S_IMODE((tmp_path / "ann.db").stat().st_mode) == 0o600


def test_tasks_at_once_pay_once(tmp_path: Path) -> None:
    parts = Parts(tmp_path)

    async def run() -> None:
        async with asking(parts.app(), tmp_path / "ann.db", batch=7) as ann:
            await asyncio.gather(*(tokenise(MAILS, IndicatorKind.EMAIL, EPOCH.name, ann) for _ in range(3)))

    asyncio.run(run())
    assert paid(parts) == len(MAILS)
    assert max(int(f["inputs"] or 0) for f in parts.of_kind("lookup")) == 7


def test_a_budget_that_ends_in_a_batch_keeps_what_was_paid_for(tmp_path: Path) -> None:
    parts = Parts(tmp_path)

    async def run(budget: int) -> int:
        async with asking(parts.app(budget=budget), tmp_path / "ann.db", batch=7) as ann:
            return (await tokenise(MAILS, IndicatorKind.EMAIL, EPOCH.name, ann)).asked

    with pytest.raises(BudgetSpent, match="0 inputs are left"):
        asyncio.run(run(10))
    assert paid(parts) == 10
    assert asyncio.run(run(100)) == len(MAILS) - 10
    assert paid(parts) == len(MAILS)


class Breaking:
    """An application that loses some of its answers after the work was done."""

    def __init__(self, app: App, lost: set[int]) -> None:
        self.app, self.lost, self.calls = app, lost, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def kept(message: Any) -> None:
            if self.calls in self.lost:
                raise httpx2.ReadError("cut off")
            await send(message)

        if scope["method"] == "POST":
            self.calls += 1
        await self.app(scope, receive, kept)


def test_a_lost_answer_is_asked_again_and_costs_nothing(tmp_path: Path) -> None:
    parts = Parts(tmp_path)

    async def run() -> int:
        async with asking(Breaking(parts.app(), {2, 3}), tmp_path / "ann.db", batch=10) as ann:
            return len((await tokenise(MAILS, IndicatorKind.EMAIL, EPOCH.name, ann)).tokens)

    assert asyncio.run(run()) == len(MAILS)
    assert paid(parts) == len(MAILS)
    assert sum(bool(f["repeated"]) for f in parts.of_kind("lookup")) == 2


def test_a_service_that_does_not_answer_is_told_after_a_few_tries(tmp_path: Path) -> None:
    broken = Breaking(Parts(tmp_path).app(), set(range(1, 100)))

    async def run() -> None:
        async with asking(broken, tmp_path / "ann.db") as ann:
            await tokenise(MAILS, IndicatorKind.EMAIL, EPOCH.name, ann)

    with pytest.raises(IntelError, match="does not answer: ReadError"):
        asyncio.run(run())
    assert broken.calls == 4


class Liar:
    """A service that answers under a key of its own, or with bytes that are no answer."""

    def __init__(self, app: App, answer: Callable[[bytes], bytes]) -> None:
        self.app, self.answer = app, answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self.answer(body)})


def under_another_key(body: bytes) -> bytes:
    inputs = [ristretto.BlindedInput.deserialize(body[at : at + 32]) for at in range(0, len(body), 32)]
    return ristretto.Evaluator(b"\x07" * 32).evaluate_batch(inputs).serialize()


def swapped(body: bytes) -> bytes:
    answer = under_another_key(body)
    return answer[:64] + answer[96:128] + answer[64:96] + answer[128:]


@pytest.mark.parametrize(
    "answer",
    [
        under_another_key,
        swapped,
        lambda body: b"",
        lambda body: body + b"\x00" * 64,
        lambda body: b"\xff" * 1_000,
    ],
    ids=["another key", "swapped", "nothing", "the inputs", "noise"],
)
def test_a_service_that_cheats_is_named_and_nothing_is_kept(
    tmp_path: Path, answer: Callable[[bytes], bytes]
) -> None:
    async def run() -> None:
        async with asking(Liar(Parts(tmp_path).app(), answer), tmp_path / "ann.db") as ann:
            await tokenise(MAILS, IndicatorKind.EMAIL, EPOCH.name, ann)

    with pytest.raises(CheatingService, match="not made with the key of its signed list"):
        asyncio.run(run())
    kept = TokenCache(tmp_path / "ann.db")
    assert kept.known(EPOCH.name, [b"anything"]) == {}


def test_no_more_of_an_answer_is_read_than_was_expected(tmp_path: Path) -> None:
    async def run() -> None:
        endless = Liar(Parts(tmp_path).app(), lambda body: b"\x00" * 2_000_000)
        async with asking(endless, tmp_path / "ann.db") as ann:
            await tokenise(MAILS, IndicatorKind.EMAIL, EPOCH.name, ann)

    with pytest.raises(IntelError, match="larger than"):
        asyncio.run(run())


def test_a_list_that_another_key_signed_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with calling(Parts(tmp_path).app()) as http:
            await LookupClient(http, b"\x05" * 32, TokenCache(tmp_path / "ann.db")).keys()

    with pytest.raises(CheatingService, match="not signed by the key that you pinned"):
        asyncio.run(run())


def test_a_service_that_shows_two_keys_for_one_epoch_is_named(tmp_path: Path) -> None:
    signer = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
    cache = TokenCache(tmp_path / "ann.db")
    shown = [sign_list([(EPOCH, bytes([number]) * 32)], NOON, signer) for number in (1, 1, 2)]
    pinned = signer.public_key().public_bytes_raw()
    cache.check_keys(read_list(shown[0].document(), pinned))
    cache.check_keys(read_list(shown[1].document(), pinned))
    with pytest.raises(CheatingService, match="another key for an epoch") as told:
        cache.check_keys(read_list(shown[2].document(), pinned))
    assert (b"\x01" * 32).hex() in str(told.value)
    assert (b"\x02" * 32).hex() in str(told.value)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"list": "", "signature": "zz"},
        {"list": 5, "signature": ""},
        {"list": "x" * 100_000, "signature": ""},
    ],
)
def test_what_is_no_list_is_told(document: Any) -> None:
    with pytest.raises(IntelError):
        read_list(document, b"\x05" * 32)


@pytest.mark.parametrize(
    "text", ["[]", "{}", "[" * 60_000, '{"format": "stillwatch-token-keys", "version": 1}']
)
def test_a_signed_text_that_is_no_list_is_told(text: str) -> None:
    signer = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
    signed = {"list": text, "signature": signer.sign(b"stillwatch token keys 1\n" + text.encode()).hex()}
    with pytest.raises(IntelError, match="cannot be read"):
        read_list(signed, signer.public_key().public_bytes_raw())


def test_a_list_is_for_one_epoch_and_one_key_each(tmp_path: Path) -> None:
    async def run() -> None:
        async with asking(Parts(tmp_path).app(), tmp_path / "ann.db") as ann:
            await tokenise(MAILS, IndicatorKind.EMAIL, "2026-W40", ann)

    with pytest.raises(IntelError, match="no key for this epoch"):
        asyncio.run(run())


def test_wrong_credentials_are_told_with_the_reason_of_the_service(tmp_path: Path) -> None:
    parts = Parts(tmp_path)

    async def run() -> None:
        async with calling(parts.app()) as http:
            signer = await signer_of(http)
        async with calling(parts.app(), "eve") as http:
            await LookupClient(http, signer, TokenCache(tmp_path / "eve.db")).keys()

    with pytest.raises(IntelError, match="nobody is known by these credentials"):
        asyncio.run(run())


def test_credentials_do_not_go_in_the_clear(tmp_path: Path) -> None:
    async def run() -> None:
        cache = TokenCache(tmp_path / "ann.db")
        async with lookup_client("http://hub.example/private", b"", cache, ("ann", "s")):
            pass

    with pytest.raises(IntelError, match="not https"):
        asyncio.run(run())
