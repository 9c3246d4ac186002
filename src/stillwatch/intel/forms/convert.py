"""From one form to another, by way of checked STIX objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from typing import Any

from stillwatch.errors import IntelError, MissingExtra
from stillwatch.intel.forms.carried import Lost, Object, Taken, Written
from stillwatch.intel.stix.checking import Refused
from stillwatch.intel.stix.limits import DEFAULT, Limits


class Form(StrEnum):
    """A form of what is shared."""

    STIX = "stix"
    """A bundle of STIX 2.1, in one spelling."""
    CSV = "csv"
    """Indicators, one a row."""
    JSON = "json"
    """Indicators, one a line."""
    MISP = "misp"
    """An event of MISP, as MISP's JSON."""
    OPENCTI = "opencti"
    """A bundle as OpenCTI takes and exports it."""


@dataclass(frozen=True)
class Converted:
    """What became of a file."""

    form: Form
    """The form that it had."""
    data: bytes
    """It in the other form."""
    objects: int
    """The objects that were written; of the project's own definitions none counts."""
    refused: tuple[Refused, ...]
    """What could not be used."""
    not_taken: tuple[Lost, ...]
    """What the reading left out."""
    not_carried: tuple[Lost, ...]
    """What the other form has no place for."""

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return not (self.refused or self.not_taken or self.not_carried)


def convert(
    data: bytes, to: Form, form: Form | None = None, limits: Limits = DEFAULT, where: str = "the file"
) -> Converted:
    """Return a file in another form. form: the one that it has; None finds it out. Raises IntelError for what
    cannot be read at all, MissingExtra where MISP's libraries are not installed.
    """
    form = form or form_of(data, limits, where)
    found = read(data, form, limits, where)
    if not found.objects and not found.refused:
        raise IntelError("there is nothing in it to convert", where=where, do="say what form it has: --from")
    made = write(found.objects, to)
    return Converted(form, made.data, made.objects, found.refused, found.lost, made.lost)


def read(data: bytes, form: Form, limits: Limits = DEFAULT, where: str = "the file") -> Taken:
    """Return the objects of a file, checked. Raises as `convert` does."""
    if form is Form.STIX:
        return _bundle(data, limits, where)
    if form is Form.MISP:
        _need_misp()
        from stillwatch.intel.forms.misp_reading import read as read_it
    elif form is Form.OPENCTI:
        from stillwatch.intel.forms.opencti_reading import read as read_it
    elif form is Form.CSV:
        from stillwatch.intel.forms.csv_form import read as read_it
    else:
        from stillwatch.intel.forms.jsonl_form import read as read_it
    return read_it(data, limits, where)


def write(objects: tuple[Object, ...], form: Form) -> Written:
    """Return checked objects in a form. Raises MissingExtra as `convert` does."""
    if form is Form.STIX:
        return _spelled(objects)
    if form is Form.MISP:
        _need_misp()
        from stillwatch.intel.forms.misp_writing import write as write_it
    elif form is Form.OPENCTI:
        from stillwatch.intel.forms.opencti_writing import write as write_it
    elif form is Form.CSV:
        from stillwatch.intel.forms.csv_form import write as write_it
    else:
        from stillwatch.intel.forms.jsonl_form import write as write_it
    return write_it(objects)


def form_of(data: bytes, limits: Limits = DEFAULT, where: str = "the file") -> Form:
    """Return the form that a file has. Raises IntelError where it has none of them."""
    from stillwatch.intel.forms.opencti_reading import is_opencti
    from stillwatch.intel.stix.reading import read_json

    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith((b"{", b"[")):
        return Form.CSV
    try:
        told: Any = read_json(data, limits, where)
    except IntelError:
        first = start.split(b"\n", 1)[0].strip()
        if len(data) <= limits.bundle_bytes and first.startswith(b"{") and first.endswith(b"}"):
            return Form.JSON
        raise
    if isinstance(told, Mapping):
        if told.get("type") == "bundle":
            return Form.OPENCTI if is_opencti(told) else Form.STIX
        if "tlp" in told and "valid_from" in told:
            return Form.JSON
        if {"Event", "response", "info"} & told.keys():
            return Form.MISP
    if isinstance(told, list) and told and isinstance(told[0], Mapping) and "Event" in told[0]:
        return Form.MISP
    what = "it is none of the forms " + ", ".join(Form)
    raise IntelError(what, where=where, do="say what form it has: --from")


def _bundle(data: bytes, limits: Limits, where: str) -> Taken:
    from stillwatch.intel.forms.canonical import usable
    from stillwatch.intel.stix.reading import read_bundle

    first = read_bundle(data, limits, where).objects
    found = usable(first.good, limits)
    return Taken(found.good, (*first.refused, *found.refused))


def _spelled(objects: tuple[Object, ...]) -> Written:
    from stillwatch.intel.forms.canonical import canonical

    return Written(canonical(objects), len(objects), ())


def _need_misp() -> None:
    for name in ("pymisp", "misp_stix_converter"):
        if find_spec(name) is None:
            raise MissingExtra(f"events of MISP need {name}", do="pip install 'stillwatch[misp]'")
