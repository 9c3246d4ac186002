"""What other members shared, in the world of the console: reports, what one matched, a correction, an export."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from desk_objects import HERON, IBIS, asn, bundle, checked_all, identity, indicator, later, thing

from stillwatch.cases import Cases
from stillwatch.intel.desk.answering import dispute
from stillwatch.intel.desk.judging import Judged, judge
from stillwatch.intel.desk.models import MatchRow
from stillwatch.intel.desk.receiving import add_source, receive
from stillwatch.intel.desk.tables import make_tables
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.tlp import Tlp
from stillwatch.intel_settings import IntelSettings
from stillwatch.run.about import identity_of
from stillwatch.run.layout import MARK
from stillwatch.run.reading import Run

NOW = datetime.now(UTC)
DOMAIN = indicator("domain", "[domain-name:value = 'mail.example']", HERON, NOW)
DOMAIN_REPORT = str(DOMAIN["id"])
RED_REPORT = str(asn("red", 64502)["id"])


def share(cases: Cases, run: Path, text: str = "") -> None:
    """Fill the desk of the store of cases. text: what a stranger calls himself."""
    network = asn("network", 64500, IBIS, NOW)
    objects = [
        identity(HERON, "heron"),
        identity(IBIS, text or "ibis"),
        DOMAIN,
        network,
        asn("red", 64502, HERON, NOW, level=Tlp.RED),
        thing("opinion", "no", IBIS, NOW, opinion="disagree", object_refs=[DOMAIN_REPORT]),
    ]
    at = NOW.timestamp()
    found = Run(run)
    campaigns = sorted(str(row["identity"]) for row in found.rows("campaigns"))
    number, digest = identity_of(found.about, run / MARK)
    with cases.database.writing() as session:
        make_tables(session)
        add_source(session, "hub", "", at)
        receive(session, "hub", bundle(objects), checked_all(objects), at)
        for report, reporter in ((DOMAIN, "heron"), (network, "ibis")):
            session.add(
                MatchRow(
                    run=number,
                    id=str(report["id"]),
                    reporter=reporter,
                    digest=digest,
                    kind="mail_domain",
                    accounts=3,
                    groups="\n".join(campaigns),
                    review=1,
                    at=at + 1,
                )
            )
        judge(session, DOMAIN_REPORT, HERON, Judged.CONFIRMED, "Anna", "the same card", at + 2)
        correction = later(network, confidence=20)
        receive(session, "hub", bundle([correction]), checked_all([correction]), at + 3)
    gate = Gate(cases.database, IntelSettings())
    dispute(gate, DOMAIN_REPORT, Tlp.AMBER, decided=False, by="Anna", now=at + 4)
