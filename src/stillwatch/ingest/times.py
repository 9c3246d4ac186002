"""Times as people and programs write them. What can mean two moments is refused, with the setting that
settles it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from stillwatch.ingest.quarantine import BadRow

MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
LONG_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december|sept"
MONTH = rf"(?P<mon>{'|'.join(MONTHS)}|{LONG_MONTHS})"
DAY = r"(?P<d>\d{1,2})"
YEAR = r"(?P<y>\d{4})"
CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,12}))?)?(?:\s*(?P<half>[ap])\.?m\.?)?"
GAP = r"(?:\s*,?\s+(?:@\s+|at\s+)?)"
ZONE = (
    r"(?:\s*(?P<zone>z|(?:(?:utc|gmt)\s?)?[+-]\d{1,2}(?::?\d{2})?(?::?\d{2})?"
    r"|[a-z]{1,5}|[a-z]+/[a-z_]+(?:/[a-z_]+)?)"
    r"(?:\s+(?P<also>[a-z]{1,5})|\s+\([a-z ]{1,60}\)|\[[a-z_/+-]{1,60}\])?(?:\s+m=[+-][\d.]+)?)?"
)
WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},?\s+)?"
FORMS = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        # RFC 3339, ISO 8601, PostgreSQL, Snowflake, BigQuery, Go, Python; slashes and dots, year first.
        rf"{YEAR}(?P<sep>[-/.])(?P<m>\d{{1,2}})(?P=sep){DAY}(?:(?:t|_|\s+){CLOCK}{ZONE})?",
        # ISO 8601 without separators.
        rf"{YEAR}(?P<m>\d{{2}})(?P<d>\d{{2}})(?:(?:t|\s)?(?P<H>\d{{2}})(?P<M>\d{{2}})(?P<S>\d{{2}})"
        rf"(?:[.,]?(?P<f>\d{{1,9}}))?{ZONE})?",
        # nginx and Apache.
        rf"{DAY}/{MONTH}/{YEAR}:{CLOCK}{ZONE}",
        # RFC 1123, RFC 5322.
        rf"{WEEKDAY}{DAY}[\s-]{MONTH}\.?,?[\s-]{YEAR}(?:{GAP}{CLOCK}{ZONE})?",
        # Kibana, JavaScript's Date, and dates in English words.
        rf"{WEEKDAY}{MONTH}\.?\s+{DAY},?\s+{YEAR}(?:{GAP}{CLOCK}{ZONE})?",
        # asctime and date(1).
        rf"{WEEKDAY}{MONTH}\s+{DAY}\s+{CLOCK}{ZONE}\s+{YEAR}",
    )
)
NUMERIC = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<sep>[-/.])(?P<two>\d{{1,2}})(?P=sep)(?P<y>\d{{4}}|\d{{2}})(?:{GAP}{CLOCK}{ZONE})?",
    re.IGNORECASE | re.ASCII,
)
"""Day and month in an order that the value does not tell."""
SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?e[+-]?\d+", re.IGNORECASE | re.ASCII)
LONGEST = 96
"""Characters of a time; a longer text is none."""
TWICE = "a local time that the clocks show twice: taken for the first of both"
NEVER = "a local time that the clocks skip: taken as if they had not been changed yet"
UNKNOWN = "time is not ISO 8601 and no epoch"
DMY, MDY = "%d/%m/%Y", "%m/%d/%Y"


@dataclass(frozen=True)
class TimeRules:
    """How times are read where they do not say it themselves."""

    form: str = ""
    """A strptime form that is tried first; empty: none."""
    zone: str = ""
    """IANA name of the zone of times without one; empty: UTC."""
    order: str = ""
    """DMY or MDY where a whole column has shown its order; empty: such dates are refused."""
    odd: Counter[str] = field(default_factory=Counter, compare=False)
    """Local times that the change of clocks makes doubtful, by what was done; taken out by who counts."""

    @property
    def plain(self) -> bool:
        """Whether nothing was set."""
        return not (self.form or self.zone or self.order)

    def micros(self, value: datetime, name: str = "", column: str = "time") -> int:
        """Return a time as microseconds since 1970. Without a zone it is local time of `zone`, else UTC."""
        if value.tzinfo is None and self.zone:
            value = self._local(value, name)
        return micros(value, column)

    def _local(self, value: datetime, name: str) -> datetime:
        zone = zone_of(self.zone)
        assert zone is not None, "the setting was checked"
        early, late = (value.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        if early.utcoffset() == late.utcoffset():
            return early
        named = [time for time in (early, late) if name and (time.tzname() or "").upper() == name]
        if len(named) == 1:
            return named[0]
        back = early.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        self.odd[TWICE if back == value else NEVER] += 1
        return early


PLAIN = TimeRules()


@lru_cache(64)
def zone_of(name: str) -> ZoneInfo | None:
    """Return a zone by its IANA name; None if there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def micros(value: datetime, column: str = "time") -> int:
    """Return a time as microseconds since 1970; one without a zone is UTC. Raises BadRow."""
    try:
        delta = value - (_NAIVE_EPOCH if value.tzinfo is None else _EPOCH)
    except OverflowError:
        raise BadRow(column, "time is out of range") from None
    return (delta.days * 86_400 + delta.seconds) * 10**6 + delta.microseconds


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # a time without a zone is UTC, as every format here writes it


def text_micros(value: str, column: str = "time", rules: TimeRules = PLAIN) -> int:
    """Return a written time as microseconds since 1970, UTC. Raises BadRow with the reason.

    Sources: RFC 3339, RFC 1123, ISO 8601, and the logs of nginx, Snowflake, BigQuery, Kibana, Go and
    PostgreSQL.
    """
    bare = value.strip()
    if rules.form:
        try:
            return rules.micros(datetime.strptime(bare, rules.form), column=column)
        except ValueError:
            pass
    if not bare or len(bare) > LONGEST:
        raise BadRow(column, "no time" if not bare else UNKNOWN)
    for form in FORMS:
        if found := form.fullmatch(bare):
            parts = found.groupdict()
            month = parts["m"] if "m" in parts else MONTHS[parts["mon"][:3].lower()]
            return _moment(parts, int(month), int(parts["d"]), column, rules)
    if found := NUMERIC.fullmatch(bare):
        return _numeric(found.groupdict(), column, rules)
    if SCIENTIFIC.fullmatch(bare):
        raise BadRow(column, "the time is in scientific notation, and its digits are lost: export it as text")
    try:
        return rules.micros(datetime.fromisoformat(bare), column=column)
    except (ValueError, OverflowError):
        raise BadRow(column, UNKNOWN) from None


def _form(parts: dict[str, str | None]) -> str:
    """Return a strptime form for such a time; the day is first unless this one shows that it is not."""
    date = MDY if int(parts["two"] or 0) > 12 else DMY
    date = date.replace("/", parts["sep"] or "/")
    if len(parts["y"] or "") == 2:
        date = date.replace("%Y", "%y")
    if parts["H"] is None:
        return date
    clock = "%I:%M" if parts["half"] else "%H:%M"
    second = f":%S{'.%f' if parts['f'] else ''}" if parts["S"] else ""
    return f"{date} {clock}{second}{' %p' if parts['half'] else ''}"


def _numeric(parts: dict[str, str | None], column: str, rules: TimeRules) -> int:
    year = parts["y"] or ""
    if not rules.order or len(year) == 2:
        raise BadRow(
            column, f'day and month of the time can be exchanged: set ingest.time_format, as "{_form(parts)}"'
        )
    one, two = int(parts["one"] or 0), int(parts["two"] or 0)
    day, month = (one, two) if rules.order == DMY else (two, one)
    return _moment(parts, month, day, column, rules)


def _moment(parts: dict[str, str | None], month: int, day: int, column: str, rules: TimeRules) -> int:
    hour, minute, second = (int(parts.get(name) or 0) for name in ("H", "M", "S"))
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            raise BadRow(column, "the time has an hour that AM and PM do not have")
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    leap = second == 60
    fraction = int((parts.get("f") or "0").ljust(6, "0")[:6])
    zone, name = _zone(parts.get("zone"), parts.get("also"), column, rules)
    try:
        time = datetime(
            int(parts["y"] or 0), month, day, hour, minute, 59 if leap else second, fraction, zone
        )
        time += timedelta(seconds=int(leap))
    except (ValueError, OverflowError):
        raise BadRow(column, "the time has a day or an hour that does not exist") from None
    if name and not _is_named(time, name, rules):
        raise BadRow(
            column,
            "the time zone is a short name, which several zones share: set ingest.time_zone, as "
            '"Europe/Berlin"',
        )
    return rules.micros(time, name, column)


def _is_named(time: datetime, name: str, rules: TimeRules) -> bool:
    zone = zone_of(rules.zone) if rules.zone else None
    return zone is not None and name in {
        (time.replace(tzinfo=zone, fold=fold).tzname() or "").upper() for fold in (0, 1)
    }


def _zone(zone: str | None, also: str | None, column: str, rules: TimeRules) -> tuple[tzinfo | None, str]:
    """Return the zone of a time, or the short name that only a setting can explain."""
    if zone is None:
        return None, ""
    bare = zone.upper()
    if bare in ("Z", "UTC", "GMT"):
        return UTC, ""
    if "/" in bare:
        found = zone_of(zone)
        if found is None:
            raise BadRow(column, "the time names a time zone that is not known")
        return found, ""
    if bare[-1].isdigit():
        sign, digits = re.search(r"([+-])([\d:]+)$", bare).groups()  # type: ignore[union-attr]
        parts = digits.split(":") if ":" in digits else [digits[i : i + 2] for i in range(0, len(digits), 2)]
        hours, minutes, seconds = (*map(int, parts), 0, 0)[:3]
        if hours > 18 or minutes > 59 or seconds > 59:
            raise BadRow(column, "the time has an offset that does not exist")
        gap = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return timezone(gap if sign == "+" else -gap), ""
    return None, bare


def order_of(values: list[str]) -> str | None:
    """Return DMY or MDY if all dates of a column that are written in numbers, year last, allow only that
    one; "" if there are none of them; None if both orders fit, or neither.
    """
    pairs = [
        (int(found["one"]), int(found["two"]))
        for value in values
        if (found := NUMERIC.fullmatch(value.strip()))
    ]
    if not pairs:
        return ""
    day_first = all(two <= 12 and one <= 31 for one, two in pairs)
    month_first = all(one <= 12 and two <= 31 for one, two in pairs)
    return None if day_first == month_first else DMY if day_first else MDY
