"""Names of attributes in traces: one table for all vocabularies that write calls of models into spans.

Of the GenAI conventions both schema 1.42 and those up to 1.36; OpenInference (Arize, Phoenix); the AI SDK of
Vercel; OpenLLMetry (Traceloop); Langfuse; LangSmith; Logfire and Pydantic AI; MLflow; LiteLLM. In each list
the first name that holds a value counts. They are kept here since the published constants are deprecated.
"""

from __future__ import annotations

OPERATION = "gen_ai.operation.name"
ASKS = frozenset(
    {"chat", "text_completion", "generate_content", "completion", "responses", "messages", "generate"}
)
"""Operations that ask a model; agents, tools, retrieval and embeddings are stepped over."""
PREFIX = "gen_ai."

MODEL = (
    "gen_ai.request.model",
    "gen_ai.response.model",
    "llm.model_name",
    "llm.request.model",
    "llm.response.model",
    "ai.model.id",
    "ai.response.model",
    "langfuse.observation.model.name",
    "langfuse.observation.model",
    "mlflow.llm.model",
    "model_name",
)
INPUT_TOKENS = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
)
OUTPUT_TOKENS = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
)
REASONING_TOKENS = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.details.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
    "llm.usage.reasoning_tokens",
    "ai.usage.outputTokenDetails.reasoningTokens",
    "ai.usage.reasoningTokens",
)
CACHED_TOKENS = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
    "llm.usage.cache_read_input_tokens",
    "ai.usage.inputTokenDetails.cacheReadTokens",
    "ai.usage.cachedInputTokens",
)
WRITTEN_TOKENS = (
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write",
    "llm.usage.cache_creation_input_tokens",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
)
SPEND = ("gen_ai.usage.cost", "gen_ai.cost.total_cost", "gen_ai.usage.total_cost", "llm.cost.total")
"""What a call cost, in US dollars: OpenLIT and OpenRouter, LiteLLM, Sentry, OpenInference."""
USAGE = ("langfuse.observation.usage_details", "mlflow.chat.tokenUsage")
"""All counts of a call in one JSON text."""

INPUT = ("gen_ai.input.messages", "gen_ai.prompt")
OUTPUT = ("gen_ai.output.messages", "gen_ai.completion")
SYSTEM = ("gen_ai.system_instructions",)
TOOLS = ("gen_ai.tool.definitions", "gen_ai.request.tools", "mlflow.chat.tools")
CONVERSATION = (
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.thread_id",
    "traceloop.association.properties.chat_id",
    "ai.telemetry.metadata.sessionId",
    "ai.telemetry.metadata.session_id",
    "ai.telemetry.metadata.thread_id",
    "langsmith.metadata.session_id",
    "langsmith.metadata.thread_id",
    "langsmith.trace.session_id",
    "mlflow.trace.session",
)
RESPONSE_ID = ("gen_ai.response.id", "ai.response.id")
OUTPUT_FORMAT = (
    "gen_ai.openai.request.response_format",
    "gen_ai.request.response_format",
    "gen_ai.output.type",
)

OWNER = (
    "user.id",
    "user.hash",
    "langfuse.user.id",
    "traceloop.association.properties.user_id",
    "traceloop.association.properties.userId",
    "ai.telemetry.metadata.userId",
    "ai.telemetry.metadata.user_id",
    "langsmith.metadata.user_id",
    "langsmith.metadata.userId",
    "langfuse.observation.metadata.langfuse_user_id",
    "langfuse.trace.metadata.langfuse_user_id",
    "mlflow.trace.user",
    "metadata.user_api_key_user_id",
    "litellm.metadata.user_api_key_user_id",
    "metadata.user_api_key_hash",
    "litellm.metadata.user_api_key_hash",
    "user_id",
    "userId",
    "account_id",
    "account.id",
    "tenant.id",
)
"""Who made the call; beside one of them `enduser` is whom it was made for."""
ENDUSER = ("enduser.id", "enduser.pseudo.id")
ACCOUNT = (*OWNER, *ENDUSER)
IN_METADATA = ("metadata.user_id", "metadata.userId", "langfuse.trace.metadata.user_id")
"""Accounts inside an attribute that is an object."""
END_USER = (
    *ENDUSER,
    "metadata.user_api_key_end_user_id",
    "litellm.metadata.user_api_key_end_user_id",
    "gen_ai.request.user",
    "gen_ai.openai.request.user",
    "llm.user",
)
NAMED_ADDRESS = (
    "client.address",
    "http.client_ip",
    "metadata.requester_ip_address",
    "litellm.metadata.requester_ip_address",
)
FORWARDED = ("http.request.header.x-forwarded-for", "http.request.header.x_forwarded_for")
PEER = ("network.peer.address", "net.sock.peer.addr", "net.peer.ip")
"""The other end of the connection; of a span that itself calls, it is the server that was called."""
ADDRESS = (*NAMED_ADDRESS, *FORWARDED, *PEER)
USER_AGENT = (
    "user_agent.original",
    "http.request.header.user-agent",
    "http.request.header.user_agent",
    "http.user_agent",
    "metadata.user_agent",
    "litellm.metadata.user_agent",
)
STATUS = ("http.response.status_code", "http.status_code")
JA4 = ("tls.client.ja4", "client.ja4")
REGION = ("client.geo.country_iso_code", "geo.country.iso_code")
ASN = ("client.as.number", "as.number")
HEADER = "http.request.header."
STAINLESS = HEADER + "x-stainless"
HELD = frozenset((*ACCOUNT, *END_USER, *CONVERSATION, *NAMED_ADDRESS, "metadata"))
"""Attributes about the client that a call takes over from any span around it."""
CLIENT = HELD | frozenset((*ADDRESS, *USER_AGENT, *STATUS, *JA4, *REGION, *ASN))
"""Attributes about the client that it takes over from spans that are no calls to other servers."""

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
    "llm.is_streaming": "stream",
    "llm.top_k": "top_k",
    "llm.frequency_penalty": "frequency_penalty",
    "llm.presence_penalty": "presence_penalty",
    "llm.chat.stop_sequences": "stop",
    "ai.settings.maxTokens": "max_tokens",
    "ai.settings.maxOutputTokens": "max_tokens",
    "ai.settings.temperature": "temperature",
    "ai.settings.topP": "top_p",
    "ai.settings.topK": "top_k",
    "ai.settings.seed": "seed",
    "ai.settings.stopSequences": "stop",
    "ai.settings.frequencyPenalty": "frequency_penalty",
    "ai.settings.presencePenalty": "presence_penalty",
}
"""Attribute to the parameter's name in the API."""
INVOCATION = (
    "llm.invocation_parameters",
    "langfuse.observation.model.parameters",
    "langfuse.observation.model_parameters",
    "model_request_parameters",
)
"""Parameters in one JSON text."""

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

NESTED_PROMPTS = ("gen_ai.prompt", "llm.input_messages", "llm.prompts")
NESTED_ANSWERS = ("gen_ai.completion", "llm.output_messages", "llm.completions")
"""Heads of names that spread a list over many attributes: `gen_ai.prompt.0.role` …"""
BODIES = (
    "langfuse.observation.input",
    "request_data",
    "mlflow.spanInputs",
    "gcp.vertex.agent.llm_request",
    "input.value",
    "input",
)
"""Attributes that hold the body of the request, or the prompt alone."""
REPLIES = (
    "langfuse.observation.output",
    "response_data",
    "mlflow.spanOutputs",
    "gcp.vertex.agent.llm_response",
    "output.value",
    "output",
)
"""Attributes that hold the body of the response, or the answer alone; each beside its request."""
HISTORIES = ("pydantic_ai.all_messages", "all_messages_events")
"""A whole run of an agent on the span around its calls."""
