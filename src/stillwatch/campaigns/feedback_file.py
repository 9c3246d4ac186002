"""Feedback as a file, TOML or JSON by its name's end: read, checked, and written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.campaigns.feedback import (
    ACCOUNT_LABELS,
    CAMPAIGN_LABELS,
    AccountLabel,
    CampaignLabel,
    Feedback,
    OwnKey,
    Said,
)
from stillwatch.campaigns.permits import Permit
from stillwatch.errors import InputError
from stillwatch.iso_time import iso
from stillwatch.small_file import read_small
from stillwatch.toml_file import known, read_toml, shown, utc

FORM = 1
"""Version of the file's form."""
LARGEST = 256 * 2**20
"""Bytes of a JSON file; one campaign of a hundred thousand accounts has 3 MB."""
OPTION = "--feedback"
SAID = ("by", "at", "reason", "expires")
CAMPAIGN = (
    *("identity", "label", "outcome", "family", "campaign", "kind", "verdict", "families", "accounts"),
    *("first", "digest", "last_of_run", "sketch_version", "sketch_key", "keys"),
)
ACCOUNT = ("account", "label")
PERMIT = ("name", "accounts", "organisation", "models", "purpose", "starts", "expires")
Document = dict[str, Any]


def read_feedback(path: Path | None, now: datetime, say: Callable[[str], None]) -> Feedback:
    """Read a feedback file; what has ended by `now` is left out, and `say` is told of it.

    Raises InputError for a file that is none, with the section and the key at fault. None gives no feedback.
    """
    if path is None:
        return Feedback()
    document = _document(path)
    if document.get("version") != FORM:
        raise InputError(
            f"the feedback file has another form than {FORM}",
            where=str(path),
            do="make it with `stillwatch case labels` of this version",
        )
    known(
        document,
        ("version", "made", "campaign", "account", "permit"),
        "the feedback file has an unknown section {}",
        where=str(path),
        error=InputError,
    )
    campaigns = [_campaign(row, where) for row, where in _sections(document, "campaign", path)]
    accounts = [_account(row, where) for row, where in _sections(document, "account", path)]
    permits = [_permit(row, where) for row, where in _sections(document, "permit", path)]
    ends = [one.said.expires for one in campaigns] + [one.said.expires for one in accounts]
    ended = sum(end <= now for end in [*ends, *(permit.expires for permit in permits)])
    if ended:
        say(f"{ended} of the decisions in the feedback file have ended, and are left out")
    return Feedback(
        tuple(one for one in campaigns if one.said.expires > now),
        tuple(one for one in accounts if one.said.expires > now),
        tuple(permit for permit in permits if permit.expires > now),
    )


def document_of(feedback: Feedback, made: datetime) -> Document:
    """Return feedback as the document of a file; times are text."""
    return {
        "version": FORM,
        "made": iso(made),
        "campaign": [
            {
                **{name: _plain(getattr(one, name)) for name in CAMPAIGN if name != "keys"},
                "keys": [[key.facet, key.key, key.nats] for key in one.keys],
                **_said_document(one.said),
            }
            for one in feedback.campaigns
        ],
        "account": [
            {"account": one.account, "label": one.label, **_said_document(one.said)}
            for one in feedback.accounts
        ],
        "permit": [{name: _plain(getattr(permit, name)) for name in PERMIT} for permit in feedback.permits],
    }


def text_of(document: Mapping[str, Any], *, toml: bool) -> str:
    """Return a document as the text of a file."""
    if not toml:
        return json.dumps(document, indent=1, sort_keys=True) + "\n"
    lines = [f"version = {document['version']}", f"made = {_toml(document['made'])}"]
    for name in ("campaign", "account", "permit"):
        for row in document[name]:
            lines += ["", f"[[{name}]]", *(f"{k} = {_toml(v)}" for k, v in row.items() if v is not None)]
    return "\n".join(lines) + "\n"


def _document(path: Path) -> Document:
    if path.suffix.lower() != ".json":
        return read_toml(path, "feedback file", option=OPTION, error=InputError)
    data = read_small(
        path, LARGEST, what="feedback file", error=InputError, do=f"check the path given to {OPTION}"
    )
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            "the feedback file is not JSON", where=str(path), do="make it with `stillwatch case labels`"
        ) from error
    if not isinstance(document, dict):
        raise InputError("the feedback file is no JSON object", where=str(path), do="see docs/cases.md")
    return document


def _sections(document: Document, name: str, path: Path) -> Iterable[tuple[Document, str]]:
    rows = document.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{name} is not a list of sections", where=str(path), do=f"write [[{name}]]")
    for number, row in enumerate(rows, 1):
        yield {key: value for key, value in row.items() if value is not None}, f"{path}, {name} {number}"


def _campaign(row: Document, where: str) -> CampaignLabel:
    _known(row, (*CAMPAIGN, *SAID), where)
    return CampaignLabel(
        identity=_text(row, "identity", where),
        label=_one_of(row, "label", CAMPAIGN_LABELS, where),
        said=_said(row, where),
        **{
            name: _text(row, name, where)
            for name in ("outcome", "family", "campaign", "kind", "verdict", "digest", "sketch_key")
            if name in row
        },
        families=frozenset(_texts(row, "families", where)),
        accounts=frozenset(_texts(row, "accounts", where)),
        first=_time(row, "first", where) if "first" in row else None,
        last_of_run=_time(row, "last_of_run", where) if "last_of_run" in row else None,
        sketch_version=_whole(row, "sketch_version", where),
        keys=_keys(row, where),
    )


def _account(row: Document, where: str) -> AccountLabel:
    _known(row, (*ACCOUNT, *SAID), where)
    label = _one_of(row, "label", ACCOUNT_LABELS, where)
    return AccountLabel(_text(row, "account", where), label, _said(row, where))


def _permit(row: Document, where: str) -> Permit:
    _known(row, PERMIT, where)
    permit = Permit(
        name=_text(row, "name", where),
        accounts=frozenset(_texts(row, "accounts", where)),
        organisation=_text(row, "organisation", where) if row.get("organisation") else "",
        models=frozenset(_texts(row, "models", where)),
        volume=None,
        output_tokens=None,
        purpose=_text(row, "purpose", where) if row.get("purpose") else "",
        starts=_time(row, "starts", where) if "starts" in row else None,
        expires=_time(row, "expires", where),
    )
    if not permit.accounts and not permit.organisation:
        raise InputError("the permit names nobody", where=where, do="name accounts or an organisation")
    return permit


def _said(row: Document, where: str) -> Said:
    return Said(
        _text(row, "by", where),
        _time(row, "at", where),
        _text(row, "reason", where),
        _time(row, "expires", where),
    )


def _known(row: Document, names: Iterable[str], where: str) -> None:
    known(row, names, "there is no key {}", where=where, error=InputError)


def _text(row: Document, key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{key} must be a text", where=where, do=f'write {key} = "…"')
    return value


def _texts(row: Document, key: str, where: str) -> list[str]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{key} must be a list of texts", where=where, do=f'write {key} = ["…", "…"]')
    return value


def _one_of(row: Document, key: str, allowed: Iterable[str], where: str) -> str:
    value = _text(row, key, where)
    known([value], allowed, f"there is no {key} {{}}", where=where, error=InputError)
    return value


def _whole(row: Document, key: str, where: str) -> int:
    value = row.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise InputError(f"{key} must be a whole number", where=where, do=f"write {key} = 4")
    return value


def _time(row: Document, key: str, where: str) -> datetime:
    value = row.get(key)
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InputError(
            f"{key} is no time", where=where, do=f'write {key} = "2026-12-31T00:00:00Z", not {shown(value)}'
        ) from error
    return utc(found, key, where, InputError)


def _keys(row: Document, where: str) -> tuple[OwnKey, ...]:
    found = []
    for one in row.get("keys", []):
        if (
            not isinstance(one, list)
            or [type(part) for part in one[:2]] != [str, int]
            or len(one) != 3
            or not isinstance(one[2], int | float)
            or not -(2**63) <= one[1] < 2**63
        ):
            raise InputError(
                "keys must be lists of facet, key and weight", where=where, do='write ["system", 17, 8.5]'
            )
        found.append(OwnKey(one[0], one[1], float(one[2])))
    return tuple(found)


def _said_document(said: Said) -> Document:
    return {name: _plain(getattr(said, name)) for name in SAID}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value.astimezone(UTC))
    return sorted(value) if isinstance(value, frozenset) else value


def _toml(value: Any) -> str:
    """A value as TOML; JSON's texts are TOML's but for the character that only TOML forbids."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
