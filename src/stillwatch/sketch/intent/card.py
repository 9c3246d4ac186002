"""The model's card: sources, licences, how well it does and where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.schema.stored import SKETCH_VERSION
from stillwatch.sketch.intent.calibrate import Rate
from stillwatch.sketch.intent.fit import (
    AGAINST,
    MOST_FEATURES,
    PENALTY,
    RARITY,
    SMALLEST_GROUPS,
    SOURCE_POWER,
)
from stillwatch.sketch.intent.folder import Documents
from stillwatch.sketch.intent.model import INTENT_VERSION

LIMITS = (
    "It reads words, not meaning: a prompt that says the same in words of which it knows few is missed, and "
    "short prompts give it little to go by.",
    "Writing tasks that pipelines send (textbook sections, stories, blog posts around an extract) read like "
    "anybody's writing tasks: most are missed.",
    "Ordinary traffic unlike any in training is flagged far more often: one in seven of the community role "
    "plays, where none was in training.",
    "A pipeline's requests for plain answers, summaries or corrections are ordinary requests, and it is not "
    "trained to tell them.",
    "It was trained mostly on English; other languages have a few dozen phrasings of ours each.",
    "Trace cleaning, trajectories, safe rewriting and asking for the system prompt rest on our own "
    "phrasings: their figures say how phrasings that "
    "were left out are found, not how real jobs are.",
    "Flags rest on the model and on lists of cues. The lists were written in sight of the public pipelines, "
    "so that the sensitivity on those flatters "
    "them; the AUROC is the model's alone, on sources that it never saw.",
    "A question in the form in which tests are printed (flags EVALUATION and STEPS) is flagged for a harvest "
    "only where a cue says so: harvests of reasoned answers print the same form, and are told by what is "
    "new, what comes back, and how it is dealt out over accounts.",
    "Requests that ask nothing (SELF_ELICITED) and forms of questions (STEPS) are told without the model; no "
    "error rates are known for them, and shares of them are not corrected.",
    "A flag is what a prompt asks for, which honest work asks for too: graders, teachers, evaluation teams, "
    "licensed distillation.",
    "Whoever knows the model can write around it. Intent is one axis of three, and never enough by itself.",
)


@dataclass(frozen=True)
class SourceRate:
    """The share of one source's groups that are flagged."""

    source: str
    """The source."""
    share: float
    """The share."""
    groups: int
    """Number of groups."""


@dataclass(frozen=True)
class LabelCard:
    """How one label does on what was held out."""

    label: str
    """The label."""
    threshold: float
    """Probability at even odds from which the flag is set."""
    auroc: float
    """Against exchanges without any label."""
    sensitivity: Rate
    """Share of its groups that are flagged."""
    false_positives: Rate
    """Share of groups without any label that are flagged."""
    sources: list[str] = field(default_factory=list)
    """Where its examples come from."""
    rows: int = 0
    """Number of its examples."""
    hits: list[SourceRate] = field(default_factory=list)
    """The sensitivity on each source, with that source left out."""

    @staticmethod
    def of_nothing(label: str) -> LabelCard:
        """The card of a label that was not learnt."""
        return LabelCard(label, 1.0, 0.5, Rate(0.0, 0.0, 1.0, 0), Rate(0.0, 0.0, 1.0, 0))


def card_of(
    documents: Documents,
    labels: Sequence[LabelCard],
    scales: npt.NDArray[np.float64],
    features: int,
    seed: int,
) -> dict[str, Any]:
    """Return the card as it is written to JSON."""
    return {
        "name": "stillwatch intent",
        "version": INTENT_VERSION,
        "sketch_version": SKETCH_VERSION,
        "seed": seed,
        "features": features,
        "training": {
            "smallest_groups": SMALLEST_GROUPS,
            "most_features": MOST_FEATURES,
            "penalty": PENALTY,
            "rarity": RARITY,
            "against": AGAINST,
            "source_power": SOURCE_POWER,
        },
        "labels": [
            {**_short(asdict(card)), "gain": float(row[0]), "base": float(row[1]), "logit": float(row[2])}
            for card, row in zip(labels, scales, strict=True)
        ],
        "sources": list(_sources(documents)),
        "limits": list(LIMITS),
    }


def _sources(documents: Documents) -> Iterator[dict[str, Any]]:
    for source in sorted({str(name) for name in documents.sources}):
        mine = documents.sources == source
        yield {
            "source": source,
            "licence": documents.licences.get(source, "not given"),
            "rows": int(mine.sum()),
            "groups": len(np.unique(documents.groups[mine])),
            "labelled": int(documents.labels[mine].any(axis=1).sum()),
            "unsure": int(documents.unsure[mine].sum()),
        }


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _short(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_short(part) for part in value]
    return round(value, 6) if isinstance(value, float) else value


def rows_of(card: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the card's labels as rows of a table; see COLUMNS."""
    return [
        (
            row["label"],
            f"{row['threshold']:.3f}",
            f"{row['auroc']:.3f}",
            _percent(row["sensitivity"]),
            _percent(row["false_positives"]),
            str(row["sensitivity"]["groups"]),
            ", ".join(row["sources"]),
        )
        for row in card["labels"]
    ]


COLUMNS = ("label", "flagged from", "AUROC", "sensitivity", "false positives", "groups", "sources")
"""What `rows_of` gives."""


def markdown(card: Mapping[str, Any]) -> str:
    """Return the card as docs/intent.md shows it."""
    labels = [COLUMNS, ("---",) * len(COLUMNS), *rows_of(card)]
    sources: list[tuple[str, ...]] = [
        ("source", "licence", "rows", "groups", "labelled", "unsure"),
        ("---",) * 6,
    ]
    sources += [tuple(str(row[name]) for name in sources[0]) for row in card["sources"]]
    head = (
        f"Version {card['version']} for sketches of version {card['sketch_version']}, seed "
        f"{card['seed']}, {card['features']:,} features."
    )
    tables = ["\n".join(f"| {' | '.join(row)} |" for row in rows) for rows in (labels, sources)]
    return "\n\n".join([head, *tables, "\n".join(f"- {limit}" for limit in card["limits"])]) + "\n"


def _percent(share: Mapping[str, Any]) -> str:
    return f"{share['share']:.1%} ({share['low']:.1%} to {share['high']:.1%})"
