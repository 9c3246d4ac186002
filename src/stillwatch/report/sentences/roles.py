"""Who a campaign's accounts are, why that is thought, and what to do about it first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import clause, sentences
from stillwatch.run.reading import Row
from stillwatch.schema.codes import Role, RoleReason

ROLES: Mapping[str, str] = {
    Role.OPERATOR: "operator: accounts of somebody who harvests",
    Role.PROVIDER: "provider of accounts: somebody who lends or sells access to them",
    Role.VICTIM: "victims: accounts of customers whose stolen or leaked keys somebody else uses",
    Role.UNKNOWN: "not known: hidden and organised, by whom and for what is not shown",
    Role.NONE: "not asked",
}
"""What a role is called."""
REASONS: Mapping[str, str] = {
    RoleReason.OWN_WORK_BEFORE: "{accounts:#} of {of:account} worked from other networks and with other "
    "clients a day or more before the use that links them began",
    RoleReason.OWN_WORK_BESIDE: "{accounts:#} of {of:account} {accounts:?works|work} from other networks and "
    "with other clients beside it",
    RoleReason.AGED: "{accounts:#} of {of:account} {accounts:?was|were} registered a month or more before",
    RoleReason.OWN_OWNERS: "{accounts:#} of {of:account} {accounts:?declares|declare} an owner that no other "
    "account here declares",
    RoleReason.END_USERS: "they name many end users (score {score:.2f})",
    RoleReason.MANY_HANDS: "unlike conversations run at once in one account (score {score:.2f})",
    RoleReason.HANDED_OVER: "conversations move from account to account (score {score:.2f})",
    RoleReason.EVERYDAY_WORK: "their prompts are the ordinary work of many people (score {score:.2f})",
    RoleReason.HARVEST: "their prompts are made to harvest",
}
"""What speaks for a role."""


@dataclass(frozen=True)
class Advice:
    """What to do about a campaign."""

    first: tuple[str, ...]
    """What to do, in order."""
    never: tuple[str, ...]
    """What not to do on this evidence."""
    decides: tuple[str, ...] = ()
    """What would decide what is open."""


INNOCENT_MARKS = "Do not block a network, a client or a template for everybody: honest people use them too."
BYSTANDERS = "Do not act against accounts that are only present or near: nothing of their own confirms them."
OPERATOR = Advice(
    (
        "Look at the named accounts, and act on them together: accounts closed one by one are replaced.",
        "Watch for a successor: run again with --previous, or watch the run.",
    ),
    (BYSTANDERS, INNOCENT_MARKS),
)
PROVIDER = Advice(
    (
        "Ask who runs it, and offer terms: a reseller's plan, with an id for each end user.",
        "Look for single end users who harvest behind it, once it names them.",
    ),
    (
        "Do not call it distillation: what its users ask is the ordinary work of many people.",
        "Do not cut it off without notice: its users may not know whose accounts they use.",
        BYSTANDERS,
    ),
)
VICTIM = Advice(
    (
        "Rotate the keys of these accounts and tell the customers, before anything else.",
        "Then follow the foreign use: its network, client and prompts stay when the keys are gone.",
        "Do not bill the customers for what the thief used.",
    ),
    (
        "Do not ban these accounts and do not accuse their owners: their own work is in them too.",
        INNOCENT_MARKS,
    ),
)
DECIDES = (
    "Prompts: whether they harvest, or are the work of many people.",
    "End users: whether the accounts can name those behind them.",
    "Payment and registration records: one payer or many.",
    "An answer: ask the holders. A vendor or reseller can show a contract.",
)
READ = (
    "A look at some accounts' prompts: no flag fits them, and a harvest in words that no flag knows would "
    "look the same."
)
"""In place of the first of these where the log holds prompts."""
UNKNOWN = Advice(
    ("Keep it under watch, and get what would decide it.", "Ask the holders of the accounts for their use."),
    ("Do not call it distillation: no purpose is shown.", BYSTANDERS),
    DECIDES,
)
UNLICENSED = Advice(
    (
        "Ask: who are you, what is it for, and under which terms? It hides little or nothing.",
        "Offer a permit, and write it into permits.toml: the next run then measures the use against it.",
    ),
    ("Do not treat it as an attack: an open customer without a permit is a matter for a contract.",),
)
EXCEEDED = Advice(
    ("Write to the licensee, with the numbers of what goes beyond the permit.",),
    ("Do not act against the accounts: the customer is known by name.",),
)
LICENSED = Advice(("Nothing, as long as the use stays within the permit.",), ())
SINGLE = Advice(
    ("Ask what the account is for. It stands alone: no marks link it to others.",),
    ("Do not take it for part of a campaign.",),
)


OPEN = "A customer who hides little or nothing: the question is what it is for."
"""What is said of unlicensed use instead of a role."""


def role(campaign: Row) -> str:
    """A campaign's role in words; of unlicensed use, that it is open."""
    if campaign["verdict"] == "unlicensed":
        return OPEN
    return formatting.sentence(ROLES.get(campaign["role"], formatting.named(campaign["role"])))


def role_why(campaign: Row) -> str:
    """What speaks for a role, in sentences; empty where no role is asked."""
    told = [reason(one) for one in campaign["role_why"]]
    if campaign["role"] == Role.UNKNOWN and not told:
        return "No sign of a harvest, of end users or of robbed customers was strong enough to say."
    return sentences(told)


def reason(why: Row) -> str:
    """One reason of a role, as a clause. why: an entry of campaigns.role_why."""
    template = REASONS.get(why["code"])
    if template is None:
        return formatting.cut(str(why["code"]), 40)
    return clause(template, {name: why[name] for name in ("accounts", "of", "score")})


def advice(campaign: Row) -> Advice:
    """What to do about a campaign first, what not, and what would decide what is open."""
    if campaign["permit"]:
        return EXCEEDED if campaign["verdict"] == "unlicensed" else LICENSED
    by_role = {Role.VICTIM: VICTIM, Role.PROVIDER: PROVIDER, Role.UNKNOWN: UNKNOWN}
    if campaign["role"] == Role.UNKNOWN and campaign["extracting"] is not None:
        return replace(UNKNOWN, decides=(READ, *DECIDES[1:]))
    if campaign["role"] in by_role:
        return by_role[Role(campaign["role"])]
    if campaign["verdict"] == "unlicensed":
        return SINGLE if campaign["kind"] == "single" else UNLICENSED
    return OPERATOR if campaign["verdict"] == "adversarial" else Advice((), ())


def steps(lines: Sequence[str]) -> str:
    """Steps in one line, for a terminal."""
    return " ".join(lines)
