"""Templates in the engine, from exchanges to counted families."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numbered_words import EDGE, Pool, filled, key_of, own_words, sampled, some_words

from stillwatch.engine import DuckDBEngine, Scope
from stillwatch.errors import OutOfRoom
from stillwatch.prompt_templates import (
    Family,
    Search,
    counts_of,
    families_of,
    keys_table,
    listed,
    templates_table,
    uses,
    uses_of,
)
from stillwatch.prompt_templates.shared import strides
from stillwatch.schema.table import schema_of
from stillwatch.schema.templates import TEMPLATE_KEYS, TEMPLATES
from stillwatch.settings import EngineSettings

SEARCH = Search(least_share=0.005)
GROUPS = schema_of(account=pa.int64(), group=pa.int32())


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB", threads=1)) as opened:
        yield opened


def found_in(
    engine: DuckDBEngine, pool: Pool, search: Search = SEARCH
) -> tuple[list[Family], list[dict[str, Any]]]:
    """Families of a pool, and their uses."""
    rows = engine.load("rows", pool.table())
    found = families_of(engine, rows, pool.texts(), search)
    return found, engine.collect(uses_of(engine, rows, found).by_family()).to_pylist()


def made_from(
    found: list[Family], used: list[dict[str, Any]], requests: set[int]
) -> tuple[Family, float, float]:
    """The family with most of some requests: itself, its recall and its precision."""
    hits = {f.key: [row["request"] for row in used if row["family"] == f.key] for f in found}
    best = max(found, key=lambda f: len(requests & set(hits[f.key])))
    inside = len(requests & set(hits[best.key]))
    return best, inside / len(requests), inside / max(1, len(hits[best.key]))


@pytest.mark.parametrize(("swap", "recall"), [(0.0, 1.0), (0.1, 0.7), (0.3, 0.3)])
def test_planted_frames_are_found_at_every_level_of_rewording(
    engine: DuckDBEngine, swap: float, recall: float
) -> None:
    rng = np.random.default_rng(1)
    pool = Pool()
    frames = [[own_words(rng, 40), own_words(rng, 25)] for _ in range(4)]
    truth = []
    for number, frame in enumerate(frames):
        start = len(pool.rows)
        pool.add_all(
            (filled(frame, rng, swap=swap, padded=number % 2 == 0) for _ in range(150)),
            [100 * number + i for i in range(1, 20)],
        )
        truth.append({int(str(row["request"])) for row in pool.rows[start:]})
    pool.add_all((some_words(rng, int(rng.integers(3, 90))) for _ in range(600)), list(range(10_000, 10_200)))
    found, used = found_in(engine, pool)
    for requests in truth:
        family, held, pure = made_from(found, used, requests)
        assert held >= recall
        assert pure >= 0.99
        if swap < 0.2:
            assert family.shape.least <= 65 <= family.shape.most
            assert 45 <= family.shape.about <= 85


def test_slots_and_padding_are_counted(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(2)
    pieces = [own_words(rng, 45), own_words(rng, 45), own_words(rng, 45)]
    for padded, slots in ((False, 3), (True, 4)):
        pool = Pool()
        pool.add_all((filled(pieces, rng, padded=padded) for _ in range(80)), list(range(20)))
        found, _used = found_in(engine, pool)
        assert [f.shape.slots for f in found][:1] == [slots]
        assert {piece for f in found[:1] for piece, _place in f.shape.places.values()} == {0, 1, 2}


def test_a_frame_is_named_by_its_own_words_whatever_fills_it(engine: DuckDBEngine) -> None:
    """Two pools of one frame give one key: what providers may compare."""
    rng = np.random.default_rng(3)
    pieces = [own_words(rng, 60), own_words(rng, 30)]
    keys = set()
    for seed in (1, 2):
        pool, other = Pool(), np.random.default_rng(seed)
        pool.add_all((filled(pieces, other, padded=seed == 1) for _ in range(60)), list(range(12)))
        keys.add(found_in(engine, pool)[0][0].key)
    assert len(keys) == 1
    assert keys <= set(sampled(pieces[0])[0]) | set(sampled(pieces[1])[0])


def test_what_two_accounts_share_is_no_template(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(4)
    pool, frame = Pool(), [own_words(rng, 50)]
    pool.add_all((filled(frame, rng) for _ in range(60)), [1, 2])
    pool.add_all((some_words(rng, 30) for _ in range(60)), [3, 4, 5])
    assert found_in(engine, pool)[0] == []


def test_a_public_frame_and_one_operators_sentence_are_told_apart(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(5)
    public, extra = own_words(rng, 50), own_words(rng, 40)
    pool = Pool()
    pool.add_all((filled([public], rng) for _ in range(1_500)), list(range(100, 400)))
    pool.add_all((filled([public, extra], rng) for _ in range(60)), list(range(1, 13)))
    found, used = found_in(engine, pool)
    sizes = sorted(
        {row["family"]: sum(other["family"] == row["family"] for other in used) for row in used}.values(),
        reverse=True,
    )
    assert sizes[0] == 1_560
    assert found[0].shape.about == pytest.approx(50, abs=15)


def test_the_operators_group_has_both_in_one_frame(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(5)
    public, extra = own_words(rng, 50), own_words(rng, 40)
    pool = Pool()
    pool.add_all((filled([public], rng) for _ in range(100)), list(range(100, 130)), group=2)
    pool.add_all((filled([public, extra], rng) for _ in range(60)), list(range(1, 13)), group=1)
    rows = engine.load("rows", pool.table())
    found = families_of(engine, rows, pool.texts(), SEARCH)
    ours = [f for f in found if f.group == 1]
    assert len(ours) == 1
    assert ours[0].shape.about == pytest.approx(90, abs=20)
    used = uses_of(engine, rows, found)
    groups = (
        pool.table().select(["account", "group"]).group_by(["account", "group"]).aggregate([]).cast(GROUPS)
    )
    counts = {
        (row["group"], row["family"]): row
        for row in counts_of(engine, used, engine.load("groups", groups)).to_pylist()
    }
    assert counts[1, ours[0].key]["exchanges"] == counts[1, ours[0].key]["prompts"] == 60
    assert counts[1, ours[0].key]["accounts"] == 12
    theirs = next(f for f in found if f.group == 2)
    assert counts[2, theirs.key] | {"prompts": 0} == {
        "group": 2,
        "family": theirs.key,
        "exchanges": 100,
        "accounts": 30,
        "prompts": 0,
        "elsewhere": 12,
    }


@pytest.mark.parametrize("at_once", [1_000, 37])
def test_a_long_log_is_looked_through_in_portions(
    engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    rng = np.random.default_rng(5)
    frame = own_words(rng, 50)
    pool = Pool()
    pool.add_all((filled([frame], rng) for _ in range(100)), list(range(30)), group=1)
    rows = engine.load("rows", pool.table())
    found = families_of(engine, rows, pool.texts(), SEARCH)
    order = ["frame", "request"]
    whole = engine.collect(uses_of(engine, rows, found).rows.order_by(order))
    monkeypatch.setattr(uses, "AT_ONCE", at_once)
    for name in ("template_uses_0", "template_named", "template_wanted"):
        engine.drop(name)
    with Scope(engine) as scope:
        assert scope.collect(uses_of(scope, rows, found).rows.order_by(order)).equals(whole)
    assert whole.num_rows >= 100
    assert [
        name
        for (name,) in engine.connection.con.execute("SHOW TABLES").fetchall()
        if name.startswith("template_")
    ] == []


def test_a_portion_without_room_takes_the_others_with_it(
    engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search goes on without templates, and wants the room."""
    rng = np.random.default_rng(5)
    frame, pool = own_words(rng, 50), Pool()
    pool.add_all((filled([frame], rng) for _ in range(100)), list(range(30)))
    rows = engine.load("rows", pool.table())
    found = families_of(engine, rows, pool.texts(), SEARCH)
    create, made = engine.create, []

    def third_fails(name: str, expression: Any) -> Any:
        if name == "template_uses_2":
            raise OutOfRoom("no room")
        made.append(name)
        return create(name, expression)

    monkeypatch.setattr(uses, "AT_ONCE", 37)
    monkeypatch.setattr(engine, "create", third_fails)
    with pytest.raises(OutOfRoom), Scope(engine) as scope:
        uses_of(scope, rows, found)
    assert made == ["template_uses_0", "template_uses_1"]
    left = [name for (name,) in engine.connection.con.execute("SHOW TABLES").fetchall()]
    assert not [name for name in left if name.startswith(("template_uses", "template_wanted"))]


def test_a_frame_of_several_groups_is_looked_for_once(engine: DuckDBEngine) -> None:
    """Every group that uses a public template finds it: its uses must not be held once for each of them."""
    rng = np.random.default_rng(6)
    public = own_words(rng, 50)
    pool = Pool()
    for group in range(1, 6):
        pool.add_all(
            (filled([public], rng) for _ in range(40)), [100 * group + i for i in range(10)], group=group
        )
    pool.add_all((filled([public], rng) for _ in range(70)), list(range(1_000, 1_025)), group=6)
    rows = engine.load("rows", pool.table())
    # As found in the first five groups, but not in the sixth.
    found = families_of(engine, rows.filter(rows.group < 6), dict.fromkeys(range(1, 6), 40), SEARCH)
    assert sorted(f.group for f in found) == [1, 2, 3, 4, 5]
    used = uses_of(engine, rows, found)
    frames = len({(f.counting, f.need) for f in found})
    assert engine.collect(used.rows.group_by("request").agg(n=used.rows.count())).num_rows == 270
    assert engine.collect(used.rows).num_rows <= 270 * frames < 270 * len(found)
    groups = (
        pool.table().select(["account", "group"]).group_by(["account", "group"]).aggregate([]).cast(GROUPS)
    )
    counts = counts_of(engine, used, engine.load("groups", groups)).to_pylist()
    assert [(row["group"], row["exchanges"], row["accounts"], row["elsewhere"]) for row in counts] == [
        (group, 40, 10, 65) for group in range(1, 6)
    ]


def test_examples_in_any_order_stay_in_one_template(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(7)
    task, examples = own_words(rng, 40), [own_words(rng, 40) for _ in range(3)]
    pool = Pool()
    for i in range(120):
        order = rng.permutation(3)
        pool.add(
            [
                *task,
                *(word for n in order for word in examples[n]),
                *some_words(rng, int(rng.integers(5, 60))),
            ],
            i % 15,
        )
    found, _used = found_in(engine, pool)
    assert len(found) == 1
    assert found[0].shape.about == pytest.approx(160, rel=0.25)


def test_only_a_sample_is_searched_and_everything_is_counted(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(8)
    pool = Pool()
    pool.add_all(
        (filled([own_words(np.random.default_rng(1), 50)], rng) for _ in range(600)), list(range(40))
    )
    found, used = found_in(engine, pool, Search(least_share=0.01, sample=100))
    assert found[0].sampled < 200
    assert sum(row["family"] == found[0].key for row in used) == 600


def test_strides_bound_what_is_looked_through() -> None:
    rows = strides({1: 10, 2: 200_000, 3: 0}, Search()).to_pylist()
    assert [(row["group"], row["stride"]) for row in rows] == [(1, 1), (2, 20)]
    many = strides(dict.fromkeys(range(1, 401), 50000), Search()).to_pylist()
    assert sum(50_000 // row["stride"] for row in many) <= 200_000


def test_nothing_comes_of_nothing(engine: DuckDBEngine) -> None:
    rows = engine.load("rows", Pool().table())
    assert families_of(engine, rows, {}, SEARCH) == []
    assert engine.collect(uses_of(engine, rows, []).rows).num_rows == 0


def test_the_tables_say_what_was_found(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(9)
    pieces = [own_words(rng, 40), own_words(rng, 40)]
    pool = Pool()
    pool.add_all((filled(pieces, rng) for _ in range(90)), list(range(25)))
    rows = engine.load("rows", pool.table())
    found = families_of(engine, rows, pool.texts(), SEARCH)
    counts = counts_of(
        engine,
        uses_of(engine, rows, found),
        engine.load("groups", pa.table({"account": range(20), "group": [1] * 20}).cast(GROUPS)),
    )
    shown = listed(found, counts)
    part = {"group": 1, "part": "head", "accounts": 9, "uses": 9, "prompts": 3, "everywhere": 11}
    parts = [part | {"key": key_of(pieces[0][:EDGE], 1)}, part | {"key": 5}]
    words = {("frame", shown[0].key): "a b c {1} d e", ("head", 5): "w"}
    tables = [templates_table(shown, counts, parts, {1: 90}, words, least) for least in (20, 26)]
    assert tables[0].schema == TEMPLATES.arrow
    frame, head = tables[0].to_pylist()
    assert (frame["accounts"], frame["accounts_elsewhere"], frame["exchanges"], frame["share"]) == (
        20,
        5,
        75,
        0.833333,
    )
    assert (frame["length"], frame["slots"], frame["words"]) == (5, 1, "a b c {1} d e")
    assert (head["key"], head["words"]) == (5, None)  # the frame's own head says nothing more
    assert tables[1].to_pylist()[0]["words"] is None
    assert tables[1].to_pylist()[0]["length"] == shown[0].shape.about
    keys = keys_table(shown)
    assert keys.schema == TEMPLATE_KEYS.arrow
    assert {row["kind"] for row in keys.to_pylist()} == {"shingle", "head"}
    assert min(row["share"] for row in keys.to_pylist()) > 0.9


def test_a_fingerprint_that_a_text_repeats_counts_once(engine: DuckDBEngine) -> None:
    rng = np.random.default_rng(11)
    frame, pool = own_words(rng, 60), Pool()
    pool.add_all((filled([frame], rng) for _ in range(60)), list(range(12)))
    found = families_of(engine, engine.load("rows", pool.table()), pool.texts(), SEARCH)
    template = max(found, key=lambda f: f.need)
    assert template.need > 1
    keys = sorted(template.counting)[: template.need]
    rows: list[dict[str, Any]] = [
        {"request": 1, "shingles": keys[:1] * 50},
        {"request": 2, "shingles": [*keys[:1], *keys]},
        {"request": 3, "shingles": None},
    ]
    blank: dict[str, Any] = dict.fromkeys(pool.table().column_names)
    logged = [{**blank, "account": 5, "prompt": 7, **row} for row in rows]
    exchanges = engine.load("repeated", pa.Table.from_pylist(logged, schema=pool.table().schema))
    used = engine.collect(uses_of(engine, exchanges, [template]).rows).to_pylist()
    assert used == [{"frame": 0, "request": 2, "account": 5, "prompt": 7}]
