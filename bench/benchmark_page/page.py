"""The benchmark's page, written from its figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark_page.evasions import evasions
from benchmark_page.front import front
from benchmark_page.guarantees import guarantees
from benchmark_page.lines import Doc, better, in_all, name_of, named
from benchmark_page.picture import TITLE, picture
from benchmark_page.tables import READ_AS, how_often, recalled, rivals, several, table
from benchmark_page.targets import Target
from evasion_study.outcomes import drawn_again
from study.promises import exact


def campaigns(cells: Sequence[Doc]) -> str:
    """Show our own results, and when the alarm was raised."""
    alarms = {(cell["cell_name"], row["name"]): row for cell in cells for row in cell["alarms"]["campaigns"]}
    seen: dict[tuple[str, str, float, str], list[tuple[Doc, str]]] = defaultdict(list)
    for cell in cells:
        for row in cell["score"]["campaigns"]:
            place = cell["cell"]["scenario"], row["name"], cell["cell"]["scale"], cell["machine"]["state"]
            seen[place].append((row, alarm(alarms[cell["cell_name"], row["name"]])))
    rows = []
    for (scenario, name, scale, state), some in seen.items():
        accounts, right = sum(row["accounts"] for row, _ in some), sum(named(row) for row, _ in some)
        precision = sum(row["account_precision"] for row, _ in some) / len(some)
        verdicts = "/".join(sorted({row["verdict"] or "-" for row, _ in some}))
        found = f"{sum(row['found'] for row, _ in some)} of {len(some)}"
        rows.append(
            [
                scenario,
                name,
                f"{scale:g}",
                f"{accounts:,}",
                found,
                recalled(right, accounts),
                f"{precision:.3f}",
                verdicts,
                ", ".join(words for _, words in some),
                state,
            ]
        )
    heads = [
        "scenario",
        "campaign",
        "scale",
        "accounts",
        "found",
        "account recall (95 %)",
        "precision",
        "verdict",
        "days to the alarm (gone by then)",
        "sources",
    ]
    return table(heads, rows)


def alarm(row: Doc) -> str:
    """Show when it was raised."""
    return "none" if row["day"] is None else f"{row['delay_days']:g} ({row['gone']:.1%})"


def soon(study: Doc) -> str:
    """Show when campaigns were noticed with more than one search a day."""
    heads = [
        "scenario",
        "campaign",
        "scale",
        "seed",
        "searches a day",
        "days to the alarm (gone by then)",
        "exchanges in all",
        "minutes",
        "sources",
    ]
    rows = []
    for world in sorted(study["worlds"], key=lambda world: world["cell_name"]):
        cell, took = world["cell"], sum(world["seconds"].values()) / 60
        end = (
            str(world["searches_a_day"]),
            f"{world['exchanges']:,}",
            f"{took:.0f}",
            world["machine"]["state"],
        )
        rows += [
            [
                cell["scenario"],
                row["name"],
                f"{cell['scale']:g}",
                str(cell["seed"]),
                end[0],
                alarm(row),
                *end[1:],
            ]
            for row in world["alarms"]["campaigns"]
        ]
    return (
        "Each world was made, read and watched until each of its campaigns had an alarm, without baselines "
        "(`python bench/how_soon.py`).\n\n" + table(heads, rows)
    )


def false_calls(cells: Sequence[Doc]) -> str:
    """Show whom each detector accuses wrongly."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    accounts: dict[str, Counter[str]] = defaultdict(Counter)
    hit: Counter[str] = Counter()
    for cell in cells:
        for detector in cell["detectors"]:
            name, own = name_of(detector), detector["own"]
            groups[name].update(own["false_groups"])
            accounts[name].update(own["innocents"])
            hit[name] += bool(own["false_groups"] or own["innocents"])
    innocents = sum(cell["innocents"] for cell in cells)
    rows = []
    for name in accounts:
        low, high = exact(hit[name], len(cells))
        worlds = f"{hit[name]} of {len(cells)} ({low:.0%} to {high:.0%})"
        rows.append(
            [
                name,
                worlds,
                _commonest(groups[name]),
                _commonest(accounts[name]),
                f"{accounts[name].total():,} of {innocents:,}",
            ]
        )
    heads = [
        "detector",
        "worlds in which it wrongs somebody",
        "groups of innocents called",
        "innocent accounts called, commonest kinds",
        "in all",
    ]
    return table(heads, rows)


def _commonest(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {number:,}" for kind, number in kinds.most_common(4)) or "none"


def full_size(study: Doc) -> str:
    """Show what making and searching a world of published size took, and what was found in it."""
    made = (
        f"`python bench/full_size.py`: {study['scenario']} at scale {study['scale']:g}, seed "
        f"{study['seed']}, {study['exchanges']:,} exchanges of "
        f"{study['accounts']:,} accounts, sources {study['state']}; the engine was given {study['memory']}. "
        "Memory is the most that one process had up to the end of the step.\n"
    )
    named = [
        f"- {row['name']}: {'found' if row['found'] else '**not found**'}, "
        f"{row['verdict'] or 'no verdict'}, account recall {row['account_recall']:.4f}, "
        f"precision {row['account_precision']:.4f}, of {row['accounts']:,} accounts"
        for row in study["score"]["campaigns"]
    ]
    wronged = (
        ", ".join(f"{kind} {number}" for kind, number in sorted(study["score"]["false_campaigns"].items()))
        or "none"
    )
    steps = [*study["steps"], in_all(study["steps"])]
    rows = [
        [one["name"], f"{one['seconds'] / 60:.1f}", f"{one['processor'] / 60:.1f}", f"{one['gigabytes']:.1f}"]
        for one in steps
    ]
    return "\n".join(
        [
            made,
            *named,
            f"- false campaigns: {wronged}; {study['tested_groups']:,} groups tested\n",
            table(["step", "minutes", "processor minutes", "GB at most"], rows),
        ]
    )


def machine(cells: Sequence[Doc]) -> str:
    """Show where and how long."""
    seconds: Counter[str] = Counter()
    for cell in cells:
        seconds.update(cell["seconds"])
    places: dict[str, dict[str, None]] = defaultdict(dict)
    for of in (cell["machine"] for cell in cells):
        places[
            f"Stillwatch {of['version']}, Python {of['python']}, {of['processors']} processors, "
            f"{of['system']}"
        ][of["state"]] = None
    spent = ", ".join(f"{step} {value / 60:.0f} min" for step, value in seconds.items())
    exchanges = sum(cell["exchanges"] for cell in cells)
    where = "; ".join(f"{place} (sources {', '.join(states)})" for place, states in places.items())
    return f"{where}. {len(cells)} worlds of {exchanges:,} exchanges in all took: {spent}."


def summed_up(document: Mapping[str, Any], kept: Sequence[Target], parts: Sequence[str]) -> list[str]:
    """Return the page: what a stranger should know, the targets, and where the figures come from. parts: the
    files of tables beside it.
    """
    cells = document["cells"]
    seeds, scales = (several((cell["cell"][name] for cell in cells), "g") for name in ("seed", "scale"))
    short = (
        "A quick run: small worlds, without the slow baselines (PRADA, MMD). It says little about rates.\n"
    )
    return [
        *front(document, kept, parts),
        "## Targets\n",
        table(
            ["target", "measured", "kept"],
            ([t.what, t.measured, "yes" if t.kept else "**no**"] for t in kept),
        ),
        f"![{TITLE}](figures/benchmark.svg)\n",
        "## Where the figures come from\n",
        "This page is made by `python bench/range.py --again --work bench/measured --page "
        "docs/benchmark.md` from figures that stand in `bench/measured`; nothing in it is written by hand. "
        "What the worlds are stands in [the range](range.md), how it is decided in [how it "
        "decides](how-it-decides.md).\n",
        f"Scale {scales}, seeds {seeds}, false discovery rate "
        f"{several((cell['rate'] for cell in cells), '.0%')}. {machine(cells)}\n",
        *([short] if any(cell["quick"] for cell in cells) else []),
    ]


def tables(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the files of tables: each name with its paragraphs."""
    cells = document["cells"]
    every = " or ".join(how_often(days) for days in sorted({cell["every"] for cell in cells}))
    ahead = better(cells)
    found = {
        "campaigns": [
            "# Campaigns\n",
            "Recall is that of the accounts of all seeds together, precision the mean. An alarm is that of "
            f"`stillwatch watch`, here with a search {every} until each campaign of the world has one; "
            "days are counted from the campaign's first exchange to the end of the alarm's day. The scale of "
            "a thousand exchanges is called high "
            "(signal `volume`), and a search sees whole days: where a twentieth of a campaign is less than "
            "that, or than its first day, an alarm before it is not to be expected.\n",
            campaigns(cells),
            *(
                ["## With several searches a day\n", soon(document["how_soon"])]
                if document["how_soon"]
                else []
            ),
        ],
        "baselines": [
            "# Against the baselines\n",
            f"{READ_AS}\n",
            f"![{TITLE}](../figures/benchmark.svg)\n",
            rivals(cells),
            "At the lowest threshold that calls no more than 0.1 % of the innocent accounts, which is chosen "
            "with the truth and so flatters the baselines:\n",
            rivals(cells, "flattered"),
            "\n".join(f"- {sentence}" for sentence in ahead) + "\n"
            if ahead
            else "No baseline is ahead on any campaign.\n",
        ],
        "wronged": ["# Whom they wrong\n", false_calls(cells)],
        "evasions": ["# Evasions and what they cost\n"],
    }
    if document["evasion"]:
        found["evasions"] += [
            "![Share of accounts found against cost](../figures/evasion.svg)\n",
            evasions(document["evasion"]),
        ]
    else:
        found["evasions"].append(
            "Not measured with these worlds: `python bench/evasion.py --json evasion.json` in the folder of "
            "the finished ones.\n"
        )
    if document["guarantees"]:
        found["guarantees"] = ["# Guarantees\n", guarantees(document["guarantees"])]
    if document["full_size"]:
        found["published-size"] = ["# At the published size\n", full_size(document["full_size"])]
    return found


def write_page(document: Mapping[str, Any], kept: Sequence[Target], page: Path) -> None:
    """Write the page, its tables in a folder of its name beside it, and its pictures in figures/."""
    figures, beside = page.parent / "figures", page.with_suffix("")
    for folder in (figures, beside):
        folder.mkdir(parents=True, exist_ok=True)
    (figures / "benchmark.svg").write_text(picture(document["cells"]), encoding="utf-8")
    if document["evasion"]:
        (figures / "evasion.svg").write_text(drawn_again(document["evasion"]), encoding="utf-8")
    written = tables(document)
    for name, paragraphs in written.items():
        _write(beside / f"{name}.md", paragraphs)
    _write(page, summed_up(document, kept, [*written]))


def _write(path: Path, paragraphs: Sequence[str]) -> None:
    aside = path.with_name(f".{path.name}.part")
    aside.write_text("\n".join(paragraphs), encoding="utf-8")
    aside.replace(path)
