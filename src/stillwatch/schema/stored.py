"""Tables that a run folder holds from ingest to linkage. None holds a person's words."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import KEY, TIME, Column, Contract

SKETCH_VERSION = 4
"""Version of all sketches together. Sketches of two versions, or under two keys, must not be compared."""

EXCHANGES = Contract(
    "exchanges",
    "One request and its response: who, when, from where, and the sketch of what was asked, without words.",
    (
        Column("request", KEY, "Key of the request id.", required=True),
        Column(
            "request_id",
            pa.string(),
            "The provider's own id, to find the row in the provider's log.",
            required=True,
        ),
        Column("account", KEY, "Key of the account.", required=True),
        Column("time", TIME, "When the request began.", required=True),
        Column("model", pa.string(), "The model asked for."),
        Column("status", pa.int16(), "HTTP status of the answer."),
        Column("input_tokens", pa.int32(), "Tokens read, cached ones included."),
        Column("output_tokens", pa.int32(), "Tokens written, reasoning included."),
        Column("reasoning_tokens", pa.int32(), "Tokens of reasoning."),
        Column("cached_tokens", pa.int32(), "Input tokens that came from the provider's cache."),
        Column("cache_written_tokens", pa.int32(), "Input tokens that were written to the provider's cache."),
        Column("spend", pa.int64(), "What the request cost, as the log says it, in micro-dollars (USD)."),
        Column("duration_ms", pa.int32(), "Milliseconds from request to the end of the answer."),
        Column("address", KEY, "Key of the client's address; IPv6 by its /64."),
        Column("subnet", KEY, "Key of the /24 (IPv4) or /48 (IPv6)."),
        Column("asn", pa.int64(), "Number of the network."),
        Column("network_class", pa.string(), "Class of the network, from the operator's own file."),
        Column("region", pa.string(), "Region of the network; used for strata only."),
        Column("client", KEY, "Key of the User-Agent."),
        Column("stainless", KEY, "Key of the x-stainless-* set."),
        Column("ja4", KEY, "Key of the JA4 fingerprint."),
        Column("parameters", KEY, "Key of the sampling parameters."),
        Column("end_user", KEY, "Key of the customer's own end-user id."),
        Column("device", KEY, "Key of the device id that the client asserts in a structured end-user id."),
        Column("conversation", KEY, "Key of the session or conversation id."),
        Column("has_text", pa.bool_(), "Whether the log held the prompt.", required=True),
        Column("prompt", KEY, "Key of the last user message, masked and folded: equal prompts, equal keys."),
        Column("head", KEY, "Key of the masked first words of the last user message."),
        Column("tail", KEY, "Key of the masked last words of the last user message."),
        Column("system", KEY, "Key of the system prompt."),
        Column("tools", KEY, "Key of the tool definitions."),
        Column("output_format", KEY, "Key of the output format asked for."),
        Column(
            "prefix",
            KEY,
            "Key of the conversation's first user message and first answer; null before the second turn.",
        ),
        Column(
            "continues",
            KEY,
            "Key of the conversation before the last user message, without the system prompt; null in a "
            "first turn.",
        ),
        Column(
            "leaves",
            KEY,
            "Key of the conversation with the last user message and the answer; a next turn continues it.",
        ),
        Column("signatures", pa.list_(KEY), "Keys of the reasoning signatures that the request sends back."),
        Column("signed", pa.list_(KEY), "Keys of the reasoning signatures that the answer carries."),
        Column(
            "offers",
            pa.list_(KEY),
            "Keys of what the answer offers to be asked, made as those of prompts: the whole answer and its "
            "lines; empty where it offers nothing, null where the log held no answer.",
        ),
        Column("words", pa.int32(), "Masked words of the last user message."),
        Column(
            "shingles",
            pa.list_(KEY),
            "Sampled fingerprints of the last user message, in their order in it.",
        ),
        Column("places", pa.list_(pa.int32()), "The masked word at which each fingerprint begins, from 0."),
        Column("bands", pa.list_(KEY), "MinHash bands of the last user message: near-duplicates share one."),
        Column(
            "semantic",
            KEY,
            "Semantic sketch of the last user message: the signs of 64 random projections of its hashed "
            "n-grams.",
        ),
        Column(
            "language",
            pa.string(),
            "Language of the last user message, or its script if the language is not known.",
        ),
        Column("script", pa.string(), "Script of most of its words."),
        Column("prompt_chars", pa.int32(), "Characters of all messages sent."),
        Column("answer_chars", pa.int32(), "Characters of the answer."),
        Column("turns", pa.int16(), "User messages in the request."),
        Column("flags", pa.int32(), "What the prompt asks for: bits of schema.flags."),
        Column(
            "harvest",
            pa.int16(),
            "The intent model's probability in thousandths, at even odds, that the prompt is made to "
            "harvest training data.",
        ),
        Column("refused", pa.bool_(), "Whether the answer reads as a refusal."),
        Column(
            "reasoning_share",
            pa.float32(),
            "Share of the answer that is reasoning: inside thinking tags, or else by its tokens.",
        ),
    ),
)

ACCOUNTS = Contract(
    "accounts",
    "One account seen in the log or in the accounts file.",
    (
        Column("account", KEY, "Key of the account id.", required=True),
        Column(
            "account_id", pa.string(), "The id to show: the provider's own, or its pseudonym.", required=True
        ),
        Column("created", TIME, "When it was registered."),
        Column("plan", pa.string(), "Plan or tier."),
        Column("verification", pa.string(), "How its owner was verified."),
        Column("payment", KEY, "Key of the payment instrument."),
        Column("email_domain", KEY, "Key of the mail domain."),
        Column(
            "mail_root",
            KEY,
            "Key of the registrable domain above the mail domain; null where that is open to anyone.",
        ),
        Column("email_public", pa.bool_(), "Whether the mail domain is open to anyone."),
        Column("email_shape", KEY, "Key of the shape of the mail address's local part."),
        Column("phone_prefix", KEY, "Key of the phone prefix."),
        Column("organisation", KEY, "Key of the declared organisation."),
        Column("region", pa.string(), "Region declared or billed; used for strata only."),
        Column("banned", TIME, "When it was banned."),
        Column("banned_unknown", pa.bool_(), "Whether it was banned at a time that is not known."),
        Column("limit_requests_minute", pa.int64(), "Requests a minute that its plan allows."),
        Column("limit_requests_day", pa.int64(), "Requests a day that its plan allows."),
        Column("limit_tokens_minute", pa.int64(), "Tokens a minute that its plan allows."),
        Column("limit_tokens_day", pa.int64(), "Tokens a day that its plan allows."),
    ),
)

LABELS = Contract(
    "labels",
    "The text that may be shown for a key.",
    (
        Column("key", KEY, "The key, as exchanges and accounts carry it.", required=True),
        Column(
            "kind", pa.string(), "The column it belongs to: address, client, organisation …", required=True
        ),
        Column("label", pa.string(), "What to show an analyst; never a person's words.", required=True),
    ),
)

TRACES = Contract(
    "traces",
    "One account carrying one key of one facet.",
    (
        Column("account", KEY, "The account.", required=True),
        Column("key", KEY, "The trace key: the facet's salt and the value's key.", required=True),
        Column("facet", pa.string(), "The facet.", required=True),
        Column("value", KEY, "The value's own key or number, to look up in labels.", required=True),
        Column("first", TIME, "First seen."),
        Column("last", TIME, "Last seen."),
        Column("n", pa.int64(), "Exchanges that left it.", required=True),
    ),
)

PERMITS = Contract(
    "permits",
    "One permit that the search used.",
    (
        Column("name", pa.string(), "Its name in lists.", required=True),
        Column(
            "accounts",
            pa.list_(pa.string()),
            "The accounts of the run that it names, by the id to show.",
            required=True,
        ),
        Column("organisation", pa.string(), "Organisation that it names; empty if none.", required=True),
        Column("models", pa.list_(pa.string()), "Models that it covers; empty: all.", required=True),
        Column("volume", pa.int64(), "Exchanges that it covers; null: any number."),
        Column("output_tokens", pa.int64(), "Output tokens that it covers; null: any number."),
        Column("starts", TIME, "When it begins."),
        Column("expires", TIME, "When it ends.", required=True),
    ),
)

RELEASES = Contract(
    "releases",
    "One model release that the search used: given by the operator, or first seen in the log.",
    (
        Column("model", pa.string(), "The model.", required=True),
        Column("time", TIME, "When it was released.", required=True),
    ),
)

BLINDNESS = Contract(
    "blindness",
    "One facet, signal or stage that could not see, and why.",
    (
        Column("kind", pa.string(), "facet, signal or stage.", required=True),
        Column("name", pa.string(), "Its name.", required=True),
        Column("reason", pa.string(), "What was missing.", required=True),
        Column("share", pa.float64(), "Share of the rows in which it was missing.", required=True),
    ),
)
