"""The tables that signals read: the groups' exchanges and a few sums of them."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Column, Engine, Table
from stillwatch.schema.flags import Flag
from stillwatch.schema.table import schema_of
from stillwatch.signals.account_weights import account_weights_table
from stillwatch.signals.coverage import coverage_of, worked_questions
from stillwatch.signals.intents import Intents, intents
from stillwatch.signals.offered_prompts import offered_prompts

PEERS = 0
"""The group of the peers: a sample of accounts that are in no group."""
BRIEF = 256
"""Output tokens up to which an answer is brief: a letter, a number with a few lines of working, a short
function.
"""
BULK = 0.5
"""Share of an answer inside thinking tags from which it counts as mostly reasoning."""
LEAST_HEARD = 30
"""Answers of a model that the peers must have, so that what is usual for it is known."""
PARTS = ("head", "tail")
"""The parts of a prompt by which templates are told."""

LIMITS = ("limit_requests_minute", "limit_requests_day", "limit_tokens_minute", "limit_tokens_day")
"""Columns of accounts that state what a plan allows."""

SIGNAL_EXCHANGES = schema_of(
    group=pa.int32(),
    account=pa.int64(),
    owner=pa.int64(),
    second=pa.int64(),
    model=pa.string(),
    status=pa.int16(),
    input_tokens=pa.int32(),
    output_tokens=pa.int32(),
    cached_tokens=pa.int32(),
    client=pa.int64(),
    ja4=pa.int64(),
    subnet=pa.int64(),
    network_class=pa.string(),
    has_text=pa.bool_(),
    prompt=pa.int64(),
    head=pa.int64(),
    tail=pa.int64(),
    prefix=pa.int64(),
    conversation=pa.int64(),
    continues=pa.int64(),
    leaves=pa.int64(),
    signatures=pa.list_(pa.int64()),
    signed=pa.list_(pa.int64()),
    offers=pa.list_(pa.int64()),
    reasoning_tokens=pa.int32(),
    reasoning_share=pa.float32(),
    end_user=pa.int64(),
    device=pa.int64(),
    system=pa.int64(),
    tools=pa.int64(),
    language=pa.string(),
    turns=pa.int16(),
    flags=pa.int32(),
    refused=pa.bool_(),
    payment=pa.int64(),
    created_second=pa.int64(),
    banned_second=pa.int64(),
    plan=pa.string(),
    email_domain=pa.int64(),
    email_public=pa.bool_(),
    limit_requests_minute=pa.int64(),
    limit_requests_day=pa.int64(),
    limit_tokens_minute=pa.int64(),
    limit_tokens_day=pa.int64(),
    peer_volume=pa.float64(),
    reported=pa.float64(),
)
"""One exchange of one group; `owner` is the key of the owner that the account declares, null if none;
`peer_volume` the mean exchanges of an account in its region and plan; `reported` the strength of what other
providers reported of the group, for the accounts that match it."""


@dataclass(frozen=True)
class SignalInputs:
    """What signals may read, as Ibis tables."""

    exchanges: Table
    """One row an exchange, as SIGNAL_EXCHANGES; group 0 is the peers."""
    sums: Table
    """One row a group: n, accounts, texts, flag sums, tokens, follow-ups, refusals, answers and brief
    ones.
    """
    asked: Table
    """One row a group with prompts: for each label and set of labels its estimated share of what its accounts
    ask, no account heard for more than the median one, with name_low and name_high."""
    coverage: Table
    """One row a group. Distinct prompts: all, those asked again on another day or of another model, those of
    its later half, and those of them asked before. Uses: all of its later half, and those of prompts first
    asked in it."""
    worked: Table
    """One row a group with questions that ask for worked answers in a fixed form (flag STEPS). Distinct
    questions: all, later, known and again as in coverage, and alone, those of a single account; askers, the
    accounts with several of them; uses, and follow_ups among them. See worked_questions."""
    offered: Table
    """One row a group with prompts: prompts and accounts, and share, low and high, of what it asked after an
    earlier answer to one of its accounts had written it. See offered_prompts."""
    members: Table
    """One row an account of a group: n, owner, payment, first and last second, active hours and days."""
    account_weights: Table
    """One row an account of a group: voice, what each of its exchanges counts for where the group is told by
    what its accounts do.
    """
    tagged: Table
    """One row a group whose models the peers use: part, the share of its accounts' answers that are mostly
    reasoning in tags, and usual, what it is among the peers of those models."""
    templates: Table
    """One row a (group, part, key): uses, distinct prompts, accounts."""
    peers: Table
    """The peers' row of sums, under names that end in _peers; empty without peers."""
    releases: Table
    """model, second."""
    intents: Intents
    """What groups and accounts asked for, as tables of the run."""


def prepare(engine: Engine, rows: Table, releases: Table, rates: pa.Table | None = None) -> SignalInputs:
    """Build the sums that several signals share; each is one pass over the rows. rates: table RATES, where
    the flags' error rates are known.
    """
    sums = engine.create("sums", _sums(rows))
    members = engine.create("signal_members", _members(rows))
    templates = engine.create("templates", ibis.union(*[_templates(rows, part) for part in PARTS]))
    coverage = engine.create("coverage", coverage_of(rows))
    worked = engine.create("worked", worked_questions(rows))
    account_weights = engine.load(
        "account_weights",
        account_weights_table(
            engine.collect(members.select("group", "account", "n").order_by(["group", "account"]))
        ),
    )
    offered = engine.load("offered", offered_prompts(engine, rows))
    tagged = engine.create("tagged", _tagged(rows, account_weights))
    found = intents(engine, rows, rates)
    asked = engine.load("asked", found.wide)
    peers = sums.filter(_.group == PEERS)
    renamed = peers.rename({f"{column}_peers": column for column in peers.columns})
    return SignalInputs(
        rows,
        sums,
        asked,
        coverage,
        worked,
        offered,
        members,
        account_weights,
        tagged,
        templates,
        renamed,
        releases,
        found,
    )


def _sums(rows: Table) -> Table:
    flags = {
        flag.name.lower(): ((_.flags.fill_null(0).cast("int64") // int(flag)) % 2).sum()
        for flag in Flag
        if flag.name
    }
    return rows.group_by("group").agg(
        n=_.count(),
        accounts=_.account.nunique(),
        texts=_.has_text.cast("int64").sum(),
        follow_ups=(_.turns.fill_null(0) > 1).cast("int64").sum(),
        refusals=_.refused.fill_null(False).cast("int64").sum(),
        read=_.input_tokens.fill_null(0).cast("int64").sum(),
        written=_.output_tokens.fill_null(0).cast("int64").sum(),
        metered=(_.input_tokens.notnull() & _.output_tokens.notnull()).cast("int64").sum(),
        answered=_answered().cast("int64").sum(),
        brief=(_answered() & (_.output_tokens <= BRIEF)).cast("int64").sum(),
        end_users=ibis.coalesce(_.end_user, _.device).nunique(),
        first=_.second.min(),
        last=_.second.max(),
        **flags,
    )


def _answered() -> Column:
    return _.has_text & (_.output_tokens.fill_null(0) > 0)


def _members(rows: Table) -> Table:
    return rows.group_by("group", "account").agg(
        n=_.count(),
        owner=_.owner.max(),
        payment=_.payment.max(),
        created=_.created_second.max(),
        banned=_.banned_second.max(),
        peer_volume=_.peer_volume.max(),
        first=_.second.min(),
        last=_.second.max(),
        hours=(_.second // 3600).nunique(),
        days=(_.second // 86_400).nunique(),
    )


def _tagged(rows: Table, account_weights: Table) -> Table:
    known = rows.filter(_.refused.notnull())
    # Reasoning that the API counts is the model's own; only what stands in the answer itself was asked for.
    told = ((known.reasoning_share.fill_null(0.0) >= BULK) & (known.reasoning_tokens.fill_null(0) == 0)).cast(
        "int64"
    )
    own = known.select("group", "account", model=known.model.fill_null(""), told=told).group_by(
        "group", "account", "model"
    )
    heard = own.agg(n=_.count(), told=_.told.sum()).join(account_weights, ["group", "account"])
    answers = heard.group_by("group", "model").agg(
        all=_.n.sum(), n=(_.n * _.account_weight).sum(), told=(_.told * _.account_weight).sum()
    )
    peers = answers.filter((_.group == PEERS) & (_["all"] >= LEAST_HEARD)).select("model", usual=_.told / _.n)
    sums = (
        answers.join(peers, "model")
        .group_by("group")
        .agg(n=_.n.sum(), told=_.told.sum(), expected=(_.n * _.usual).sum())
    )
    return sums.select("group", part=share(sums.told, sums.n), usual=share(sums.expected, sums.n))


def _templates(rows: Table, part: str) -> Table:
    used = rows.filter(rows[part].notnull()).select(
        "group", "account", "prompt", "second", "refused", key=rows[part]
    )
    several = used.group_by("group", "key").agg(
        uses=_.count(),
        prompts=_.prompt.nunique(),
        accounts=_.account.nunique(),
        refusals=_.refused.fill_null(False).cast("int64").sum(),
        first=_.second.min(),
    )
    return several.filter(_.uses > 1).mutate(part=ibis.literal(part))


def share(part: Column, whole: Column) -> Column:
    """part / whole as a float, 0 where whole is 0."""
    return ibis.ifelse(whole > 0, part.cast("float64") / whole.cast("float64"), 0.0)


def held(value: Column) -> Column:
    """A score held between 0 and 1."""
    return ibis.greatest(ibis.least(value.cast("float64"), ibis.literal(1.0)), ibis.literal(0.0))


def from_one_network(exchanges: Table) -> Table:
    """Return (group, place_exchanges): exchanges from the small network that sent most of a group's."""
    sent = exchanges.filter(_.subnet.notnull()).group_by("group", "subnet").agg(n=_.count())
    return sent.group_by("group").agg(place_exchanges=_.n.max())
