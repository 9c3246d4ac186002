"""Letters to customers: what was done, why in plain words, how long, how to appeal, by when it is answered.

A letter is the same for all whom it goes to. It names no detector, no threshold and nobody else; the account
and the link of each are filled in when it is delivered, and are in no table.
"""

from __future__ import annotations

import html
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from stillwatch.cases.event import canonical
from stillwatch.cases.labels import evidence_at
from stillwatch.cases.remediation.work import Work
from stillwatch.cases.remedy import Letter, Plan, Step
from stillwatch.errors import CaseError
from stillwatch.small_file import read_small

KINDS = ("restricted", "victim", "review", "restored")
LINK, ACCOUNT = "[[appeal-link]]", "[[account]]"
"""Marks in a letter, filled in for each notice."""
LARGEST = 13_000
"""Bytes of a letter with its HTML, as a message holds it."""
CLASSES = {
    "network": "the way in which the account is connected with other accounts",
    "identity": "the way in which the account is connected with other accounts",
    "software": "signs of automated use",
    "rhythm": "signs of automated use",
    "content": "the kind and volume of what was asked",
}
"""Classes of evidence as a customer is told them, by family of facets: kinds, never values."""
RESTRICTIONS = {
    "slow": "We limited how many tokens a minute the account can use.",
    "verify": "We stopped answering its requests until its owner has been verified.",
    "block": "We stopped answering its requests.",
}


def drafted(work: Work, plan: Plan, step: Step) -> Letter:
    """Return the draft that a step asks for. Raises CaseError for a template that cannot be used."""
    told = step.parameters
    kind = str(told["letter"])
    families = {
        row["family"]
        for row in evidence_at(work.store, plan.case_id).table("evidence").to_pylist()
        if row["nats"] > 0
    }
    settings = work.settings
    values = {
        "provider": settings.provider,
        "account": ACCOUNT,
        "link": LINK,
        "restriction": RESTRICTIONS.get(str(told.get("step", "")), ""),
        "days": _days(told.get("days", 0)),
        "appeal_days": _days(settings.appeal_days),
        "answer_days": _days(settings.answer_days),
        "classes": sorted({CLASSES[one] for one in families if one in CLASSES}),
    }
    number = len(work.remedies.of_case(Letter, plan.case_id)) + 1
    letter = Letter(
        f"{plan.case_id}.l{number}", plan.case_id, plan.id, kind, crowds=tuple(told["crowds"]), by=plan.by
    )
    return worded(letter, rendered(kind, values, settings.letters))


def rendered(kind: str, values: dict[str, Any], folder: str) -> str:
    """Return a letter's text: from the operator's folder if it has that letter, else from Stillwatch's."""
    mine = Path(folder) / f"{kind}.txt" if folder else None
    if mine is not None and mine.exists():
        source = read_small(
            mine, 1 << 16, what="letter", error=CaseError, do="make it readable, or remove it"
        ).decode("utf-8", "replace")
        where = str(mine)
    else:
        source, where = _shipped(kind), f"letter {kind}"
    try:
        made = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        ).from_string(source)
        return str(made.render(values))
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise CaseError(
            f"the letter cannot be made: {error}",
            where=where,
            do=f"use only: {', '.join(sorted(values))}",
        ) from error


def worded(letter: Letter, text: str) -> Letter:
    """Return a letter with a text whose first line is its subject. Raises CaseError for one without subject
    or link, or that is too long.
    """
    first, _, rest = text.strip().partition("\n")
    subject, body = first.removeprefix("Subject:").strip(), rest.strip()
    made = replace(letter, subject=subject, text=body, html=_html(body))
    size = len(canonical([made.subject, made.text, made.html]))
    if not first.startswith("Subject:") or not subject or LINK not in body or size > LARGEST:
        raise CaseError(
            "a letter begins with `Subject: …`, has the link for appeals, and is not too long",
            where=f"letter {letter.kind}",
            do=f"keep {{{{ link }}}} (or {LINK}) in it, and at most {LARGEST:,} bytes with its HTML",
        )
    return made


def filled(body: dict[str, Any], link: str) -> dict[str, Any]:
    """Return the body of a message of topic notice with its account and its appeal link filled in."""
    account = str(body["account"])
    plain = {LINK: link, ACCOUNT: account}
    marked = {mark: html.escape(value) for mark, value in plain.items()}
    marked[LINK] = f'<a href="{html.escape(link)}" rel="noreferrer">{html.escape(link)}</a>'
    return {
        **body,
        "subject": _put(str(body["subject"]), plain),
        "text": _put(str(body["text"]), plain),
        "html": _put(str(body["html"]), marked),
    }


def _put(text: str, values: dict[str, str]) -> str:
    # One pass, so that an account called like a mark is no mark.
    parts = text.split(LINK)
    return values[LINK].join(part.replace(ACCOUNT, values[ACCOUNT]) for part in parts)


def _html(text: str) -> str:
    paragraphs = (html.escape(one).replace("\n", "<br>") for one in text.split("\n\n") if one.strip())
    return "".join(f"<p>{one}</p>" for one in paragraphs)


@cache
def _shipped(kind: str) -> str:
    if kind not in KINDS:
        raise CaseError("there is no such letter", where=kind, do=f"write one of: {', '.join(KINDS)}")
    return (files("stillwatch.cases.remediation") / "letters_shipped" / f"{kind}.txt").read_text("utf-8")


def _days(days: Any) -> str:
    number = float(days)
    return f"{number:g} day{'' if number == 1 else 's'}"
