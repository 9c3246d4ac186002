"""A campaign whose accounts nothing links but that it passes its conversations from account to account."""

from __future__ import annotations

from pathlib import Path

import pytest
from village import VILLAGE, Ran
from village_handed import guilty_of, handed_world

from stillwatch.schema.codes import Null

ISOLATED = ", ".join(
    f'isolated_{family} = "high"' for family in ("network", "identity", "software", "rhythm")
)


@pytest.fixture(scope="module")
def isolated(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The village whose campaign isolates its accounts and hands its conversations on."""
    folder: Path = tmp_path_factory.mktemp("isolated")
    scenario = folder / "isolated.toml"
    named = 'name = "thistle"\n'
    assert VILLAGE.count(named) == 1
    # What else the campaign's accounts share, bans for example, would link some of them.
    scenario.write_text(
        VILLAGE.replace(named, f"{named}evade = {{ {ISOLATED} }}\n").replace("banned = 0.1\n", ""),
        encoding="utf-8",
    )
    return handed_world(scenario, folder / "world")


def test_content_alone_forms_the_group(isolated: Ran) -> None:
    found = [row for row in isolated.rows("campaigns") if row["kind"] == "alike"]
    assert len(found) == 1
    (campaign,) = found
    assert campaign["listed"]
    assert campaign["null"]["code"] == Null.CONVERSATIONS
    assert campaign["held_out"] == ["handover"]
    guilty = guilty_of(isolated.world)
    members = isolated.members(campaign["campaign"])
    assert members <= guilty
    assert len(members) > 0.9 * len(guilty)


def test_its_accounts_have_evidence_and_p_values(isolated: Ran) -> None:
    (group,) = (row["group"] for row in isolated.rows("campaigns") if row["kind"] == "alike")
    members = [row for row in isolated.rows("members") if row["group"] == group]
    # Six days of few conversations, in a village with few users of each client: hardly any stands out alone.
    assert all(0.0 < row["p_value"] <= 1.0 for row in members)
    assert min(row["p_value"] for row in members) < 0.05
    parts = isolated.table("member_evidence").group_by(["group", "account"]).aggregate([("nats", "sum")])
    sums = {row["account"]: row["nats_sum"] for row in parts.to_pylist() if row["group"] == group}
    assert sums == pytest.approx({row["account"]: row["nats"] for row in members}, abs=1e-5)
    facets = {row["facet"]: row["role"] for row in isolated.rows("evidence") if row["group"] == group}
    assert facets == {"handover": "formation", "signature": "formation"}


def test_nobody_else_is_grouped_by_content(isolated: Ran) -> None:
    kinds = [row["kind"] for row in isolated.rows("groups")]
    assert kinds.count("alike") == 1
