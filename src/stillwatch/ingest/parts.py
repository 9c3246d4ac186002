"""Parts of a message's content as text: words, images, tool calls, refusals, transcripts."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.values import canonical, first, mapping_of

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
        "tool-result",
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
        "tool-call",
        "tool-invocation",
        "dynamic-tool",
    }
)
THOUGHTS = frozenset({"thinking", "redacted_thinking", "reasoning"})
SILENT = frozenset({"mcp_list_tools", "mcp_approval_request", "item_reference", "compaction"})
"""Items that are neither words nor calls."""
ARGUMENTS = ("arguments", "input", "args", "action", "queries", "code", "parameters")
RESPONSES = ("functionResponse", "function_response", "toolResult")
"""Names of a tool's result on parts without a kind: Gemini, its Python client, Bedrock."""
RESULTS = ("content", "response", "output", "result")
"""Names of what a result holds."""


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
    """Return whether a part of a message is the result of a tool."""
    if not isinstance(part, dict):
        return False
    kind = part.get("type")
    if isinstance(kind, str):
        return kind in TOOL_RESULTS or kind.endswith("_tool_result")
    return any(isinstance(part.get(name), dict) for name in RESPONSES)


def is_call(kind: str | None) -> bool:
    """Return whether a part of a kind is a tool's call. Vercel's kinds hold the tool's name."""
    return kind is not None and (kind in TOOL_CALLS or (kind[:5] == "tool-" and kind != "tool-result"))


def result_of(part: dict[str, Any]) -> str:
    """Return the text of a tool's result."""
    given = mapping_of(first(part, *RESPONSES[:2])).get("response")
    if given is not None:
        return canonical(given, "messages") or ""
    part = mapping_of(part.get("toolResult")) or part
    found = next((part[name] for name in RESULTS if part.get(name) is not None), None)
    if isinstance(found, dict):
        if "value" in found and "type" in found:  # Vercel's {"type": "json", "value": …}
            found = found["value"]
        elif isinstance(found.get("stdout"), str):
            return "\n".join(filter(None, (found["stdout"], str(found.get("stderr") or ""))))
    if isinstance(found, dict) and not {"text", "content", "type"} & set(found):
        return canonical(found, "messages") or ""
    return text_of(found)


def outcome_of(part: Any) -> str | None:
    """Return the result that stands on a call itself, as on Vercel's pages; None if none does."""
    if not isinstance(part, dict) or not is_call(kind := str(part.get("type"))) or "-" not in kind:
        return None
    held = mapping_of(part.get("toolInvocation")) or part
    return result_of(held) if any(held.get(name) is not None for name in ("output", "result")) else None


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
    if is_call(kind):
        return call_of(part)
    if is_result(part):
        return ""
    if kind == "refusal" and isinstance(part.get("refusal"), str):
        return str(part["refusal"])
    return _untyped(part) or _held(part, kind) or _words(part)


def _untyped(part: dict[str, Any]) -> str:
    """Return what a part of Gemini or Bedrock holds, whose name tells its kind."""
    for name in ("functionCall", "toolUse", "function_call"):
        if isinstance(part.get(name), dict):
            return call_of(part[name])
    for name in ("executableCode", "executable_code"):
        if isinstance(part.get(name), dict):
            return f"[call code] {part[name].get('code', '')}".strip()
    for name in ("codeExecutionResult", "code_execution_result"):
        if isinstance(part.get(name), dict):
            found = part[name].get("output")
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
    found = mapping_of(part.get(kind)).get("data") if kind == "document" else None
    if found is not None:  # what a tool found, in Cohere's words
        return found if isinstance(found, str) else canonical(found, "messages") or ""
    mime = first(part, "mime_type", "media_type", "mediaType", "mimeType")
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
    function = next((call[n] for n in ("function", "toolInvocation") if isinstance(call.get(n), dict)), call)
    arguments = next((function[name] for name in ARGUMENTS if function.get(name) is not None), None)
    given = arguments if isinstance(arguments, str) else canonical(arguments, "messages") or ""
    name = function.get("name") or function.get("toolName")
    name = name or str(call.get("type", "")).removesuffix("_call").removeprefix("tool-")
    return f"[call {name}] {given}".strip()
