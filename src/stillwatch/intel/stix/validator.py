"""What `stix2-validator` says of an object: the requirements of STIX 2.1 that it knows.

Its schemas and its checks are used, and not its one function for all: that reads and resolves its schemas
anew for each object, which takes ten times as long.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LOG = logging.getLogger(__name__)
NAMED = re.compile(r"\A([a-z_]{2,40}(?:\[\d+\]|/[a-z_0-9]{1,40})*)\Z")
SCHEMAS = "schemas-2.1/schemas"


def breaches(item: Mapping[str, Any]) -> list[str]:
    """Return what an object breaks of the requirements (MUST) of STIX 2.1. item: of a type of STIX 2.1. The
    library reads some values before it has checked their types; an object that makes it stumble is in breach.
    """
    from stix2validator import validator as library

    plain = dict(item)
    try:
        for error in _of_schema(str(item["type"])).iter_errors(plain):
            return [_said(str(error.absolute_path[0]) if error.absolute_path else "")]
        for _ in library._iter_errors_custom(plain, _checks(), _options()):
            return [_said("")]
    except Exception as error:
        LOG.debug("the validator stumbled", exc_info=True)
        return [f"the validator cannot read it ({type(error).__name__})"]
    return []


@cache
def _options() -> Any:
    from stix2validator import ValidationOptions

    return ValidationOptions(version="2.1", silent=True, disabled="all")


@cache
def _checks() -> list[Any]:
    from stix2validator.v21 import musts

    return list(musts.list_musts(_options()))


@cache
def _of_schema(kind: str) -> Any:
    """The validator of one type's schema."""
    from jsonschema import Draft202012Validator
    from stix2validator import validator as library

    schemas, registry = _all_schemas()
    return library.STIXValidator(
        schemas[kind], registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


@cache
def _all_schemas() -> tuple[dict[str, Any], Any]:
    """The schemas by the names of their files, and what finds them by their addresses."""
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012
    from stix2validator import validator as library

    folder = Path(library.__file__).parent / SCHEMAS
    schemas: dict[str, Any] = {}
    found: list[tuple[str, Any]] = []
    for path in sorted(folder.rglob("*.json")):
        schema = library.patch_schema(library.load_schema(str(path)), str(path))
        schemas[path.stem] = schema
        found.append((path.as_uri(), DRAFT202012.create_resource(schema)))
    registry: Any = Registry().with_resources(found).crawl()
    return schemas, registry


def _said(name: str) -> str:
    """A reason without the value that was found."""
    where = f"`{name}`" if NAMED.match(name) else "something in it"
    return f"{where} is not as STIX 2.1 requires"
