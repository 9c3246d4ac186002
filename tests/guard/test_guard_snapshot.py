"""A run published and looked up in: everything comes back, nothing else does, and no id is in the file."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from guard_runs import START, Found, Licence, Member, World, made_run
from guard_states import Clocks, account, journal, lookup, published, reader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.account_names import account_name
from stillwatch.errors import RunError
from stillwatch.guard.journal_entry import Kind
from stillwatch.guard.publish import publish
from stillwatch.guard.published import PublishedState
from stillwatch.guard.snapshot import open_snapshot
from stillwatch.guard.snapshot_format import TIERS
from stillwatch.guard.state_folder import StateFolder
from stillwatch.guard.state_keys import LONGEST_ID, LOOKUP, PUBLIC, SIGNING, verifier
from stillwatch.ingest import values
from stillwatch.response.ladder import Permission

IDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).filter(
    lambda text: text.strip() == text and account_name(text, None) == text
)
ORDERED = ("named", "present", "near")


@st.composite
def worlds(draw: st.DrawFn) -> World:
    ids = draw(st.lists(IDS, min_size=1, max_size=25, unique=True))
    campaigns = [
        Found(
            f"camp-{number}",
            [
                Member(one, draw(st.sampled_from(ORDERED)), draw(st.floats(0, 50)))
                for one in draw(st.lists(st.sampled_from(ids), unique=True))
            ],
            verdict=draw(st.sampled_from(["adversarial", "coordinated", "unlicensed", "authorised"])),
            listed=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    permits = [
        Licence(f"p{number}", draw(st.lists(st.sampled_from(ids), unique=True, max_size=3)))
        for number in range(draw(st.integers(0, 3)))
    ]
    return World(ids, campaigns, permits)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.lists(IDS, max_size=5))
def test_all_accounts_come_back_as_they_were_and_nobody_else(world: World, strangers: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        published(place, world)
        state = reader(place)
        assert state.problems.counts() == {}
        for one in world.accounts:
            known = state.known(one, "m", START)
            assert known is not None
            tier, campaign = expected(world, one)
            assert (known.account.tier, known.campaign.name) == (tier, campaign)
            named = [permit.name for permit in world.permits if one in permit.accounts]
            assert known.permission is (Permission.COVERS if named else Permission.NONE)
            assert known.permit == (named[0] if named else "")
        for one in set(strangers) - set(world.accounts):
            assert state.known(one, "m", START) is None


def expected(world: World, account: str) -> tuple[str, str]:
    """Tier and campaign of an account by the rule as it is written down, not as it is programmed."""
    gravity = ["adversarial", "coordinated", "unlicensed", "authorised"]
    found = [
        (ORDERED.index(member.tier), gravity.index(campaign.verdict), -member.nats, place)
        for place, campaign in enumerate(world.campaigns)
        if campaign.listed
        for member in campaign.members
        if member.id == account
    ]
    if not found:
        return "", ""
    tier, _, _, place = min(found)
    return ORDERED[tier], world.campaigns[place].identity


def test_no_id_and_no_organisation_is_in_any_file_of_the_state(tmp_path: Path) -> None:
    planted = ["anna.petrova@mail.example", "org-4711-user-0815", "Łukasz W."]
    world = World(
        planted,
        [Found("camp-a", [Member(planted[0])], bystanders=[Member(planted[1], "near")])],
        [Licence("licence", [planted[2]], organisation="Harbour Analytics")],
        verified={planted[1]: "Harbour Analytics"},
    )
    published(tmp_path, world)
    with journal(tmp_path) as opened:
        opened.append(Kind.EXEMPT, account(tmp_path, planted[0]), actor="A", reason="r")
    held = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert len(held) > 1_000
    for word in ("petrova", "4711", "0815", "Łukasz", "Harbour", "harbour"):
        assert word.encode() not in held
    known = reader(tmp_path).known(planted[1], "m", START)
    assert known is not None
    assert known.permission is Permission.COVERS


def test_bystanders_have_their_tier_and_ages_count_from_the_days_of_the_run(tmp_path: Path) -> None:
    world = World(["a", "b"], [Found("camp-a", [Member("a")], bystanders=[Member("b", "present")])])
    published(tmp_path, world)
    state = reader(tmp_path)
    known = state.known("b", "m", START + 2 * 86_400)
    assert known is not None
    assert known.account.tier == "present"
    assert known.account.verification == "card"
    assert known.campaign.age_days == pytest.approx(2.0)
    again = state.known("b", "m", START + 5 * 86_400)
    assert again is not None
    assert again.campaign.age_days == pytest.approx(5.0)
    assert (again.campaign.verdict, again.campaign.role, again.campaign.accounts) == (
        "adversarial",
        "operator",
        1,
    )
    first = state.known("a", "m", START)
    assert first is not None
    assert first.account.age_days == pytest.approx(
        (START - datetime(2026, 1, 1, tzinfo=UTC).timestamp()) / 86_400
    )


@pytest.mark.parametrize(
    ("starts", "expires", "model", "says"),
    [
        (None, 100.0, "wren", Permission.COVERS),
        (None, 100.0, "owl", Permission.OTHER_MODEL),
        (50.0, 100.0, "wren", Permission.NOT_BEGUN),
        (None, -50.0, "wren", Permission.ENDED),
    ],
)
def test_a_permit_says_why_it_does_not_cover(
    tmp_path: Path, starts: float | None, expires: float, model: str, says: Permission
) -> None:
    licence = Licence(
        "licence",
        ["a"],
        models=["wren"],
        starts=None if starts is None else datetime.fromtimestamp(START + starts, UTC),
        expires=datetime.fromtimestamp(START + expires, UTC),
    )
    published(tmp_path, World(["a"], permits=[licence]))
    known = reader(tmp_path).known("a", model, START)
    assert known is not None
    assert (known.permission, known.permit) == (says, "licence")


def test_a_permit_of_an_organisation_is_for_its_verified_accounts_only(tmp_path: Path) -> None:
    world = World(
        ["real", "claims"],
        permits=[Licence("licence", organisation="Acme  LTD")],
        verified={"real": "acme Ltd"},
        declared={"claims": "acme ltd"},
    )
    published(tmp_path, world)
    state = reader(tmp_path)
    said = {one: state.known(one, "m", START) for one in world.accounts}
    assert {one: known and known.permission for one, known in said.items()} == {
        "real": Permission.COVERS,
        "claims": Permission.NONE,
    }


def test_who_stays_in_family_and_tier_keeps_the_time_since_when(tmp_path: Path) -> None:
    members = [Member("stays"), Member("rises", "present"), Member("moves")]
    published(tmp_path, World(["stays", "rises", "moves", "comes"], [Found("camp-a", members)]), "one", START)
    later = [
        Found("camp-b", [Member("stays"), Member("rises"), Member("comes")], family="camp-a"),
        Found("camp-z", [Member("moves")]),
    ]
    second = published(tmp_path, World(["stays", "rises", "moves", "comes"], later), "two", START + 500)
    assert second.carried
    assert second.version == 2
    state = reader(tmp_path)
    since = {}
    for one in ("stays", "rises", "moves", "comes"):
        known = state.known(one, "m", START + 500)
        assert known is not None
        since[one] = known.since - START
    assert since == {"stays": 0, "rises": 500, "moves": 500, "comes": 500}


def test_what_was_undone_stays_undone_when_the_campaign_is_called_otherwise(tmp_path: Path) -> None:
    accounts = ["old", "new"]
    published(tmp_path, World(accounts, [Found("camp-a", [Member("old")])]), "one")
    with journal(tmp_path) as opened:
        undone = opened.append(Kind.UNDO, "campaign:camp-a", actor="Ann", reason="a class of students")
    published(tmp_path, World(accounts), "two", START + 1)  # for a day it is in no campaign at all
    both = [Member("old"), Member("new")]
    published(tmp_path, World(accounts, [Found("camp-b", both)]), "three", START + 2)
    state = reader(tmp_path)
    old, new = (state.known(one, "m", START + 3) for one in accounts)
    assert old is not None
    assert new is not None
    assert (old.account.held, old.appealed) == (True, f"journal-{undone.seq}")
    assert (new.account.held, new.appealed) == (False, "")
    with journal(tmp_path) as opened:
        opened.append(Kind.END, f"entry:{undone.seq}", actor="Ann", reason="it was one after all")
    state.refresh()
    old = state.known("old", "m", START + 3)
    assert old is not None
    assert not old.account.held


def test_keys_and_files_are_private_and_a_guard_needs_two_of_them(tmp_path: Path) -> None:
    published(tmp_path, World(["a"]))
    folder = StateFolder(tmp_path / "state")
    for name in (LOOKUP, SIGNING, PUBLIC):
        assert (folder.keys / name).stat().st_mode & 0o777 == 0o600
        assert len((folder.keys / name).read_bytes()) == 32
    for path in (folder.current, folder.journal, folder.snapshot(1)):
        assert path.stat().st_mode & 0o777 == 0o600
    (folder.keys / SIGNING).unlink()
    state = reader(tmp_path)
    assert state.fresh(START)
    assert state.known("a", "m", START) is not None
    with pytest.raises(RunError, match="key of the state is missing"):
        publish(tmp_path / "run", tmp_path / "state")


def test_earlier_files_go_when_they_are_old_and_whoever_has_one_open_goes_on(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", World(["a"]))
    folder = StateFolder(tmp_path / "state")
    publish(run, folder.path)
    first = open_snapshot(folder.snapshot(1), verifier(folder.keys))
    publish(run, folder.path)
    assert folder.versions() == [1, 2]
    publish(run, folder.path, keep_h=0.0)
    assert folder.versions() == [3]
    assert first.row(lookup(tmp_path).account("a")) is not None


def test_a_snapshot_says_of_which_run_it_is_and_when_it_is_stale(tmp_path: Path) -> None:
    made = published(tmp_path, World(["a", "b"], [Found("camp-a", [Member("a")])]), "run-7")
    clocks = Clocks()
    state = reader(tmp_path, clocks)
    snapshot = state.snapshot
    assert snapshot is not None
    about = json.loads((tmp_path / "run-7" / "run.json").read_text(encoding="utf-8"))
    assert snapshot.header["run"] == {name: about[name] for name in ("id", "digest", "made")}
    assert (made.run, made.run_digest, made.digest) == (about["id"], about["digest"], state.digest)
    assert made.counts == {
        "accounts": 2, "campaigns": 1, "permits": 0, "permitted": 0, "collisions": 0,
        **dict.fromkeys(TIERS[1:], 0), "named": 1,
    }  # fmt: skip
    assert state.fresh(START + 48 * 3_600 - 1)
    assert not state.fresh(START + 48 * 3_600)


def test_an_id_is_cut_where_a_run_cuts_it() -> None:
    assert LONGEST_ID == values.LONGEST_ID


def test_accounts_of_a_run_with_pseudonyms_are_found_by_the_ids_of_the_gateway(tmp_path: Path) -> None:
    key = b"a key of sixteen bytes or more"
    world = World([account_name("gateway-id", key)], [Found("camp-a", [])])
    run = made_run(tmp_path / "run", world, pseudonyms=True)
    publish(run, tmp_path / "state", now=START)
    without = PublishedState(tmp_path / "state", watch=False, clock=lambda: START)
    with_key = PublishedState(tmp_path / "state", pseudonyms=key, watch=False, clock=lambda: START)
    assert without.known("gateway-id", "m", START) is None
    assert with_key.known("gateway-id", "m", START) is not None
    assert with_key.snapshot is not None
    assert with_key.snapshot.header["pseudonyms"] is True
