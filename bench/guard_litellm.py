"""What does the guard cost inside LiteLLM's proxy?

python bench/guard_litellm.py [--quick] [--requests 400] [--accounts 100000] [--json FILE]

Two real proxies stand before one stub model, one with the guard and one without; every request goes to both,
in an order drawn for each pair, so that a busy machine slows down both alike. Each figure is the median with
the guard over the median without. Beside it stands the noise: the same ratio between two halves of the
requests without. Customers are one that nobody knows, and one in a campaign whose budget is asked each time.
Needs `make litellm`; without it nothing is measured, and that is said. Nothing is promised here, so the exit
code is 0.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from study.loopback import free_port, wait_for_proxy

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv-litellm" / "bin"
HERE = Path(__file__).parent / "guarded_proxy"
MISSING = "no .venv-litellm: run `make litellm`"
KINDS = (("nobody", False), ("nobody", True), ("slowed", False), ("slowed", True))
"""Customer, and whether the answer is streamed: then the time is that of the first token."""
GUARDRAIL = {
    "guardrail_name": "policy",
    "litellm_params": {
        "guardrail": "measured_hooks.Measured",
        "mode": "pre_call",
        "default_on": True,
        "failure": "open",
    },
}


def arguments() -> argparse.Namespace:
    """Read how much is asked, and where the figures go."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="60 requests of each kind, 1,000 accounts")
    parser.add_argument("--requests", type=int, default=400, help="of each kind, to each proxy")
    parser.add_argument("--accounts", type=int, default=100_000, help="that the guard knows")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    given = parser.parse_args()
    if given.quick:
        given.requests, given.accounts = 60, 1_000
    return given


@contextmanager
def started(words: list[str], folder: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block."""
    with (folder / f"{secrets.token_hex(4)}.out").open("wb") as out:
        process = subprocess.Popen(
            words,
            cwd=HERE,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def configuration(stub_port: int, folder: Path, *, guarded: bool) -> Path:
    """Write the configuration of a proxy; YAML takes JSON as it is."""
    model = {"model": "openai/heron-1", "api_base": f"http://127.0.0.1:{stub_port}", "api_key": "none"}
    settings: dict[str, Any] = {
        "model_list": [{"model_name": "heron", "litellm_params": model}],
        "general_settings": {
            "custom_auth": "measured_hooks.customer",
            "master_key": f"sk-{secrets.token_hex(16)}",
        },
    }
    if guarded:
        params = {**GUARDRAIL["litellm_params"], "state": str(folder / "records")}  # type: ignore[dict-item]
        settings["guardrails"] = [{**GUARDRAIL, "litellm_params": params}]
    path = folder / ("with.yaml" if guarded else "without.yaml")
    path.write_text(json.dumps(settings))
    (folder / "measured_hooks.py").write_text((HERE / "measured_hooks.py").read_text())
    return path


def asked(connection: http.client.HTTPConnection, customer: str, *, stream: bool) -> float:
    """Ask once. Returns milliseconds to the whole answer, or to the first token of a stream."""
    body = {
        "model": "heron",
        "max_tokens": 50,
        "stream": stream,
        "messages": [{"role": "user", "content": "reef"}],
    }
    headers = {"authorization": f"Bearer sk-{customer}", "content-type": "application/json"}
    began = time.perf_counter()
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    took = 0.0
    while line := answer.readline():
        if not took and (not stream or b"word0" in line):
            took = time.perf_counter() - began
    answer.close()
    if answer.status != 200 or not took:
        raise SystemExit(f"the proxy answered {answer.status}")
    return took * 1000


def measured(ports: dict[str, int], requests: int) -> list[dict[str, Any]]:
    """Ask both proxies in turn. Returns a row for each kind."""
    lines = {name: http.client.HTTPConnection("127.0.0.1", port, timeout=60) for name, port in ports.items()}
    for line in lines.values():
        for customer, stream in KINDS * 5:
            asked(line, customer, stream=stream)
    found: dict[tuple[str, bool, str], list[float]] = {}
    for _ in range(requests):
        for customer, stream in KINDS:
            for name in random.sample(sorted(lines), len(lines)):
                found.setdefault((customer, stream, name), []).append(
                    asked(lines[name], customer, stream=stream)
                )
    return [row(found, customer, stream) for customer, stream in KINDS]


def row(found: dict[tuple[str, bool, str], list[float]], customer: str, stream: bool) -> dict[str, Any]:
    """The figures of one kind."""
    guarded, plain = found[customer, stream, "with"], found[customer, stream, "without"]
    return {
        "customer": customer,
        "time": "first token" if stream else "whole answer",
        "without_ms": round(statistics.median(plain), 2),
        "ratio": round(statistics.median(guarded) / statistics.median(plain), 3),
        "noise": round(statistics.median(plain[::2]) / statistics.median(plain[1::2]), 3),
        "p99_ratio": round(
            statistics.quantiles(guarded, n=100)[98] / statistics.quantiles(plain, n=100)[98], 3
        ),
        "paired_ms": round(statistics.median(a - b for a, b in zip(guarded, plain, strict=True)), 3),
    }


def run(given: argparse.Namespace) -> list[dict[str, Any]]:
    """Start all, and measure."""
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        stub_port = free_port()
        stack.enter_context(started([str(BIN / "python"), "streaming_stub.py", str(stub_port)], folder))
        ports, waiting = {}, []
        for name in ("with", "without"):
            ports[name] = free_port()
            config = configuration(stub_port, folder, guarded=name == "with")
            words = [str(BIN / "litellm"), "--host", "127.0.0.1", "--port", str(ports[name])]
            environment = {
                "PYTHONPATH": str(ROOT / "src"),
                "ACCOUNTS": str(given.accounts),
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "LITELLM_TELEMETRY": "False",
                "DISABLE_ADMIN_UI": "True",
                "LITELLM_LOG": "ERROR",
            }
            process = stack.enter_context(started([*words, "--config", str(config)], folder, **environment))
            waiting.append((ports[name], process))
        for port, process in waiting:
            wait_for_proxy(port, process, "the proxy did not start")
        return measured(ports, given.requests)


def main() -> None:
    """Measure and print."""
    given = arguments()
    if not (BIN / "litellm").exists():
        print(f"skipped: {MISSING}")
        figures: dict[str, Any] = {"skipped": MISSING}
    else:
        figures = {"requests": given.requests, "accounts": given.accounts, "rows": run(given)}
        print(f"{'customer':<10}{'time':<14}{'without':>10}{'ratio':>8}{'noise':>8}{'p99':>8}{'paired':>10}")
        for one in figures["rows"]:
            print(
                f"{one['customer']:<10}{one['time']:<14}{one['without_ms']:>8.2f}ms{one['ratio']:>8.3f}"
                f"{one['noise']:>8.3f}{one['p99_ratio']:>8.3f}{one['paired_ms']:>8.3f}ms"
            )
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
