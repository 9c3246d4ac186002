"""Names of the OpenTelemetry GenAI conventions, schema 1.42 before those up to 1.36.

They are kept here since the published constants are deprecated.
"""

from __future__ import annotations

OPERATION = "gen_ai.operation.name"
ASKS = frozenset({"chat", "text_completion", "generate_content", "completion", "responses"})
"""Operations that ask a model; agents, tools, retrieval and embeddings are skipped."""
PREFIX = "gen_ai."

MODEL = ("gen_ai.request.model", "gen_ai.response.model")
INPUT_TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
OUTPUT_TOKENS = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
REASONING_TOKENS = ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens")
INPUT = ("gen_ai.input.messages", "gen_ai.prompt")
OUTPUT = ("gen_ai.output.messages", "gen_ai.completion")
SYSTEM = ("gen_ai.system_instructions",)
TOOLS = ("gen_ai.tool.definitions", "gen_ai.request.tools")
CONVERSATION = ("gen_ai.conversation.id", "session.id")
REQUEST_ID = (
    "http.request.header.x-request-id",
    "http.request.header.x_request_id",
    "request.id",
    "request_id",
    "gen_ai.response.id",
)
OUTPUT_FORMAT = (
    "gen_ai.openai.request.response_format",
    "gen_ai.request.response_format",
    "gen_ai.output.type",
)

ACCOUNT = ("user.id", "user.hash", "enduser.id", "enduser.pseudo.id")
END_USER = ("enduser.id", "enduser.pseudo.id", "gen_ai.request.user", "gen_ai.openai.request.user")
ADDRESS = (
    "client.address",
    "http.request.header.x-forwarded-for",
    "http.request.header.x_forwarded_for",
    "http.client_ip",
    "network.peer.address",
    "net.sock.peer.addr",
    "net.peer.ip",
)
USER_AGENT = (
    "user_agent.original",
    "http.request.header.user-agent",
    "http.request.header.user_agent",
    "http.user_agent",
)
STATUS = ("http.response.status_code", "http.status_code")
JA4 = ("tls.client.ja4", "client.ja4")
REGION = ("client.geo.country_iso_code", "geo.country.iso_code")
ASN = ("client.as.number", "as.number")
HEADER = "http.request.header."

PARAMETERS = {
    "gen_ai.request.max_tokens": "max_tokens",
    "gen_ai.request.temperature": "temperature",
    "gen_ai.request.top_p": "top_p",
    "gen_ai.request.top_k": "top_k",
    "gen_ai.request.seed": "seed",
    "gen_ai.openai.request.seed": "seed",
    "gen_ai.request.stop_sequences": "stop",
    "gen_ai.request.frequency_penalty": "frequency_penalty",
    "gen_ai.request.presence_penalty": "presence_penalty",
    "gen_ai.request.choice.count": "n",
    "gen_ai.request.stream": "stream",
    "gen_ai.request.reasoning.effort": "reasoning_effort",
    "gen_ai.openai.request.service_tier": "service_tier",
    "openai.request.service_tier": "service_tier",
}
"""Attribute to the parameter's name in the API."""

DETAILS = "gen_ai.client.inference.operation.details"
"""The current event with the words."""
OLD_PROMPT = "gen_ai.content.prompt"
OLD_COMPLETION = "gen_ai.content.completion"
OLD_CHOICE = "gen_ai.choice"
OLD_MESSAGES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
"""Events with one message each, up to 1.36."""
OLD_CONTENT = "gen_ai.event.content"
"""Attribute of those events on spans, a JSON text."""
