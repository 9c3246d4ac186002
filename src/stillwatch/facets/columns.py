"""Facets that are one column of a table: each value that an account shows is a mark. One entry per facet.

A facet with logic of its own is a file beside this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from stillwatch.engine import Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables, declared, marks
from stillwatch.registry import KIND


@dataclass(frozen=True)
class ColumnFacet:
    """A facet whose values are one column."""

    name: str
    """Its name."""
    reads: Literal["exchanges", "visits", "accounts"]
    """The table; `visits` for a column with few values per account, which is much less to read."""
    column: str
    """Its column."""
    family: str
    """network, identity, software, rhythm or content."""
    sees: str
    """What it sees, in a sentence."""
    blind_spots: str
    """Where it is wrong or sees nothing."""
    label: str = ""
    """The kind in table `labels` of its values' labels; empty: see `show`."""
    anchor: bool = True
    """Whether its keys may be anchors."""
    sparse: bool = False
    """Whether most values belong to one account alone."""
    show: Callable[[int], str] | None = None
    """How a value without a label is shown."""
    binds: str = KIND
    """How a key joins accounts; see registry.Facet."""


def unnamed_key(value: int) -> str:
    """Format a key whose value is never shown."""
    return f"key {value & (2**64 - 1):016x}"


def as_number(value: int) -> str:
    """Format an autonomous system's number in the usual way."""
    return f"AS{value}"


CATALOGUE = (
    ColumnFacet(
        "address",
        "visits",
        "address",
        family="network",
        sees="accounts that come from one address",
        blind_spots="Carrier NAT, offices and schools put strangers behind one address; residential proxies "
        "give each account many.",
        label="address",
        binds="held",
    ),
    ColumnFacet(
        "subnet",
        "visits",
        "subnet",
        family="network",
        sees="accounts that come from one small network",
        blind_spots="A hosting provider's /24 holds many unrelated customers.",
        label="subnet",
        binds="held",
    ),
    ColumnFacet(
        "network",
        "visits",
        "asn",
        family="network",
        sees="accounts whose traffic comes from one unusual network",
        blind_spots="Most customers of an API are in a few large clouds; hosting is not guilt.",
        anchor=False,
        show=as_number,
    ),
    ColumnFacet(
        "client",
        "visits",
        "client",
        family="software",
        sees="accounts that run one build of one client",
        blind_spots="Popular libraries are shared by most accounts; the header is easily changed.",
        label="client",
    ),
    ColumnFacet(
        "stainless",
        "visits",
        "stainless",
        family="software",
        sees="accounts with one operating system, runtime and client version",
        blind_spots="Container images make unrelated accounts equal; relays pin one set for all their "
        "accounts.",
        label="stainless",
    ),
    ColumnFacet(
        "ja4",
        "visits",
        "ja4",
        family="software",
        sees="accounts whose TLS stack is the same",
        blind_spots="Everyone on one library and runtime shares it; only an edge that computes it has it.",
        label="ja4",
    ),
    ColumnFacet(
        "device",
        "visits",
        "device",
        family="identity",
        sees="accounts whose clients assert one device id",
        blind_spots="A shared machine and one person's two accounts have one id. The client asserts it: it "
        "links, and proves nothing alone. A relay that makes up an id for each account hides it.",
        anchor=False,
        show=unnamed_key,
        binds="held",
    ),
    ColumnFacet(
        "mail_shape",
        "accounts",
        "email_shape",
        family="identity",
        sees="accounts whose addresses were made by one rule",
        blind_spots="Short names share shapes.",
        label="email_shape",
    ),
    ColumnFacet(
        "payment",
        "accounts",
        "payment",
        family="identity",
        sees="accounts paid from one instrument",
        blind_spots="Companies pay for many seats with one card; virtual cards give each account its own.",
        label="payment",
        binds="held",
    ),
    ColumnFacet(
        "phone_prefix",
        "accounts",
        "phone_prefix",
        family="identity",
        sees="accounts verified through one number range",
        blind_spots="A carrier's range serves a whole region.",
        label="phone_prefix",
        binds="held",
    ),
    ColumnFacet(
        "head",
        "exchanges",
        "head",
        family="content",
        sees="accounts whose prompts begin with one template",
        blind_spots="Strangers share a public prompt; a random first line hides it.",
        label="head",
        sparse=True,
    ),
    ColumnFacet(
        "tail",
        "exchanges",
        "tail",
        family="content",
        sees="accounts whose prompts end with one template",
        blind_spots="A random last line hides it.",
        label="tail",
        sparse=True,
    ),
    ColumnFacet(
        "system",
        "exchanges",
        "system",
        family="content",
        sees="accounts that send one system prompt",
        blind_spots="Popular applications ship one system prompt to all their users.",
        label="system",
        sparse=True,
    ),
    ColumnFacet(
        "prefix",
        "exchanges",
        "prefix",
        family="content",
        sees="one conversation continued under several accounts",
        blind_spots="Blind for requests of one turn; strangers share a constant greeting with a constant "
        "answer.",
        label="prefix",
        sparse=True,
    ),
    ColumnFacet(
        "tools",
        "exchanges",
        "tools",
        family="content",
        sees="accounts that offer one tool set",
        blind_spots="Agent frameworks ship their tools.",
        label="tools",
        sparse=True,
    ),
    ColumnFacet(
        "parameters",
        "visits",
        "parameters",
        family="content",
        sees="accounts that ask with one unusual set of parameters",
        blind_spots="Thousands of strangers share a framework's defaults; a stratum that includes the "
        "client explains them.",
        label="parameters",
    ),
    ColumnFacet(
        "output_format",
        "exchanges",
        "output_format",
        family="content",
        sees="accounts that ask for one output schema",
        blind_spots="Plain JSON mode is common.",
        label="output_format",
        sparse=True,
    ),
)


def _register(item: ColumnFacet) -> None:
    def query(tables: Tables) -> Table:
        if item.reads == "accounts":
            return declared(tables.accounts, item.column)
        return marks(getattr(tables, item.reads), item.column)

    query.__name__ = item.name
    source = "accounts" if item.reads == "accounts" else "exchanges"
    facet(
        family=item.family,
        sees=item.sees,
        blind_spots=item.blind_spots,
        needs=(f"{source}.{item.column}",),
        label=item.label,
        anchor=item.anchor,
        sparse=item.sparse,
        show=item.show,
        binds=item.binds,
    )(query)


for entry in CATALOGUE:
    _register(entry)
