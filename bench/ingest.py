"""Rows and megabytes read per processor second, for each log format.

python bench/ingest.py [--quick] [--json FILE]

Lines of about 1.7 KB of 4,000 accounts are made for each format. Stillwatch's reading alone (no sketch) is
compared, on the same file and in the same run, with itself row by row, with DuckDB's `read_json` of the same
top-level columns on one thread, and with `orjson.loads` of each line. Seconds are processor seconds: the median
of several runs, with slowest over fastest as the machine's noise. Memory is the peak after a tenth of the rows
and after all; `split` is processor time over elapsed time of `read_logs` on one file with two workers, sketches
included. Targets: 45,000 rows a processor second, at most 6 times `read_json`.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from stillwatch.ingest import IngestContext, Quarantine, plan, read
from stillwatch.pipeline.read_logs import read_logs
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import IngestSettings, SketchSettings

Row = dict[str, Any]
ACCOUNTS, WORDS = 4_000, 400
QUICK, FULL, LARGEST = 20_000, 1_000_000, 8_000_000
SEED = 1


class Maker:
    """Makes rows of each format with the same content."""

    def __init__(self) -> None:
        """Words of nobody."""
        self.rng = random.Random(SEED)
        self.words = ["".join(self.rng.choices("etaoinshrdlucm", k=3 + i % 8)) for i in range(4_000)]
        self.text = " ".join(self.rng.choices(self.words, k=200_000))

    def said(self, size: int = WORDS) -> str:
        """Running text."""
        at = self.rng.randrange(len(self.text) - size)
        return self.text[at : at + size]

    def line(self, i: int, *, anthropic: bool = False) -> Row:
        """A request with its response, as a gateway writes them."""
        rng, account = self.rng, self.rng.randrange(ACCOUNTS)
        given, made = rng.randrange(20, 900), rng.randrange(20, 900)
        if anthropic:
            usage: Row = {
                "input_tokens": given,
                "output_tokens": made,
                "cache_read_input_tokens": rng.choice([0, 128]),
            }
            answer: Row = {"id": f"msg_{rng.getrandbits(120):030x}", "type": "message", "role": "assistant"}
            answer |= {"model": "heron-4", "content": [{"type": "text", "text": self.said()}], "usage": usage}
        else:
            usage = {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
            usage["completion_tokens_details"] = {"reasoning_tokens": rng.choice([0, 64])}
            message = {"role": "assistant", "content": self.said()}
            answer = {
                "id": f"chatcmpl-{rng.getrandbits(120):030x}",
                "object": "chat.completion",
                "model": "heron-4",
            }
            answer |= {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
        system = {"role": "system", "content": "You are a helpful assistant that answers briefly."}
        messages = [*([] if anthropic else [system]), {"role": "user", "content": self.said()}]
        return {
            "request_id": f"req_{rng.getrandbits(60):020x}",
            "account_id": f"acct_{account:06d}",
            "timestamp": f"2026-02-{1 + i // 86_400 % 27:02d}T{i // 3600 % 24:02d}:{i // 60 % 60:02d}:{i % 60:02d}.{rng.randrange(10**6):06d}Z",
            "client_ip": f"203.{account // 250}.113.{account % 250}",
            "headers": {"user-agent": f"SDK/1.{rng.randrange(40)}", "x-stainless-lang": "python"},
            "status_code": 200,
            "latency_ms": rng.randrange(100, 9_000),
            "request": {"model": "heron-4", "max_tokens": 1_024, "temperature": 0.7, "messages": messages},
            "response": answer,
        }

    def spend(self, i: int, *, texts: bool = True) -> Row:
        """A row of LiteLLM's SpendLogs; texts: JSON columns are texts."""
        row = self.line(i)
        usage = row["response"]["usage"]
        meta = {
            "user_agent": row["headers"]["user-agent"],
            "usage_object": usage,
            "overhead_ms": self.rng.random(),
        }
        told = (lambda value: orjson.dumps(value).decode()) if texts else (lambda value: value)
        return {
            "request_id": row["response"]["id"],
            "call_type": "acompletion",
            "api_key": f"{int(row['account_id'][5:]):064x}",
            "spend": self.rng.random(),
            "prompt_tokens": usage["prompt_tokens"],
            "completion_tokens": usage["completion_tokens"],
            "startTime": row["timestamp"],
            "endTime": row["timestamp"],
            "model": "heron-4",
            "user": row["account_id"],
            "status": "success",
            "metadata": told(meta),
            "messages": told(row["request"]["messages"]),
            "response": told(row["response"]),
            "requester_ip_address": row["client_ip"],
        }

    def payload(self, i: int) -> Row:
        """A StandardLoggingPayload."""
        row = self.spend(i, texts=False)
        meta = {"user_api_key_user_id": row.pop("user"), "user_api_key_hash": row.pop("api_key")}
        more = {"id": row.pop("request_id"), "trace_id": "t", "model_parameters": {"temperature": 0.7}}
        return {**row, **more, "metadata": meta, "response_cost": self.rng.random()}

    def spans(self, i: int) -> Row:
        """An export of OpenTelemetry with four spans."""
        return {
            "resourceSpans": [
                {
                    "resource": {"attributes": []},
                    "scopeSpans": [{"spans": [self._span(4 * i + n) for n in range(4)]}],
                }
            ]
        }

    def _span(self, i: int) -> Row:
        row = self.line(i)
        start = 1_770_000_000 * 10**9 + i * 10**8
        told: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "heron-4",
            "gen_ai.response.id": row["response"]["id"],
            "user.id": row["account_id"],
            "gen_ai.input.messages": orjson.dumps(
                [{"role": "user", "parts": [{"type": "text", "content": self.said()}]}]
            ).decode(),
            "gen_ai.output.messages": orjson.dumps(
                [{"role": "assistant", "parts": [{"type": "text", "content": self.said()}]}]
            ).decode(),
        }
        attributes: list[Row] = [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]
        attributes.append({"key": "gen_ai.usage.input_tokens", "value": {"intValue": "120"}})
        return {
            "traceId": f"{i:032x}",
            "spanId": f"{i:016x}",
            "name": "chat heron-4",
            "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(start + 10**9),
            "attributes": attributes,
        }


def formats(maker: Maker) -> Iterator[tuple[str, str, Callable[[int], Row], int]]:
    """Name, format, maker of a line, requests in a line."""
    yield "spend logs, JSON as text", "litellm_spend_logs", maker.spend, 1
    yield "spend logs, JSON as objects", "litellm_spend_logs", lambda i: maker.spend(i, texts=False), 1
    yield "OpenAI lines", "openai_jsonl", maker.line, 1
    yield "Anthropic lines", "anthropic_messages_jsonl", lambda i: maker.line(i, anthropic=True), 1
    yield "standard payloads", "litellm_standard_payload", maker.payload, 1
    yield "OpenTelemetry exports", "otel_genai", maker.spans, 4


def reading(path: Path, format: str, *, one_by_one: bool = False) -> int:
    """Read a file as a run does, without sketches; returns its requests."""
    settings = IngestSettings()
    source = plan([path], settings=settings, format=format)[0]
    batches = read(source, IngestContext(settings), Quarantine(), one_by_one=one_by_one)
    return sum(batch.num_rows for batch in batches)


def timed(run: Callable[[], object], times: int) -> tuple[float, float]:
    """Processor seconds: the median, and slowest over fastest."""
    seconds = []
    for _ in range(times):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), max(seconds) / min(seconds)


def duck(path: Path) -> None:
    """Read the same top-level columns, one thread."""
    with duckdb.connect(config={"threads": 1}) as there:
        there.sql(f"SELECT * FROM read_json('{path}', format='newline_delimited')").to_arrow_table()


def loads(path: Path) -> None:
    """Parse each line."""
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)


def write(path: Path, make: Callable[[int], Row], lines: int) -> None:
    """Write lines."""
    with path.open("wb") as file:
        for i in range(lines):
            file.write(orjson.dumps(make(i)) + b"\n")


def measured(path: Path, format: str, times: int) -> dict[str, float]:
    """The figures of one file."""
    size, rows = path.stat().st_size / 1e6, reading(path, format)
    ours, noise = timed(lambda: reading(path, format), times)
    alone, _ = timed(lambda: reading(path, format, one_by_one=True), times)
    bare, _ = timed(lambda: duck(path), times)
    parsed, _ = timed(lambda: loads(path), times)
    return {
        "rows": rows,
        "rows_per_second": round(rows / ours),
        "mb_per_second": round(size / ours, 1),
        "noise": round(noise, 2),
        "row_by_row_per_second": round(rows / alone),
        "times_read_json": round(ours / bare, 2),
        "times_orjson": round(ours / parsed, 2),
    }


def memory(path: Path, format: str, rows: int) -> dict[str, float]:
    """Peak megabytes after a tenth of the rows, and after all."""
    settings = IngestSettings()
    source = plan([path], settings=settings, format=format)[0]
    done, early = 0, 0.0
    for batch in read(source, IngestContext(settings), Quarantine()):
        done += batch.num_rows
        if not early and done >= rows // 10:
            early = peak()
    return {"after_a_tenth": round(early, 1), "at_the_end": round(peak(), 1)}


def peak() -> float:
    """The most megabytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def split(path: Path, folder: Path) -> dict[str, float]:
    """Cores kept busy by one file and two workers."""
    settings = IngestSettings(workers=2)
    before, wall = _all_time(), time.monotonic()
    read_logs(
        plan([path], settings=settings),
        IngestContext(settings),
        HashKey.public(),
        SketchSettings(),
        folder,
        lambda *_: None,
    )
    wall = time.monotonic() - wall
    return {"cores": round((_all_time() - before) / wall, 2), "seconds": round(wall, 1)}


def _all_time() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="20 thousand rows of each format, under two minutes"
    )
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    options = parser.parse_args()
    rows, times = (QUICK, 3) if options.quick else (FULL, 3)
    found: dict[str, Any] = {"formats": {}}
    pa.array(["pyarrow looks for pandas when it makes its first array"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        for name, format, make, several in formats(Maker()):
            write(path, make, rows // several)
            figures = measured(path, format, times)
            found["formats"][name] = figures
            print(
                f"{name:28s} {figures['rows_per_second']:8,.0f} rows  {figures['mb_per_second']:6.1f} MB a processor "
                f"second (x{figures['noise']:.2f})   row by row {figures['row_by_row_per_second']:7,.0f}   "
                f"{figures['times_read_json']:.1f} x read_json   {figures['times_orjson']:.1f} x orjson",
                flush=True,
            )
        many = 3 * QUICK if options.quick else LARGEST
        write(path, Maker().line, many)
        found["memory_mb"] = memory(path, "openai_jsonl", many)
        stage = Path(folder) / "stage"
        stage.mkdir()
        found["split"] = split(path, stage)
        print(f"memory over {many:,} rows: {found['memory_mb']}\none file, two workers: {found['split']}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
