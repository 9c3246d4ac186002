"""Tables that hold what was found: groups, campaigns, and the evidence for them."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import KEY, TIME, Column, Contract
from stillwatch.schema.values import VALUES

WHY = pa.list_(
    pa.struct(
        [
            pa.field("signal", pa.string(), nullable=False),
            pa.field("direction", pa.string(), nullable=False),
            pa.field("weight", pa.float64(), nullable=False),
            pa.field("score", pa.float64(), nullable=False),
            pa.field("strength", pa.float64(), nullable=False),
        ]
    )
)
"""The signals that carry an axis: weight as registered, strength is its size times the score."""
ASKED = pa.list_(
    pa.struct(
        [
            pa.field("label", pa.string(), nullable=False),
            *(pa.field(name, pa.float64(), nullable=False) for name in ("share", "low", "high")),
        ]
    )
)
"""What is asked for, with its share of prompts and the ends of the 95 % interval."""
NULL = pa.struct(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("wider", pa.bool_(), nullable=False),
        pa.field("semantic", pa.bool_(), nullable=False),
    ]
)
"""A null hypothesis: its code, and what else belongs to it."""
ROLE_WHY = pa.list_(
    pa.struct(
        [
            pa.field("code", pa.string(), nullable=False),
            pa.field("accounts", pa.int64(), nullable=False),
            pa.field("of", pa.int64(), nullable=False),
            pa.field("score", pa.float64(), nullable=False),
        ]
    )
)
"""What speaks for a role: the accounts that show it of all, or a signal's score."""
EXCESS = pa.list_(
    pa.struct([pa.field("code", pa.string(), nullable=False), pa.field("values", VALUES, nullable=False)])
)
"""What goes beyond a permit: codes and their values."""

GROUPS = Contract(
    "groups",
    "Accounts that act as one; says nothing yet about guilt.",
    (
        Column("group", pa.int32(), "Number of the group, from 1, largest first.", required=True),
        Column(
            "kind",
            pa.string(),
            "linked (by marks), alike (by content alone), declared (same verified owner), single (one "
            "account): a code.",
            required=True,
        ),
        Column("accounts", pa.int64(), "Accounts in it.", required=True),
        Column("anchors", pa.int64(), "Anchors merged into it.", required=True),
    ),
)

HOW_SURE = (
    Column("tier", pa.string(), "named, present or near: a code.", required=True),
    Column("reason", pa.string(), "Why it has this tier: a code.", required=True),
    Column(
        "formation",
        pa.float64(),
        "The part of nats that comes from the marks that formed the group; 0 where no marks did.",
        required=True,
    ),
    Column(
        "p_value",
        pa.float64(),
        "Held-out p-value of this account alone, among other users of its client; null where nothing was "
        "held out. Where content formed the group, of its conversations in the test half.",
    ),
)
"""What is known of an account beside a group."""
WHO = (
    Column(
        "owner",
        pa.string(),
        "Owner it declares, as shown: organisation, business payment or own mail domain; empty if none.",
        required=True,
    ),
    Column("exchanges", pa.int64(), "Exchanges of the account.", required=True),
    Column("first", TIME, "Its first exchange."),
    Column("last", TIME, "Its last exchange."),
)
"""Who an account is."""

MEMBERS = Contract(
    "members",
    "One account that a group's numbers rest on: those named, or all present where too few are named.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("account", KEY, "The account.", required=True),
        Column("account_id", pa.string(), "The id to show.", required=True),
        Column(
            "nats",
            pa.float64(),
            "Evidence that it belongs, in nats: formation, each family capped, and for linked groups the "
            "content besides.",
            required=True,
        ),
        *HOW_SURE,
        *WHO,
    ),
)

BYSTANDERS = Contract(
    "bystanders",
    "One account that is present in a group or near it, and that none of the group's numbers rest on.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("account", KEY, "The account.", required=True),
        Column("account_id", pa.string(), "The id to show.", required=True),
        Column(
            "nats", pa.float64(), "Evidence that it belongs, formation and content, in nats.", required=True
        ),
        *HOW_SURE,
        *WHO,
    ),
)

ACCOUNT_USE = Contract(
    "account_use",
    "What one account that a group or its surroundings hold used: once for all its groups.",
    (
        Column("account", KEY, "The account.", required=True),
        Column("models", pa.list_(pa.string()), "Models that it asked, the most used first.", required=True),
        Column("exchanges", pa.int64(), "Exchanges of the account.", required=True),
        Column("top_exchanges", pa.int64(), "Those with the most used model.", required=True),
        Column(
            "input_tokens",
            pa.int64(),
            "Tokens read; null where the log never tells.",
        ),
        Column("output_tokens", pa.int64(), "Tokens written; null where the log never tells."),
        Column(
            "spend",
            pa.int64(),
            "What its priced exchanges cost, in micro-dollars (USD); null where none is priced.",
        ),
        Column("priced", pa.int64(), "Exchanges of which the log says the cost.", required=True),
        Column("days", pa.int64(), "Days (UTC) on which it was active.", required=True),
    ),
)

MEMBER_EVIDENCE = Contract(
    "member_evidence",
    "What one facet says about one account's membership.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("account", KEY, "The account.", required=True),
        Column("facet", pa.string(), "The facet.", required=True),
        Column(
            "nats",
            pa.float64(),
            "Its contribution: a family's strongest facet in full, the others by a third, before the "
            "family's cap.",
            required=True,
        ),
    ),
)

MEMBER_ADJUSTMENTS = Contract(
    "member_adjustments",
    "What else counts in an account's nats: these rows and those of member_evidence add up to members.nats.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("account", KEY, "The account.", required=True),
        Column("kind", pa.string(), "keys, semantic or cap: a code.", required=True),
        Column("family", pa.string(), "Its family; that of keys and semantic is content.", required=True),
        Column("nats", pa.float64(), "What it adds or takes off, in nats.", required=True),
    ),
)

EVIDENCE = Contract(
    "evidence",
    "What one facet says about a group: the waterfall.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("facet", pa.string(), "The facet.", required=True),
        Column("family", pa.string(), "Its family.", required=True),
        Column("role", pa.string(), "formation (formed the group) or held-out (tested it).", required=True),
        Column(
            "nats", pa.float64(), "Mean contribution for one account of the group, in nats.", required=True
        ),
        Column(
            "accounts", pa.int64(), "Accounts of the group that carry any shared key of it.", required=True
        ),
        Column("keys", pa.int64(), "Shared keys of it inside the group.", required=True),
        Column("top", pa.string(), "The most shared key, as shown.", required=True),
        Column("top_accounts", pa.int64(), "Accounts of the group that carry it.", required=True),
        Column("top_elsewhere", pa.int64(), "Accounts outside the group that carry it.", required=True),
    ),
)

LINKS = Contract(
    "links",
    "One account of a group carrying one of the group's most telling keys: the account-trace graph.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("account", KEY, "The account.", required=True),
        Column("facet", pa.string(), "The facet.", required=True),
        Column("family", pa.string(), "Its family.", required=True),
        Column("key", KEY, "The trace key.", required=True),
        Column("label", pa.string(), "The key as shown.", required=True),
        Column("n", pa.int64(), "Exchanges that left it.", required=True),
    ),
)

SCORES = Contract(
    "scores",
    "One signal's score for one group.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("signal", pa.string(), "The signal.", required=True),
        Column(
            "axis", pa.string(), "scale, deception or intent; context where it only explains.", required=True
        ),
        Column("score", pa.float64(), "From 0 (nothing) to 1 (all of it).", required=True),
        Column("peers", pa.float64(), "The same measure for the group's peers; null where there are none."),
        Column(
            "values",
            VALUES,
            "What the score was made from, by name, as the signal's finding names it.",
            required=True,
        ),
    ),
)

INTENTS = Contract(
    "intents",
    "How much of what a group's prompts ask for is of one kind, corrected for the errors of the flag.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("label", pa.string(), "What is asked for: a flag's name in lower case.", required=True),
        Column("texts", pa.int64(), "Prompts of the group that could be read.", required=True),
        Column("flagged", pa.int64(), "Prompts so flagged.", required=True),
        Column("share", pa.float64(), "Estimated share of prompts that ask for it.", required=True),
        Column("low", pa.float64(), "Lower end of its 95 % interval.", required=True),
        Column("high", pa.float64(), "Upper end of its 95 % interval.", required=True),
        Column(
            "corrected",
            pa.bool_(),
            "Whether the flag's error rates were known; else the share is that of flagged prompts.",
            required=True,
        ),
    ),
)

ACCOUNT_INTENTS = Contract(
    "account_intents",
    "The same for one account of a group; labels that no prompt of it has are left out.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("account", KEY, "The account.", required=True),
        *INTENTS.columns[1:],
    ),
)

CAMPAIGNS = Contract(
    "campaigns",
    "One group with its verdict. Those with `listed` pass the error control.",
    (
        Column(
            "campaign",
            pa.string(),
            "Its name: C001 for the first listed; G and the group's number where it is not listed.",
            required=True,
        ),
        Column(
            "identity",
            pa.string(),
            "What it is called in every run that knows it again, by the accounts that it names.",
            required=True,
        ),
        Column(
            "family",
            pa.string(),
            "What all campaigns that links join are called: the identity of the oldest of them.",
            required=True,
        ),
        Column("group", pa.int32(), "The group.", required=True),
        Column("kind", pa.string(), "linked, alike, declared or single: a code.", required=True),
        Column(
            "verdict",
            pa.string(),
            "adversarial, coordinated, unlicensed, authorised or benign.",
            required=True,
        ),
        Column(
            "role",
            pa.string(),
            "operator, provider (of accounts), victim, unknown; empty where none is asked.",
            required=True,
        ),
        Column("role_why", ROLE_WHY, "What speaks for the role: codes and counts.", required=True),
        Column(
            "listed",
            pa.bool_(),
            "Whether it is in the list at the stated false discovery rate.",
            required=True,
        ),
        Column("scale", pa.float64(), "Score on scale, 0 to 1.", required=True),
        Column("deception", pa.float64(), "Score on deception, 0 to 1.", required=True),
        Column("intent", pa.float64(), "Score on intent, 0 to 1.", required=True),
        Column("scale_why", WHY, "The signals that carry scale, strongest first.", required=True),
        Column("deception_why", WHY, "The signals that carry deception, strongest first.", required=True),
        Column(
            "intent_why",
            WHY,
            "The signals that carry intent, and those that speak against it, strongest first.",
            required=True,
        ),
        Column(
            "extracting",
            ASKED,
            "What its prompts ask for, most first; empty: nothing of note; null: the log holds no prompts.",
        ),
        Column("accounts", pa.int64(), "Accounts in table members.", required=True),
        Column("named", pa.int64(), "Accounts of the tier named.", required=True),
        Column("present", pa.int64(), "Accounts of the tier present, members or bystanders.", required=True),
        Column("near", pa.int64(), "Accounts of the tier near.", required=True),
        Column(
            "at_least",
            pa.int64(),
            "Lower bound of guilty accounts among the named, at the stated level.",
            required=True,
        ),
        Column("exchanges", pa.int64(), "Exchanges.", required=True),
        Column("input_tokens", pa.int64(), "Tokens read.", required=True),
        Column("output_tokens", pa.int64(), "Tokens written.", required=True),
        Column("first", TIME, "First exchange.", required=True),
        Column("last", TIME, "Last exchange.", required=True),
        Column(
            "log_e_value",
            pa.float64(),
            "Natural logarithm of the e-value of the held-out test.",
            required=True,
        ),
        Column("p_value", pa.float64(), "At most 1 / e-value.", required=True),
        Column("null", NULL, "The null hypothesis it was tested against.", required=True),
        Column("held_out", pa.list_(pa.string()), "The facets that tested it.", required=True),
        Column("permit", pa.string(), "The permit that covers it; empty if none.", required=True),
        Column(
            "permit_excess",
            EXCESS,
            "What goes beyond the permit; empty if nothing.",
            required=True,
        ),
    ),
)

TIMELINE = Contract(
    "timeline",
    "A group's volume in one hour.",
    (
        Column("group", pa.int32(), "The group.", required=True),
        Column("time", TIME, "Start of the hour.", required=True),
        Column("exchanges", pa.int64(), "Exchanges in it.", required=True),
        Column("accounts", pa.int64(), "Accounts active in it.", required=True),
    ),
)

MARKS = Contract(
    "marks",
    "Something on the time axis: a model release, or bans.",
    (
        Column("time", TIME, "When.", required=True),
        Column("kind", pa.string(), "release or ban.", required=True),
        Column("label", pa.string(), "The model released, or how many accounts were banned.", required=True),
        Column("group", pa.int32(), "The group whose accounts were banned; null where it concerns all."),
        Column("accounts", pa.int64(), "Accounts that were banned in that hour; null for a release."),
    ),
)
