"""What the accounts file and cases say of one account."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from stillwatch.cases.cases import Cases
from stillwatch.cases.models import EventRow, LabelRow
from stillwatch.console.large.kept import kept
from stillwatch.console.large.lookup import rows_with
from stillwatch.report import formatting
from stillwatch.report.account_facts import FILED, NOT_BANNED, NOT_FILED, NOT_KNOWN, NOT_LOGGED
from stillwatch.run.reading import Row, Run
from stillwatch.schema import use

MOST_DECISIONS = 200


def facts_of(run: Run, account: int) -> dict[str, str]:
    """Return who an account says it is and what it used, in words; what is missing is said, and for whom."""
    filed = _one(run, "accounts", account)
    used = _one(run, "account_use", account)
    known = kept(run, "filed", lambda: _filed(run))
    listed = any(value is not None for name, value in filed.items() if name not in ("account", "account_id"))

    def word(name: str, value: str | None) -> str:
        return formatting.cut(value, 60) if value else NOT_KNOWN if name in known else NOT_FILED

    facts = {
        "plan": word("plan", filed.get("plan")),
        "registered": word("created", _minute(filed.get("created"))),
        "verified": word("verification", filed.get("verification")),
        "payment": word(
            "payment", formatting.key(filed["payment"])[:8] if filed.get("payment") is not None else None
        ),
        "banned": _ban(filed, known, listed),
    }
    if not used:
        return facts
    spent = used.get("spend")
    return facts | {
        "exchanges": f"{formatting.count(used['exchanges'])} on {formatting.plural(used['days'], 'day')}",
        "models": formatting.cut(", ".join(used.get("models") or ()), 120) or NOT_LOGGED,
        "tokens": formatting.tokens(used.get("input_tokens"), used.get("output_tokens")),
        "spend": NOT_LOGGED if spent is None else formatting.dollars(spent),
    }


def labels_about(cases: Cases, account: str) -> list[dict[str, Any]]:
    """Return what people decided about an account in cases, the newest first."""
    query = (
        sa.select(LabelRow, EventRow.time, EventRow.actor, EventRow.reason)
        .join(EventRow, EventRow.seq == LabelRow.seq)
        .where(LabelRow.scope == "account", LabelRow.subject == account)
        .order_by(LabelRow.seq.desc())
        .limit(MOST_DECISIONS)
    )
    with cases.database.reading() as session:
        return [
            {
                "case": label.case_id,
                "time": time,
                "actor": actor,
                "label": label.label,
                "outcome": label.outcome,
                "reason": reason,
                "expires": label.expires,
            }
            for label, time, actor, reason in session.execute(query)
        ]


def _one(run: Run, table: str, account: int) -> Row:
    rows: list[Row] = rows_with(run.folder, table, "account", [account]).to_pylist()
    return rows[0] if rows else {}


def _filed(run: Run) -> frozenset[str]:
    """Columns that the accounts file fills for anybody at all."""
    told = {
        row["name"]
        for row in run.rows("use")
        if row["input"] == "accounts" and row["what"] == use.FILLED and row["count"]
    }
    if told:
        return frozenset(told)
    filled: set[str] = set()
    for batch in run.batches("accounts", list(FILED)):
        filled |= {name for name in FILED if batch.column(name).null_count < batch.num_rows}
    return frozenset(filled)


def _ban(filed: Row, known: frozenset[str], listed: bool) -> str:
    if filed.get("banned"):
        return formatting.minute(filed["banned"])
    if filed.get("banned_unknown"):
        return "yes, at a time that is not known"
    if not known & {"banned", "banned_unknown"}:
        return NOT_FILED
    return NOT_BANNED if listed else NOT_KNOWN


def _minute(time: Any) -> str | None:
    return f"{formatting.minute(time)} UTC" if time else None
