"""From traces to groups on the small world, whose truth is known."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest
from small_world import World, declared, make_world

from stillwatch.engine import DuckDBEngine
from stillwatch.facets import build_traces, prepare
from stillwatch.linkage import Linked, link, strata
from stillwatch.registry import FACETS
from stillwatch.schema.table import values
from stillwatch.settings import EngineSettings, LinkageSettings

SETTINGS = LinkageSettings()


def linked(world: World) -> Linked:
    """The groups of a world, in an engine of their own."""
    with DuckDBEngine(EngineSettings(memory="1GB", threads=2)) as engine:
        tables = prepare(
            engine,
            *[engine.load(name, getattr(world, name)) for name in ("exchanges", "accounts", "releases")],
        )
        traces, _ = build_traces(engine, tables, SETTINGS)
        peers = strata(engine, tables.visits, tables.accounts, tables.activity)
        return link(engine, traces, peers, declared(engine), SETTINGS, lambda _step: None)


def members(found: Linked) -> dict[int, set[int]]:
    groups: dict[int, set[int]] = {}
    for group, account in zip(values(found.members, "group"), values(found.members, "account"), strict=True):
        groups.setdefault(group, set()).add(account)
    return groups


@pytest.fixture(scope="module")
def found(small_world: World) -> Linked:
    return linked(small_world)


def test_the_operator_is_found(small_world: World, found: Linked) -> None:
    operator = small_world.of("operator")
    best = max(members(found).values(), key=lambda group: len(group & operator))
    assert len(best & operator) / len(best) >= 0.95
    assert len(best & operator) / len(operator) >= 0.95


def test_no_group_mixes_strangers(small_world: World, found: Linked) -> None:
    for group in members(found).values():
        kinds = Counter(small_world.kinds[account] for account in group)
        together = sum(n for kind, n in kinds.items() if kind not in ("ordinary", "carrier"))
        assert together > len(group) / 2, kinds


def test_without_an_operator_its_marks_alone_make_no_group() -> None:
    world = make_world(1, together=False)
    assert not world.of("operator")
    for group in members(linked(world)).values():
        kinds = {world.kinds[account] for account in group}
        assert len(kinds) == 1, kinds
        assert kinds.pop().startswith("office")


def test_the_same_world_gives_the_same_groups_in_any_order_of_its_rows(
    small_world: World, found: Linked
) -> None:
    for again in (linked(small_world), linked(small_world.shuffled(7))):
        assert again.anchors == found.anchors
        for name in ("members", "near", "evidence"):
            assert getattr(again, name).equals(getattr(found, name)), name


def test_the_evidence_is_of_formation_facets_and_adds_up_to_the_threshold(found: Linked) -> None:
    formation = {name for name, facet in FACETS.all().items() if facet.family != "content"}
    assert set(values(found.evidence, "facet")) <= formation
    assert all(nats >= SETTINGS.threshold_nats for nats in values(found.members, "nats"))
    for row in found.members.to_pylist():
        given = _of(found.evidence, row["account"])
        assert sum(max(nats, 0.0) for nats in given.values()) >= row["nats"] - 1e-9
        assert all(nats <= SETTINGS.family_cap_nats for nats in given.values())
        assert len({FACETS.all()[facet].family for facet, nats in given.items() if nats > 0}) >= 2


def test_those_near_are_in_no_group(found: Linked) -> None:
    assert not set(values(found.near, "account")) & set(values(found.members, "account"))
    assert set(values(found.near, "group")) <= set(values(found.members, "group"))


def _of(evidence: pa.Table, account: int) -> dict[str, float]:
    return {row["facet"]: row["nats"] for row in evidence.to_pylist() if row["account"] == account}
