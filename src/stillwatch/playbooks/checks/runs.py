"""The newest run: how old it is, what it was made with, and what it could not see."""

from __future__ import annotations

from stillwatch.playbooks.check import Answer, check, met, missing, not_applicable, told
from stillwatch.playbooks.places import Places, span
from stillwatch.schema.use import JOINED

HOUR_S = 3_600.0


@check(
    says="The newest run is recent.",
    do="search the newest logs: `stillwatch detect LOGS --out RUN`",
)
def run_recent(places: Places) -> Answer:
    """The last exchange of the run is not old."""
    most = places.settings.playbooks.run_hours
    told_as = f"its last exchange was {places.ago(places.last)} ago; {span(most * HOUR_S)} are allowed"
    return told(places.now - places.last <= most * HOUR_S, told_as)


@check(
    says="The log of the edge (addresses, TLS) was joined to the requests.",
    do="give the log of the proxy or load balancer: `stillwatch detect … --edge FILE`",
)
def edge_joined(places: Places) -> Answer:
    """The edge log named requests of the logs."""
    return _joined(places, "edge", "requests")


@check(
    says="The table of accounts was given: registration, plan, payment, verification.",
    do="export the accounts and give them: `stillwatch detect … --accounts FILE`",
)
def accounts_given(places: Places) -> Answer:
    """The accounts file named accounts of the logs."""
    return _joined(places, "accounts", "accounts")


@check(
    says="The newest run says what it could not see, and no facet or signal is blind.",
    do="fill the columns that are named, or write down why they cannot be filled",
)
def nothing_blind(places: Places) -> Answer:
    """No facet or signal lacks its columns in most rows."""
    least = places.settings.playbooks.blind_share
    blind = sorted(
        f"{row['kind']} {row['name']}" for row in places.rows("blindness") if row["share"] >= least
    )
    if not blind:
        return met(f"no facet or signal lacks its columns in {least:.0%} of the rows or more")
    return missing(f"{len(blind)} are blind: {', '.join(blind)}")


@check(
    says="The newest run tells what it could not see, so that a reader can tell facts from inferences.",
    do="search again with this version of Stillwatch",
)
def blind_spots_told(places: Places) -> Answer:
    """The run has a table of blind spots."""
    files = places.run.files("blindness")
    count = len(places.rows("blindness")) if files else 0
    return told(
        bool(files), f"table blindness has {count:,} rows" if files else "the run has no table blindness"
    )


@check(
    says="The newest run was compared with an earlier one, so that successors and returns are found.",
    do="`stillwatch detect … --previous RUN`, and `stillwatch guard displacement BEFORE AFTER`",
)
def compared_with_earlier(places: Places) -> Answer:
    """The run names an earlier run."""
    if not places.run.about.get("previous"):
        return missing("the run was compared with no earlier one")
    links = [row["link"] for row in places.rows("campaign_links")]
    return met(
        f"it was compared; {links.count('successor'):,} of its campaigns are successors of earlier ones"
    )


@check(
    says="The newest run took up what people decided about earlier ones.",
    do="`stillwatch case labels --out LABELS`, then `stillwatch detect … --feedback LABELS`",
)
def feedback_used(places: Places) -> Answer:
    """The run was made with a feedback file, where there is anything to tell."""
    if places.given("feedback"):
        return met("the newest run was made with a feedback file")
    labels = places.store.labels(now=places.now)
    count = sum(len(labels[name]) for name in ("campaign", "account", "permit"))
    if not count:
        return not_applicable("nobody has decided anything yet that a search could take up")
    return missing(f"{count:,} decisions stand, and the newest run was made without them")


def _joined(places: Places, source: str, of: str) -> Answer:
    if not places.given(source):
        return missing(f"the run was made without --{source.replace('_', '-')}")
    rows = [
        row for row in places.rows("use") if row["input"] == source and row["what"] == JOINED and row["of"]
    ]
    if not rows:
        return missing(f"the run does not say that its {source} file named any of the {of}")
    best = max(rows, key=lambda row: row["count"])
    return told(
        best["count"] > 0,
        f"{best['count']:,} of {best['of']:,} {of} were joined",
        f"the ids of the {source} file are not those of the logs: see table use of the run",
    )
