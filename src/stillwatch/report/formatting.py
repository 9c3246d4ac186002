"""Numbers, times and keys as a reader sees them; the same in the page and on the terminal."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from stillwatch.plain import plain

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def count(number: float | None) -> str:
    """A whole number with thousands apart: 1,234,567."""
    return DASH if number is None else f"{int(number):,}"


def short(number: float) -> str:
    """A number in three figures: 950, 12.3k, 3.4M, 1.2G."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= unit:
            return f"{number / unit:.3g}{letter}"
    return f"{number:.3g}"


def dollars(micro: int) -> str:
    """An amount in micro-dollars as US dollars: $1,234.56, <$0.01; $0.00 only where it is nothing."""
    return "<$0.01" if 0 < micro < 10_000 else f"${micro / 1e6:,.2f}"


def tokens(read: int | None, written: int | None) -> str:
    """Tokens in words, as in "1.2k tokens read, 340 written". A sum of nothing is what no log counts."""
    if not read and not written:
        return "tokens not counted in the log"
    told = [f"{short(number)} {verb}" for number, verb in ((read, "read"), (written, "written")) if number]
    return told[0].replace(" ", " tokens ", 1) + "".join(f", {more}" for more in told[1:])


def plural(number: float, noun: str) -> str:
    """A counted noun: 1 account, 1,200 accounts."""
    return f"{count(number)} {noun}" if int(number) == 1 else f"{count(number)} {noun}s"


def exponent(log_e: float) -> int | None:
    """The whole power of ten of an e-value given by its natural logarithm; None where the plain number reads
    better.
    """
    tens = log_e / math.log(10)
    return math.floor(tens) if tens >= 4 else None


def e_value(log_e: float) -> str:
    """An e-value: 10⁴¹, or 310 where it is small."""
    if not math.isfinite(log_e):
        return DASH if math.isnan(log_e) else ("∞" if log_e > 0 else "0")
    tens = exponent(log_e)
    return (
        f"10{str(tens).translate(RAISED)}"
        if tens is not None
        else f"{math.exp(log_e):.2g}"
        if log_e < math.log(100)
        else f"{math.exp(log_e):,.0f}"
    )


def probability(value: float | None) -> str:
    """A p-value with two figures; a dash where there is none."""
    if value is None or math.isnan(value):
        return DASH
    if value >= 0.001:
        return f"{value:.2g}"
    return f"{value:.0e}".replace("e-0", "e-") if value > 0 else "0"


def percent(value: float | None) -> str:
    """A share as a percentage: 97%, 0.4%, <0.1%, >99%: neither 0% nor 100% of what is not."""
    if value is None or math.isnan(value):
        return DASH
    if 0 < value < 0.001:
        return "<0.1%"
    if 0.995 <= value < 1:
        return ">99%"
    hundredths = value * 100
    return f"{hundredths:.1f}%" if hundredths < 1 and value > 0 else f"{hundredths:.0f}%"


def interval(row: dict[str, Any]) -> str:
    """An interval of shares as percentages: 38-44%, with a dash between."""
    ends = [
        f"{row[end] * 100:.1f}" if row["high"] < 0.02 else f"{row[end] * 100:.0f}" for end in ("low", "high")
    ]
    return f"{ends[0]}%" if ends[0] == ends[1] else f"{ends[0]}{DASH}{ends[1]}%"


def nats(value: float) -> str:
    """Evidence with its sign: +3.2, or -0.4 with a true minus."""
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", MINUS)


def minute(time: datetime | None) -> str:
    """A time to the minute, UTC: 2026-02-03 04:05."""
    return DASH if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def day(time: datetime | None) -> str:
    """A day: 3 Feb 2026."""
    if time is None:
        return DASH
    utc = time.astimezone(UTC)
    return f"{utc.day} {MONTHS[utc.month]} {utc.year}"


def period(first: datetime | None, last: datetime | None, *, year: bool = True) -> str:
    """A stretch of days: 3 to 19 Feb 2026, with a dash between. year: whether the last year is told."""
    if first is None or last is None:
        return DASH
    a, b = first.astimezone(UTC), last.astimezone(UTC)
    end = day(b) if year else f"{b.day} {MONTHS[b.month]}"
    if a.date() == b.date():
        return end
    if a.year != b.year:
        return f"{day(a)} {DASH} {end}"
    return f"{a.day}{'' if a.month == b.month else ' ' + MONTHS[a.month]} {DASH} {end}"


def moment(text: str | None) -> datetime | None:
    """A time from its ISO form; UTC where no zone is given, None where there is no time."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def key(number: int) -> str:
    """A key in full: 16 hexadecimal digits."""
    return f"{number & (2**64 - 1):016x}"


def cut(text: str, length: int) -> str:
    """Plain text of at most so many characters."""
    shown = plain(text)
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def sentence(text: str) -> str:
    """A finding as a sentence: with a capital and a full stop."""
    words = text.strip()
    return words[:1].upper() + words[1:] + ("" if not words or words.endswith((".", "!", "?")) else ".")


def label(facet: str, shown: str, length: int = 400) -> str:
    """A trace's key as a reader sees it; where it has no label but its facet and a short key, the key
    alone.
    """
    return cut(shown.removeprefix(f"{facet} "), length)


def labelled(facet: str, shown: str, length: int = 400) -> str:
    """A trace as a reader sees it: the facet's name, once, and the key as shown."""
    return f"{named(facet)}: {label(facet, shown, length)}"


def named(name: str) -> str:
    """The name of a facet or signal as words."""
    return name.replace("_", " ")
