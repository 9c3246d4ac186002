"""Logs in a store, read from a real server with Amazon's protocol on this machine, and behind http."""

from __future__ import annotations

import gzip
import http.server
import io
import threading
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench
from test_packed_files import tar_of

from stillwatch.errors import InputError, SettingError
from stillwatch.ingest import plan
from stillwatch.ingest.files import remote
from stillwatch.ingest.files.http import HttpFile
from stillwatch.ingest.files.remote import refusal
from stillwatch.run.provenance import Content

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A store with the empty bucket `logs`; returns its file system."""
    server = pytest.importorskip("moto.server", reason="moto is not installed (requirements/dev.txt)")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "canary-key",
        "AWS_SECRET_ACCESS_KEY": "canary-secret",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    remote._store.cache_clear()
    store = remote._store("s3")
    request = urllib.request.Request(f"http://{host}:{port}/logs", method="PUT")
    request.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=x/20260201/us-east-1/s3/aws4_request")
    urllib.request.urlopen(request).close()
    yield store
    remote._store.cache_clear()
    running.stop()


def put(store: Any, name: str, content: bytes) -> None:
    with store.open_output_stream(f"logs/{name}") as out:
        out.write(content)


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def test_a_bucket_is_a_folder(bench: Bench, spend_row: Make, bucket: Any) -> None:
    table = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([spend_row(i) for i in range(7)]), table)
    put(bucket, "2026/a.jsonl", lines([spend_row(i) for i in range(5)]))
    put(bucket, "2026/user=x/b.parquet", table.getvalue())
    put(bucket, "2026/c.tar.gz", tar_of({"in.jsonl": lines([spend_row()])}, "w:gz"))
    put(bucket, "2026/_SUCCESS", b"x")
    sources = plan([Path("s3://logs/2026")], settings=bench.settings)
    assert [s.name for s in sources] == ["a.jsonl", "c.tar.gz/in.jsonl", "user=x/b.parquet"]
    assert len(bench.read(Path("s3://logs/2026/"))) == 13
    assert len(bench.read(Path("s3://logs/2026/a.jsonl"))) == 5
    assert Content.of(sources[0].path) == Content(len(lines([spend_row(i) for i in range(5)])), None)
    assert "canary" not in repr(sources)


def test_a_cut_object_is_refused(bench: Bench, spend_row: Make, bucket: Any) -> None:
    put(bucket, "a.gz", gzip.compress(lines([spend_row(i) for i in range(50)]))[:-9])
    with pytest.raises(InputError, match="breaks off at byte") as caught:
        bench.read(Path("s3://logs/a.gz"))
    assert caught.value.where == "s3://logs/a.gz"


def test_nothing_there_is_said(bench: Bench, bucket: Any) -> None:
    for address in ("s3://logs/nothing", "s3://other/x"):
        with pytest.raises(InputError, match="no such object") as caught:
            bench.read(Path(address))
        assert "canary" not in str(caught.value)


class Server(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, with single ranges, for one user."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Send a file, or its end from a byte on."""
        if self.headers.get("Authorization") != "Basic dTpwdw==":
            self.send_error(401)
            return
        content = (Path(self.directory) / self.path.partition("?")[0].lstrip("/")).read_bytes()
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[start:])

    def do_HEAD(self) -> None:
        """Send the size of a file."""
        self.do_GET()


Serve = Callable[[Any], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server; returns its host and port."""
    running = []

    def start(handler: Any) -> str:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return f"127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site(tmp_path: Path, serve: Serve) -> str:
    """A server of the folder; returns host and port."""
    return serve(partial(Server, directory=str(tmp_path)))


def test_http_with_a_password_that_is_never_shown(bench: Bench, spend_row: Make, site: str) -> None:
    bench.lines("a.jsonl", [spend_row(i) for i in range(5)])
    pq.write_table(pa.Table.from_pylist([spend_row(i) for i in range(7)]), bench.folder / "b.parquet")
    for name, count in (("a.jsonl", 5), ("b.parquet", 7)):
        address = Path(f"http://u:pw@{site}/{name}?sig=canary")
        (source,) = plan([address], settings=bench.settings)
        assert (source.name, str(source.path)) == (name, f"http://{site}/{name}")
        assert "canary" not in repr(source)
        assert "pw" not in repr(source)
        assert len(bench.read(address)) == count
    with pytest.raises(InputError, match="status 401") as caught:
        bench.read(Path(f"http://{site}/a.jsonl?sig=canary"))
    assert "canary" not in str(caught.value)


def test_addresses_that_cannot_be_used(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="from this machine only"):
        bench.read(Path("http://example.org/a.jsonl"))
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT", raising=False)
    with pytest.raises(SettingError, match="does not tell the storage account"):
        bench.read(Path("az://box/a.jsonl"))
    assert remote.shown("https://u:p@host:8/x?sig=1#f") == "https://host:8/x"
    assert remote.shown("s3://key:secret@bucket/x") == "s3://bucket/x"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:pa/canary@host/db",
        "postgresql://user:1/canary@host/db",
        "postgresql://user:pa?canary@host/db",
        "postgresql://user:12#canary@host/db",
        "postgresql://user:pa@canary@host/db",
        "postgresql://[::1/canary",
        "postgresql://u:canary@h:xx/a",
        "postgresql:///user:canary",
        "https://u:canary@h:xx/a",
        "https://u:12/canary@h/a",
        "https://u:12?canary@h/a",
        "https://u:canary@[::1/a",
        "s3://KEY:SEC/canary@bucket/a",
        "S3://KEY:canary@bucket/a",
        "mysql://u:canary@h/db",
        "gs://u:canary@/a",
    ],
)
def test_an_address_in_doubt_is_refused_and_not_shown(bench: Bench, address: str) -> None:
    with pytest.raises(InputError) as caught:
        bench.read(Path(address))
    assert "canary" not in str(caught.value)
    assert "://" in caught.value.where


def test_a_bucket_of_hidden_objects_shows_no_key(
    bench: Bench, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, "only/.hidden.jsonl", b"{}\n")
    with pytest.raises(InputError, match="there are no log files") as caught:
        bench.read(Path("s3://KEY:canary@logs/only"))
    assert "canary" not in str(caught.value)


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A server that points to another address."""

    to = ""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Point there."""
        self.send_response(302)
        self.send_header("Location", self.to)
        self.end_headers()


@pytest.mark.parametrize("to", ["http://example.org/a.jsonl", "ftp://127.0.0.1/a.jsonl"])
def test_no_server_leads_out_of_encryption(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, to: str, serve: Serve
) -> None:
    monkeypatch.setattr(Elsewhere, "to", to)
    with pytest.raises(InputError, match="not https://"):
        bench.read(Path(f"http://{serve(Elsewhere)}/a.jsonl"))


class Rotating(Server):
    """A server that breaks off, and has another file by then."""

    turn = 0

    def do_GET(self) -> None:
        """Send a third of the file, as another version each time."""
        content = b'{"a": 1}\n' * 300
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        Rotating.turn += self.command == "GET"
        partly = "Range" in self.headers and "If-Range" not in self.headers
        self.send_response(206 if partly else 200)
        self.send_header("Content-Length", str(len(content) - start * partly))
        self.send_header("ETag", f'"{Rotating.turn}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[start : start + 900])


def test_a_file_that_changes_meanwhile_is_not_mixed(bench: Bench, serve: Serve) -> None:
    address = f"http://{serve(Rotating)}/a.jsonl"
    with pytest.raises(InputError, match="changed on the server"):
        HttpFile(address, address, 2700).readall()


@pytest.mark.parametrize(
    "text", ["Could not create OAuth2 access token: xyz", "DefaultAzureCredential failed"]
)
def test_missing_credentials_are_named(text: str) -> None:
    told = str(refusal(OSError(text), "gs://b/logs"))
    assert "no credentials for the store are found" in told
    assert "xyz" not in told
