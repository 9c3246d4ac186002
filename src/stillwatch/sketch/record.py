"""The sketch of one request as a record."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.schema.flags import Flag


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of one request and its answer, without words: columns of table `exchanges`.

    Keys are signed 64-bit numbers, comparable under one key and one version of the sketches. A field is None
    where the request does not have the thing.
    """

    request: int | None
    """Key of the request id."""
    account: int | None
    """Key of the account."""
    address: int | None
    """Key of the client's address; IPv6 by its /64."""
    subnet: int | None
    """Key of the /24 (IPv4) or /48 (IPv6)."""
    client: int | None
    """Key of the User-Agent."""
    stainless: int | None
    """Key of the x-stainless-* set."""
    ja4: int | None
    """Key of the JA4 fingerprint."""
    parameters: int | None
    """Key of the sampling parameters."""
    end_user: int | None
    """Key of the customer's own end-user id."""
    device: int | None
    """Key of the device id that the client asserts in a structured end-user id."""
    conversation: int | None
    """Key of the session or conversation id."""
    has_text: bool
    """Whether the request holds messages."""
    prompt: int | None
    """Key of the last user message, masked and folded; equal prompts have equal keys."""
    head: int | None
    """Key of its masked first words."""
    tail: int | None
    """Key of its masked last words."""
    system: int | None
    """Key of the system prompt."""
    tools: int | None
    """Key of the tool definitions."""
    output_format: int | None
    """Key of the output format asked for."""
    prefix: int | None
    """Key of the conversation's first user message and first answer; None before the second turn."""
    continues: int | None
    """Key of the conversation before the last user message; None in a first turn."""
    leaves: int | None
    """Key of the conversation with the last user message and the answer; None without an answer."""
    signatures: tuple[int, ...] | None
    """Keys of the reasoning signatures that the request sends back."""
    signed: tuple[int, ...] | None
    """Keys of the reasoning signatures that the answer carries."""
    offers: tuple[int, ...] | None
    """Keys of what the answer offers to be asked, comparable with `prompt`; None without an answer."""
    words: int | None
    """Masked words of the last user message."""
    shingles: tuple[int, ...] | None
    """Sampled fingerprints of the last user message, in their order in it."""
    places: tuple[int, ...] | None
    """The masked word at which each fingerprint begins, from 0."""
    bands: tuple[int, ...] | None
    """MinHash bands of the last user message: near-duplicates share one."""
    semantic: int | None
    """Signs of 64 random projections of its content words, as bits."""
    language: str | None
    """Language of the last user message, or its script if the language is not known."""
    script: str | None
    """Script of most of its words."""
    prompt_chars: int | None
    """Characters of all messages sent."""
    answer_chars: int | None
    """Characters of the answer."""
    turns: int | None
    """User messages in the request."""
    flags: Flag | None
    """What the prompt asks for."""
    harvest: int | None
    """Probability in thousandths, at even odds, that the prompt is made to harvest training data."""
    refused: bool | None
    """Whether the answer reads as a refusal."""
    reasoning_share: float | None
    """Share of the answer that is reasoning, 0 to 1."""
