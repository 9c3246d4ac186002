"""Diagnostic logs of Azure OpenAI: who called which deployment, without words."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stillwatch.ingest.endpoints import other_call
from stillwatch.ingest.gateway import account_of, folded
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first_text, text, whole
from stillwatch.registry import FORMATS, Format

CATEGORIES = frozenset(("requestresponse", "audit", "trace", "azureopenairequestusage"))
ASKS = ("completion", "response", "message", "invoke", "generate")
INSIDE = ("properties", "properties_s")
"""Where the particulars are, often as JSON text; Log Analytics adds the suffix of the type."""


def detect(sample: Sample) -> float:
    """A category of Azure Monitor, and the particulars that Azure OpenAI adds."""
    if not sample.rows:
        return 0.0
    rows = [folded(row, *INSIDE) for row in sample.rows]
    known = all(str(row.get("category", "")).lower() in CATEGORIES for row in rows)
    marked = any("modeldeploymentname" in row or "apiname" in row for row in rows)
    return 0.97 if known and marked else 0.6 if known and all("operationname" in row for row in rows) else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one RequestResponse record as a request; audits and traces are stepped over."""
    flat = folded(row, *INSIDE)
    category = str(flat.get("category", "")).lower()
    if category != "requestresponse":
        yield SteppedOver("audits" if category == "audit" else "records of other categories")
        return
    name = str(flat.get("operationname", "")).lower()
    if not any(mark in name for mark in ASKS):
        yield SteppedOver(other_call(name) or "calls of other kinds")
        return
    address = first_text(flat, "calleripaddress", "calleripaddress_s", "clientip")
    yield Request(
        request_id=first_text(flat, "correlationid", "apimrequestid", "requestid"),
        account_id=account_of(row, context)
        if context.account_field
        else account_of(flat, context, "objectid"),
        time=context.moment(flat.get("time", flat.get("timegenerated")), "time"),
        model=first_text(flat, "modeldeploymentname", "modelname"),
        status=whole(first_text(flat, "resultsignature", "resultsignature_s")),
        duration_ms=whole(flat.get("durationms")),
        # Azure masks the last part, so what is left is a network that strangers share.
        address=None if address is None or "*" in address else address,
        user_agent=text(flat.get("useragent")),
    )


SAMPLE = {
    "time": "2026-02-01T12:00:00Z",
    "resourceId": "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/A",
    "category": "RequestResponse",
    "operationName": "ChatCompletions_Create",
    "callerIPAddress": "203.0.113.***",
    "correlationId": "d1",
    "durationMs": 800,
    "resultSignature": "200",
    "properties": json.dumps({"objectId": "ada", "streamType": "Streaming", "modelDeploymentName": "heron"}),
}
FORMATS.add(
    "azure_openai_diagnostics",
    Format(
        name="azure_openai_diagnostics",
        title="Azure OpenAI diagnostic logs, category RequestResponse (storage account or Log Analytics)",
        source="Microsoft Learn, Azure OpenAI monitoring data reference: resource logs",
        suffixes=(".json", ".jsonl", ".csv"),
        detect=detect,
        read=read,
        blind_spots="No words, no tokens, no user agent, and only three parts of the address, which "
        "is therefore left out. The account is the Entra object, which calls with an API key do not have",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "d1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "duration_ms": 800,
                "address": None,
                "messages": None,
            },
        ),
    ),
)
