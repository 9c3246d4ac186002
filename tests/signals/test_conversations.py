"""Conversations and signatures that change hands: from requests through the sketch to facets and signals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sketch_requests import NOON
from small_world import few

from stillwatch.engine import DuckDBEngine
from stillwatch.facets import prepare
from stillwatch.registry import FACETS, SIGNALS
from stillwatch.schema.flags import Flag
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.stored import ACCOUNTS
from stillwatch.schema.table import values
from stillwatch.settings import SketchSettings
from stillwatch.signals import SIGNAL_EXCHANGES
from stillwatch.signals import prepare as prepare_inputs
from stillwatch.signals.score import scored
from stillwatch.sketch import Sketched, account_keys, sketch

Row = dict[str, Any]
Make = Callable[[list[Row]], pa.RecordBatch]
KEY = HashKey.public()
RELEASES = pa.table({"model": pa.array([], pa.string()), "second": pa.array([], pa.int64())})
quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def talk(name: str, accounts: list[str], *, minute: int = 0, edited: bool = False, **more: Any) -> list[Row]:
    """A conversation of so many turns, each under the account named; the whole history goes with each
    request.
    """
    rows: list[Row] = []
    history: list[Row] = []
    for turn, account in enumerate(accounts):
        said = [*history, {"role": "user", "text": f"{name} asks for part {turn}"}]
        answer = f"part {turn} of what {name} wants"
        rows.append(
            {
                "account_id": account,
                "time": NOON + timedelta(minutes=minute + turn),
                "messages": said,
                "answer": answer,
                **more,
            }
        )
        history = [*said, {"role": "assistant", "text": answer + (" (edited)" if edited else "")}]
    return rows


@dataclass(frozen=True)
class Seen:
    """What a facet or signal says of requests."""

    carriers: dict[str, set[str]]
    """By facet: accounts that carry a key which others carry too."""
    scores: dict[str, float | None]
    """By signal: the score of the group of all accounts."""


@pytest.fixture
def look(make: Make, duck: DuckDBEngine) -> Callable[..., Seen]:
    """Sketch requests, and run the facets and signals of conversations on them; owners by account."""

    def run(
        rows: list[Row], owners: dict[str, int] | None = None, flags: dict[int, int] | None = None
    ) -> Seen:
        sketched = sketch(make(rows), KEY, SketchSettings())
        exchanges = pa.Table.from_batches([sketched.exchanges])
        if flags is not None:
            column = pa.array([flags.get(place, 0) for place in range(len(rows))], pa.int32())
            exchanges = exchanges.set_column(exchanges.column_names.index("flags"), "flags", column)
        loaded = duck.load("exchanges", exchanges)
        names = dict(
            zip(values(sketched.accounts, "account"), values(sketched.accounts, "account_id"), strict=True)
        )
        tables = prepare(
            duck, loaded, duck.load("accounts", few([], ACCOUNTS)), duck.load("releases", RELEASES)
        )
        carriers: dict[str, set[str]] = {}
        for name in ("handover", "signature"):
            by_value: dict[int, set[str]] = {}
            for mark in duck.collect(FACETS.all()[name].query(tables)).to_pylist():
                by_value.setdefault(mark["value"], set()).add(names[mark["account"]])
            carriers[name] = set().union(*(some for some in by_value.values() if len(some) > 1))
        inputs = prepare_inputs(
            duck,
            duck.load("signal_exchanges", _signal_exchanges(sketched, exchanges, owners or {})),
            duck.load("none", RELEASES),
        )
        scores: dict[str, float | None] = {}
        for name in ("handed_over", "signature_replay"):
            signal = SIGNALS.all()[name]
            found = scored(signal, duck.collect(signal.query(inputs)).to_pylist())
            scores[name] = found[0]["score"] if found else None
        return Seen(carriers, scores)

    return run


def _signal_exchanges(sketched: Sketched, exchanges: pa.Table, owners: dict[str, int]) -> pa.Table:
    keys = (
        values(pa.table({"k": account_keys(pa.array(list(owners), pa.string()), KEY)}), "k") if owners else []
    )
    owner = dict(zip(keys, owners.values(), strict=True))
    rows = [
        {"group": 1, "owner": owner.get(row["account"]), "second": int(row["time"].timestamp())}
        | {name: row[name] for name in SIGNAL_EXCHANGES.names if name in row}
        for row in exchanges.to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=SIGNAL_EXCHANGES)


Look = Callable[..., Seen]
SOLO = [row for n in range(12) for row in talk(f"customer {n}", [f"solo-{n}"] * 3, minute=n)]
PASSED = [
    row
    for n in range(12)
    for row in talk(f"relay {n}", [f"pool-{(n + turn) % 4}" for turn in range(3)], minute=n)
]


def test_a_pool_that_passes_conversations_on_is_seen_and_nobody_else(look: Look) -> None:
    seen = look(SOLO + PASSED)
    assert seen.carriers["handover"] == {f"pool-{n}" for n in range(4)}
    assert seen.scores["handed_over"] == 1.0
    assert look(SOLO).scores["handed_over"] == 0.0
    assert look(SOLO).carriers["handover"] == set()


def test_keys_of_one_owner_may_share_their_load(look: Look) -> None:
    accounts = {f"pool-{n}": 7 for n in range(4)}
    assert look(PASSED, accounts).scores["handed_over"] == 0.0
    assert look(PASSED, accounts | {"pool-3": 8}).scores["handed_over"] == 1.0


def test_equal_conversations_of_strangers_are_no_handover(look: Look) -> None:
    greeting = [row for n in range(40) for row in talk("everybody", [f"solo-{n}"] * 3, minute=n)]
    seen = look(greeting)
    assert (seen.scores["handed_over"], seen.carriers["handover"]) == (0.0, set())


def test_an_edited_history_is_a_blind_spot(look: Look) -> None:
    edited = [
        row
        for n in range(12)
        for row in talk(f"relay {n}", [f"pool-{(n + turn) % 4}" for turn in range(3)], edited=True)
    ]
    seen = look(edited)
    assert (seen.scores["handed_over"], seen.carriers["handover"]) == (0.0, set())


@quick
@given(
    hands=st.lists(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5), min_size=1, max_size=4)
)
def test_wherever_a_conversation_is_split_its_hands_are_seen(look: Look, hands: list[list[str]]) -> None:
    rows = [row for n, accounts in enumerate(hands) for row in talk(f"conversation {n}", accounts)]
    moved = {
        account for accounts in hands for pair in pairwise(accounts) if pair[0] != pair[1] for account in pair
    }
    assert look(rows).carriers["handover"] == moved


def signed(rows: list[Row], issued: int) -> list[Row]:
    """Each answer signed, and each history with the signatures of the answers before it."""
    for place, row in enumerate(rows):
        turn = sum(message["role"] == "assistant" for message in row["messages"])
        row["signed"] = [f"signature {issued + place:04d} of many"]
        row["signatures"] = [
            f"signature {issued + place - back:04d} of many" for back in range(turn, 0, -1)
        ] or None
    return rows


def replays(issued: int, account: str, conversation: str | None) -> list[Row]:
    """New sessions, each with one saved signature in a history that nobody left."""
    ask = [
        {"role": "user", "text": "go"},
        {"role": "assistant", "text": "as before"},
        {"role": "user", "text": "what did you keep in mind"},
    ]
    return [
        {
            "account_id": account, "time": NOON + timedelta(days=1, minutes=n), "messages": [*ask, {"role": "user", "text": str(n)}], "answer": f"so {n}",
            "signatures": [f"signature {issued + n:04d} of many"], "conversation": conversation and f"{conversation} {n}",
        }
        for n in range(10)
    ]  # fmt: skip


def harvest(accounts: int, conversation: bool) -> list[Row]:
    """Ten conversations of three turns, each answer signed."""
    rows = [
        row
        for n in range(10)
        for row in talk(
            f"task {n}",
            [f"pool-{n % accounts}"] * 3,
            minute=n,
            conversation=f"session {n}" if conversation else None,
        )
    ]
    return signed(rows, 0)


def test_signatures_replayed_by_another_account_are_seen(look: Look) -> None:
    seen = look(harvest(2, False) + replays(0, "pool-9", None))
    assert seen.scores["signature_replay"] == 1.0
    assert seen.carriers["signature"] == {"pool-0", "pool-1", "pool-9"}
    assert look(harvest(2, False)).scores["signature_replay"] == 0.0
    assert look(harvest(2, False)).carriers["signature"] == set()


def test_signatures_replayed_in_a_new_session_of_the_same_account_are_seen(look: Look) -> None:
    assert look(harvest(1, True) + replays(0, "pool-0", "new")).scores["signature_replay"] == 1.0
    assert look(harvest(1, False) + replays(0, "pool-0", None)).scores["signature_replay"] == 0.0
    assert (
        look(harvest(1, True) + replays(0, "pool-9", None), {"pool-0": 1, "pool-9": 1}).scores[
            "signature_replay"
        ]
        == 0.0
    )


def test_a_resumed_session_is_no_replay_unless_it_asks_for_the_reasoning(look: Look) -> None:
    rows = harvest(1, True)
    for row in rows:
        row["conversation"] = (
            f"{row['conversation']} resumed" if len(row["messages"]) > 3 else row["conversation"]
        )
    asked = {place: int(Flag.REASONING) for place, row in enumerate(rows) if len(row["messages"]) > 3}
    assert look(rows).scores["signature_replay"] == 0.0
    assert look(rows, flags=asked).scores["signature_replay"] == 1.0


def test_without_signatures_there_is_no_score(look: Look) -> None:
    assert look(SOLO).scores["signature_replay"] is None
