"""Failed sign-ins slow down who failed, and never the owner of the account."""

from __future__ import annotations

import asyncio

import pytest

from stillwatch.console.access.slowing import FREE, MOST_S, OF_ONE_NETWORK, WAITING, Busy, Slowing

ATTACKER, OWNER = "203.0.113.9", "198.51.100.4"


def failing(slowing: Slowing, times: int, address: str = ATTACKER, name: str = "anna") -> None:
    for _ in range(times):
        slowing.done(address, name, right=False, known=False)


def test_the_first_mistakes_cost_nothing_and_later_ones_more_and_more() -> None:
    slowing = Slowing()
    delays = []
    for _ in range(12):
        delays.append(slowing.delay(ATTACKER, "anna", known=False))
        failing(slowing, 1)
    assert delays[: FREE + 1] == [0.0] * (FREE + 1)
    assert delays == sorted(delays)
    assert delays[-1] == MOST_S


def test_the_owner_is_never_shut_out() -> None:
    slowing = Slowing()
    failing(slowing, 10_000)
    assert slowing.delay(OWNER, "anna", known=True) == 0.0, "from a browser that is known"
    assert slowing.delay(ATTACKER, "anna", known=True) == 0.0, "from the attacker's own network too"
    assert slowing.delay(OWNER, "anna", known=False) <= MOST_S, "from elsewhere: some seconds"
    assert slowing.delay(OWNER, "boris", known=False) == 0.0, "others wait for nothing"
    assert slowing.delay(ATTACKER, "boris", known=False) == MOST_S, "but from that address"


def test_a_success_forgives_the_address_and_not_the_strangers() -> None:
    slowing = Slowing()
    failing(slowing, 20)
    slowing.done(OWNER, "anna", right=True, known=False)
    assert slowing.delay("192.0.2.77", "anna", known=False) == MOST_S


def test_failures_are_forgotten_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    slowing = Slowing(clock=lambda: now[0])
    failing(slowing, 20)
    now[0] = 901.0
    assert slowing.delay(ATTACKER, "anna", known=False) == 0.0
    monkeypatch.setattr("stillwatch.console.access.slowing.REMEMBERED", 10)
    for number in range(100):
        failing(slowing, 1, address=f"192.0.2.{number}", name=f"user {number}")
    assert len(slowing._failures) <= 10


def test_many_that_wait_do_not_keep_the_owner_waiting() -> None:
    async def story() -> None:
        gate = asyncio.Event()

        async def wait(_seconds: float) -> None:
            await gate.wait()

        slowing = Slowing(sleep=wait)
        failing(slowing, 20)

        async def attempt() -> None:
            async with slowing.turn(ATTACKER, "anna", known=False):
                pass

        waiting = [asyncio.create_task(attempt()) for _ in range(WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await attempt()
        async with slowing.turn(ATTACKER, "anna", known=True):
            pass
        other = asyncio.create_task(_turn(slowing, OWNER))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*waiting, other)
        assert not slowing._waiting

    asyncio.run(story())


@pytest.mark.parametrize("network", ["203.0.113.9", "2001:db8:1:2::{:x}"])
def test_one_network_cannot_fill_the_room_in_which_all_wait(network: str) -> None:
    async def story() -> None:
        gate = asyncio.Event()

        async def wait(_seconds: float) -> None:
            await gate.wait()

        slowing = Slowing(sleep=wait)
        failing(slowing, 20, address=network.format(1))
        told = [
            asyncio.create_task(_turn(slowing, network.format(number), f"user {number}"))
            for number in range(1, 1_000)
        ]
        await asyncio.sleep(0)
        failing(slowing, 20)  # another stranger's, so that the owner has to wait too
        owner = asyncio.create_task(_turn(slowing, OWNER))
        await asyncio.sleep(0)
        assert not owner.done(), "it waits, and was not sent away"
        gate.set()
        found = await asyncio.gather(*told, return_exceptions=True)
        assert sum(one is None for one in found) == OF_ONE_NETWORK
        assert all(one is None or isinstance(one, Busy) for one in found)
        await owner

    asyncio.run(story())


def test_failures_follow_through_a_network_of_ipv6() -> None:
    slowing = Slowing()
    failing(slowing, 20, address="2001:db8::1")
    assert slowing.delay("2001:db8::ffff:ffff", "boris", known=False) == MOST_S
    assert slowing.delay("2001:db8:0:1::1", "boris", known=False) == 0.0
    failing(slowing, 20, address="::ffff:192.0.2.1")
    assert slowing.delay("192.0.2.1", "boris", known=False) == MOST_S
    assert slowing.delay("192.0.2.2", "boris", known=False) == 0.0


async def _turn(slowing: Slowing, address: str, name: str = "anna") -> None:
    async with slowing.turn(address, name, known=False):
        pass
