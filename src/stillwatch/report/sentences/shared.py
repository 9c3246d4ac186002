"""What other providers reported of a run's groups, in sentences."""

from __future__ import annotations

from typing import Any

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined
from stillwatch.run.reading import Row, Run

AT_ONCE = 20
"""Groups that are told on a page."""
KINDS = {
    "asn": "network number",
    "network_prefix": "network prefix",
    "address": "address",
    "mail_domain": "mail domain",
    "reseller_domain": "domain of a reseller",
    "tls_fingerprint": "TLS fingerprint",
    "client_shape": "shape of a client",
    "payment": "payment instrument",
    "phone": "phone prefix",
    "email": "mail address",
    "template": "prompt template",
    "schedule": "schedule",
}
"""Kinds of indicators as a person calls them."""
ONLY_A_LOOK = "Nothing in a verdict rests on it."


def lines(run: Run) -> list[str]:
    """One line for each group that is for review because others reported it, and one for accounts in none."""
    rows = [row for row in run.rows("shared_groups") if row["review"]]
    if not run.files("shared_groups"):
        return []
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    names = {row["group"]: row for row in run.rows("campaigns")}
    told = [review(names[group], found) for group, found in list(groups.items())[:AT_ONCE] if group in names]
    if len(groups) > AT_ONCE:
        told.append(f"{formatting.count(len(groups) - AT_ONCE)} more groups are for review (`--json`).")
    alone = len({row["account"] for row in run.rows("shared") if row["group"] is None})
    if alone:
        told.append(
            f"{formatting.plural(alone, 'account')} in no group {'carries' if alone == 1 else 'carry'} what "
            "others reported; nothing follows from that alone."
        )
    return told


def review(campaign: Row, rows: list[Row]) -> str:
    """Why a group is for review. rows: its rows of table shared_groups."""
    said = joined([clause(row) for row in rows])
    return f"For review: {campaign['campaign']} ({campaign['verdict']}). {said}. {ONLY_A_LOOK}"


def of_group(run: Run, group: int) -> list[str]:
    """What others reported of one group, a sentence each; also where it is too weak for a review."""
    return [formatting.sentence(clause(row)) for row in run.rows("shared_groups") if row["group"] == group]


def clause(row: Row) -> str:
    """Who reported what kind, with which confidence and which history here."""
    kind = KINDS.get(row["kind"]) or str(row["kind"])
    what = f"{formatting.count(row['reports'])} {kind}{'' if row['reports'] == 1 else _ending(kind)}"
    disputed = f"; {formatting.count(row['disputed'])} of them disputed" if row["disputed"] else ""
    return (
        f"{row['reporter']} reported {what} ({row['tlp']}) with confidence {row['confidence'] * 100:.0f} of "
        f"100, which {formatting.count(row['accounts'])} of its {formatting.plural(row['of'], 'account')} "
        f"and {formatting.count(row['carriers'] - row['accounts'])} others carry; {history(row)}{disputed}"
    )


def history(row: Row) -> str:
    """How often the reporter was right here."""
    if not row["confirmed"] and not row["false_positives"]:
        return "nothing that it reported was judged here yet"
    return (
        f"of what it reported, {formatting.count(row['confirmed'])} proved right here and "
        f"{formatting.count(row['false_positives'])} false"
    )


def document(run: Run, group: int) -> list[dict[str, Any]]:
    """A group's rows as plain values, with their sentences."""
    return [{**row, "sentence": clause(row)} for row in run.rows("shared_groups") if row["group"] == group]


def _ending(word: str) -> str:
    return "es" if word.endswith(("s", "x")) else "s"
