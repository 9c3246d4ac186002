"""A model on loopback that answers chat completions with what it was asked, in two chunks if streamed."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CALL: dict[str, Any] = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Oslo"}'},
}


def usage_of(asked: str) -> dict[str, Any]:
    """Counts that depend on the question, so that a mix-up shows."""
    return {
        "prompt_tokens": 100 + len(asked),
        "completion_tokens": 20,
        "total_tokens": 120 + len(asked),
        "prompt_tokens_details": {"cached_tokens": 64},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }


class Stub(BaseHTTPRequestHandler):
    """POST /chat/completions and /responses, which LiteLLM takes for Anthropic's clients."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.endswith("/responses"):
            self._respond(body)
            return
        asked = next(m["content"] for m in reversed(body["messages"]) if m["role"] == "user")
        asked = asked if isinstance(asked, str) else "".join(part.get("text", "") for part in asked)
        if "fail" in asked:
            self._send(429, {"error": {"message": "slow down", "type": "rate_limit_error", "code": "429"}})
            return
        message: dict[str, Any] = {"role": "assistant", "content": f"you asked: {asked}"}
        if body.get("tools"):
            message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
        reason = "tool_calls" if body.get("tools") else "stop"
        frame = {
            "id": f"chatcmpl-{abs(hash(asked)) % 10**9}",
            "created": 1_770_000_000,
            "model": body["model"],
        }
        if not body.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": reason}
            self._send(
                200, {**frame, "object": "chat.completion", "choices": [choice], "usage": usage_of(asked)}
            )
            return
        self._stream(frame, message, reason, usage_of(asked))

    def _respond(self, body: dict[str, Any]) -> None:
        """Answer in the words of the Responses API."""
        content = body["input"] if isinstance(body["input"], str) else body["input"][-1]["content"]
        asked = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        item: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
        item["content"] = [{"type": "output_text", "text": f"you asked: {asked}", "annotations": []}]
        if body.get("tools"):
            named = {"name": "weather", "arguments": CALL["function"]["arguments"]}
            item = {
                "id": "fc_1",
                "type": "function_call",
                "status": "completed",
                "call_id": "call_1",
                **named,
            }
        counts = usage_of(asked)
        usage = {
            "input_tokens": counts["prompt_tokens"],
            "input_tokens_details": counts["prompt_tokens_details"],
            "output_tokens": counts["completion_tokens"],
            "output_tokens_details": counts["completion_tokens_details"],
            "total_tokens": counts["total_tokens"],
        }
        done: dict[str, Any] = {
            "id": f"resp_{abs(hash(asked)) % 10**9}",
            "object": "response",
            "created_at": 1_770_000_000,
            "status": "completed",
            "model": body["model"],
            "output": [item],
            "usage": usage,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": body.get("tools") or [],
        }
        if not body.get("stream"):
            self._send(200, done)
            return
        began = {**done, "status": "in_progress", "output": [], "usage": None}
        at: dict[str, Any] = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": began},
            {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
            {"type": "response.output_text.delta", **at, "delta": "you asked: "},
            {"type": "response.output_text.delta", **at, "delta": asked},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": done},
        ]
        told = [{**event, "sequence_number": number} for number, event in enumerate(events)]
        text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in told)
        self._reply(200, text.encode(), "text/event-stream")

    def _stream(
        self, frame: dict[str, Any], message: dict[str, Any], reason: str, usage: dict[str, Any]
    ) -> None:
        deltas: list[dict[str, Any]] = []
        if message["content"]:
            half = len(message["content"]) // 2
            deltas = [
                {"role": "assistant", "content": message["content"][:half]},
                {"content": message["content"][half:]},
            ]
        else:
            call: dict[str, Any] = {
                "index": 0,
                **CALL,
                "function": {"name": "weather", "arguments": '{"city": '},
            }
            rest: dict[str, Any] = {"index": 0, "function": {"arguments": '"Oslo"}'}}
            deltas = [{"role": "assistant", "tool_calls": [call]}, {"tool_calls": [rest]}]
        chunks: list[dict[str, Any]] = [
            {"index": 0, "delta": delta, "finish_reason": None} for delta in deltas
        ]
        chunks.append({"index": 0, "delta": {}, "finish_reason": reason})
        frame["object"] = "chat.completion.chunk"
        lines = [{**frame, "choices": [choice]} for choice in chunks] + [
            {**frame, "choices": [], "usage": usage}
        ]
        text = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
        self._reply(200, text.encode(), "text/event-stream")

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        self._reply(status, json.dumps(answer).encode(), "application/json")

    def _reply(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Stub).serve_forever()
