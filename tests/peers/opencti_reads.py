"""Runs in .venv-opencti: what pycti makes of a bundle, and what it would send to a server, as one JSON document.

A server of GraphQL on loopback takes down what pycti asks; it is no OpenCTI, and says so to nobody.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pycti import OpenCTIApiClient, OpenCTIStix2Splitter

ASKED: list[dict[str, Any]] = []


class Recorder(BaseHTTPRequestHandler):
    """Answers each creation with the id that was asked for."""

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        given = (told.get("variables") or {}).get("input")
        if given:
            ASKED.append(given)
        name = given.get("stix_id", "x") if isinstance(given, dict) else "x"
        body = json.dumps({"data": Answer(name)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def Answer(name: str) -> dict[str, Any]:  # noqa: N802
    """An answer to any creation: pycti looks for the member that it asked for."""
    kinds = [
        "indicator",
        "campaign",
        "intrusionSet",
        "identity",
        "attackPattern",
        "courseOfAction",
        "note",
        "opinion",
        "report",
        "grouping",
        "markingDefinition",
        "stixCoreRelationship",
        "stixSightingRelationship",
        "externalReference",
        "label",
        "killChainPhase",
    ]
    made = {"id": name, "standard_id": name, "entity_type": "x", "parent_types": []}
    return {"vocabularyCategories": [], **{f"{kind}Add": made for kind in kinds}}


def main() -> None:
    """Read a bundle from standard input."""
    bundle = json.load(sys.stdin)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = OpenCTIApiClient(
        f"http://127.0.0.1:{server.server_port}", "none", perform_health_check=False, log_level="error"
    )
    ids = {
        one["id"]: client.stix2.generate_standard_id_from_stix(dict(one))
        for one in bundle["objects"]
        if one["type"] != "marking-definition"
    }
    levels = ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED")
    markings = {label: client.marking_definition.generate_id("TLP", label) for label in levels}
    number, incompatible, parts = OpenCTIStix2Splitter().split_bundle_with_expectations(json.dumps(bundle))
    split = [one for part in parts for one in json.loads(part)["objects"]]
    client.stix2.import_bundle_from_json(json.dumps(bundle), update=True)
    server.shutdown()
    json.dump(
        {
            "ids": ids,
            "markings": markings,
            "number": number,
            "incompatible": incompatible,
            "split": split,
            "sent": ASKED,
        },
        sys.stdout,
    )


main()
