"""`stillwatch case`: campaigns under human review, with every change kept."""

from __future__ import annotations

import click

from stillwatch.cli._case_appeals import VERBS as APPEALS
from stillwatch.cli._case_audit import audit
from stillwatch.cli._case_deciding import VERBS as DECIDING
from stillwatch.cli._case_delivering import VERBS as DELIVERING
from stillwatch.cli._case_export import VERBS as EXPORTING
from stillwatch.cli._case_keeping import VERBS as KEEPING
from stillwatch.cli._case_letters import VERBS as LETTERS
from stillwatch.cli._case_plans import VERBS as PLANS
from stillwatch.cli._case_reading import VERBS as READING
from stillwatch.cli._group import Whole


@click.group(cls=Whole)
def command() -> None:
    """Review campaigns as cases: who decided what, when and why, and what it teaches.

    Exit codes beside the usual ones: 5 where the audit finds a fault, 6 where somebody else changed the case
    meanwhile.
    """


VERBS = (*READING, *DECIDING, *PLANS, *LETTERS, *APPEALS, *KEEPING, *DELIVERING, *EXPORTING, audit)
for _verb in VERBS:
    command.add_command(_verb)
