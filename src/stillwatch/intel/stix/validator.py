"""What `stix2-validator` says of an object: the requirements of STIX 2.1 that it knows."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

LOG = logging.getLogger(__name__)
NAMED = re.compile(r"(?:\A|--[0-9a-f-]{36}: )(?:\{\d+\} )?([a-z_]{2,40}(?:\[\d+\]|/[a-z_0-9]{1,40})*):? ")
CODE = re.compile(r"\{(\d{3})\}")
_ONE_AT_A_TIME = threading.Lock()
"""The library keeps its output and its schemas in globals."""


def breaches(item: Mapping[str, Any]) -> list[str]:
    """Return what an object breaks of the requirements (MUST) of STIX 2.1. The library reads some values
    before it has checked their types; an object that makes it stumble is in breach.
    """
    from stix2validator import validate_instance

    try:
        with _ONE_AT_A_TIME:
            result = validate_instance(dict(item), _options())
    except Exception as error:
        LOG.debug("the validator stumbled", exc_info=True)
        return [f"the validator cannot read it ({type(error).__name__})"]
    if result.is_valid:
        return []
    return [_short(str(one)) for one in result.errors] or ["it is not valid STIX 2.1"]


@cache
def _options() -> Any:
    from stix2validator import ValidationOptions

    return ValidationOptions(version="2.1", silent=True, disabled="all")


def _short(text: str) -> str:
    """A message without the id that stands before it, and without the value that it found."""
    said = NAMED.search(text)
    where = f"`{said[1]}`" if said else "something in it"
    code = CODE.search(text)
    return f"{where} is not as STIX 2.1 requires" + (f" ({code[1]})" if code else "")
