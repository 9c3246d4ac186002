"""Each knob changes what it says of a campaign, and nothing that it does not."""

from __future__ import annotations

import itertools
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from range_hamlet import HAMLET

from stillwatch.simulate import evasion
from stillwatch.simulate.accounts import BALANCED, DAY, Accounts, Array
from stillwatch.simulate.day import rows_of
from stillwatch.simulate.make import Order, make
from stillwatch.simulate.scenario import parse
from stillwatch.simulate.specs import Campaign
from stillwatch.simulate.world import World, make_world

BIG = HAMLET.replace("accounts = 20\n", "accounts = 300\n").replace(
    "exchanges = 1_200\n", "exchanges = 18_000\n"
)
"""The hamlet with a campaign large enough that shares can be told from it."""
THISTLE = 0


def world(**choices: str) -> World:
    return make_world(evasion.ordered(parse(BIG, "hamlet.toml"), choices), 1.0, 3)


@pytest.fixture(scope="module")
def plain() -> World:
    return world()


def thistle(made: World) -> Array:
    return np.flatnonzero(made.accounts.campaign == THISTLE)


def spec(made: World) -> Campaign:
    return made.scenario.campaigns[THISTLE]


def carriers(made: World, column: str) -> float:
    """How many accounts of the campaign carry the value of an account, on average."""
    values = getattr(made.accounts, column)[thistle(made)]
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return float(count[place].mean())


def meeting(made: World) -> float:
    """Accounts that meet at an address, on average."""
    mine = thistle(made)
    _, count = np.unique(
        made.accounts.places[mine][:, : int(made.accounts.place_count[mine].max())], return_counts=True
    )
    return float(count.mean())


def same(a: World, b: World, *columns: str) -> bool:
    """Whether the campaign's accounts have equal columns in two worlds."""
    return all(
        np.array_equal(getattr(a.accounts, name)[thistle(a)], getattr(b.accounts, name)[thistle(b)])
        for name in columns
    )


def changed(a: World, b: World) -> set[str]:
    """Columns in which the campaign's accounts differ."""
    return {field.name for field in fields(Accounts) if not same(a, b, field.name)}


def home_share(made: World) -> float:
    places = made.accounts.places[thistle(made)][:, :4]
    return float((made.setting.places.classes[made.networks[places]] == "residential").mean())


@pytest.mark.parametrize("knob", evasion.KNOBS, ids=lambda knob: knob.name)
def test_a_knob_turned_off_changes_nothing_and_benign_accounts_never_change(
    knob: evasion.Knob, plain: World
) -> None:
    off = world(**{knob.name: "off"})
    high = world(**{knob.name: "high"})
    assert off.scenario == plain.scenario
    assert high.scenario.populations == plain.scenario.populations
    benign = plain.accounts.campaign < 0
    for field in fields(Accounts):
        before = getattr(plain.accounts, field.name)
        assert np.array_equal(getattr(off.accounts, field.name), before)
        if field.name not in ("domain", "shape", "organisation"):
            assert np.array_equal(
                getattr(high.accounts, field.name)[: len(benign)][benign], before[benign]
            ), field.name


def test_the_pool_holds_more_addresses_and_fewer_accounts_meet_at_one(plain: World) -> None:
    met = [meeting(plain), *(meeting(world(pool=setting)) for setting in ("low", "middle", "high"))]
    assert met == sorted(met, reverse=True)
    assert met[0] > 2 > 1.2 > met[-1]


def test_rotation_gives_each_account_more_addresses_at_each_of_which_as_many_meet(plain: World) -> None:
    high = world(rotation="high")
    assert (high.accounts.place_count[thistle(high)] == 24).all()
    assert (plain.accounts.place_count[thistle(plain)] == 4).all()
    assert meeting(high) == pytest.approx(meeting(plain), rel=0.1)


def test_residential_moves_the_pool_into_home_networks(plain: World) -> None:
    low, high = world(residential="low"), world(residential="high")
    assert spec(low).networks["residential"] == pytest.approx(0.7)
    assert home_share(plain) < 0.85
    assert home_share(high) == 1.0


def test_clients_deals_accounts_over_several_builds(plain: World) -> None:
    for setting, least in (("low", 0.2), ("middle", 0.05), ("high", 0.01)):
        made = world(clients=setting)
        share = carriers(made, "client") / len(thistle(made))
        assert least < share < carriers(plain, "client") / len(thistle(plain)) - 0.1, setting
        assert changed(plain, made) <= {"client", "other_client"}


def test_registration_spreads_over_longer_and_earlier_bursts(plain: World) -> None:
    def busiest(made: World) -> float:
        fresh = made.accounts.created[thistle(made)[:-40]]
        return float(np.unique(fresh // DAY, return_counts=True)[1].max() / len(fresh))

    shares = [
        busiest(made)
        for made in (
            plain,
            world(registration="low"),
            world(registration="middle"),
            world(registration="high"),
        )
    ]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.25 > 0.05 > shares[-1]


def test_cover_mixes_ordinary_prompts_in_and_keeps_the_harvest(plain: World) -> None:
    high = world(cover="high")
    chat = [high.setting.jobs.names.index(name) for name in ("chat", "writing", "code")]
    assert np.isin(high.profiles[high.accounts.profile[thistle(high)[0]]], chat).mean() == pytest.approx(
        0.8, abs=0.01
    )
    wanted = [made.accounts.rate[thistle(made)].sum() * (1 - spec(made).cover) for made in (plain, high)]
    assert wanted[1] == pytest.approx(wanted[0], rel=0.02)


def test_jitter_gives_a_share_of_accounts_peoples_hours_and_first_days(plain: World) -> None:
    middle = world(jitter="middle")
    mine = thistle(middle)
    assert (plain.accounts.rhythm[thistle(plain)] == BALANCED).all()
    assert 0.5 < (middle.accounts.rhythm[mine] != BALANCED).mean() < 0.7
    assert np.ptp(middle.accounts.first[mine[:200]]) > 2 * DAY
    assert same(plain, middle, "client", "payment", "places", "domain")


def test_slices_share_templates_within_and_not_between_them() -> None:
    made = world(shards="middle")
    assert np.unique(made.accounts.slice[thistle(made)], return_counts=True)[1].max() == 5
    first = openings(made)
    numbers = {account: int(made.accounts.slice[account]) for account in first}
    pairs = list(itertools.combinations(first, 2))
    near = [bool(first[a] & first[b]) for a, b in pairs if numbers[a] == numbers[b]]
    far = [bool(first[a] & first[b]) for a, b in pairs if numbers[a] != numbers[b]]
    assert np.mean(near) > 0.8
    assert np.mean(far) < 0.1  # Cover says what everybody says; shorter openings also coincide by chance.
    whole = openings(world())
    assert np.mean([bool(whole[a] & whole[b]) for a, b in itertools.combinations(whole, 2)]) > 0.9


def openings(made: World) -> dict[int, set[str]]:
    """The first words of the prompts of some accounts of the campaign."""
    mine = set(np.flatnonzero((made.accounts.campaign == THISTLE) & (made.accounts.slice <= 8))[:60].tolist())
    found: dict[int, set[str]] = {}
    for day in range(made.setting.days):
        rows = rows_of(made, day, 0, 1, text=True)
        assert rows.messages is not None
        for account, messages in zip(rows.account.tolist(), rows.messages.to_pylist(), strict=True):
            if account in mine:
                words = json.loads(str(messages))[-1]["content"].split()
                found.setdefault(account, set()).add(" ".join(words[:14]))
    return found


def test_slices_of_a_limited_pool_do_not_overlap() -> None:
    text = BIG.replace("jobs = { grading = 0.6, elicit = 0.4 }", "jobs = { bench_worked = 1.0 }")
    made = make_world(evasion.ordered(parse(text, "hamlet.toml"), {"shards": "low", "cover": "off"}), 1.0, 3)
    rows = rows_of(made, 2, 0, 1, text=True)
    assert rows.messages is not None
    asked: dict[str, set[int]] = {}
    for account, messages in zip(rows.account.tolist(), rows.messages.to_pylist(), strict=True):
        if made.accounts.campaign[account] == THISTLE:
            question = json.loads(str(messages))[-1]["content"][-60:]
            asked.setdefault(question, set()).add(int(made.accounts.slice[account]))
    repeated = [slices for slices in asked.values() if len(slices) > 1]
    assert len(asked) > 500
    assert len(repeated) < 0.15 * len(asked)


def test_volume_spreads_the_same_total_over_more_accounts(plain: World) -> None:
    middle = world(volume="middle")
    assert len(thistle(middle)) == 4 * len(thistle(plain))
    totals = [
        (made.accounts.rate * (made.accounts.last - made.accounts.first))[thistle(made)].sum()
        for made in (plain, middle)
    ]
    assert totals[1] == pytest.approx(totals[0], rel=0.01)


def test_churn_lets_accounts_live_for_days_only(plain: World) -> None:
    high = world(churn="high")
    mine = thistle(high)
    assert len(mine) == 3 * len(thistle(plain))
    assert (high.accounts.last - high.accounts.first)[mine].max() <= 2 * DAY
    assert (high.accounts.created < high.accounts.first)[mine].all()
    at_once = [
        int(((made.accounts.first <= now) & (made.accounts.last > now))[thistle(made)].sum())
        for made in (plain, high)
        for now in [plain.setting.start + 3 * DAY]
    ]
    assert at_once[1] == pytest.approx(at_once[0], rel=0.1)


def test_a_campaign_in_the_baseline_is_there_on_the_first_day_at_full_rate(plain: World) -> None:
    middle = world(baseline="middle")
    assert (spec(plain).first_day, spec(middle).first_day) == (1, 0)
    assert spec(middle).days == 6
    assert middle.accounts.rate[thistle(middle)].mean() == pytest.approx(
        plain.accounts.rate[thistle(plain)].mean(), rel=0.02
    )
    assert np.median((middle.accounts.first - middle.accounts.created)[thistle(middle)]) > np.median(
        (plain.accounts.first - plain.accounts.created)[thistle(plain)]
    )


ISOLATED = {
    "network": {"places", "place_count"},
    "identity": {"payment", "domain", "shape", "phone", "created"},
    "software": {"client", "other_client", "parameters"},
    "rhythm": {
        "rhythm",
        "shift",
        "weekend",
        "stay",
        "gap",
        "even",
        "burst",
        "rate",
        "first",
        "last",
        "created",
        "banned",
    },
    "content": {"paraphrase", "untooled"},
}


@pytest.mark.parametrize("family", ISOLATED)
def test_an_isolated_family_changes_only_its_own_columns(family: str, plain: World) -> None:
    made = world(**{f"isolated_{family}": "high"})
    assert changed(plain, made) <= ISOLATED[family]
    assert changed(plain, made)


def test_isolated_accounts_share_no_more_than_strangers_do(plain: World) -> None:
    strangers = plain.accounts.campaign < 0
    network, identity, software = (
        world(**{f"isolated_{family}": "high"}) for family in ("network", "identity", "software")
    )
    homes = network.accounts.places[thistle(network), 0]
    assert len(np.unique(homes)) == len(homes)
    paid = identity.accounts.payment[thistle(identity)]
    assert len(np.unique(paid)) == len(paid)
    assert (identity.accounts.created < identity.accounts.first)[thistle(identity)].all()
    popular = (
        np.unique(
            plain.accounts.client[strangers & (plain.accounts.kind == plain.kinds.index("ordinary"))],
            return_counts=True,
        )[1].max()
        / 150
    )
    assert carriers(software, "client") / len(thistle(software)) < popular
    half = world(isolated_identity="low")
    assert 0.4 < np.mean(half.accounts.payment[thistle(half)] == plain.accounts.payment[thistle(plain)]) < 0.6
    assert 1.0 < carriers(half, "payment") < carriers(plain, "payment") / 2


def test_told_tools_leave_the_log(tmp_path: Path) -> None:
    path = tmp_path / "hamlet.toml"
    path.write_text(HAMLET, encoding="utf-8")
    make(Order(str(path), tmp_path / "world", scale=1.0, seed=3, evade={"paraphrase": "high"}))
    campaign = {
        row["account_id"]
        for row in pq.read_table(tmp_path / "world" / "truth.parquet").to_pylist()
        if row["campaign"]
    }
    rows = pq.read_table(tmp_path / "world" / "logs").to_pylist()
    bodies = [json.loads(row["proxy_server_request"]) for row in rows if row["user"] in campaign]
    assert bodies
    assert not any("tools" in body for body in bodies)
