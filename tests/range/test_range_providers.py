"""Worlds of several providers: the operators are the same, the customers are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from made_once import made_once
from stillwatch.cli.range import command
from stillwatch.errors import RunError, SettingError
from stillwatch.simulate.make import Order
from stillwatch.simulate.providers import LEAST, Deal, make_providers, spread
from stillwatch.simulate.scenario import parse

PROVIDERS = 3


@pytest.fixture(scope="session")
def spread_hamlet(hamlet_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small scenario at three providers."""

    def made(folder: Path) -> None:
        make_providers(Order(str(hamlet_file), folder / "spread", scale=1.0, seed=3), PROVIDERS)

    return made_once(tmp_path_factory, "spread hamlet", made) / "spread"


def worlds(folder: Path) -> list[Path]:
    return [folder / f"provider-{number + 1}" for number in range(PROVIDERS)]


def rows(world: Path, campaign: str) -> list[dict[str, Any]]:
    """The accounts table's rows of a campaign's accounts."""
    truth = pq.read_table(world / "truth.parquet").to_pylist()
    mine = {row["account_id"] for row in truth if row["campaign"] == campaign}
    return [row for row in pq.read_table(world / "accounts.parquet").to_pylist() if row["account_id"] in mine]


def values(world: Path, campaign: str, column: str) -> set[Any]:
    """What the edge saw of a campaign's accounts at one provider."""
    truth = pq.read_table(world / "truth.parquet").to_pylist()
    mine = {row["account_id"] for row in truth if row["campaign"] == campaign}
    logs = [
        pq.read_table(path, columns=["request_id", "user"]) for path in sorted((world / "logs").iterdir())
    ]
    asked = {row["request_id"] for table in logs for row in table.to_pylist() if row["user"] in mine}
    edge = pq.read_table(world / "edge.parquet", columns=["request_id", column]).to_pylist()
    return {row[column] for row in edge if row["request_id"] in asked}


def test_each_provider_has_a_usual_world_and_the_truth_names_the_operators(spread_hamlet: Path) -> None:
    document = json.loads((spread_hamlet / "truth.json").read_text())
    assert [row["name"] for row in document["providers"]] == [world.name for world in worlds(spread_hamlet)]
    assert {row["name"] for row in document["operators"]} == {"thistle", "bramble"}
    for world in worlds(spread_hamlet):
        assert {path.name for path in world.iterdir()} == {
            *("logs", "edge.parquet", "accounts.parquet", "permits.toml", "releases.toml"),
            *("truth.parquet", "truth.json"),
        }
    for operator in document["operators"]:
        assert sum(part["share"] for part in operator["at"]) == pytest.approx(1.0, abs=0.001)
        for part, world in zip(operator["at"], worlds(spread_hamlet), strict=True):
            assert part["accounts"] == len(rows(world, operator["name"])) >= LEAST
            assert part["exchanges"] < operator["exchanges"]


def test_the_operators_means_are_the_same_at_all_providers(spread_hamlet: Path) -> None:
    cards = [{row["payment"] for row in rows(world, "thistle")} - {None} for world in worlds(spread_hamlet)]
    assert len(cards[0] & cards[1]) >= 1
    addresses = [values(world, "bramble", "address") for world in worlds(spread_hamlet)]
    assert len(addresses[0] & addresses[1]) > 3
    clients = [values(world, "thistle", "user_agent") for world in worlds(spread_hamlet)]
    assert all("AsyncOpenAI/Python 1.82.0" in agents for agents in clients)


def test_the_customers_of_each_provider_are_its_own(spread_hamlet: Path) -> None:
    tables = [pq.read_table(world / "accounts.parquet").to_pylist() for world in worlds(spread_hamlet)]
    guilty = {row["account_id"] for world in worlds(spread_hamlet) for row in rows(world, "thistle")}
    guilty |= {row["account_id"] for world in worlds(spread_hamlet) for row in rows(world, "bramble")}
    ids = [{row["account_id"] for row in table} for table in tables]
    assert not ids[0] & ids[1]
    assert not ids[0] & ids[2]
    paid = [{row["payment"] for row in table if row["account_id"] not in guilty} - {None} for table in tables]
    assert paid[0]
    assert not paid[0] & paid[1]


def test_the_internet_is_one(spread_hamlet: Path) -> None:
    """A network is of one class and in one region, whoever looks."""
    seen: dict[int, set[tuple[str, str]]] = {}
    for world in worlds(spread_hamlet):
        edge = pq.read_table(world / "edge.parquet", columns=["asn", "region", "network_class"])
        for row in edge.group_by(["asn", "region", "network_class"]).aggregate([]).to_pylist():
            seen.setdefault(row["asn"], set()).add((row["region"], row["network_class"]))
    assert len(seen) > 10
    assert all(len(found) == 1 for found in seen.values())


def test_the_same_order_gives_the_same_bytes(spread_hamlet: Path, hamlet_file: Path, tmp_path: Path) -> None:
    make_providers(Order(str(hamlet_file), tmp_path / "again", scale=1.0, seed=3, workers=1), PROVIDERS)
    for path in sorted(spread_hamlet.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(spread_hamlet)).read_bytes()


@pytest.mark.parametrize(("accounts", "campaign"), [(15, 0), (63, 2), (1_000, 1), (20_000, 7)])
def test_every_account_is_dealt_once_and_none_is_left_out(accounts: int, campaign: int) -> None:
    sizes = Deal(5, 1).sizes(accounts, campaign)
    assert sizes.sum() == accounts
    assert sizes.min() >= LEAST
    assert int(np.argmax(sizes)) == (campaign % 5 if accounts > 15 else 0)


def test_what_cannot_be_spread_is_told(hamlet_file: Path, tmp_path: Path) -> None:
    text = hamlet_file.read_text().replace('name = "bramble"', 'name = "bramble"\nvictims = ["ordinary"]')
    with pytest.raises(SettingError, match="stolen keys"):
        spread(parse(text, "hamlet.toml"), 3)
    with pytest.raises(SettingError, match="over 1 providers"):
        spread(parse(hamlet_file.read_text(), "hamlet.toml"), 1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(RunError, match="not empty"):
        make_providers(Order(str(hamlet_file), tmp_path / "full"), 3)


def test_providers_on_the_command_line(hamlet_file: Path, tmp_path: Path) -> None:
    words = ["make", str(hamlet_file), "--providers", "2", "--scale", "0.3", "--no-prompts"]
    made = CliRunner().invoke(command, [*words, "--out", str(tmp_path / "two")])
    assert made.exit_code == 0, made.output
    assert "provider-2" in made.stdout
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == [
        "provider-1",
        "provider-2",
        "truth.json",
    ]
    refused = CliRunner().invoke(command, [*words, "--out", str(tmp_path / "two")])
    assert isinstance(refused.exception, RunError)
    again = CliRunner().invoke(command, [*words, "--out", str(tmp_path / "two"), "--force", "--json"])
    assert json.loads(again.stdout)["world"]["providers"] == 2
