"""What each column of a run folder may hold. docs/privacy.md makes this promise and tests check it."""

from __future__ import annotations

from enum import StrEnum


class Promise(StrEnum):
    """The classes of columns."""

    PASSED = "as it was"
    """Copied from the operator's own files: ids, times, counts, names of models and plans.

    It holds whatever those files hold.
    """
    KEYED = "keyed"
    """A 64-bit key: equal values have equal keys, and nothing else can be found out without the secret."""
    MEASURED = "measured"
    """A measure of text that holds none of it: lengths, language, what is asked for, and the semantic sketch.

    The sketch is keyed, but similar texts have near sketches.
    """
    MARKED = "key or number"
    """The key of a mark, or the number itself where the mark is a number (of a network, an hour)."""
    COUNTED = "counted"
    """Counts, times, scores and numbers that the search made from rows."""
    DIGEST = "digest"
    """The digest of keys, as a name; it shows only whether two are the same."""
    SHOWN = "label"
    """Text that is meant to be shown: an address, a client, an organisation; from table labels."""
    WORDED = "our own words"
    """Names of facets and verdicts, codes and sentences of this project.

    They may hold counts and names of models.
    """
    SHARED = "shared words"
    """Words that at least `sketch.template_accounts` accounts have in common.

    Null where `sketch.template_text` forbids them.
    """


P = Promise
PROMISES: dict[str, dict[Promise, str]] = {
    "exchanges": {
        P.PASSED: "request_id time model status input_tokens output_tokens reasoning_tokens "
        "cached_tokens cache_written_tokens spend duration_ms asn network_class region",
        P.KEYED: "request account address subnet client stainless ja4 parameters end_user device "
        "conversation prompt head tail system tools output_format prefix continues leaves signatures "
        "signed offers shingles bands",
        P.MEASURED: "has_text words places semantic language script prompt_chars answer_chars turns flags "
        "harvest refused reasoning_share",
    },
    "accounts": {
        P.PASSED: "account_id created plan verification region banned banned_unknown limit_requests_minute "
        "limit_requests_day limit_tokens_minute limit_tokens_day",
        P.KEYED: "account payment email_domain mail_root email_shape phone_prefix organisation",
        P.COUNTED: "email_public",
    },
    "labels": {P.KEYED: "key", P.WORDED: "kind", P.SHOWN: "label"},
    "traces": {P.KEYED: "account", P.MARKED: "key value", P.WORDED: "facet", P.COUNTED: "first last n"},
    "permits": {P.PASSED: "name accounts organisation models volume output_tokens starts expires"},
    "releases": {P.PASSED: "model time"},
    "blindness": {P.WORDED: "kind name reason", P.COUNTED: "share"},
    "quarantine": {P.PASSED: "file", P.COUNTED: "row", P.WORDED: "column reason"},
    "use": {P.PASSED: "file name detail", P.WORDED: "input what", P.COUNTED: "count of"},
    "groups": {P.COUNTED: "group accounts anchors", P.WORDED: "kind"},
    "members": {
        P.KEYED: "account",
        P.PASSED: "account_id",
        P.SHOWN: "owner",
        P.WORDED: "tier reason",
        P.COUNTED: "group nats formation p_value exchanges first last",
    },
    "bystanders": {
        P.KEYED: "account",
        P.PASSED: "account_id",
        P.SHOWN: "owner",
        P.WORDED: "tier reason",
        P.COUNTED: "group nats formation p_value exchanges first last",
    },
    "account_use": {
        P.KEYED: "account",
        P.PASSED: "models",
        P.COUNTED: "exchanges top_exchanges input_tokens output_tokens spend priced days",
    },
    "member_evidence": {P.KEYED: "account", P.WORDED: "facet", P.COUNTED: "group nats"},
    "member_adjustments": {P.KEYED: "account", P.WORDED: "kind family", P.COUNTED: "group nats"},
    "evidence": {
        P.SHOWN: "top",
        P.WORDED: "facet family role",
        P.COUNTED: "group nats accounts keys top_accounts top_elsewhere",
    },
    "links": {
        P.KEYED: "account",
        P.MARKED: "key",
        P.SHOWN: "label",
        P.WORDED: "facet family",
        P.COUNTED: "group n",
    },
    "scores": {P.WORDED: "signal axis values", P.COUNTED: "group score peers"},
    "intents": {P.WORDED: "label", P.COUNTED: "group texts flagged share low high corrected"},
    "account_intents": {
        P.KEYED: "account",
        P.WORDED: "label",
        P.COUNTED: "group texts flagged share low high corrected",
    },
    "campaigns": {
        P.DIGEST: "identity family",
        P.WORDED: "campaign kind verdict role role_why scale_why deception_why intent_why extracting null "
        "held_out permit_excess",
        P.PASSED: "permit",
        P.COUNTED: "group listed scale deception intent accounts named present near at_least exchanges "
        "input_tokens output_tokens first last log_e_value p_value",
    },
    "timeline": {P.COUNTED: "group time exchanges accounts"},
    "marks": {P.WORDED: "kind", P.SHOWN: "label", P.COUNTED: "time group accounts"},
    "templates": {
        P.KEYED: "key",
        P.WORDED: "part",
        P.SHARED: "words",
        P.COUNTED: "group accounts accounts_elsewhere exchanges share distinct_prompts length length_least "
        "length_most slots",
    },
    "watched": {P.COUNTED: "day until exchanges accounts tested level needed alarms"},
    "alarm_links": {
        P.DIGEST: "identity other_identity",
        P.WORDED: "alarm link other_alarm facets",
        P.COUNTED: "until keys key_share key_nats facet_keys",
    },
    "alarms": {
        P.DIGEST: "identity",
        P.WORDED: "alarm campaign kind verdict",
        P.COUNTED: "day until new accounts named present near at_least log_e_value exchanges "
        "exchanges_so_far",
    },
    "alarm_members": {
        P.KEYED: "account",
        P.PASSED: "account_id",
        P.WORDED: "alarm tier",
        P.COUNTED: "since",
    },
    "campaign_keys": {
        P.MARKED: "key",
        P.WORDED: "campaign facet",
        P.COUNTED: "group accounts strangers nats",
    },
    "campaign_links": {
        P.DIGEST: "identity other_identity",
        P.WORDED: "campaign link other_campaign earlier_digest facets",
        P.COUNTED: "group earlier_last accounts accounts_share more fewer keys key_share key_nats facet_keys",
    },
    "reviewed": {
        P.DIGEST: "identity judged_identity",
        P.WORDED: "campaign link label outcome changed verdict_then verdict new_families",
        P.PASSED: "by reason",
        P.COUNTED: "group at expires holds accounts_then accounts",
    },
    "reviewed_accounts": {
        P.KEYED: "account",
        P.PASSED: "account_id by reason",
        P.WORDED: "label",
        P.COUNTED: "at expires",
    },
    "shared_reports": {
        P.MARKED: "value",
        P.WORDED: "kind column tlp",
        P.PASSED: "report reporter origin epoch",
        P.COUNTED: "confidence weight confirmed false_positives disputed valid_until",
    },
    "shared": {
        P.KEYED: "account",
        P.WORDED: "kind",
        P.PASSED: "report reporter",
        P.COUNTED: "group weight carriers",
    },
    "shared_groups": {
        P.WORDED: "kind tlp",
        P.PASSED: "reporter origin",
        P.COUNTED: "group reports accounts of carriers confidence weight strength joint confirmed "
        "false_positives disputed review",
    },
    "template_keys": {P.KEYED: "template key", P.WORDED: "kind", P.COUNTED: "group share piece place"},
}
"""Columns of each stored table by their promise; a test checks that none is left out."""


def promise_of(table: str, column: str) -> Promise:
    """Return the promise of a column. Raises KeyError where none was made, which is a fault."""
    for promise, columns in PROMISES[table].items():
        if column in columns.split():
            return promise
    raise KeyError(f"BUG: no promise for column {column} of table {table}")
