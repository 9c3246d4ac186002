"""Any log of a language model API -> requests; rows that cannot be read go to quarantine with a reason."""

from stillwatch.ingest.accounts import load_accounts_mapping, read_accounts
from stillwatch.ingest.context import IngestContext, newest_allowed, newest_seen, pseudonym_key
from stillwatch.ingest.edge import load_edge_mapping, read_edge
from stillwatch.ingest.mapping import Mapping
from stillwatch.ingest.networks import NetworkBook
from stillwatch.ingest.quarantine import Quarantine, check_share
from stillwatch.ingest.reading import read
from stillwatch.ingest.source import Source, plan

__all__ = [
    "IngestContext",
    "Mapping",
    "NetworkBook",
    "Quarantine",
    "Source",
    "check_share",
    "load_accounts_mapping",
    "load_edge_mapping",
    "newest_allowed",
    "newest_seen",
    "plan",
    "pseudonym_key",
    "read",
    "read_accounts",
    "read_edge",
]
