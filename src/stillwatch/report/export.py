"""A campaign's accounts as CSV, inside the page as a data link."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from urllib.parse import quote

from stillwatch.report import formatting
from stillwatch.report.account_facts import NOT_BANNED, AccountBook
from stillwatch.report.view_models import CampaignView
from stillwatch.run.reading import Row

COLUMNS = (
    "account_id",
    "account",
    "tier",
    "reason",
    "nats",
    "formation",
    "p_value",
    "owner",
    "plan",
    "registered",
    "verified",
    "payment",
    "banned",
    "models",
    "exchanges",
    "input_tokens",
    "output_tokens",
    "spend_usd",
    "priced",
    "days",
    "first",
    "last",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula (OWASP, CSV Injection)."""


def accounts_csv(view: CampaignView, book: AccountBook) -> str:
    """All accounts by tier, most evidence first, with who each says it is and what makes its nats: of each
    facet, of held-out content, and the limits of families (RFC 4180). Text that a spreadsheet would run is
    made text.
    """
    facets = sorted({row["facet"] for row in view.member_evidence})
    others = sorted({(row["kind"], row["family"]) for row in view.member_adjustments})
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(
        [
            *COLUMNS,
            *(f"nats_{facet}" for facet in facets),
            *(f"nats_{family}_{kind}" for kind, family in others),
        ]
    )
    for row in view.everyone:
        nats, more = view.nats.get(row["account"], {}), view.adjustments.get(row["account"], {})
        writer.writerow(
            [
                *_told(row, book),
                *(_nats(nats.get(facet)) for facet in facets),
                *(_nats(more.get(other)) for other in others),
            ]
        )
    return written.getvalue()


def _told(row: Row, book: AccountBook) -> Iterator[str | int]:
    """The cells of COLUMNS. A fact that is not known is empty; `priced` is, where the log prices nothing."""
    facts = book.of(row["account"])
    yield from (_safe(row["account_id"]), formatting.key(row["account"]), row["tier"], row["reason"])
    yield from (f"{row['nats']:.3f}", f"{row['formation']:.3f}")
    yield "" if row["p_value"] is None else f"{row['p_value']:.3g}"
    yield from (_safe(row["owner"]), _safe(facts.plan or ""))
    yield formatting.minute(facts.created) if facts.created else ""
    yield from (_safe(facts.verification or ""), facts.payment or "")
    yield _ban(row, book)
    yield _safe(" ".join(facts.models))
    yield row["exchanges"]
    yield from ("" if one is None else one for one in (facts.input_tokens, facts.output_tokens))
    yield "" if facts.spend is None else f"{facts.spend / 1e6:.6f}"
    yield facts.priced if book.log_prices else ""
    yield facts.days or ""
    yield from (formatting.minute(row[name]) if row[name] else "" for name in ("first", "last"))


def _ban(row: Row, book: AccountBook) -> str:
    facts = book.of(row["account"])
    if facts.banned:
        return formatting.minute(facts.banned)
    if facts.banned_unknown:
        return "unknown time"
    return NOT_BANNED if book.ban(row["account"]) == NOT_BANNED else ""


def _nats(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def data_link(text: str) -> str:
    """A data URL (RFC 2397) that holds the text."""
    return "data:text/csv;charset=utf-8," + quote(text, safe=",:-_.+/@=")


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
