"""Mail addresses made in bulk."""

from __future__ import annotations

import numpy as np

from stillwatch.range.cast import Array, Cast
from stillwatch.range.people import Setting, own_domains, providers
from stillwatch.range.specs import Campaign


def register_in_bulk(spec: Campaign, cast: Cast, setting: Setting, rng: np.random.Generator) -> None:
    """Some accounts use catch-all domains of the operator, others freemail with the shape that its script
    makes.
    """
    n = len(cast)
    domains = setting.domains.all(own_domains(spec.mail_domains, rng))
    setting.bulk["domains"].update(domains.tolist())
    shape = setting.shapes.add(f"a{rng.integers(5, 8)}9{rng.integers(4, 7)}")
    scripted = rng.random(n) < spec.mail_share
    catch_all = scripted & (rng.random(n) < 0.5)
    cast.domain = np.where(catch_all, domains[rng.integers(0, len(domains), n)], cast.domain)
    cast.shape = np.where(scripted, shape, cast.shape)


def registered(cast: Cast, setting: Setting) -> Array:
    """Domains that several accounts have and no mail provider offers: those that an operator registered."""
    distinct, count = np.unique(cast.domain, return_counts=True)
    offered = setting.domains.all(providers())
    return np.asarray(distinct[(count > 1) & ~np.isin(distinct, offered)])
