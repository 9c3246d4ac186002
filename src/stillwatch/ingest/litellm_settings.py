"""Settings of LiteLLM that add to its logs what they lack by default (LiteLLM 1.108, its own source)."""

from __future__ import annotations

from stillwatch.ingest.litellm import CUT_BY_LITELLM
from stillwatch.registry import LogSetting

WORDS = (
    *("has_text", "prompt", "head", "tail", "system", "tools", "output_format", "parameters"),
    *("shingles", "bands", "semantic", "language", "script", "flags", "harvest", "refused"),
    *("prefix", "continues", "leaves", "turns", "words", "prompt_chars", "answer_chars"),
)
"""Columns of exchanges that prompts, answers and what stands beside them in a request can fill."""
STORED = LogSetting(
    "store_prompts_in_spend_logs",
    "prompts and answers",
    "Set general_settings.store_prompts_in_spend_logs: true (off by default): LiteLLM then keeps the "
    "request, with its tools, parameters and headers, and the answer in the row. Leave "
    "litellm_settings.turn_off_message_logging off, as it is by default.",
    empty=("messages",),
    brings=(*WORDS, "stainless"),
)
NOT_TURNED_OFF = LogSetting(
    "turn_off_message_logging",
    "prompts and answers",
    "Leave litellm_settings.turn_off_message_logging off, as it is by default.",
    empty=("messages",),
    brings=WORDS,
)
LENGTH = LogSetting(
    "MAX_STRING_LENGTH_PROMPT_IN_DB",
    "the middles of long texts",
    "Raise the environment variable MAX_STRING_LENGTH_PROMPT_IN_DB (2048 characters by default) above the "
    "length of your prompts: templates and near-duplicates are compared on what is kept.",
    mended=CUT_BY_LITELLM,
)
AGENT = LogSetting(
    "disable_add_user_agent_to_request_tags",
    "user agents",
    "Export the columns metadata and request_tags, in which LiteLLM keeps the header. Leave "
    "litellm_settings.disable_add_user_agent_to_request_tags off, as it is by default; if you set "
    "general_settings.spend_logs_metadata_fields, let it keep user_agent.",
    empty=("user_agent",),
    brings=("client",),
)
PAYLOADS = LogSetting(
    "success_callback",
    "the headers of SDKs",
    'Read the payloads of a logger (litellm_settings.success_callback: ["s3_v2"]) in place of the table: '
    "they keep the client's x- headers.",
    empty=("stainless",),
    brings=("stainless",),
)
EDGE = LogSetting(
    "x-litellm-call-id",
    "TLS fingerprints and classes of networks",
    "No setting of LiteLLM adds them. An edge that computes JA4 can: let it log the response header "
    "x-litellm-call-id beside it, and give that log with --edge. Numbers and classes of networks may come "
    "from a file of networks (--networks) instead.",
    empty=("ja4",),
    brings=("ja4", "asn", "network_class"),
    unless="edge",
)
