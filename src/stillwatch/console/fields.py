"""Fields of forms, URLs and JSON documents, made into the struct that an act or a page declares."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from stillwatch.cases.words import storable
from stillwatch.errors import InputError
from stillwatch.plain import plain

T = TypeVar("T", bound=msgspec.Struct)
YES = ("on", "true", "1", "yes")
LARGEST = 2**53
"""The largest whole number that programs in every language read alike; databases take few larger ones."""


def from_form(kind: type[T], fields: Mapping[str, Sequence[str]], *, ignore: Iterable[str] = ()) -> T:
    """Return a struct from the fields of a form or a URL: text, numbers, true or false, None for an empty one
    that may be None, and lists. Fields that it does not have are refused. Raises InputError that names the
    field.
    """
    hints = get_type_hints(kind)
    left_out = set(ignore)
    values: dict[str, Any] = {}
    for name, given in fields.items():
        if name in left_out:
            continue
        if name not in hints:
            raise InputError(
                "there is no such field", where=plain(name[:80]), do=f"known: {', '.join(hints)}"
            )
        value = _value(hints[name], given)
        if value is not msgspec.UNSET:
            values[name] = value
    for name, hint in hints.items():
        if hint is bool and name not in values and name in _without_default(kind):
            values[name] = False
    return _converted(kind, values, strict=False)


def from_json(kind: type[T], data: bytes) -> T:
    """Return a struct from a JSON document; fields that it does not have are refused. Raises InputError."""
    try:
        document = msgspec.json.decode(data or b"{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError("what was sent is not JSON", where="body", do="send a JSON object") from error
    if not isinstance(document, dict):
        raise InputError("what was sent is no JSON object", where="body", do="send a JSON object")
    names = get_type_hints(kind)
    for name in document:
        if name not in names:
            raise InputError(
                "there is no such field",
                where=plain(str(name)[:80]),
                do=f"known: {', '.join(names) or 'none'}",
            )
    return _converted(kind, document, strict=True)


def _converted(kind: type[T], values: dict[str, Any], *, strict: bool) -> T:
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and not storable(one):
                raise InputError(
                    "this text cannot be kept", where=name, do="write text without control marks"
                )
    try:
        made = msgspec.convert(values, kind, strict=strict)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `$.")
        raise InputError(
            f"this cannot be used: {plain(said[:1].lower() + said[1:])}",
            where=plain(where.rstrip("`")) or "the form",
            do="mend the field, and send it again",
        ) from error
    for name in kind.__struct_fields__:
        value = getattr(made, name)
        if isinstance(value, int) and abs(value) > LARGEST:
            raise InputError("this number is too large", where=name, do="write a smaller one")
    return made


def _value(hint: Any, given: Sequence[str]) -> Any:
    if get_origin(hint) is Annotated:
        return _value(get_args(hint)[0], given)
    if get_origin(hint) in (list, tuple) or hint in (list, tuple):
        return [one for one in given if one != ""]
    last = given[-1]
    if hint is bool:
        return last.lower() in YES
    optional = get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)
    if last.strip() == "" and optional:
        return None
    if last.strip() == "" and hint in (int, float):
        return msgspec.UNSET
    return last


def _without_default(kind: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind) if field.required}
