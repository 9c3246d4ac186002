"""What was tried to get round the guard, to blind it, or to let it stand still, and does not work."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgi_parts import CHAT, CHAT_STREAM, Got, Model, ask, asked, before, bucket_of, scope_of
from guard_parts import NOW, FixedPolicy, OneBucket, fired, guard, known

from stillwatch.account_names import account_name
from stillwatch.guard.asgi import GuardMiddleware
from stillwatch.guard.callers import Accounts
from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.embedded_budgets import EmbeddedBudgets
from stillwatch.guard.exchanges import ExchangeLog
from stillwatch.guard.gate import asks_model
from stillwatch.guard.litellm_request import facts_of
from stillwatch.guard.records import DecisionRecords, decisions
from stillwatch.guard.request import Request
from stillwatch.guard.request_body import Bounds
from stillwatch.guard.segments import Segments
from stillwatch.guard.webhooks.litellm import LitellmCall
from stillwatch.guard.webhooks.portkey import PortkeyCall
from stillwatch.response.ladder import Action, Step

SLOW = Action(Step.SLOW, account_tokens=9, campaign_tokens=9)
NAN = b'{"model":"heron","temperature":NaN}'


@pytest.fixture
def made(tmp_path: Path) -> Iterator[list[Guard]]:
    """Guards that a test made; their records are closed at its end."""
    guards: list[Guard] = []
    yield guards
    for one in guards:
        records = one.records
        assert isinstance(records, DecisionRecords)
        records.close()


def test_the_true_key_does_not_hide_behind_many_false_ones(tmp_path: Path, made: list[Guard]) -> None:
    true = account_name("Bearer sk-true", None)
    made.append(guard(tmp_path, {true: known()}, fired(Step.BLOCK)))
    app = GuardMiddleware(Model(), made[0], failure=Failure.CLOSED, accounts=Accounts())
    false = [(b"x-api-key", b"sk-false-%d" % number) for number in range(200)]
    headers = [*false, (b"authorization", b"Bearer sk-true")]
    assert asyncio.run(asked(app, scope_of(CHAT, headers), [b"{}"])).status == 403


def test_an_id_in_a_header_is_the_one_that_logs_have() -> None:
    assert Accounts("x-user").named([(b"x-user", "josé".encode())]) == ("josé",)
    assert Accounts("x-user").named([(b"x-user", b"jos\xe9")]) == ("josé",)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions/batch",
        "/v1/responses/compact",
        "/vertex_generate",
        "/completion",
        "/invocations",
    ],
)
def test_every_path_that_asks_a_model_is_decided(tmp_path: Path, made: list[Guard], path: str) -> None:
    made.append(guard(tmp_path, {"ada": known()}, fired(Step.BLOCK)))
    assert asks_model(path)
    assert ask(before(Model(), made[0]), path=path).status == 403


def test_a_number_without_an_end_hides_no_exchange(tmp_path: Path, made: list[Guard]) -> None:
    made.append(guard(tmp_path / "records", {}))
    for words in (False, True):
        log = ExchangeLog(tmp_path / f"log-{words}", lambda name: name, words=words)
        app = before(Model(), made[0], exchanges=log)
        for body in (
            {"model": "heron", "seed": 10**30, "top_k": 5},
            {"model": "heron", "user": {"a": 2**64}, "top_k": 5},
            {"model": "heron", "x": json.loads("[" * 600 + "]" * 600), "top_k": 5},
        ):
            assert ask(app, body).status == 200
        usage = b'data: {"usage":{"prompt_tokens":%d,"completion_tokens":4}}\n\n' % 10**30
        assert ask(before(Model([usage]), made[0], exchanges=log)).status == 200
        log.segments.flush()
        assert app.faults == 0
        (path,) = (tmp_path / f"log-{words}").glob("*.jsonl")
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        assert len(rows) == 4
        assert [row["request"].get("top_k") for row in rows] == [5, 5, 5, None]
        log.close()


def test_a_long_stream_that_tells_no_usage_is_counted_beyond_the_guess(
    tmp_path: Path, made: list[Guard]
) -> None:
    made.append(guard(tmp_path, {"ada": known()}, fired(SLOW), budgets=OneBucket(100_000)))
    model = Model([b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'] * 5_000)
    ask(before(model, made[0]), {"model": "heron", "stream": True})
    assert bucket_of(made[0]).settled == [(1_024, 5_000)]
    ask(before(model, made[0]), {"model": "heron", "stream": True, "max_tokens": 100})
    assert bucket_of(made[0]).settled[1] == (100, 100), "a request that sets a limit is cut there"


def test_the_day_is_counted_where_no_rule_reserves(tmp_path: Path, made: list[Guard]) -> None:
    made.append(guard(tmp_path, {"ada": known(), "eve": known(tier="present")}, fired(Step.OBSERVE)))
    app = before(Model(CHAT_STREAM), made[0])
    ask(app, account="ada")
    ask(app, account="eve")
    ask(app, account="nobody")
    assert bucket_of(made[0]).settled == [(0, 13), (0, 13)]


def test_who_is_not_slowed_spends_nothing_of_the_campaigns_bucket() -> None:
    budgets = EmbeddedBudgets()
    assert budgets.reserve(1, "camp-a", 50, 100, 100, NOW).granted
    budgets.settle(2, "camp-a", 0, 1_000_000, NOW)
    assert budgets.reserve(1, "camp-a", 50, 100, 100, NOW).granted
    assert budgets.used(2, "camp-a", NOW) == (1_000_000, 1_000_100)


def test_a_field_of_the_clients_hides_no_account_from_a_webhook() -> None:
    long = "x" * 1_000_000
    data = json.dumps({"request_data": {"user_api_key_end_user_id": long, "user_api_key_user_id": "ada"}})
    asked_of = LitellmCall(("user_api_key_user_id",)).asked(data.encode())
    assert asked_of is not None
    assert asked_of.request.account == "ada"
    headers = {**{f"x-{number}": long for number in range(3)}, "x-account": "ada"}
    data = json.dumps({"request_data": {}, "request_headers": headers})
    asked_of = LitellmCall(("header:X-Account",)).asked(data.encode())
    assert asked_of is not None
    assert asked_of.request.account == "ada"
    data = json.dumps({"request": {}, "metadata": {"note": long, "_user": "ada"}})
    portkey = PortkeyCall(("_user",)).asked(data.encode())
    assert portkey is not None
    assert portkey.request.account == "ada"


def test_litellm_reserves_by_the_largest_limit_and_keeps_little_of_a_name() -> None:
    facts = facts_of(
        {"model": "m" * 10**6, "max_completion_tokens": 1, "max_tokens": 900, "n": 1, "best_of": 8}
    )
    assert (facts.max_tokens, facts.n, len(facts.model)) == (900, 8, 256)


def test_a_body_that_cannot_be_read_is_served_while_no_rule_acts(tmp_path: Path, made: list[Guard]) -> None:
    model = Model()
    made.append(guard(tmp_path, {"ada": known()}, shadow=(fired(Step.BLOCK),)))
    assert ask(before(model, made[0]), NAN).status == 200
    assert model.seen[0][1] == NAN


def test_a_body_that_is_refused_is_on_record_as_refused(tmp_path: Path, made: list[Guard]) -> None:
    made.append(guard(tmp_path, {"ada": known(since=NOW + 9)}, fired(Step.BLOCK)))
    got = ask(before(Model(), made[0]), NAN)
    assert got.status == 400
    records = made[0].records
    assert isinstance(records, DecisionRecords)
    records.flush()
    rows = [row for row in decisions(tmp_path) if row["id"] == got.headers[b"x-request-id"].decode()]
    assert (rows[0]["answer"], rows[0]["status_code"], rows[0]["reason"]) == ("deny", 400, "invalid_json")


def test_a_fault_after_the_decision_loses_no_reservation(tmp_path: Path, made: list[Guard]) -> None:
    def broken(_: Any) -> None:
        raise RuntimeError("a fault of ours")

    made.append(guard(tmp_path, {"ada": known()}, fired(SLOW), budgets=OneBucket(2_000)))
    app = before(Model(), made[0], observe=broken)
    for _ in range(5):
        assert ask(app).status == 503
    assert app.faults == 5
    assert bucket_of(made[0]).left == 2_000


def test_a_call_that_is_broken_off_while_it_waits_gives_back(tmp_path: Path, made: list[Guard]) -> None:
    slow = Action(Step.SLOW, account_tokens=9, campaign_tokens=9, delay_ms=60_000)
    made.append(guard(tmp_path, {"ada": known()}, fired(slow), budgets=OneBucket(2_000)))

    async def broken_off() -> None:
        scope = scope_of(CHAT, [(b"x-account", b"ada")])
        task = asyncio.create_task(asked(before(Model(), made[0]), scope, [b"{}"]))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(broken_off())
    assert bucket_of(made[0]).left == 2_000


def test_broken_records_hide_no_other_ones(tmp_path: Path, made: list[Guard]) -> None:
    made.append(guard(tmp_path, {"ada": known()}, fired(Step.BLOCK)))
    told = made[0].decide(Request("ada"))
    (tmp_path / "decisions-99999999T000000.jsonl").write_bytes(
        b'[]\n{}\n5\n{"stillwatch":"decision/1","id":"a","key":"zz"}\n{"stillwatch":"decision/1"}\n\xff\n'
    )
    (tmp_path / "decisions-99999999T000001.jsonl.zst").write_bytes(b"no packing")
    (tmp_path / "decisions-99999999T000002.jsonl").mkdir()
    assert [row["id"] for row in decisions(tmp_path)] == [told.id]


def test_a_guard_begins_where_what_was_left_cannot_be_packed(tmp_path: Path) -> None:
    (tmp_path / "decisions-1.jsonl").write_bytes(b"{}\n")
    (tmp_path / ".decisions-1.jsonl.zst.part").mkdir()  # as a full disk: the packing cannot be written
    (tmp_path / "decisions-2.jsonl").mkdir()
    segments = Segments(tmp_path, "decisions")
    assert segments.now(b"{}\n")
    segments.close()
    assert (tmp_path / "decisions-1.jsonl").read_bytes() == b"{}\n"
    (tmp_path / ".decisions-1.jsonl.zst.part").rmdir()
    Segments(tmp_path, "decisions").close()
    assert not (tmp_path / "decisions-1.jsonl").exists()


def test_a_policy_says_whether_it_acts() -> None:
    assert FixedPolicy((fired(Step.BLOCK),)).acts
    assert not FixedPolicy((), (fired(Step.BLOCK),)).acts


def test_a_line_that_cannot_be_made_stops_no_other(tmp_path: Path) -> None:
    def broken() -> bytes:
        raise ValueError("no such year")

    segments = Segments(tmp_path, "decisions")
    segments.soon(broken)
    segments.soon(b"{}\n")
    segments.flush()
    assert segments.lost == 1
    assert (segments.waiting, segments.failing) == (0, "")
    (path,) = tmp_path.glob("*.jsonl")
    assert path.read_bytes() == b"{}\n"
    segments.close()


def test_slow_large_bodies_keep_no_small_one_out(tmp_path: Path, made: list[Guard]) -> None:
    made.append(guard(tmp_path, {}))
    app = before(Model(), made[0], bounds=Bounds(body_bytes=1 << 20, together_bytes=1 << 20))

    async def crowd() -> list[int]:
        hold = asyncio.Event()

        async def slow() -> int:
            got = Got()
            pieces = iter([b" " * 900_000])

            async def receive() -> dict[str, Any]:
                for piece in pieces:
                    return {"type": "http.request", "body": piece, "more_body": True}
                await hold.wait()
                return {"type": "http.request", "body": b"{}", "more_body": False}

            async def send(message: Any) -> None:
                got.messages.append(message)

            await app(scope_of(), receive, send)
            return got.status

        first = asyncio.create_task(slow())
        await asyncio.sleep(0.05)
        large = await asked(app, scope_of(), [b" " * 300_000, b"{}"])
        small = await asked(app, scope_of(), [b'{"model":', b'"heron"}', b" " * 60_000])
        hold.set()
        return [large.status, small.status, await first]

    assert asyncio.run(crowd()) == [503, 200, 200]


def test_what_stands_among_records_leads_nowhere_else(tmp_path: Path) -> None:
    key = tmp_path / "lookup.key"
    key.write_bytes(b"k" * 32)
    other = tmp_path / "other.key"
    other.write_bytes(b"o" * 32)
    records = tmp_path / "records"
    records.mkdir()
    (records / "decisions-1.jsonl").symlink_to(key)
    os.link(other, records / "decisions-2.jsonl")
    os.mkfifo(records / "decisions-3.jsonl")
    Segments(records, "decisions").close()
    assert key.read_bytes() == b"k" * 32
    assert other.read_bytes() == b"o" * 32
    assert list(decisions(records)) == []
