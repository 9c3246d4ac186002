"""Files with canaries: a log of every format, good rows and bad ones, and what lies beside the logs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from canary_nest import AGENT, COMPANY, DOMAIN, PASSED_ON, PLAN, Nest, Row
from canary_rows import (
    anthropic,
    generic,
    langfuse,
    openai,
    otel,
    pairs,
    payload,
    responses,
    shared,
    spend,
    stranger,
)
from canary_traces import TRACES

from stillwatch.registry import FORMATS

PLANTED = {
    "openai_jsonl",
    "anthropic_messages_jsonl",
    "litellm_spend_logs",
    "litellm_standard_payload",
    "generic",
}
"""Formats with rows of their own here, besides those of traces."""
IDS = ("request_id", "id", "SpanId", "spanID", "context.span_id")
SHARERS = 24
"""Accounts that use one public frame, each with a canary in its slot."""
STRANGERS = 600
"""Accounts that share nothing, among whom what the sharers share is rare."""


def logs(folder: Path, nest: Nest) -> None:
    """One file of each format, good rows and bad ones."""
    folder.mkdir()
    _lines(folder / "canary_openai.jsonl", [openai(nest, i) for i in range(5)] + [responses(nest)], nest)
    _lines(folder / "canary_anthropic.jsonl", [anthropic(nest, i) for i in range(5)], nest)
    _lines(folder / "canary_spend.jsonl", [spend(nest, i) for i in range(5)], nest)
    _lines(folder / "canary_payload.jsonl", [payload(nest, i) for i in range(5)], nest)
    _lines(folder / "canary_langfuse.jsonl", [langfuse(nest, i) for i in range(5)], nest)
    _lines(folder / "canary_otel.jsonl", [otel(nest, i) for i in range(5)], nest)
    for name, made in TRACES.items():
        _lines(folder / f"canary_{name}.jsonl", [made(nest, i) for i in range(5)], nest)
    _samples(folder, nest)
    _lines(
        folder / "canary_generic.jsonl",
        [generic(nest, i, "generic") for i in range(5)] + [shared(nest, i) for i in range(SHARERS)],
        nest,
    )
    _lines(folder / "canary_strangers.jsonl", [stranger(nest, i) for i in range(STRANGERS)], nest)
    rows = [
        {
            k: v if v is None or isinstance(v, str) else json.dumps(v)
            for k, v in generic(nest, i, "parquet").items()
        }
        for i in range(3)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "canary_generic.parquet")
    spends = [spend(nest, 10 + i) for i in range(3)]
    pq.write_table(
        pa.Table.from_pylist(
            [
                {**row, "messages": row["messages"] if i else "[" + nest("bad cell")}
                for i, row in enumerate(spends)
            ]
        ),
        folder / "canary_spend.parquet",
    )
    out = io.StringIO()
    writer = csv.DictWriter(out, list(spends[0]))
    writer.writeheader()
    writer.writerows([spend(nest, 20), spend(nest, 21)])
    (folder / "canary_spend.csv").write_text(
        out.getvalue() + f"{nest('short row')},1\n" + f'"{nest("open quote")}\n', encoding="utf-8"
    )


def _samples(folder: Path, nest: Nest) -> None:
    """The samples of the other formats, twice, with canaries for their words, and after them a broken row."""
    for name, format in FORMATS.all().items():
        if not format.sample or name in PLANTED:
            continue
        text = format.sample
        said = [message["text"] for row in format.gives for message in row.get("messages") or ()]
        said += [row["answer"] for row in format.gives if row.get("answer")]
        for number, words in enumerate(sorted(filter(None, said), key=len, reverse=True)):
            text = text.replace(words, nest(f"{name} {number}"))
        csv_text = format.sample[0] not in "{["
        kind = "csv" if csv_text else "jsonl"
        broken = f"{nest(name + ' short row')},1\n" if csv_text else f'{{"a": "{nest(name + " cut")}\n'
        rows = text.split("\n", 1)[1] if csv_text else text
        if text[0] == "[":  # a document, not lines
            kind, broken, rows = "json", "", json.dumps([*json.loads(text), *json.loads(text), 7])
            text = ""
        (folder / f"canary_{name}.{kind}").write_text(text + rows + broken, encoding="utf-8")


def _lines(path: Path, rows: list[Row], nest: Nest) -> None:
    """The rows, and after them rows of the same kind that cannot be read."""
    good = [json.dumps(row).encode() for row in rows]
    path.write_bytes(b"\n".join([*good, *_broken(good[-1], path.stem, nest)]) + b"\n")


def _broken(line: bytes, name: str, nest: Nest) -> Iterator[bytes]:
    row: Row = json.loads(line)
    yield line[: len(line) // 2]
    yield f'{{"messages": "{nest(name + " cut line")}'.encode()
    yield nest(name + " no JSON").encode()
    yield json.dumps([nest(name + " array")]).encode()
    yield json.dumps({nest.id(name + " key"): nest(name + " value")}).encode()
    yield b'{"a": "' + nest(name + " bad bytes").encode() + b'\xff\xfe"}'
    yield b'{"a":' * 3000 + b'"' + nest(name + " deep").encode() + b'"' + b"}" * 3000
    yield from (
        json.dumps(wrong).encode()
        for wrong in (_wrong_spans if "resourceSpans" in row else _wrong_fields)(row, name, nest)
    )


def _wrong_fields(row: Row, name: str, nest: Nest) -> Iterator[Row]:
    """The row with one field of another type, and with words where they do not belong; each is a request of
    its own.
    """
    for place in row:
        own = {key: f"shownrequest-{name}-{place}" for key in IDS if key in row and key != place}
        yield row | own | {place: {nest.id(f"{name} {place} key"): [nest(f"{name} {place} wrong type")]}}
        if place not in PASSED_ON:
            yield (
                row
                | {key: f"{value}-words" for key, value in own.items()}
                | {place: nest(f"{name} {place} words")}
            )


def _wrong_spans(row: Row, name: str, nest: Nest) -> Iterator[Row]:
    yield from _wrong_fields(row, name, nest)
    attributes = row["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"]
    for place, attribute in enumerate(attributes):
        kept = dict(attribute)
        for value in (
            {
                "kvlistValue": {
                    "values": pairs({nest.id(f"{name} {place} key"): nest(f"{name} {place} list")})
                }
            },
            {"stringValue": nest(f"{name} {place} words")},
        ):
            if attribute["key"] not in PASSED_ON:
                attribute["value"] = value
                own: Row = json.loads(
                    json.dumps(row).replace(
                        "shownrequest-otel-4", f"shownrequest-otel-{place}-{len(json.dumps(value))}"
                    )
                )
                yield own
        attributes[place] = kept


def accounts(path: Path, nest: Nest) -> Path:
    """The operator's accounts file, with identities that must be reduced."""
    rows: list[Row] = []
    for i in range(4):
        _, d = nest.at(f"accounts {i}")
        mail = f"{d('mail')}.{d('mail name')}@{DOMAIN}"
        row = {
            "account_id": f"shownaccount-{i}", "email": mail, "phone": nest.number(f"accounts {i} phone", "+49151", 9), "name": d("name"), "payment": nest.number(f"accounts {i} card", "4000", 12),
            "organisation": COMPANY, "plan": PLAN, "address": d("street"), "created": "2026-01-01T00:00:00Z", "notes": nest(f"accounts {i} notes"),
        }  # fmt: skip
        if i == 3:  # columns that were meant to be reduced before, and were not
            row |= {
                "email_domain": mail,
                "email_shape": d("whole shape"),
                "phone_prefix": nest.number("whole prefix", "+49171", 9),
                "payment": f"{d('iban')}",
                "created": d("created"),
            }
        rows.append(row)
    # The sharers' cards, street and hour are one operator's, so that they make a group: only groups have
    # templates.
    rows += [
        {
            "account_id": f"sharer-{i}",
            "payment": "card of the sharers",
            "email": f"sharer{i}@mail-of-sharers.example",
            "created": "2026-02-27T04:00:00Z",
        }
        for i in range(SHARERS)
    ]
    path.write_text(
        "".join(json.dumps(row) + "\n" for row in rows) + f'{{"account_id": "{nest("accounts cut")}',
        encoding="utf-8",
    )
    return path


def edge(path: Path, nest: Nest) -> Path:
    """The edge's log, with what load balancers write besides."""
    rows = [
        {
            "request_id": f"shownrequest-openai {i}-{i}" if i else nest.id("edge request"), "client_ip": "203.0.113.77" if i else "198.51.100.99", "user_agent": AGENT if i else nest("edge agent of nobody"),
            "uri": "/v1/chat?key=" + nest.id(f"edge key {i}"), "authorization": nest.id(f"edge authorization {i}"), "referer": nest.id(f"edge referer {i}"), "ja4": "t13d1516h2_8daaf6152771_02713d6af862",
        }
        for i in range(3)
    ]  # fmt: skip
    sharers = [shared(nest, i)["request_id"] for i in range(SHARERS)]
    rows += [
        {"request_id": name, "client_ip": f"198.51.101.{i}", "ja4": "t13d0000h1_9daaf6152771_12713d6af862"}
        for i, name in enumerate(sharers)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + nest("edge no JSON"), encoding="utf-8")
    return path


def permits(path: Path, nest: Nest) -> Path:
    """A permit that names accounts of other runs, and says what for."""
    names = f'["shownaccount-0", "{nest.id("permit account")}"]'
    path.write_text(
        f'[[permit]]\nname = "shownpermit"\naccounts = {names}\npurpose = '
        f'"{nest("permit purpose")}"\nexpires = 2027-01-01\n',
        encoding="utf-8",
    )
    return path
