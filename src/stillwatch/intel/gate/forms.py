"""Which properties may leave, and what their values may look like. What is not listed here does not leave.

A path names properties from the outside in, joined by dots; [] stands for each value of a list. No form takes
a text that somebody wrote: each takes ids, moments, levels, small numbers, or sentences of our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.stix import about_others, making
from stillwatch.intel.stix.atlas import SITE, atlas
from stillwatch.intel.stix.facts import BANDS, FAMILIES, ROLES, STRENGTHS, VERDICTS, Review
from stillwatch.intel.stix.own_checks import ID, moment_of
from stillwatch.intel.stix.project import EXTENSION, SCHEMA_VERSION
from stillwatch.intel.tlp import LEVELS
from stillwatch.registry import SIGNALS

Form = Callable[[Any], bool]
SCHEMES = ("voprf-ristretto255-sha512", "minhash-128x16-blake2b")
"""How tokens may be made: only so that nobody can try values without asking the service. The second is of
sketches of templates: who has no key of the group cannot compare them.
"""
NAME = re.compile(r"[a-z][a-z0-9-]{0,62}\Z")
"""The short name of a provider."""
MOST = 10**9


def one_of(*values: Any) -> Form:
    """A form that takes the values named."""
    allowed = frozenset(map(str, values))
    return lambda value: isinstance(value, str) and value in allowed


def like(expression: str) -> Form:
    """A form that takes texts that match as a whole."""
    found = re.compile(expression)
    return lambda value: isinstance(value, str) and found.fullmatch(value) is not None


def whole(least: int, most: int) -> Form:
    """A form that takes whole numbers from least to most."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def either(*forms: Form) -> Form:
    """A form that takes what one of several takes."""
    return lambda value: any(form(value) for form in forms)


def _behaviour(value: Any) -> bool:
    return isinstance(value, str) and value in SIGNALS.all()


def _technique(value: Any) -> bool:
    return isinstance(value, str) and value in atlas().techniques


def _page(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(SITE) and _technique(value.removeprefix(SITE))


IDENT: Form = like(ID.pattern)
MOMENT: Form = lambda value: moment_of(value) is not None  # noqa: E731
EDGE = re.compile(r".*T(?:00:00:00(?:\.0{1,6})?|23:59:59(?:\.9{1,3}0{0,3})?)Z\Z")
DAY: Form = lambda value: MOMENT(value) and EDGE.match(value) is not None  # noqa: E731
"""The begin or the end of a day: a time within it could tell of one exchange, or carry a number."""
BOOLEAN: Form = lambda value: isinstance(value, bool)  # noqa: E731
HASH = like(r"[0-9a-f]{64}")
KIND = one_of(*IndicatorKind)
EPOCH = r"[0-9W-]{8,10}"
KINDS = "|".join(IndicatorKind)
FINGERPRINTS = r"fingerprints-[0-9]{1,4}-[0-9a-f]{8}"
"""Of what a sketch was made: version of the fingerprints, and the name of their key."""

EVERY: dict[str, Form] = {
    "type": like(r"[a-z-]{4,40}"),
    "spec_version": one_of("2.1"),
    "id": IDENT,
    "created_by_ref": IDENT,
    "created": MOMENT,
    "modified": MOMENT,
    "revoked": BOOLEAN,
    "object_marking_refs[]": one_of(*LEVELS),
}
"""What every object may have."""
SURE: dict[str, Form] = {"confidence": whole(0, 100)}
SPAN: dict[str, Form] = {"first_seen": DAY, "last_seen": DAY}
ATLAS: dict[str, Form] = {
    "external_references[].source_name": one_of("mitre-atlas"),
    "external_references[].url": _page,
    "external_references[].external_id": _technique,
}
_X = f"extensions.{EXTENSION}"
SAID: dict[str, Form] = {
    f"{_X}.extension_type": one_of("property-extension"),
    f"{_X}.schema_version": one_of(SCHEMA_VERSION),
    f"{_X}.detector": like(r"stillwatch [0-9]{1,3}(\.[0-9]{1,3}){1,2}([a-z]{1,4}[0-9]{1,3})?"),
    f"{_X}.rule_set": HASH,
    f"{_X}.run_digest": HASH,
    f"{_X}.evidence[].kind": one_of(*FAMILIES),
    f"{_X}.evidence[].strength": one_of(*STRENGTHS),
    f"{_X}.behaviours[]": _behaviour,
    f"{_X}.review": one_of(*Review),
    f"{_X}.role": one_of(*ROLES),
    f"{_X}.accounts": one_of(*BANDS),
    f"{_X}.atlas_version": one_of(atlas().version),
}
"""The extension."""
BEHAVIOURS = f"{_X}.behaviours[]"
TOKEN: dict[str, Form] = {
    f"{_X}.token_scheme": one_of(*SCHEMES),
    f"{_X}.token_kind": KIND,
    f"{_X}.token_epoch": like(EPOCH),
}
FORMS: Mapping[str, dict[str, Form]] = {
    "identity": EVERY
    | {
        "name": either(like(NAME.pattern), like(about_others.REPORTER.pattern)),
        "identity_class": one_of("organization"),
    },
    "campaign": EVERY
    | SURE
    | SPAN
    | ATLAS
    | SAID
    | {
        "name": like("Distillation campaign [0-9a-f]{8}"),
        "description": one_of(
            *(f"Accounts that act as one against a language model: {one}." for one in VERDICTS)
        ),
    },
    "intrusion-set": EVERY
    | SURE
    | SPAN
    | {
        "name": like("Distillation activity [0-9a-f]{8}"),
        "description": one_of("Campaigns that links of evidence join. It names nobody."),
    },
    "indicator": EVERY
    | SURE
    | SAID
    | TOKEN
    | {
        "name": one_of("Kinds of evidence", "Token", "Sketch"),
        "description": one_of("A reason to look, never an action by itself."),
        "indicator_types[]": one_of("anomalous-activity"),
        "pattern": either(
            like(rf"kinds:v1:(none|({'|'.join(FAMILIES)})(\+({'|'.join(FAMILIES)})){{0,4}})"),
            like(rf"token:v1:({KINDS}):{EPOCH}:[0-9a-f]{{64}}"),
            like(rf"sketch:v1:{EPOCH}:[0-9a-f]{{8}}:(words|{FINGERPRINTS}):[0-9a-f]{{512}}"),
        ),
        "pattern_type": one_of(making.KINDS_PATTERN, making.TOKEN_PATTERN, making.SKETCH_PATTERN),
        "pattern_version": one_of("1.0"),
        "valid_from": DAY,
        "valid_until": DAY,
    },
    "note": EVERY
    | {
        "abstract": one_of("How to read this"),
        "content": one_of(making.READ_THIS),
        "object_refs[]": IDENT,
    },
    "opinion": EVERY
    | {
        "opinion": one_of(*about_others.Stance),
        "explanation": one_of(*about_others.REASONS.values()),
        "object_refs[]": IDENT,
    },
    "sighting": EVERY
    | SURE
    | SPAN
    | {"sighting_of_ref": IDENT, "where_sighted_refs[]": IDENT, "count": whole(0, MOST)},
    "relationship": EVERY
    | SURE
    | {
        "relationship_type": one_of("attributed-to", "indicates", "uses", "mitigates"),
        "source_ref": IDENT,
        "target_ref": IDENT,
    },
    "grouping": EVERY
    | {
        "name": one_of("Suspected campaign of adversarial distillation"),
        "context": one_of("suspicious-activity"),
        "object_refs[]": IDENT,
    },
    "report": EVERY
    | SURE
    | {
        "name": one_of("Campaign of adversarial distillation", "Attribution by others"),
        "description": one_of(about_others.REPORTED),
        "report_types[]": one_of("campaign", "attack-pattern"),
        "published": MOMENT,
        "object_refs[]": IDENT,
        "external_references[].source_name": like(about_others.REPORTER.pattern),
        "external_references[].url": like(about_others.ADDRESS.pattern),
    },
}
"""Of each type of object that a provider makes: its paths, and the forms of their values."""


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return each value that is no list and no map, with its path; an empty list or map is a value too."""
    if isinstance(value, Mapping) and value:
        return [
            leaf
            for name, inner in value.items()
            for leaf in leaves(inner, f"{path}.{name}" if path else str(name))
        ]
    if isinstance(value, list | tuple) and value:
        return [leaf for inner in value for leaf in leaves(inner, f"{path}[]")]
    return [(path, value)]


def not_allowed(item: Mapping[str, Any], forms: Mapping[str, Form]) -> Collection[str]:
    """Return the paths of an object that no form takes, sorted; a value is never told."""
    return sorted({path for path, value in leaves(item) if path not in forms or not forms[path](value)})
