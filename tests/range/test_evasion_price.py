"""What a campaign costs is counted in the made world, and hiding more costs more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from range_hamlet import HAMLET

from stillwatch.errors import SettingError
from stillwatch.simulate import evasion
from stillwatch.simulate.accounts import DAY
from stillwatch.simulate.price import UNITS, Assumed, Bill, Usage, bill, read_prices, shipped_prices
from stillwatch.simulate.scenario import parse
from stillwatch.simulate.world import World, make_world

BIG = HAMLET.replace("accounts = 20\n", "accounts = 200\n").replace(
    "exchanges = 1_200\n", "exchanges = 12_000\n"
)
CROWDED = BIG.replace("windows = 4", "windows = 4\npool = 0.2\nown_address = 0.0", 1)
"""Here five accounts share an address: elsewhere people who each have their own need no more addresses than
the campaign rents.
"""
RISES: Mapping[str, str] = {
    "pool": "residential_days",
    "rotation": "residential_days",
    "residential": "residential_days",
    "clients": "builds",
    "registration": "aged_days",
    "paraphrase": "reworded",
    "cover": "exchanges",
    "jitter": "waiting",
    "shards": "templates",
    "baseline": "aged_days",
    "volume": "accounts",
    "churn": "accounts",
    "isolated_network": "residential_days",
    "isolated_identity": "cards",
    "isolated_software": "builds",
    "isolated_rhythm": "waiting",
    "isolated_content": "reworded",
}
"""The unit that each knob makes an operator pay more of."""


def expected(world: World) -> Usage:
    """What accounts would use on average, so that no chance is in it."""
    accounts = world.accounts
    made = accounts.rate * np.maximum(accounts.last - accounts.first, 0) / DAY
    return Usage(made, made * 700, made * 400)


def billed(choices: Mapping[str, str], scale: float = 1.0, text: str = BIG) -> Bill:
    world = make_world(evasion.ordered(parse(text, "hamlet.toml"), choices), scale, 3)
    return bill(world, 0, expected(world), Assumed.of(shipped_prices()))


@pytest.fixture(scope="module")
def plain() -> Bill:
    return billed({})


@pytest.mark.parametrize("knob", evasion.knobs())
def test_what_a_knob_makes_dearer_rises_with_its_setting(knob: str) -> None:
    bills = [billed({knob: setting}, text=CROWDED) for setting in evasion.SETTINGS]
    counts = [one.counts[RISES[knob]].full for one in bills]
    assert counts == sorted(counts)
    assert counts[-1] > 1.04 * counts[0]


def test_every_knob_has_a_unit_that_rises() -> None:
    assert set(RISES) == set(evasion.knobs())
    assert set(RISES.values()) <= set(UNITS)


def test_all_together_costs_more_than_any_single_knob(plain: Bill) -> None:
    prices = shipped_prices()
    base = plain.per_thousand(prices)
    single = max(billed({knob: "middle"}).per_thousand(prices) / base for knob in evasion.knobs())
    assert billed({"all": "middle"}).per_thousand(prices) / base > single > 1


def test_a_small_world_says_what_the_whole_campaign_costs(plain: Bill) -> None:
    small = billed({}, 0.3)
    for unit in ("accounts", "exchanges", "wanted", "residential_days", "cards", "templates", "tokens_read"):
        assert small.counts[unit].full == pytest.approx(plain.counts[unit].full, rel=0.15), unit
    assert small.counts["accounts"].made == 60
    assert plain.counts["accounts"].made == plain.counts["accounts"].full == 200


def test_money_is_units_times_prices(plain: Bill) -> None:
    prices = shipped_prices()
    money = plain.money(prices)
    assert money["accounts"] == pytest.approx(200 * prices["accounts"].amount)
    assert money["tokens_written"] == pytest.approx(plain.counts["tokens_written"].full * 15 * 0.1)
    paid = plain.counts["exchanges"].full
    assert paid == pytest.approx(sum(plain.counts[name].full for name in ("wanted", "cover", "lost")))
    used = money["tokens_read"] + money["tokens_written"]
    assert money["lost"] == pytest.approx(
        used * plain.counts["lost"].full / (paid - plain.counts["lost"].full)
    )
    assert plain.per_thousand(prices) == pytest.approx(
        1000 * sum(money.values()) / plain.counts["wanted"].full
    )


def test_usage_is_that_of_the_log(hamlet: Path, hamlet_world: World) -> None:
    usage = Usage.of(hamlet_world, hamlet / "logs")
    log = pq.read_table(hamlet / "logs", columns=["prompt_tokens", "completion_tokens"]).to_pydict()
    assert (usage.exchanges.sum(), usage.read.sum(), usage.written.sum()) == (
        len(log["prompt_tokens"]),
        sum(log["prompt_tokens"]),
        sum(log["completion_tokens"]),
    )
    truth = {
        row["account_id"]: row["exchanges"] for row in pq.read_table(hamlet / "truth.parquet").to_pylist()
    }
    ids = hamlet_world.account_ids.to_pylist()
    assert {name: count for name, count in zip(ids, usage.exchanges.tolist(), strict=True) if count} == truth


def test_every_price_has_a_source_and_prices_what_is_counted() -> None:
    for name, price in shipped_prices().items():
        assert price.amount >= 0
        assert price.per
        assert price.source.startswith("none: a guess, give your own") or any(
            c.isdigit() for c in price.source
        ), name
        assert name in UNITS or name in ("share_of_list", "funded_days", "bytes_per_token")


def test_prices_of_ones_own_take_the_place_of_those_shipped(tmp_path: Path, plain: Bill) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[accounts]\namount = 7\nsource = "our own purchase"\n', encoding="utf-8")
    prices = read_prices(file)
    assert prices["accounts"].amount == 7.0
    assert prices["cards"] == shipped_prices()["cards"]
    assert plain.money(prices)["accounts"] == 1400.0


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[acounts]\namount = 1\nsource = "x"\n', "no price acounts"),
        ("[accounts]\namount = 1\n", "says not where it comes from"),
        ('[accounts]\namount = -1\nsource = "x"\n', "must be a number from 0 up"),
        ("[accounts\n", "is not TOML"),
    ],
)
def test_wrong_prices_are_named(text: str, what: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=what) as caught:
        read_prices(file)
    assert caught.value.where.startswith(str(file))
