"""The listed campaigns in the chapters of a report: what to look at first, and what is no campaign at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.report import formatting
from stillwatch.report.view_models import severity
from stillwatch.run.reading import Row


@dataclass(frozen=True)
class Chapter:
    """One kind of listed rows."""

    name: str
    """Its name in links."""
    title: str
    """Its heading."""
    noun: str
    """What one of its rows is called in a count."""
    plural: str
    """What several are called."""
    says: str
    """What it holds, in a sentence."""


ADVERSARIAL = Chapter(
    "adversarial",
    "Adversarial campaigns",
    "adversarial campaign",
    "adversarial campaigns",
    "Many accounts, one hand behind them, hidden, and prompts made to harvest.",
)
COORDINATED = Chapter(
    "coordinated",
    "Coordinated, purpose unknown",
    "coordinated group of unknown purpose",
    "coordinated groups of unknown purpose",
    "Large and hidden, with no sign of what it is for: a relay, a farm of accounts, a vendor. Find out "
    "before you act.",
)
UNLICENSED = Chapter(
    "unlicensed",
    "Unlicensed",
    "unlicensed group",
    "unlicensed groups",
    "Large, made to harvest, and openly so. Ask, and offer terms.",
)
SINGLE = Chapter(
    "single",
    "Single accounts",
    "single account",
    "single accounts",
    "Accounts that stand alone: no marks link them to others, so they are no campaigns.",
)
LICENSEES = Chapter(
    "licensees",
    "Licensees",
    "licensee",
    "licensees",
    "Customers with a permit, whatever the test says, so that use under a permit can be watched.",
)
DISMISSED = Chapter(
    "dismissed",
    "Dismissed by review",
    "group dismissed by review",
    "groups dismissed by review",
    "A person judged these in an earlier run, and they have not changed since; who, when and why is below.",
)
CHAPTERS = (ADVERSARIAL, COORDINATED, UNLICENSED, SINGLE, LICENSEES, DISMISSED)
"""Every chapter, in the order of the page."""


def chapter_of(campaign: Row) -> Chapter:
    """The chapter of a listed row."""
    if campaign.get("dismissed"):
        return DISMISSED
    if campaign["permit"]:
        return LICENSEES
    if campaign["kind"] == "single":
        return SINGLE
    by_verdict = {"adversarial": ADVERSARIAL, "coordinated": COORDINATED}
    return by_verdict.get(campaign["verdict"], UNLICENSED)


def in_chapters(campaigns: Sequence[Row]) -> list[tuple[Chapter, list[Row]]]:
    """The listed rows by chapter, without empty chapters; within one, the most pressing first."""
    return [
        (chapter, rows)
        for chapter in CHAPTERS
        if (rows := sorted((row for row in campaigns if chapter_of(row) is chapter), key=severity))
    ]


def in_order(campaigns: Sequence[Row]) -> list[Row]:
    """The listed rows in the order of the chapters."""
    return [row for _chapter, rows in in_chapters(campaigns) for row in rows]


def headline(campaigns: Sequence[Row]) -> list[tuple[Chapter, str]]:
    """What is listed, chapter by chapter, each with its count: they add up to all that is listed."""
    return [
        (chapter, f"{formatting.count(len(rows))} {chapter.noun if len(rows) == 1 else chapter.plural}")
        for chapter, rows in in_chapters(campaigns)
    ]
