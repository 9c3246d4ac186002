"""Edge logs of several makers: the id that joins, the client's address, one reader for all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench

from stillwatch.errors import InputError, SettingError
from stillwatch.ingest import IngestContext, read_edge
from stillwatch.ingest.edge import load_edge_mapping
from stillwatch.ingest.edges import EDGES
from stillwatch.ingest.edges.line_format import pattern_of

CLIENT = "203.0.113.9"
TRACE = "0af7651916cd43dd8448eb211c80319c"
ALB = (
    f"https 2026-02-01T12:00:00.000000Z app/lb/50dc {CLIENT}:2817 10.0.0.1:80 0.0 0.01 0.0 200 200 34 366 "
    '"POST https://x:443/v1 HTTP/1.1" "SDK/1 \\"x\\"" ECDHE TLSv1.2 arn:tg "Root=1-58337262-36d228ad5d99923122bbe354" '
    '"x" "arn" 0 2026-02-01T12:00:00Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1'
)
COMBINED = f'10.0.0.5 - - [01/Feb/2026:12:00:00 +0000] "POST /v1 HTTP/1.1" 200 512 "-" "SDK/1" "{CLIENT}"'
ENVOY = (
    f'[2026-02-01T12:00:00.000Z] "POST /v1 HTTP/1.1" 200 - 154 0 226 100 "{CLIENT}" "SDK/1" "r1" "host" '
    '"10.0.2.1:80"'
)
ISTIO = (
    '[2026-02-01T12:00:00.000Z] "POST /v1 HTTP/1.1" 200 - via_upstream - "-" 154 0 226 100 "-" "SDK/1" "r1" '
    f'"host" "10.0.2.1:80" outbound 10.0.0.2:1 10.0.0.3:2 {CLIENT}:55 host default'
)
CLOUDFRONT = (
    "#Version: 1.0\n#Fields: date time c-ip cs(User-Agent) x-edge-request-id\n"
    f"2026-02-01\t12:00:00\t{CLIENT}\tSDK/1%20(x)\tr1==\n"
)
TEXTS = {
    "alb.log": (ALB, "1-58337262-36d228ad5d99923122bbe354"),
    "nginx.log": (f"{COMBINED} {TRACE}", TRACE),
    "ingress.log": (
        f'{CLIENT} - - [01/Feb/2026:12:00:00 +0000] "POST /v1 HTTP/2.0" 200 512 "-" "SDK/1" 54 0.2 [up] [] '
        f"10.1.2.3:80 5 0.2 200 {TRACE}",
        TRACE,
    ),
    "envoy.log": (ENVOY, "r1"),
    "istio.log": (ISTIO, "r1"),
    "cloudfront.log": (CLOUDFRONT, "r1=="),
}


def rows_of(bench: Bench, path: Any, mapping: str = "") -> list[dict[str, Any]]:
    """Every row of an edge log."""
    places = load_edge_mapping(bench.write("edge.toml", mapping)) if mapping else None
    return [
        row
        for batch in read_edge(path, bench.ingest_context, bench.quarantine, places)
        for row in batch.to_pylist()
    ]


@pytest.mark.parametrize(("name", "content"), TEXTS.items())
def test_text_lines(bench: Bench, name: str, content: tuple[str, str]) -> None:
    line, request = content
    found = {row["request_id"]: row for row in rows_of(bench, bench.write(name, line))}
    assert (found[request]["address"], found[request]["outside"]) == (CLIENT, True)
    assert found[request]["user_agent"].startswith("SDK/1")
    assert f"{found[request]['seen']:%Y-%m-%d %H:%M}" == "2026-02-01 12:00"
    assert bench.quarantine.bad == 0


JSONS: dict[str, tuple[dict[str, Any], str]] = {
    "logpush": (
        {"RayID": "8f0", "ClientIP": CLIENT, "ClientASN": 64500, "RequestHeaders": {"x-request-id": "r1"}},
        "r1",
    ),
    "logpush_ray": ({"RayID": "8f0", "ClientIP": CLIENT, "ClientASN": 64500}, "8f0"),
    "waf": (
        {
            "timestamp": 1769947200000,
            "ja4Fingerprint": "t13d",
            "httpRequest": {
                "clientIp": CLIENT,
                "requestId": "1-58",
                "headers": [{"name": "X-Request-Id", "value": "r1"}, {"name": "asn", "value": "1"}],
            },
        },
        "r1",
    ),
    "gcp": (
        {"trace": f"projects/p/traces/{TRACE}", "httpRequest": {"remoteIp": CLIENT, "userAgent": "SDK/1"}},
        TRACE,
    ),
    "nginx": ({"request_id": "r1", "remote_addr": "10.0.0.5", "http_x_forwarded_for": CLIENT}, "r1"),
    "envoy": (
        {"request_id": "r1", "downstream_remote_address": "10.0.0.9:5531", "x_forwarded_for": CLIENT},
        "r1",
    ),
    "cloudfront": ({"x-edge-request-id": "r1", "c-ip": CLIENT, "cs(User-Agent)": "SDK/1%2520x"}, "r1"),
    "akamai": ({"reqId": "r1", "cliIP": CLIENT, "UA": "SDK%2F1"}, "r1"),
    "spelt": ({"Request ID": " r1 ", "Client-IP": CLIENT, "USER AGENT": "-"}, "r1"),
}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize(("name", "content"), JSONS.items())
def test_named_columns(bench: Bench, name: str, content: tuple[dict[str, Any], str], kind: str) -> None:
    row, request = content
    path = bench.lines(f"{name}.jsonl", [row, row])
    if kind == "parquet":
        path = bench.folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist([row, row]), path)
    found = {row["request_id"]: row for row in rows_of(bench, path)}
    assert (found[request]["address"], found[request]["asn"]) == (
        CLIENT,
        64500 if name.startswith("logpush") else None,
    )
    assert found[request]["user_agent"] in (None, "SDK/1", "SDK/1 x")
    assert bench.quarantine.good == 2, "a row with several ids is one row"


def test_a_combined_log_without_an_id_says_what_to_add(bench: Bench) -> None:
    with pytest.raises(InputError) as caught:
        rows_of(bench, bench.write("access.log", COMBINED))
    assert "$request_id" in caught.value.do
    assert "--edge-mapping" in caught.value.do


FORM = """
[line]
format = '$remote_addr [$time_local] "$request" $status "$http_x_request_id" "$http_x_forwarded_for"'
"""


def test_the_operators_own_log_format(bench: Bench) -> None:
    line = f'10.0.0.5 [01/Feb/2026:12:00:00 +0000] "POST /v1" 200 "r1" "{CLIENT}"'
    (row,) = rows_of(bench, bench.write("access.log", line), FORM)
    assert (row["request_id"], row["address"]) == ("r1", CLIENT)
    apache = pattern_of('%h %l %u %t "%r" %>s %b "%{User-Agent}i" %{UNIQUE_ID}e')
    found = apache.fullmatch(f'{CLIENT} - - [01/Feb/2026:12:00:00 +0000] "GET /" 200 5 "SDK/1" YAxZ')
    assert found is not None
    assert (found["remote_addr"], found["http_user_agent"], found["unique_id"]) == (CLIENT, "SDK/1", "YAxZ")


def test_a_mapping_goes_first_and_must_name_what_is_there(bench: Bench) -> None:
    row = {"request_id": "no", "rid": "r1", "meta": {"who": CLIENT}, "colour": "green"}
    path = bench.lines("edge.jsonl", [row])
    (found,) = rows_of(bench, path, '[columns]\nrequest_id = "rid"\naddress = "meta.who"\n')
    assert (found["request_id"], found["address"]) == ("r1", CLIENT)
    assert set(bench.quarantine.uses[path.name].columns_ignored) == {"request_id", "colour"}
    with pytest.raises(SettingError, match="lacks: nowhere"):
        rows_of(bench, path, '[columns]\nja4 = "nowhere"\n')


def test_ids_in_scientific_notation_are_refused_unless_they_are_few(bench: Bench) -> None:
    with pytest.raises(InputError, match="column request_id are in scientific notation"):
        rows_of(bench, bench.write("edge.csv", "request_id,client_ip\n1.23E+15,1.1.1.1\n"))
    rows = [{"request_id": f"r{i}", "client_ip": CLIENT} for i in range(3)]
    rows.append({"request_id": "1.23E+15", "client_ip": CLIENT})
    assert len(rows_of(bench, bench.lines("few.jsonl", rows))) == 4, "a client may choose such an id"
    rows += [{"request_id": f"1.23E+{n}", "client_ip": CLIENT} for n in range(15, 45)]
    assert len(rows_of(bench, bench.lines("many.jsonl", rows))) == 34
    assert bench.quarantine.mended["request_id", "in scientific notation: it may stand for several"] == 32


@pytest.mark.parametrize("name", ["http_x_real_ip", "true_client_ip", "http_true_client_ip", "x-real-ip"])
def test_a_header_that_a_client_may_send_hides_no_address_of_a_proxy(bench: Bench, name: str) -> None:
    row = {"request_id": "r", name: "8.8.8.8", "http_x_forwarded_for": f"8.8.8.8, {CLIENT}"}
    (found,) = rows_of(bench, bench.lines("edge.jsonl", [row]))
    assert found["address"] == CLIENT
    trusting = replace(bench.settings, trusted_proxies=("10.0.0.0/8",))
    bench.ingest_context = IngestContext(trusting)
    direct = {"request_id": "r", name: "8.8.8.8", "remote_addr": CLIENT}
    (found,) = rows_of(bench, bench.lines("direct.jsonl", [direct]))
    assert found["address"] == CLIENT
    (found,) = rows_of(bench, bench.lines("passed.jsonl", [{**direct, "remote_addr": "10.0.0.1"}]))
    assert found["address"] == "8.8.8.8"


def test_every_kind_says_what_it_does_not_show() -> None:
    assert len({edge.title for edge in EDGES}) == len(EDGES) == 10
    assert all(edge.source and edge.blind_spots and edge.columns for edge in EDGES)
