"""OASIS's JSON schemas of CACAO 2.0, from this package alone: nothing is looked up over a network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7, DRAFT202012

FOLDER = Path(__file__).parent / "cacao"
SCHEMAS = FOLDER / "schemas"
BASE = "https://raw.githubusercontent.com/oasis-open/cacao-json-schemas/main/schemas/"
"""Where the schemas say they are; a name here, never an address that is asked."""
COMMAND = "commands/command-data.json"
LONGEST_TOLD = 200
"""Characters of a schema's complaint that are told."""
MOST_TOLD = 20
"""Complaints that are told."""


@dataclass(frozen=True)
class Complaint:
    """Something in a document that a schema does not allow."""

    where: str
    """Its place in the document, with slashes."""
    what: str
    """What is wrong."""


def complaints(document: Any) -> list[Complaint]:
    """Return what the schemas do not allow in a playbook, at most MOST_TOLD; none where it is valid.

    The document is read twice: as the schemas are written, and as they are meant (docs/playbooks.md says what
    differs, and why).
    """
    found: dict[Complaint, None] = {}
    for validator in (_as_written(), _as_meant()):
        for complaint in _told(validator, document):
            found[complaint] = None
            if len(found) >= MOST_TOLD:
                return list(found)
    return list(found)


def vendored() -> Mapping[str, Any]:
    """Return every schema by its path below the folder of schemas."""
    return {
        path.relative_to(SCHEMAS).as_posix(): json.loads(path.read_bytes())
        for path in sorted(SCHEMAS.rglob("*.json"))
    }


def _told(validator: Any, document: Any) -> Iterator[Complaint]:
    for error in validator.iter_errors(document):
        where = "/".join(str(part)[:80] for part in error.absolute_path) or "the playbook"
        # A schema's message repeats the value that it complains of, however long.
        what = " ".join(str(error.message)[: 4 * LONGEST_TOLD].split())
        short = what if len(what) <= LONGEST_TOLD else what[: LONGEST_TOLD - 1] + "…"
        yield Complaint(where, short)


@cache
def _as_written() -> Any:
    """The schemas as they are: draft 7, which skips the words of later drafts that they use."""
    resources = [(schema["$id"], Resource.from_contents(schema, DRAFT7)) for schema in vendored().values()]
    registry: Registry[Any] = Registry().with_resources(resources)
    return Draft7Validator({"$ref": BASE + "playbook.json"}, registry=registry)


@cache
def _as_meant() -> Any:
    """The schemas in the draft whose words they use, so that unknown properties are seen."""
    schemas = {name: _opened(name, schema) for name, schema in vendored().items()}
    resources = [(schema["$id"], Resource.from_contents(schema, DRAFT202012)) for schema in schemas.values()]
    registry: Registry[Any] = Registry().with_resources(resources)
    return Draft202012Validator({"$ref": BASE + "playbook.json"}, registry=registry)


def _opened(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema in that draft. What all commands have in common is closed in it, so that no command could have
    a property of its own: it is opened, and each command is checked as one of its kind.
    """
    made = {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"}
    if name == COMMAND:
        del made["unevaluatedProperties"]
    if name == "workflows/action.json":
        made = json.loads(json.dumps(made))
        made["allOf"][1]["properties"]["commands"]["items"] = _commands()
    return made


def _commands() -> dict[str, Any]:
    kinds = sorted(path.stem for path in (SCHEMAS / "commands").glob("*.json") if path.name not in COMMAND)
    return {
        "allOf": [
            {"$ref": BASE + COMMAND},
            *(
                {
                    "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
                    "then": {"$ref": f"{BASE}commands/{kind}.json"},
                }
                for kind in kinds
            ),
        ]
    }
