"""The model of the tests beside, which also writes down what it is asked, headers and body, a line each.

Asked to think, it answers as vLLM does, with its reasoning beside the answer.

python recording_stub.py PORT FILE
"""

from __future__ import annotations

import io
import json
import sys
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "litellm_proxy"))

from stub import Stub

ASKED = Path(sys.argv[2])
FRAME = {"id": "chatcmpl-1", "created": 1_770_000_000, "model": "wren-1"}
USAGE = {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}


class RecordingStub(Stub):
    """Writes down, then answers."""

    def do_POST(self) -> None:  # noqa: N802
        """Answer."""
        raw = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(raw)
        with ASKED.open("a") as file:
            file.write(json.dumps({"path": self.path, "headers": headers, "body": body}) + "\n")
        if b"please think" in raw and self.path.endswith("/chat/completions"):
            self._think(stream=bool(body.get("stream")))
            return
        kept, self.rfile = self.rfile, io.BytesIO(raw)
        super().do_POST()
        self.rfile = kept

    def _think(self, *, stream: bool) -> None:
        parts: list[dict[str, Any]] = [
            {"role": "assistant", "reasoning_content": "secret thoughts"},
            {"reasoning_content": " and more of them"},
            {"content": "the answer"},
        ]
        if not stream:
            whole: Any = {
                "role": "assistant",
                "content": "the answer",
                "reasoning_content": "secret thoughts",
            }
            choice = {"index": 0, "message": whole, "finish_reason": "stop"}
            self._send(200, {**FRAME, "object": "chat.completion", "choices": [choice], "usage": USAGE})
            return
        frame: dict[str, Any] = {**FRAME, "object": "chat.completion.chunk"}
        choices: list[dict[str, Any]] = [{"index": 0, "delta": part, "finish_reason": None} for part in parts]
        choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
        lines = [{**frame, "choices": [choice]} for choice in choices] + [
            {**frame, "choices": [], "usage": USAGE}
        ]
        text = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
        self._reply(200, text.encode(), "text/event-stream")


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), RecordingStub).serve_forever()
