"""Identities and links as a run's tables hold them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from made_campaigns import START, TEMPLATE, campaign

from stillwatch.errors import SettingError
from stillwatch.run.lineage.earlier import GIVEN, Earlier
from stillwatch.run.lineage.matching import lineage
from stillwatch.run.lineage.tables import links_kept, links_of
from stillwatch.schema.found import CAMPAIGNS
from stillwatch.schema.lineage import CAMPAIGN_LINKS
from stillwatch.settings import IdentitySettings, from_document

SETTINGS = IdentitySettings()
OLD = [campaign(1, range(50), TEMPLATE)]
NEW = [campaign(1, range(40), TEMPLATE), campaign(2, range(100, 130), TEMPLATE, day=9)]


def links(earlier: Earlier | None) -> list[dict[str, Any]]:
    table = links_of(lineage(NEW, earlier.campaigns if earlier else [], SETTINGS), earlier)
    assert table.schema.equals(CAMPAIGN_LINKS.arrow)
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def test_a_row_says_what_both_have_and_which_run_the_other_is_of() -> None:
    same, related, successor, back = links(Earlier(OLD, "0199", "sha", START, GIVEN, ""))
    assert (same["link"], same["accounts"], same["more"], same["fewer"]) == ("same", 40, 0, 10)
    assert (same["accounts_share"], same["keys"], same["key_share"]) == (1.0, 4, 1.0)
    assert (same["earlier_digest"], same["earlier_last"]) == ("sha", START)
    assert (successor["link"], successor["campaign"], successor["other_campaign"]) == (
        "successor",
        "C002",
        "C001",
    )
    assert (successor["facets"], successor["facet_keys"]) == (["head", "parameters", "system"], [2, 1, 1])
    assert [(row["link"], row["earlier_digest"], row["earlier_last"]) for row in (related, back)] == [
        ("related", None, None)
    ] * 2
    assert related["other_identity"] == back["identity"]


def test_where_keys_could_not_be_compared_a_link_counts_none() -> None:
    blind = Earlier([replace(OLD[0], keys={})], "", "", START, GIVEN, "it was sketched under another key")
    rows = links(blind)
    assert [(row["link"], row["keys"], row["facets"]) for row in rows if row["earlier_last"]] == [
        ("same", None, [])
    ]
    assert rows[0]["earlier_digest"] == "", "the run has no id, but the campaign is not of this one"
    assert [row["keys"] for row in rows if row["link"] == "related"] == [4, 4]


def test_links_to_earlier_digests_outlive_what_is_forgotten() -> None:
    """C001 is gone, and what was C002 is C001 now, with fewer accounts."""
    before = pa.Table.from_pylist(
        links(Earlier(OLD, "0199", "", START, GIVEN, "")), schema=CAMPAIGN_LINKS.arrow
    )
    left = NEW[1]
    now = pa.table({"identity": [left.identity], "group": [5], "campaign": ["C001"], "accounts": [28]})
    (row,) = links_kept(before, now)
    assert (row["group"], row["campaign"], row["link"], row["identity"]) == (
        5,
        "C001",
        "successor",
        left.identity,
    )


def test_names_last_and_differ() -> None:
    one = campaign(3, [4, 5, 6])
    assert one.identity == campaign(9, [6, 5, 4]).identity
    assert one.identity != campaign(3, [4, 5, 6], kind="declared").identity
    assert one.identity != campaign(3, [4, 5]).identity
    assert one.identity.startswith("camp-")
    assert len(one.identity) == 21
    assert {"identity", "family"} <= set(CAMPAIGNS.names())


@pytest.mark.parametrize(
    ("name", "value"),
    [("overlap", 0.0), ("overlap", 1.5), ("own_share", -1), ("key_share", float("nan")), ("key_facets", 0)],
)
def test_a_threshold_out_of_its_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(SettingError, match=rf"identity\.{name} cannot be") as refused:
        from_document({"identity": {name: value}}, where="settings.toml")
    assert refused.value.do.startswith("allowed: from")
    assert from_document({"identity": {"overlap": 0.6}}, where="").identity.overlap == 0.6
