"""A model on loopback that answers at once, and streams 20 pieces, each sent by itself.

python streaming_stub.py PORT
"""

from __future__ import annotations

import json
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FRAME = {"id": "chatcmpl-1", "created": 1_770_000_000, "model": "heron-1"}
USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
PIECES = 20


class Stub(BaseHTTPRequestHandler):
    """POST /chat/completions."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Send small pieces at once."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not body.get("stream"):
            message = {"role": "assistant", "content": "word " * PIECES}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            answer = {**FRAME, "object": "chat.completion", "choices": [choice], "usage": USAGE}
            self._head("application/json", json.dumps(answer).encode())
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for n in range(PIECES):
            self._piece(
                {"index": 0, "delta": {"role": "assistant", "content": f"word{n} "}, "finish_reason": None}
            )
        self._piece({"index": 0, "delta": {}, "finish_reason": "stop"})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _piece(self, choice: dict[str, Any]) -> None:
        line = {**FRAME, "object": "chat.completion.chunk", "choices": [choice]}
        self._chunk(b"data: " + json.dumps(line).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _head(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Stub).serve_forever()
