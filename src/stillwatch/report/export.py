"""A campaign's accounts as CSV, inside the page as a data link."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

from stillwatch.report import formatting
from stillwatch.report.view_models import CampaignView

COLUMNS = ("account_id", "account", "nats", "p_value", "owner", "exchanges", "first", "last")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula (OWASP, CSV Injection)."""


def accounts_csv(view: CampaignView) -> str:
    """All accounts, most evidence first, with what makes their nats: of each facet, of held-out content, and
    the limits of families (RFC 4180). Text that a spreadsheet would run is made text.
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
    for row in view.members:
        nats, more = view.nats.get(row["account"], {}), view.adjustments.get(row["account"], {})
        p_value = "" if row["p_value"] is None else f"{row['p_value']:.3g}"
        times = [formatting.minute(row[name]) if row[name] else "" for name in ("first", "last")]
        start = [
            _safe(row["account_id"]),
            formatting.key(row["account"]),
            f"{row['nats']:.3f}",
            p_value,
            _safe(row["owner"]),
            row["exchanges"],
        ]
        writer.writerow(
            [
                *start,
                *times,
                *(_nats(nats.get(facet)) for facet in facets),
                *(_nats(more.get(other)) for other in others),
            ]
        )
    return written.getvalue()


def _nats(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def data_link(text: str) -> str:
    """A data URL (RFC 2397) that holds the text."""
    return "data:text/csv;charset=utf-8," + quote(text, safe=",:-_.+/@=")


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
