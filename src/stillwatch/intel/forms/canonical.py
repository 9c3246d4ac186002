"""The one spelling of a bundle: equal objects, in whatever order they came, give equal bytes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from stillwatch.intel.forms.carried import Object
from stillwatch.intel.stix.bundle import bundle_bytes, parsed
from stillwatch.intel.stix.checking import Checked, Refused, checked
from stillwatch.intel.stix.limits import DEFAULT, Limits

LOG = logging.getLogger(__name__)


def canonical(objects: Iterable[Object]) -> bytes:
    """Return objects as a bundle: sorted by id and version, names within an object sorted, times and defaults
    as `stix2` writes them. objects: those that `usable` let pass.
    """
    ordered = sorted(objects, key=lambda one: (str(one["id"]), str(one.get("modified", ""))))
    return bundle_bytes([_sorted(one) for one in ordered])


def usable(objects: Sequence[Any], limits: Limits = DEFAULT) -> Checked:
    """Return what of some objects holds and can be written by `stix2`. Never raises for their content."""
    first = checked(objects, limits)
    good: list[Object] = []
    refused = list(first.refused)
    for one in first.good:
        try:
            parsed(one)
        except Exception as error:
            LOG.debug("stix2 stumbled", exc_info=True)
            why = f"stix2 cannot read it ({type(error).__name__})"
            refused.append(Refused(_place(objects, one), str(one["id"]), why))
        else:
            good.append(one)
    return Checked(tuple(good), tuple(refused))


def _place(objects: Sequence[Any], wanted: Object) -> int:
    return next((place for place, one in enumerate(objects) if one is wanted), 0)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(inner) for name, inner in sorted(value.items())}
    return [_sorted(inner) for inner in value] if isinstance(value, list | tuple) else value
