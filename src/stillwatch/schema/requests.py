"""Tables that pass between ingest and sketch. They hold text and are in memory only."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import TIME, Column, Contract

MESSAGE = pa.struct([("role", pa.string()), ("text", pa.string())])
"""One message of a conversation; `role` is system, user, assistant or tool."""

REQUESTS = Contract(
    "requests",
    "One request and its response as the log had it, with its words; never written to disk.",
    (
        Column("request_id", pa.string(), "The provider's id of the request.", required=True),
        Column(
            "account_id",
            pa.string(),
            "What the provider bills or bans; a pseudonym when a key file was given.",
            required=True,
        ),
        Column("time", TIME, "When the request began, UTC.", required=True),
        Column("model", pa.string(), "The model asked for."),
        Column("status", pa.int16(), "HTTP status of the answer."),
        Column("input_tokens", pa.int32(), "Tokens read, cached ones included."),
        Column("output_tokens", pa.int32(), "Tokens written, reasoning included."),
        Column("reasoning_tokens", pa.int32(), "Tokens of reasoning."),
        Column("cached_tokens", pa.int32(), "Input tokens that came from the provider's cache."),
        Column("cache_written_tokens", pa.int32(), "Input tokens that were written to the provider's cache."),
        Column("spend", pa.int64(), "What the request cost, as the log says it, in micro-dollars (USD)."),
        Column("duration_ms", pa.int32(), "Milliseconds from request to the end of the answer."),
        Column("address", pa.string(), "The client's address, proxies of the provider removed."),
        Column("asn", pa.int64(), "Number of the network the address belongs to."),
        Column(
            "network_class",
            pa.string(),
            "hosting, vpn, residential, mobile, education … as the operator's own file says.",
        ),
        Column(
            "region",
            pa.string(),
            "Country or region of the network; only narrows which accounts an account is compared with.",
        ),
        Column("user_agent", pa.string(), "User-Agent header."),
        Column(
            "stainless",
            pa.string(),
            "The x-stainless-* headers, canonical: sorted name=value pairs, joined by a space.",
        ),
        Column("ja4", pa.string(), "JA4 TLS client fingerprint, as the edge computed it."),
        Column(
            "parameters",
            pa.string(),
            "Sampling parameters, canonical: sorted name=value pairs, joined by a space.",
        ),
        Column("end_user", pa.string(), "The customer's own id of its end user, where it passes one on."),
        Column(
            "device",
            pa.string(),
            "Id of the device, as the client wrote it into a structured end-user id.",
        ),
        Column("conversation", pa.string(), "Id of the session or conversation."),
        Column(
            "messages",
            pa.list_(MESSAGE),
            "The messages sent, system prompt first; null where the log holds no text.",
        ),
        Column("tools", pa.string(), "Tool definitions, canonical JSON with sorted keys."),
        Column("output_format", pa.string(), "Response format or output schema asked for, canonical JSON."),
        Column("answer", pa.string(), "The answer's text."),
        Column(
            "signatures",
            pa.list_(pa.string()),
            "Reasoning signatures sent back in the request: signed thinking blocks, encrypted reasoning "
            "items.",
        ),
        Column("signed", pa.list_(pa.string()), "Reasoning signatures that the answer carries."),
        Column(
            "reasoning_chars",
            pa.int32(),
            "Characters of reasoning text that came with the answer; often a summary of the reasoning.",
        ),
    ),
    text=True,
)

EDGE = Contract(
    "edge",
    "One request as the edge (load balancer, CDN) saw it; joined on the request id, never written to disk.",
    (
        Column("request_id", pa.string(), "The id that the provider's log carries too.", required=True),
        Column("address", pa.string(), "The client's address, proxies of the provider removed."),
        Column("asn", pa.int64(), "Number of the network the address belongs to."),
        Column("network_class", pa.string(), "hosting, vpn, residential, mobile, education …"),
        Column("region", pa.string(), "Country or region of the network."),
        Column("user_agent", pa.string(), "User-Agent header."),
        Column("stainless", pa.string(), "The x-stainless-* headers, canonical."),
        Column("ja4", pa.string(), "JA4 TLS client fingerprint."),
        Column("outside", pa.bool_(), "Whether the address is a client's: public, and no trusted proxy."),
        Column("seen", TIME, "When the edge saw the request, if it says so."),
        Column("place", pa.int64(), "The row in the file, from 1."),
        Column("id_rank", pa.int32(), "Which of the row's ids this is: 0 for the best."),
        Column("id_column", pa.string(), "The column of the file that the id comes from."),
    ),
    text=True,
)

ACCOUNT_ROWS = Contract(
    "account_rows",
    "One account as the operator's accounts file had it; never written to disk.",
    (
        Column(
            "account_id",
            pa.string(),
            "The id that the log carries; a pseudonym when a key file was given.",
            required=True,
        ),
        Column("created", TIME, "When the account was registered."),
        Column("plan", pa.string(), "Plan or tier."),
        Column(
            "verification",
            pa.string(),
            "How the owner was verified: none, email, phone, card, id, organisation.",
        ),
        Column("payment", pa.string(), "Hashed payment instrument."),
        Column("email_domain", pa.string(), "Domain of the mail address."),
        Column(
            "email_shape",
            pa.string(),
            "Shape of the local part: letters a, digits 9, others as they are, runs with their length.",
        ),
        Column("phone_prefix", pa.string(), "Country and carrier prefix of the phone number."),
        Column("organisation", pa.string(), "Organisation that the account declares."),
        Column("region", pa.string(), "Country or region declared or billed."),
        Column("banned", TIME, "When the account was banned, if it was."),
        Column("banned_unknown", pa.bool_(), "Whether it was banned at a time that is not known."),
        Column("limit_requests_minute", pa.int64(), "Requests a minute that its plan allows."),
        Column("limit_requests_day", pa.int64(), "Requests a day that its plan allows."),
        Column("limit_tokens_minute", pa.int64(), "Tokens a minute that its plan allows."),
        Column("limit_tokens_day", pa.int64(), "Tokens a day that its plan allows."),
    ),
    text=True,
)

QUARANTINE = Contract(
    "quarantine",
    "One row of a log that could not be read, without its words.",
    (
        Column("file", pa.string(), "The file's name.", required=True),
        Column("row", pa.int64(), "Its row or line, from 1; 0 for the whole file.", required=True),
        Column("column", pa.string(), "The field at fault; empty if the whole row is at fault."),
        Column("reason", pa.string(), "Why, in words that show nothing of the row's text.", required=True),
    ),
)
