"""Every figure that is shown can be made again from the tables beside it: the page, the terminal and the CSV
of a real run against its tables.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote

import pytest
from rich.console import Console
from village import Ran, Row

from stillwatch import report
from stillwatch.report.formatting import MINUS
from stillwatch.report.view_models import campaign_view
from stillwatch.run.reading import Run

NATS = rf"([+{MINUS}]?\d+\.\d)"
HALF = 0.05001
"""Half of the last digit shown."""


@pytest.fixture(scope="module")
def page(village_run: Ran) -> str:
    return (village_run.folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def campaign(village_run: Ran) -> Row:
    return next(row for row in village_run.rows("campaigns") if row["kind"] == "linked" and row["listed"])


@pytest.fixture(scope="module")
def members(village_run: Ran, campaign: Row) -> list[Row]:
    return [row for row in village_run.rows("members") if row["group"] == campaign["group"]]


def number(shown: str) -> float:
    return float(shown.replace(MINUS, "-"))


def mean(members: list[Row]) -> float:
    return float(sum(row["nats"] for row in members) / len(members))


def terminal(folder: Path, name: str) -> list[str]:
    console = Console(width=300, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(report.explain(folder, name))
    return captured.get().splitlines()


def waterfall(lines: list[str]) -> tuple[list[float], dict[str, float]]:
    """The rows of a waterfall on a terminal, and its sums by name."""
    start = next(
        i for i, line in enumerate(lines) if line.startswith(("Evidence: mean", "What makes its nats"))
    )
    told = [
        m
        for line in lines[start + 1 :]
        if (m := re.match(rf"\s+(\S.*?)\s+{NATS}(?:\s+[█▏▎▍▌▋▊▉]*)?\s*$", line))
    ]
    sums = {m[1]: number(m[2]) for m in told if m[1].startswith("sum, ")}
    return [number(m[2]) for m in told if not m[1].startswith("sum, ")], sums


def test_rows_of_every_account_add_up_to_its_nats(village_run: Ran) -> None:
    made: dict[tuple[int, int], float] = defaultdict(float)
    for name in ("member_evidence", "member_adjustments"):
        for row in village_run.rows(name):
            made[row["group"], row["account"]] += row["nats"]
    rows = [*village_run.rows("members"), *village_run.rows("bystanders")]
    assert any(row["nats"] > 8 for row in rows)
    for row in rows:
        assert made[row["group"], row["account"]] == pytest.approx(row["nats"], abs=1e-4)
    assert set(made) <= {(row["group"], row["account"]) for row in rows}


def test_no_family_counts_more_than_its_cap(village_run: Ran, campaign: Row) -> None:
    run = Run(village_run.folder)
    view = campaign_view(run, next(row for row in run.rows("campaigns") if row["group"] == campaign["group"]))
    cap = run.setting("linkage", "family_cap_nats", 0.0)
    sums = [view.family_nats(row["account"]) for row in view.members]
    assert max(nats for families in sums for nats in families.values()) == pytest.approx(cap, abs=1e-4)


def test_the_terminal_sums_to_the_accounts_it_lists(
    village_run: Ran, campaign: Row, members: list[Row]
) -> None:
    rows, sums = waterfall(terminal(village_run.folder, campaign["campaign"]))
    assert len(rows) > 10
    assert sum(rows) == pytest.approx(mean(members), abs=HALF * len(rows))
    assert sums["sum, mean of the accounts"] == pytest.approx(mean(members), abs=HALF)
    assert sums["sum, formation"] + sums["sum, held-out"] == pytest.approx(mean(members), abs=3 * HALF)


def test_an_account_on_the_terminal_sums_to_its_nats(village_run: Ran, members: list[Row]) -> None:
    for member in members[:3]:
        lines = terminal(village_run.folder, member["account_id"])
        rows, sums = waterfall(lines)
        assert sum(rows) == pytest.approx(member["nats"], abs=HALF * len(rows))
        assert sums["sum, evidence"] == pytest.approx(member["nats"], abs=HALF)
        (told,) = (m for line in lines if (m := re.search(rf"^evidence\s+{NATS} nats", line)))
        assert number(told[1]) == pytest.approx(member["nats"], abs=HALF)


def test_the_page_sums_to_the_accounts_it_lists(page: str, campaign: Row, members: list[Row]) -> None:
    section = page[page.index(f'<section id="{campaign["campaign"]}"') :]
    section = section[: section.index("</section>")]
    drawn = section[section.index("Formation: what linked") :]
    drawn = drawn[: drawn.index("</svg>")]
    rows = [number(shown) for shown in re.findall(rf'class="figures"[^>]*>{NATS}<', drawn)]
    sums = [number(shown) for shown in re.findall(rf'class="figures strong"[^>]*>{NATS}<', drawn)]
    assert len(rows) > 10
    assert sum(rows) == pytest.approx(mean(members), abs=HALF * len(rows))
    assert sums[-1] == pytest.approx(mean(members), abs=HALF)
    assert sum(sums[:-1]) == pytest.approx(mean(members), abs=HALF * len(sums))
    table = section[section.index("<table data-filter>") :]
    listed = [float(n) for n in re.findall(r"</svg>(\d+\.\d) nats<", table[: table.index("</table>")])]
    assert len(listed) == len(members)
    assert sum(listed) / len(listed) == pytest.approx(mean(members), abs=HALF)


def test_the_download_sums_to_the_nats_and_the_exchanges(
    page: str, campaign: Row, members: list[Row]
) -> None:
    link = re.search(
        rf'download="{campaign["campaign"]}-accounts.csv" href="data:text/csv[^,]*,([^"]+)"', page
    )
    assert link is not None
    rows = list(csv.DictReader(io.StringIO(unquote(link[1]), newline="")))
    tables = {row["account_id"]: row for row in members}
    assert {row["account_id"] for row in rows} == set(tables)
    for row in rows:
        parts = [float(value) for name, value in row.items() if name.startswith("nats_") and value]
        assert sum(parts) == pytest.approx(float(row["nats"]), abs=0.0006 * (len(parts) + 1))
        assert float(row["nats"]) == pytest.approx(tables[row["account_id"]]["nats"], abs=0.0006)
    assert sum(int(row["exchanges"]) for row in rows) == campaign["exchanges"]


def test_counts_of_a_campaign_agree_with_its_rows(village_run: Ran) -> None:
    members, hours = village_run.rows("members"), village_run.rows("timeline")
    for campaign in village_run.rows("campaigns"):
        own = [row for row in members if row["group"] == campaign["group"]]
        assert len(own) == campaign["accounts"] >= campaign["at_least"]
        assert sum(row["exchanges"] for row in own) == campaign["exchanges"]
        assert campaign["exchanges"] == sum(
            row["exchanges"] for row in hours if row["group"] == campaign["group"]
        )
        assert (campaign["first"], campaign["last"]) == (
            min(row["first"] for row in own),
            max(row["last"] for row in own),
        )


def test_no_more_accounts_are_promised_than_are_listed(village_run: Ran) -> None:
    for campaign in village_run.rows("campaigns"):
        text = " ".join(" ".join(terminal(village_run.folder, campaign["campaign"])).split())
        # What forms no group by marks, as a licensee, holds accounts that were looked at by themselves.
        told = re.search(r"(?:named|looked at), ([\d,]+)(?:; the (\d+) with the most evidence)?\.", text)
        assert (told is None) == (campaign["named"] == 0)
        if told is not None:
            assert int(told[1].replace(",", "")) == campaign["named"]
            assert (told[2] is None) == (campaign["named"] <= 12)
            assert told[2] in (None, "12")
