"""The one place that knows the order of the stages.

`detect.py` takes logs to a run folder: `read_logs.py` reads and sketches them into staged Parquet files,
`write_exchanges.py` makes the run's exchanges of these, and `search.py` finds the campaigns in them. Each
stage of the search has a scope of its own in the engine and is one file in `stages/`. After the arrow stands
what a stage leaves: first the tables that stay in the engine for later stages, then what stands in memory.

    facets      exchanges, accounts, releases -> activity, visits, traces; blind facets
    linkage     traces, activity, visits, accounts, permits -> strata, owners; groups, evidence
    heldout     groups, traces, strata, exchanges -> ; e-values, p-values, named members
    alike       groups, strata, owners, exchanges, activity -> ; sets that content forms, their tests
    own_harvest named members, traces, strata, activity, exchanges -> ; members without those whom only others
                of their group accuse
    candidates  members, owners, activity, visits -> volumes; candidates, owners' e-values
    shared      candidates, volumes, visits, accounts, what others reported -> reported; whom it matches
    signals     candidates, volumes, strata, owners, exchanges, accounts, reported
                -> assigned, signal_exchanges, sums, signal_members, templates; scores, intents, timeline,
                marks
    templates   assigned, sums, templates, exchanges, traces -> ; prompt templates, their words
    verdicts    candidates, e-values, scores, permits -> ; campaigns, groups, members
    evidence    named members, traces, evidence -> ; member_evidence, evidence, links

Only the traces outlast the search in the engine. `store.py` writes all of it, and `stillwatch.report` makes
report.html of that.
"""

from stillwatch.pipeline.detect import detect
from stillwatch.pipeline.inputs import Inputs
from stillwatch.pipeline.search import SearchResult, Stored, search

__all__ = ["Inputs", "SearchResult", "Stored", "detect", "search"]
