"""One entry of the journal: a decision of a person, chained to the one before it and signed."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from stillwatch.errors import SettingError
from stillwatch.guard.moments import seconds_of, told, told_or_none

CONTEXT = b"stillwatch journal 1\n"
"""Stands before what is signed, so that a signature of an entry can never pass for one of anything else."""
FIRST = "0" * 64
"""What stands for the hash of the entry before the first."""
LONGEST_TEXT = 2_000
"""Characters of a reason."""
LONGEST_NAME = 200
"""Characters of an actor and of a subject's name."""
LARGEST_DATA = 1 << 20
"""Bytes of an entry's data."""
SUBJECT = re.compile(r"(account:[0-9a-f]{16}|(campaign|permit|decision|entry):.{1,200})", re.DOTALL)

OPEN_STEPS = ("slow", "verify", "block")
"""Steps that a person may take: those that the customer sees."""
REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""A code that the customer is told."""


class Kind(StrEnum):
    """What a person decided."""

    EXEMPT = "exempt"
    """Nothing is done about an account: its owner is a verified researcher, an evaluator …"""
    PERMIT = "permit"
    """A permit was issued."""
    REVOKE = "revoke"
    """Permits of a name were taken back, those of the run included."""
    APPEAL = "appeal"
    """An appeal was upheld: nothing is done about the account."""
    HOLD = "hold"
    """Nothing is done about an account or a campaign while somebody looks."""
    UNDO = "undo"
    """All that was done after a decision, or about a whole campaign, ends."""
    ACT = "act"
    """A step of the ladder is taken about accounts, as people approved; limits, permits and appeals outrank
    it.
    """
    END = "end"
    """An earlier entry is taken back."""


ABOUT: dict[Kind, tuple[str, ...]] = {
    Kind.EXEMPT: ("account",),
    Kind.PERMIT: ("permit",),
    Kind.REVOKE: ("permit",),
    Kind.APPEAL: ("account",),
    Kind.HOLD: ("account", "campaign"),
    Kind.UNDO: ("decision", "campaign", "account"),
    Kind.ACT: ("account", "campaign"),
    Kind.END: ("entry",),
}
"""What each kind may be about."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the journal."""

    seq: int
    """Its number, from 1, without gaps."""
    time: float
    """When it was written, POSIX seconds, by the writer's clock; the numbers give the order."""
    kind: Kind
    """What was decided."""
    subject: str
    """Whom it is about: account:KEY, campaign:IDENTITY, permit:NAME, decision:ID or entry:NUMBER."""
    data: dict[str, Any]
    """What else belongs to it. permit: accounts (keys in hexadecimal), organisation (key), models, starts;
    exempt: as; undo of a decision: account; appeal: decision; act: step, reason (a code), accounts (keys;
    of a campaign), account_tokens, campaign_tokens (of slow); any: once, the key under which it is written
    once.
    """
    actor: str
    """Who decided."""
    reason: str
    """Why."""
    expires: float | None
    """When it ends by itself, POSIX seconds; None: never."""
    previous: str
    """Hash of the entry before it."""
    hash: str
    """SHA-256 over all the fields above."""
    signature: str
    """Ed25519 signature of the hash, as hexadecimal digits."""

    @property
    def about(self) -> tuple[str, str]:
        """What kind of thing it is about, and which."""
        kind, _, name = self.subject.partition(":")
        return kind, name

    def line(self) -> bytes:
        """Return it as one line of JSON, as it goes over the wire."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False).encode("ascii")

    def document(self) -> dict[str, Any]:
        """Return it for people and programs: times as ISO 8601."""
        return {**asdict(self), "time": told(self.time), "expires": told_or_none(self.expires)}

    def signed(self) -> bytes:
        """Return what is signed."""
        return CONTEXT + bytes.fromhex(self.hash)


def hash_of(
    seq: int,
    time: float,
    kind: str,
    subject: str,
    data: dict[str, Any],
    actor: str,
    reason: str,
    expires: float | None,
    previous: str,
) -> str:
    """Return the hash of an entry: SHA-256 of a JSON list of its fields in this order."""
    fields = [seq, time, kind, subject, data, actor, reason, expires, previous]
    text = json.dumps(fields, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def whole(entry: Entry) -> bool:
    """Return whether an entry's hash is that of its fields."""
    fields = (
        entry.seq,
        entry.time,
        str(entry.kind),
        entry.subject,
        entry.data,
        entry.actor,
        entry.reason,
        entry.expires,
        entry.previous,
    )
    try:
        return hash_of(*fields) == entry.hash
    except (ValueError, TypeError, RecursionError):  # data that no entry of ours holds, as NaN
        return False


def entry_of(row: dict[str, Any]) -> Entry:
    """Return the entry that a document holds. Raises ValueError where it holds none."""
    try:
        entry = Entry(**{**row, "kind": Kind(row["kind"])})
        texts = (entry.subject, entry.actor, entry.reason, entry.previous, entry.hash, entry.signature)
        numbers = [entry.time, *([] if entry.expires is None else [entry.expires])]
        if (
            type(entry.seq) is not int
            or not isinstance(entry.data, dict)
            or not all(isinstance(text, str) for text in texts)
            or not all(isinstance(number, float) and math.isfinite(number) for number in numbers)
        ):
            raise ValueError("a field is of another type")
        bytes.fromhex(entry.signature), bytes.fromhex(entry.hash)
    except (TypeError, KeyError) as error:
        raise ValueError("it is no entry") from error
    return entry


def must_be_usable(
    kind: Kind, subject: str, data: dict[str, Any], actor: str, reason: str, expires: float | None
) -> None:
    """Raise SettingError where an entry cannot be written so."""
    if not SUBJECT.fullmatch(subject) or subject.partition(":")[0] not in ABOUT[kind]:
        raise SettingError(
            f"an entry of kind {kind} cannot be about this",
            where=subject[:LONGEST_NAME],
            do=f"name one of: {', '.join(ABOUT[kind])}",
        )
    for name, text, longest in (("--by", actor, LONGEST_NAME), ("--reason", reason, LONGEST_TEXT)):
        if not text.strip() or len(text) > longest:
            raise SettingError(
                "who decided and why must be said",
                where=name,
                do=f"write from 1 to {longest:,} characters",
            )
    if expires is not None and not (math.isfinite(expires) and expires > 0):
        raise SettingError("the end is no time", where="--until", do="write 2026-12-31T00:00:00Z")
    if not _data_fits(kind, subject, data) or (kind in (Kind.PERMIT, Kind.ACT) and expires is None):
        raise SettingError(
            f"an entry of kind {kind} lacks what it needs",
            where=subject[:LONGEST_NAME],
            do="a permit names accounts or an organisation, and ends; an undone decision names its account; "
            "an act names an open step, a reason code and, of a campaign, its accounts, and ends",
        )
    if len(json.dumps(data)) > LARGEST_DATA:
        raise SettingError(
            f"an entry holds more than {LARGEST_DATA:,} bytes",
            where=subject[:LONGEST_NAME],
            do="name the organisation, or make several entries",
        )


def _data_fits(kind: Kind, subject: str, data: dict[str, Any]) -> bool:
    if kind is Kind.UNDO and subject.startswith("decision:"):
        return _is_key(data.get("account"))
    if kind is Kind.ACT:
        return _act_fits(subject, data)
    if kind is not Kind.PERMIT:
        return True
    accounts, organisation = data.get("accounts", []), data.get("organisation", "")
    models, starts = data.get("models", []), data.get("starts")
    return (
        isinstance(accounts, list)
        and all(map(_is_key, accounts))
        and (organisation == "" or _is_key(organisation))
        and bool(accounts or organisation)
        and isinstance(models, list)
        and all(isinstance(model, str) for model in models)
        and (starts is None or _is_time(starts))
    )


def _act_fits(subject: str, data: dict[str, Any]) -> bool:
    """Only steps that the customer sees: a hidden one needs a rule, with its consent."""
    accounts, reason = data.get("accounts", []), data.get("reason")
    tokens = [data.get(name, 0) for name in ("account_tokens", "campaign_tokens")]
    return (
        data.get("step") in OPEN_STEPS
        and isinstance(reason, str)
        and REASON.fullmatch(reason) is not None
        and isinstance(accounts, list)
        and all(map(_is_key, accounts))
        and bool(accounts) == subject.startswith("campaign:")
        and all(type(one) is int and one >= 0 for one in tokens)
        and any(tokens) == (data["step"] == "slow")
    )


def _is_key(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{16}", value) is not None


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and seconds_of(value) is not None
    except ValueError:
        return False
