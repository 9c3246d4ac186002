"""Strangers whose mail stands under one domain: a university, a small provider."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.simulate.accounts import Accounts
from stillwatch.simulate.ordinary_accounts import Setting, neighbours, own_domains
from stillwatch.simulate.specs import KINDS, Kind, Population

PARTS = (
    "arts",
    "biology",
    "chemistry",
    "dental",
    "economics",
    "forest",
    "geology",
    "history",
    "students",
    "law",
)


@dataclass(frozen=True)
class MailRoot(Population):
    """Each group is one university or provider."""

    subdomains: int = 8
    """Subdomains of one root."""


def build(spec: MailRoot, n: int, setting: Setting, rng: np.random.Generator) -> Accounts:
    """Make people of one region with their own homes, clients and hours. They tempt mail_root."""
    accounts, region_of = neighbours(spec, n, setting, rng)
    roots = own_domains(len(region_of), rng)
    part = rng.integers(0, min(max(1, spec.subdomains), len(PARTS)), n)
    accounts.domain = setting.domains.all(
        [f"{PARTS[p]}.{roots[g]}" for p, g in zip(part.tolist(), (accounts.group - 1).tolist(), strict=True)]
    )
    return accounts


KINDS.add(
    "shared_mail_root",
    Kind(
        "shared_mail_root",
        "benign",
        "Strangers with mail in many subdomains of one university or small internet provider.",
        MailRoot,
        build,
    ),
)
