"""The benchmark's page, written from its figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evasion_outcomes import drawn_again
from promises import exact
from range_evasions import evasions
from range_lines import Doc, better, how_kept, in_all, name_of, named
from range_picture import TITLE, picture
from range_tables import READ_AS, recalled, rivals, several, table
from range_targets import Target
from stillwatch.simulate.score import ACCUSING
from stillwatch.simulate.specs import kinds as kinds_of_range


def campaigns(cells: Sequence[Doc]) -> str:
    """Our own results, and when the alarm was raised."""
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
    """When it was raised."""
    return "none" if row["day"] is None else f"{row['delay_days']:g} ({row['gone']:.1%})"


def soon(study: Doc) -> str:
    """When campaigns were noticed by more than one search a day."""
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
    """Whom each detector wrongs."""
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


def guarantees(study: Doc) -> str:
    """What is promised, and what was seen."""
    promised = [
        [
            line["what"],
            line["case"],
            f"{line['promised']:g}",
            f"{line['seen']:.4f} ({line['low']:.4f} to {line['high']:.4f})",
            str(line["runs"]),
            how_kept(line),
        ]
        for line in study["lines"]
    ]
    wronged = (
        ", ".join(f"{kind['kind']} {kind['adversarial']}" for kind in study["kinds"] if kind["adversarial"])
        or "none"
    )
    said = (
        f"{study['worlds']:,} worlds. A promise is *kept* where all of its interval lies within it, *not "
        "broken* where the interval holds it and more worlds would have to tell, "
        "and broken where the interval lies above it. Benign groups called adversarial, by kind: "
        f"{wronged}.\n\n"
    )
    parts = [
        said
        + made(study["made"])
        + "\n"
        + table(["what", "where", "promised", "seen (99 %)", "of", "kept"], promised)
    ]
    if any(line["worlds"] for line in study["run_lengths"]):
        parts.append(
            "How long a watch goes without a false alarm, honest groups included, which the promise leaves "
            "out:\n\n" + lengths(study["run_lengths"])
        )
    if study["delays"]:
        parts.append("How late an alarm comes:\n\n" + delays(study["delays"]))
    parts.append(
        "Groups that are more than chance, of groups tested, by the commonest kind of account in them; "
        "`campaign` stands where half of a group or more is "
        "guilty of going beyond a permit. Owners whose bet lost are tested and not among them. *None*: it "
        "is the commonest kind of no such group:\n\n" + honest(study["kinds"])
    )
    return "\n".join(parts)


def _every(days: int) -> str:
    return "every day" if days == 1 else f"every {days} days"


def _times(searches: int) -> str:
    return "once each" if searches == 1 else f"at most {searches} times each"


def made(lines: Sequence[Doc]) -> str:
    """Which worlds the figures are of."""
    rows = [
        [
            line["study"],
            ", ".join(line["scenarios"]),
            ", ".join(f"{scale:g}" for scale in line["scales"]),
            "{} to {}".format(*line["seeds"]),
            str(line["worlds"]),
            f"{_every(line['every'])}, {_times(line['searches'])}" if line["every"] else "not",
            line["state"],
        ]
        for line in lines
    ]
    return table(["study", "scenarios", "scales", "seeds", "worlds", "searched for alarms", "sources"], rows)


def lengths(lines: Sequence[Doc]) -> str:
    """Run lengths by verdict."""
    names = ("promised", "worlds", "days", "alarmed", "at_least")
    rows = [
        [line["verdict"], _every(line["every"]), *(f"{line[name]:g}" for name in names)] for line in lines
    ]
    return table(
        [
            "alarms",
            "searched",
            "promised days",
            "worlds watched",
            "days of each",
            "with a false alarm",
            "run length at least (95 %)",
        ],
        rows,
    )


def delays(lines: Sequence[Doc]) -> str:
    """Delays by campaign and scale."""
    rows = [
        [
            line["place"],
            line["campaign"],
            f"{line['scale']:g}",
            f"{line['alarmed']} of {line['worlds']}",
            "-" if line["days"] is None else f"{line['days']:g}",
            f"{line['gone']:.1%}",
            f"{line['early']:.2f} ({line['low']:.2f} to {line['high']:.2f})",
        ]
        for line in lines
    ]
    return table(
        [
            "scenario",
            "campaign",
            "scale",
            "alarms",
            "median days to it",
            "median share gone by then",
            "before 5 % are gone (99 %)",
        ],
        rows,
    )


def honest(kinds: Sequence[Doc]) -> str:
    """Groups by kind of account in worlds without campaigns, a column for each study."""
    worlds = {line["study"]: line["worlds"] for line in kinds}
    by_kind: dict[str, dict[str, Doc]] = defaultdict(dict)
    for line in kinds:
        by_kind[line["kind"]][line["study"]] = line
    rows = []
    for kind in sorted({*by_kind, *kinds_of_range()}):
        lines = by_kind[kind]
        passed = [
            f"{lines[study]['passed']} of {lines[study]['tested']}" if study in lines else "none"
            for study in worlds
        ]
        accused = [f"{sum(line[verdict] for line in lines.values())}" for verdict in ACCUSING]
        rows.append([kind, *passed, *accused])
    studies = [f"{study} ({count} worlds)" for study, count in worlds.items()]
    return table(["kind", *studies, *(f"{verdict}, in all" for verdict in ACCUSING)], rows)


def full_size(study: Doc) -> str:
    """What making and searching a world of published size took, and what was found in it."""
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
    """Where and how long."""
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


def write_page(document: Mapping[str, Any], kept: Sequence[Target], page: Path) -> None:
    """Write the page, and its pictures in figures/ beside it."""
    figures = page.parent / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    cells = document["cells"]
    (figures / "benchmark.svg").write_text(picture(cells), encoding="utf-8")
    seeds, scales = (several((cell["cell"][name] for cell in cells), "g") for name in ("seed", "scale"))
    every = " or ".join(_every(days) for days in sorted({cell["every"] for cell in cells}))
    short = (
        "A quick run: small worlds, without the slow baselines (PRADA, MMD). It says little about rates.\n"
    )
    ahead = better(cells)
    parts = [
        "# The benchmark\n",
        "This page is made by `python bench/range.py --again --work bench/measured --page "
        "docs/benchmark.md` from figures that stand in `bench/measured`; nothing in it is written by hand. "
        "What the worlds are stands in [the range](range.md), how it is decided in [how it "
        "decides](how-it-decides.md).\n",
        f"Scale {scales}, seeds {seeds}, false discovery rate "
        f"{several((cell['rate'] for cell in cells), '.0%')}. {machine(cells)}\n",
        *([short] if any(cell["quick"] for cell in cells) else []),
        "## Targets\n",
        table(
            ["target", "measured", "kept"],
            ([t.what, t.measured, "yes" if t.kept else "**no**"] for t in kept),
        ),
        "## Campaigns\n",
        "Recall is that of the accounts of all seeds together, precision the mean. An alarm is that of "
        f"`stillwatch watch`, here with a search {every} until each campaign of the world has one; "
        "days are counted from the campaign's first exchange to the end of the alarm's day. The scale of a "
        "thousand exchanges is called high "
        "(signal `volume`), and a search sees whole days: where a twentieth of a campaign is less than "
        "that, or than its first day, an alarm before it is not to be expected.\n",
        campaigns(cells),
        *(["### With several searches a day\n", soon(document["how_soon"])] if document["how_soon"] else []),
        "## Against the baselines\n",
        f"{READ_AS}\n",
        f"![{TITLE}](figures/benchmark.svg)\n",
        rivals(cells),
        "At the lowest threshold that calls no more than 0.1 % of the innocent accounts, which is chosen "
        "with the truth and so flatters the baselines:\n",
        rivals(cells, "flattered"),
        "\n".join(f"- {sentence}" for sentence in ahead) + "\n"
        if ahead
        else "No baseline is ahead on any campaign.\n",
        "## Whom they wrong\n",
        false_calls(cells),
    ]
    parts.append("## Evasions and what they cost\n")
    if document["evasion"]:
        (figures / "evasion.svg").write_text(drawn_again(document["evasion"]), encoding="utf-8")
        parts += [
            "![Share of accounts found against cost](figures/evasion.svg)\n",
            evasions(document["evasion"]),
        ]
    else:
        parts.append(
            "Not measured with these worlds: `python bench/evasion.py --json evasion.json` in the folder of "
            "the finished ones.\n"
        )
    if document["guarantees"]:
        parts += ["## Guarantees\n", guarantees(document["guarantees"])]
    if document["full_size"]:
        parts += ["## At the published size\n", full_size(document["full_size"])]
    aside = page.with_name(f".{page.name}.part")
    aside.write_text("\n".join(parts), encoding="utf-8")
    aside.replace(page)
