"""The metrics over HTTP, where a service has no HTTP of its own; for this machine only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stillwatch.errors import SettingError
from stillwatch.guard.metrics import KIND

HOST, PATH = "127.0.0.1", "/metrics"


@contextmanager
def metrics_page(port: int, page: Callable[[], bytes]) -> Iterator[None]:
    """Answer GET /metrics while the block runs. page: makes it. Raises SettingError for a port in use."""

    class Page(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            found = self.path.partition("?")[0] == PATH
            body = page() if found else b"there is only /metrics\n"
            self.send_response(200 if found else 404)
            self.send_header("content-type", KIND if found else "text/plain")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: a scrape is no news."""

    try:
        server = ThreadingHTTPServer((HOST, port), Page)
    except OSError as error:
        raise SettingError(
            f"the metrics cannot be served: {error.strerror}",
            where=f"{HOST}, port {port}",
            do="choose another envoy.metrics_port",
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="stillwatch-metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
