"""`stillwatch intel`: share what was learnt with other providers, and use what they share."""

from __future__ import annotations

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._intel_checking import VERBS as CHECKING
from stillwatch.cli._intel_desk import VERBS as COMING_IN
from stillwatch.cli._intel_disclosing import VERBS as DISCLOSING
from stillwatch.cli._intel_forms import VERBS as FORMS
from stillwatch.cli._intel_overlap import VERBS as OVERLAP
from stillwatch.cli._intel_private import VERBS as PRIVATE
from stillwatch.cli._intel_saying import VERBS as SAYING
from stillwatch.cli._intel_sharing import VERBS as SHARING
from stillwatch.cli._intel_sketches import VERBS as SKETCHES
from stillwatch.cli._intel_taxii import VERBS as TAXII
from stillwatch.cli._intel_values import VERBS as VALUES


@click.group(cls=Whole)
def command() -> None:
    """Share what was learnt about campaigns with other providers, and use what they share."""


PARTS = (SHARING, SAYING, TAXII, COMING_IN, VALUES, PRIVATE, SKETCHES, OVERLAP, FORMS, DISCLOSING, CHECKING)
for _verb in (verb for part in PARTS for verb in part):
    command.add_command(_verb)
