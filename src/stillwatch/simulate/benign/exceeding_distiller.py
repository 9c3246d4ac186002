"""A licensed distiller that goes beyond its permit."""

from __future__ import annotations

from stillwatch.simulate.benign.permitted_distiller import Distiller, build
from stillwatch.simulate.specs import KINDS, Kind

KINDS.add(
    "exceeding_distiller",
    Kind(
        "exceeding_distiller",
        "exceeds",
        "One organisation that distils beyond its permit: other models, more volume, or too late.",
        Distiller,
        build,
    ),
)
