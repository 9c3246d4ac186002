"""A campaign card for an authority: what was seen, how secret each field is, and whose permission it needs.

Source of what a report may hold: H.R. 8283 as introduced in April 2026, section 4: a voluntary channel, marks
of confidentiality, and no passing on without the permission of its owner. It holds no customer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.guard.moments import told, told_or_none
from stillwatch.intel.gate.export import Export, Profile, Stage
from stillwatch.intel.gate.forms import HASH, NAME, leaves, like, one_of
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.keeping import asked, keep
from stillwatch.intel.gate.passing import Purpose
from stillwatch.intel.gate.tables import PermissionRow
from stillwatch.intel.gate.watched import Watched
from stillwatch.intel.stix.atlas import atlas
from stillwatch.intel.stix.facts import BANDS, FAMILIES, ROLES, STRENGTHS, VERDICTS, Facts, Review
from stillwatch.intel.stix.project import own_techniques
from stillwatch.intel.tlp import Tlp

FORM = "stillwatch-disclosure-1"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
NO_SAFE_HARBOUR = (
    "Whether a safe harbour holds is a question for counsel; this form assumes none. It names no customer, "
    "and no attribution: who is behind the campaign is not said here."
)


class Secrecy(StrEnum):
    """How secret a field is."""

    PUBLIC = "public"
    """It may be published."""
    GOVERNMENT = "government"
    """It may go to other authorities, and no further."""
    OWNER = "owner-permission"
    """It stays with who gets it, until its owner permits more."""


SECRECIES: Mapping[str, Secrecy] = {
    "techniques": Secrecy.PUBLIC,
    "atlas_version": Secrecy.PUBLIC,
    "kinds_of_evidence": Secrecy.GOVERNMENT,
    "verdict": Secrecy.GOVERNMENT,
    "role": Secrecy.GOVERNMENT,
    "review": Secrecy.GOVERNMENT,
    "first_day": Secrecy.GOVERNMENT,
    "last_day": Secrecy.GOVERNMENT,
    "accounts": Secrecy.OWNER,
    "detector": Secrecy.GOVERNMENT,
    "rule_set": Secrecy.OWNER,
    "run_digest": Secrecy.OWNER,
}
"""The fields of a card, and how secret each is."""
FORMS = {
    "form": one_of(FORM),
    "provider": like(NAME.pattern),
    "tlp": one_of(*(level.label for level in Tlp)),
    "purpose": one_of(Purpose.DISCLOSURE),
    "statement": one_of(NO_SAFE_HARBOUR),
    "owner_permission_needed": lambda value: value is True,
    **{f"fields.{name}.confidentiality": one_of(*Secrecy) for name in SECRECIES},
    "fields.techniques.value[].id": one_of(*atlas().techniques, *own_techniques()),
    "fields.techniques.value[].name": one_of(
        *(one.name for one in atlas().techniques.values()),
        *(str(one["name"]) for one in own_techniques().values()),
    ),
    "fields.atlas_version.value": one_of(atlas().version),
    "fields.kinds_of_evidence.value[].kind": one_of(*FAMILIES),
    "fields.kinds_of_evidence.value[].strength": one_of(*STRENGTHS),
    "fields.verdict.value": one_of(*VERDICTS),
    "fields.role.value": one_of(*ROLES),
    "fields.review.value": one_of(*Review),
    "fields.first_day.value": like(DAY),
    "fields.last_day.value": like(DAY),
    "fields.accounts.value": one_of(*BANDS),
    "fields.detector.value": like(r"stillwatch [0-9a-z.]{1,20}"),
    "fields.rule_set.value": HASH,
    "fields.run_digest.value": HASH,
}
"""What a card may hold, and what its values may look like."""


@dataclass(frozen=True)
class Permission:
    """The permission of an owner to pass a card on."""

    owner: str
    """Who was asked."""
    asked: float
    """When, POSIX seconds."""
    asked_by: str
    """Who asked."""
    granted: bool | None
    """The answer; None: there is none yet."""
    answered: float | None
    """When it came, POSIX seconds."""
    answered_by: str
    """Who wrote it down."""

    def document(self) -> dict[str, Any]:
        """Return it for people and programs."""
        return {
            "owner": self.owner,
            "asked": told(self.asked),
            "asked_by": self.asked_by,
            "granted": self.granted,
            "answered": told_or_none(self.answered),
            "answered_by": self.answered_by,
        }


def card_of(facts: Facts, provider: str, level: Tlp) -> dict[str, Any]:
    """Return a campaign's card: each field with its value and how secret it is."""
    values: dict[str, Any] = {
        "techniques": [_technique(name) for name in facts.techniques],
        "atlas_version": atlas().version,
        "kinds_of_evidence": [{"kind": kind, "strength": strength} for kind, strength in facts.kinds],
        "verdict": facts.verdict,
        "role": facts.role,
        "review": str(facts.review),
        "first_day": _day(facts.first),
        "last_day": _day(facts.last),
        "accounts": facts.band,
        "detector": facts.detector,
        "rule_set": facts.rule_set,
        "run_digest": facts.run_digest,
    }
    return {
        "form": FORM,
        "provider": provider,
        "tlp": level.label,
        "purpose": str(Purpose.DISCLOSURE),
        "statement": NO_SAFE_HARBOUR,
        "owner_permission_needed": True,
        "fields": {
            name: {"confidentiality": str(SECRECIES[name]), "value": value}
            for name, value in values.items()
            if value not in ("", [])
        },
    }


def must_be_card(card: Mapping[str, Any], watched: Watched) -> bytes:
    """Return a card as bytes. Raises IntelError where it holds anything but what the form has."""
    wrong = sorted({path for path, value in leaves(card) if path not in FORMS or not FORMS[path](value)})
    data = (json.dumps(card, indent=1, sort_keys=True) + "\n").encode()
    if wrong or watched.found_in(data):
        raise IntelError(
            f"the card may not leave: {', '.join(wrong[:5]) or 'it holds something of the accounts'}",
            where="the disclosure profile",
            do="nothing was kept, and nothing left",
        )
    return data


def disclose(
    gate: Gate, facts: Facts, watched: Watched, *, owner: str, by: str, level: Tlp, now: float
) -> Export:
    """Make a card, write down that its owner is asked, and let it wait for a second person. owner: who may
    permit that it is passed on. Raises IntelError as the gate does.
    """
    least = gate.settings.least_accounts
    if facts.accounts < least:
        raise IntelError(
            f"the campaign has fewer than {least} accounts: the card would be about single ones",
            where="the disclosure profile",
            do="tell an authority of single accounts only on its lawful request",
        )
    with gate.keeping() as session:
        maker = gate.maker(session, level, datetime.fromtimestamp(now).astimezone())
        data = must_be_card(card_of(facts, maker.name, level), watched)
        purpose = str(Purpose.DISCLOSURE)
        row = keep(session, Profile.DISCLOSURE, facts.subject, data, Stage.WAITING, by, purpose, level, now)
        session.add(PermissionRow(export=row.number, owner=owner[:200], asked=now, asked_by=by))
        session.flush()
        return Export.of(row)


def answer(gate: Gate, number: int, *, granted: bool, by: str, now: float) -> Permission:
    """Write down what the owner answered. Raises IntelError where nobody was asked, or has answered."""
    with gate.keeping() as session:
        row = asked(session, number)
        if row is None or row.answered is not None:
            raise IntelError(
                "its owner has answered" if row else "nobody is asked about this one",
                where=f"export {number}",
                do="`stillwatch intel show` tells; make another card to ask again",
            )
        row.granted, row.answered, row.answered_by = granted, now, by[:200]
        return _permission(row)


def permission(gate: Gate, number: int) -> Permission | None:
    """Return what is known of the owner's permission; None where none is needed."""
    with gate.database.reading() as session:
        row = asked(session, number)
        return None if row is None else _permission(row)


def _permission(row: PermissionRow) -> Permission:
    return Permission(row.owner, row.asked, row.asked_by, row.granted, row.answered, row.answered_by)


def _technique(name: str) -> dict[str, str]:
    known = atlas().techniques.get(name)
    return {"id": name, "name": known.name if known else str(own_techniques()[name]["name"])}


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
