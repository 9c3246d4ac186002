"""Parts of a message's content as text: words, images, tool calls, refusals, transcripts."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.values import canonical, mapping_of

IMAGES = frozenset({"image", "image_url", "input_image", "image_file", "media"})
FILES = frozenset({"file", "input_file", "document", "input_audio", "audio", "video", "blob", "uri"})
TOOL_RESULTS = frozenset(
    {
        "tool_result",
        "function_call_output",
        "tool_call_response",
        "custom_tool_call_output",
        "computer_call_output",
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
        "mcp_tool_result",
        "web_search_tool_result",
        "code_execution_tool_result",
    }
)
TOOL_CALLS = frozenset(
    {
        "tool_use",
        "function_call",
        "tool_call",
        "custom_tool_call",
        "mcp_call",
        "mcp_tool_use",
        "server_tool_use",
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "computer_call",
        "local_shell_call",
        "shell_call",
        "apply_patch_call",
        "image_generation_call",
    }
)
THOUGHTS = frozenset({"thinking", "redacted_thinking", "reasoning"})
SILENT = frozenset({"mcp_list_tools", "mcp_approval_request", "item_reference", "compaction"})
"""Items that are neither words nor calls."""
ARGUMENTS = ("arguments", "input", "args", "action", "queries", "code", "parameters")


def text_of(content: Any) -> str:
    """Text of a message's content: parts joined by a line end, images as [image], without reasoning."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(part for part in map(_part, content) if part)
    if isinstance(content, dict):
        return _part(content)
    return ""


def is_result(part: Any) -> bool:
    """Return whether a part of a user's message is the result of a tool."""
    return isinstance(part, dict) and (
        str(part.get("type")) in TOOL_RESULTS or "functionResponse" in part or "toolResult" in part
    )


def result_of(part: dict[str, Any]) -> str:
    """Return the text of a tool's result."""
    given = mapping_of(part.get("functionResponse")).get("response")
    if given is not None:
        return canonical(given, "messages") or ""
    held = mapping_of(part.get("toolResult"))
    part = held or part
    found = next((part[name] for name in ("content", "response", "output") if name in part), None)
    if isinstance(found, dict) and not {"text", "content", "type"} & set(found):
        return canonical(found, "messages") or ""
    return text_of(found)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    kind = str(part["type"]) if part.get("type") is not None else None
    if type(part.get("text")) is str and kind in ("text", "input_text", "output_text"):
        return str(part["text"])
    kind = kind if isinstance(kind, str) else "text"
    if kind in THOUGHTS or part.get("thought") is True or "reasoningContent" in part or kind in SILENT:
        return ""
    if kind in TOOL_CALLS:
        return call_of(part)
    if kind == "refusal" and isinstance(part.get("refusal"), str):
        return str(part["refusal"])
    return _untyped(part) or _held(part, kind) or _words(part)


def _untyped(part: dict[str, Any]) -> str:
    """Return what a part of Gemini or Bedrock holds, whose name tells its kind."""
    for name in ("functionCall", "toolUse"):
        if name in part:
            return call_of(part[name])
    if "executableCode" in part:
        return f"[call code] {mapping_of(part['executableCode']).get('code', '')}".strip()
    if "codeExecutionResult" in part:
        found = mapping_of(part["codeExecutionResult"]).get("output")
        return found if isinstance(found, str) else ""
    for name in ("inlineData", "inline_data", "fileData", "file_data"):
        if isinstance(part.get(name), dict):
            given = part[name]
            return f"[{_medium(given.get('mimeType', given.get('mime_type')))}]"
    if isinstance(part.get("image"), dict) and "type" not in part:
        return "[image]"
    if isinstance(part.get("document"), dict) and "type" not in part:
        return "[document]"
    if "json" in part and "type" not in part:
        return canonical(part["json"], "messages") or ""
    return ""


def _held(part: dict[str, Any], kind: str) -> str:
    if kind in IMAGES or (kind in FILES and part.get("modality") == "image"):
        return "[image]"
    if kind not in FILES:
        return ""
    transcript = part.get("transcript") or mapping_of(part.get(kind)).get("transcript")
    if isinstance(transcript, str) and transcript:
        return transcript
    mime = part.get("mime_type") or part.get("media_type")
    return f"[{_medium(mime)}]" if isinstance(mime, str) else f"[{kind.removeprefix('input_')}]"


def _medium(mime: Any) -> str:
    kind = mime.partition("/")[0] if isinstance(mime, str) else ""
    return kind if kind in ("image", "audio", "video") else "file"


def _words(part: dict[str, Any]) -> str:
    words = part.get("text", part.get("content", part.get("response", "")))
    if isinstance(words, dict):
        words = words.get("value", "")
    return (
        words
        if isinstance(words, str)
        else "\n".join(p for p in words if isinstance(p, str))
        if isinstance(words, list)
        else ""
    )


def call_of(call: Any) -> str:
    """Return a tool call as one line: its name and its arguments."""
    if not isinstance(call, dict):
        return ""
    function = call.get("function")
    function = function if isinstance(function, dict) else call
    arguments = next((function[name] for name in ARGUMENTS if function.get(name) is not None), None)
    given = arguments if isinstance(arguments, str) else canonical(arguments, "messages") or ""
    name = function.get("name") or str(call.get("type", "")).removesuffix("_call")
    return f"[call {name}] {given}".strip()
