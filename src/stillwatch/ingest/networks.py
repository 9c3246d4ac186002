"""The network of an address, from the operator's own file; nothing is looked up anywhere else."""

from __future__ import annotations

import bisect
import csv
import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from stillwatch.errors import InputError
from stillwatch.ingest.files.regular import must_be_a_file

NAMES = {
    "network": ("network", "cidr", "prefix", "range", "ip_range"),
    "first": ("first", "start", "start_ip", "range_start"),
    "last": ("last", "end", "end_ip", "range_end"),
    "asn": ("asn", "autonomous_system_number", "as", "as_number"),
    "kind": ("class", "network_class", "type", "kind", "category", "usage_type"),
    "region": ("region", "country", "country_code", "country_iso_code"),
}


class Place(NamedTuple):
    """What is known about an address."""

    asn: int | None
    """Number of its network."""
    kind: str | None
    """Class of its network, as the file says."""
    region: str | None
    """Country or region."""


NOWHERE = Place(None, None, None)


@dataclass
class Ranges:
    """Ranges of addresses of one IP version that do not overlap, sorted."""

    starts: list[int] = field(default_factory=list)
    """First address of each."""
    ends: list[int] = field(default_factory=list)
    """Last address of each."""
    places: list[Place] = field(default_factory=list)
    """What is known about each."""

    def find(self, address: int) -> Place:
        """Return the place of the range that holds the address, or NOWHERE."""
        at = bisect.bisect_right(self.starts, address) - 1
        return self.places[at] if at >= 0 and address <= self.ends[at] else NOWHERE


@dataclass
class NetworkBook:
    """An operator's networks: a MaxMind-style .mmdb, or a CSV of ranges or of ASNs.

    It is fast because it remembers each distinct address.
    """

    path: Path
    """The file it came from."""
    ranges: dict[int, Ranges] = field(default_factory=dict)
    """Ranges by IP version."""
    by_asn: dict[int, Place] = field(default_factory=dict)
    """What is known about a whole network."""
    _mmdb: Any = field(default=None, repr=False, compare=False)
    _seen: dict[tuple[str | None, int | None], Place] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def load(path: Path) -> NetworkBook:
        """Read the file. Raises InputError if it is neither .mmdb nor a CSV with the columns needed."""
        must_be_a_file(path)
        book = NetworkBook(path)
        if path.suffix == ".mmdb":
            book._open()
        else:
            _read_csv(book)
        return book

    def find(self, address: str | None, asn: int | None = None) -> Place:
        """Return what is known about an address.

        An ASN from the log itself wins over the file's, and may give the class.
        """
        key = (address, asn)
        if key not in self._seen:
            if len(self._seen) > 500_000:
                self._seen.clear()
            self._seen[key] = self._look(address, asn)
        return self._seen[key]

    def _look(self, address: str | None, asn: int | None) -> Place:
        place = self._by_address(address) if address else NOWHERE
        number = asn if asn is not None else place.asn
        whole = self.by_asn.get(number, NOWHERE) if number is not None else NOWHERE
        return Place(number, place.kind or whole.kind, place.region or whole.region)

    def _by_address(self, address: str) -> Place:
        parsed = ipaddress.ip_address(address)
        if self.path.suffix == ".mmdb":
            reader = self._open()
            if reader.metadata().ip_version < parsed.version:
                return NOWHERE
            try:
                return _from_mmdb(reader.get(parsed))
            except (
                Exception
            ) as error:  # of maxminddb's or of Python's own: a damaged record may hold anything
                raise InputError(
                    f"a record of the networks file is damaged ({type(error).__name__})",
                    where=str(self.path),
                    do="copy or export it again",
                ) from None
        ranges = self.ranges.get(parsed.version)
        return ranges.find(int(parsed)) if ranges else NOWHERE

    def _open(self) -> Any:
        if self._mmdb is None:
            import maxminddb  # only operators with an .mmdb need it

            try:
                self._mmdb = maxminddb.open_database(str(self.path))
            except (OSError, maxminddb.InvalidDatabaseError) as error:
                raise InputError(
                    "the networks file is no MaxMind database",
                    where=str(self.path),
                    do="give an .mmdb or a CSV with network, asn, class",
                ) from error
        return self._mmdb

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_mmdb": None, "_seen": {}}


def _from_mmdb(record: Any) -> Place:
    if not isinstance(record, dict):
        return NOWHERE
    country = record.get("country")
    region = country.get("iso_code") if isinstance(country, dict) else country
    kind = (
        record.get("class")
        or record.get("network_class")
        or record.get("connection_type")
        or record.get("user_type")
        or _flags(record)
    )
    return Place(_asn(record.get("autonomous_system_number", record.get("asn"))), _name(kind), _name(region))


def _flags(record: dict[str, Any]) -> str | None:
    """GeoIP2 Anonymous IP databases give the class as booleans."""
    flags = (
        ("is_anonymous_vpn", "vpn"),
        ("is_tor_exit_node", "tor"),
        ("is_residential_proxy", "proxy"),
        ("is_hosting_provider", "hosting"),
        ("is_public_proxy", "proxy"),
    )
    return next((kind for flag, kind in flags if record.get(flag)), None)


def _name(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _asn(value: Any) -> int | None:
    digits = re.fullmatch(r"(?:AS)?\s*(\d{1,10})", str(value).strip(), re.IGNORECASE)
    return int(digits[1]) if digits else None


def _read_csv(book: NetworkBook) -> None:
    spans: dict[int, list[tuple[int, int, Place]]] = {4: [], 6: []}
    for line, row in _csv_rows(book.path):
        place = Place(_asn(row["asn"]), row["kind"] or None, row["region"] or None)
        span = _span(row, book.path, line)
        if span is not None:
            spans[span[0]].append((span[1], span[2], place))
        elif place.asn is not None:
            book.by_asn[place.asn] = place
        else:
            raise InputError(
                "a row of the networks file has neither a network nor an ASN",
                where=f"{book.path}, line {line}",
                do="mend or remove the row",
            )
    book.ranges = {version: _flatten(found) for version, found in spans.items() if found}


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            named = {(name or "").strip().lower(): name for name in reader.fieldnames or []}
            columns = {
                role: next((named[alias] for alias in aliases if alias in named), None)
                for role, aliases in NAMES.items()
            }
            if not (columns["network"] or (columns["first"] and columns["last"]) or columns["asn"]):
                raise InputError(
                    "the networks file has no column network, first and last, or asn",
                    where=str(path),
                    do="name its columns network, asn, class, region",
                )
            for row in reader:
                yield (
                    reader.line_num,
                    {
                        role: (row.get(column) or "").strip() if column else ""
                        for role, column in columns.items()
                    },
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            "the networks file cannot be read as CSV",
            where=str(path),
            do="give an .mmdb or a UTF-8 CSV with network, asn, class",
        ) from error


def _span(row: dict[str, str], path: Path, line: int) -> tuple[int, int, int] | None:
    make: Callable[[], tuple[int, int, int]]
    if row["network"]:
        make = lambda: _of_network(row["network"])  # noqa: E731
    elif row["first"] and row["last"]:
        make = lambda: _of_pair(row["first"], row["last"])  # noqa: E731
    else:
        return None
    try:
        return make()
    except ValueError:
        raise InputError(
            "a network cannot be read",
            where=f"{path}, line {line}",
            do="write it as CIDR, for example 203.0.113.0/24",
        ) from None


def _of_network(text: str) -> tuple[int, int, int]:
    network = ipaddress.ip_network(text, strict=False)
    return network.version, int(network.network_address), int(network.broadcast_address)


def _of_pair(first: str, last: str) -> tuple[int, int, int]:
    start, end = ipaddress.ip_address(first), ipaddress.ip_address(last)
    return start.version, int(start), int(end)


def _flatten(spans: list[tuple[int, int, Place]]) -> Ranges:
    """Cut nested networks into pieces that do not overlap; the smaller network wins."""
    ranges = Ranges()
    stack: list[tuple[int, int, Place]] = []
    at = 0
    for start, end, place in [
        *sorted(spans, key=lambda span: (span[0], -span[1])),
        (2**128, 2**128, NOWHERE),
    ]:
        while stack and stack[-1][1] < start:
            _, top_end, top_place = stack.pop()
            at = _emit(ranges, at, top_end, top_place)
        if stack:
            at = _emit(ranges, at, start - 1, stack[-1][2])
        at = max(at, start)
        stack.append((start, end, place))
    return ranges


def _emit(ranges: Ranges, start: int, end: int, place: Place) -> int:
    if start <= end:
        ranges.starts.append(start)
        ranges.ends.append(end)
        ranges.places.append(place)
    return max(start, end + 1)
