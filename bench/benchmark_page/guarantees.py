"""The part of the benchmark's page about guarantees: what is promised, and what was seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from benchmark_page.lines import Doc, how_kept
from benchmark_page.tables import how_often, table
from stillwatch.simulate.score import ACCUSING
from stillwatch.simulate.specs import kinds as kinds_of_range


def guarantees(study: Doc) -> str:
    """Show what is promised, and what was seen."""
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


def _times(searches: int) -> str:
    return "once each" if searches == 1 else f"at most {searches} times each"


def made(lines: Sequence[Doc]) -> str:
    """Show which worlds the figures are from."""
    rows = [
        [
            line["study"],
            ", ".join(line["scenarios"]),
            ", ".join(f"{scale:g}" for scale in line["scales"]),
            "{} to {}".format(*line["seeds"]),
            str(line["worlds"]),
            f"{how_often(line['every'])}, {_times(line['searches'])}" if line["every"] else "not",
            line["state"],
        ]
        for line in lines
    ]
    return table(["study", "scenarios", "scales", "seeds", "worlds", "searched for alarms", "sources"], rows)


def lengths(lines: Sequence[Doc]) -> str:
    """Show run lengths by verdict."""
    names = ("promised", "worlds", "days", "alarmed", "at_least")
    rows = [
        [line["verdict"], how_often(line["every"]), *(f"{line[name]:g}" for name in names)] for line in lines
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
    """Show delays by campaign and scale."""
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
    """Show groups by kind of account in worlds without campaigns, with a column for each study."""
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
