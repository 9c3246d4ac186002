"""What OpenCTI calls things: its markings, its own properties, the types that it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.intel.tlp import LEVELS, Tlp

OPENCTI, OBSERVABLES, MITRE = (
    "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba",
    "extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82",
    "extension-definition--322b8f77-262a-4cb8-a915-1e441e00329b",
)
"""Extensions that OpenCTI adds to what it exports."""
OWN = "x_opencti_"
STIX_IDS = "x_opencti_stix_ids"
IDS: Mapping[Tlp, str] = {
    Tlp.CLEAR: "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
    Tlp.GREEN: "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    Tlp.AMBER: "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    Tlp.AMBER_STRICT: "marking-definition--826578e1-40ad-459f-bc73-ede076f81f37",
    Tlp.RED: "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
}
"""OpenCTI's fixed ids: those of TLP 1 in STIX 2.1, and one of its own for AMBER+STRICT."""
FIRST_TLP = {Tlp.CLEAR: "white", Tlp.GREEN: "green", Tlp.AMBER: "amber", Tlp.RED: "red"}
"""What TLP 1 calls the levels that it has."""
CREATED = "2017-01-20T00:00:00.000Z"
"""When STIX says that its markings of TLP 1 were made."""
BY_ID = {name: level for level, name in IDS.items()} | LEVELS
BY_LABEL = {level.label: level for level in Tlp} | {"TLP:WHITE": Tlp.CLEAR}
UNKNOWN_TYPES = frozenset({"extension-definition", "language-content"})
"""Types of STIX 2.1 that OpenCTI does not take."""
OBSERVABLE_TYPES = {
    "autonomous-system": "Autonomous-System",
    "domain-name": "Domain-Name",
    "email-addr": "Email-Addr",
    "ipv4-addr": "IPv4-Addr",
    "ipv6-addr": "IPv6-Addr",
}
"""What OpenCTI calls what a pattern is about."""


def marking(level: Tlp) -> dict[str, Any]:
    """Return the definition of a level as OpenCTI's connectors write it: AMBER+STRICT is a statement with
    OpenCTI's own properties beside it, since TLP 1 has none.
    """
    head = {"type": "marking-definition", "spec_version": "2.1", "id": IDS[level], "created": CREATED}
    own = {f"{OWN}definition_type": "TLP", f"{OWN}definition": level.label}
    if level in FIRST_TLP:
        name = FIRST_TLP[level]
        # The properties that STIX fixes for these ids may not be added to.
        return {**head, "name": f"TLP:{name.upper()}", "definition_type": "tlp", "definition": {"tlp": name}}
    return {**head, "definition_type": "statement", "definition": {"statement": "custom"}, **own}


def level_of_definition(item: Mapping[str, Any]) -> Tlp | None:
    """Return the level that a definition in an export of OpenCTI stands for; None where it is none of TLP."""
    if item.get("id") in BY_ID:
        return BY_ID[str(item["id"])]
    said = item.get("extensions")
    more = said.get(OPENCTI) if isinstance(said, Mapping) else None
    more = more if isinstance(more, Mapping) else {}
    kind = item.get(f"{OWN}definition_type", more.get("definition_type", item.get("definition_type")))
    label = item.get(f"{OWN}definition", more.get("definition", item.get("name")))
    return BY_LABEL.get(str(label).upper()) if str(kind).upper() == "TLP" else None
