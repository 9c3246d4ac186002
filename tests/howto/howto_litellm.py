"""A PostgreSQL with LiteLLM's tables, those columns of its published schema that logs and accounts need."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from howto_calls import ACCOUNTS, AGENT, CALLS, Call, iso, write_lines

KEYS = ACCOUNTS[-2:]
"""Customers without a user: the account is the hash of their key."""
SCHEMA = """
CREATE TABLE "LiteLLM_SpendLogs" (
  "request_id" TEXT PRIMARY KEY, "call_type" TEXT NOT NULL, "api_key" TEXT NOT NULL DEFAULT '',
  "spend" DOUBLE PRECISION NOT NULL DEFAULT 0.0, "total_tokens" INTEGER NOT NULL DEFAULT 0,
  "prompt_tokens" INTEGER NOT NULL DEFAULT 0, "completion_tokens" INTEGER NOT NULL DEFAULT 0,
  "startTime" TIMESTAMP(3) NOT NULL, "endTime" TIMESTAMP(3) NOT NULL, "request_duration_ms" INTEGER,
  "completionStartTime" TIMESTAMP(3), "model" TEXT NOT NULL DEFAULT '', "model_id" TEXT DEFAULT '',
  "model_group" TEXT DEFAULT '', "custom_llm_provider" TEXT DEFAULT '', "api_base" TEXT DEFAULT '',
  "user" TEXT DEFAULT '', "metadata" JSONB DEFAULT '{}', "cache_hit" TEXT DEFAULT '',
  "cache_key" TEXT DEFAULT '', "request_tags" JSONB DEFAULT '[]', "team_id" TEXT, "organization_id" TEXT,
  "end_user" TEXT, "requester_ip_address" TEXT, "messages" JSONB DEFAULT '{}', "response" JSONB DEFAULT '{}',
  "session_id" TEXT, "status" TEXT, "mcp_namespaced_tool_name" TEXT, "billing_agent_id" TEXT,
  "agent_id" TEXT, "proxy_server_request" JSONB DEFAULT '{}', "litellm_call_id" TEXT,
  "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "LiteLLM_UserTable" (
  "user_id" TEXT PRIMARY KEY, "user_alias" TEXT, "team_id" TEXT, "sso_user_id" TEXT, "organization_id" TEXT,
  "password" TEXT, "teams" TEXT[] DEFAULT ARRAY[]::TEXT[], "user_role" TEXT, "max_budget" DOUBLE PRECISION,
  "spend" DOUBLE PRECISION NOT NULL DEFAULT 0.0, "user_email" TEXT, "models" TEXT[],
  "metadata" JSONB NOT NULL DEFAULT '{}', "tpm_limit" BIGINT, "rpm_limit" BIGINT,
  "created_at" TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP, "updated_at" TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "LiteLLM_VerificationToken" (
  "token" TEXT PRIMARY KEY, "key_name" TEXT, "key_alias" TEXT, "expires" TIMESTAMP(3), "models" TEXT[],
  "user_id" TEXT, "team_id" TEXT, "metadata" JSONB NOT NULL DEFAULT '{}', "blocked" BOOLEAN,
  "tpm_limit" BIGINT, "rpm_limit" BIGINT, "budget_id" TEXT, "organization_id" TEXT,
  "created_at" TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP, "updated_at" TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP
);
"""


def key_of(account: str) -> str:
    """Return the hash of a customer's key."""
    return account.encode().hex().zfill(64)


def who(account: str) -> str:
    """Return the user of a customer; a key without one belongs to the proxy's own."""
    return "default_user_id" if account in KEYS else account


def spend_row(call: Call) -> dict[str, Any]:
    """Return the row of one call."""
    return {
        "request_id": f"chatcmpl-{call.number}",
        "call_type": "acompletion",
        "api_key": key_of(call.account),
        "prompt_tokens": 12,
        "completion_tokens": 30,
        "startTime": iso(call.start),
        "endTime": iso(call.end),
        "model": "openai/heron-4",
        "model_group": "heron-4",
        "user": who(call.account),
        "metadata": {"user_agent": AGENT, "user_api_key_user_id": who(call.account)},
        "requester_ip_address": call.address,
        "messages": [{"role": "user", "content": call.words + ' in "quotes"\nand \\lines'}],
        "response": {"choices": [{"message": {"role": "assistant", "content": "gladly"}}]},
        "status": "success",
        "litellm_call_id": call.id,
    }


def inserts() -> str:
    """Return the statements that fill the tables: calls, an embedding, a call of January, users and keys."""
    rows = [spend_row(call) for call in CALLS]
    rows.append({**rows[0], "request_id": "emb-1", "litellm_call_id": "emb-1", "call_type": "aembedding"})
    january = {"request_id": "old-1", "litellm_call_id": "old-1", "startTime": "2026-01-31T23:59:00Z"}
    rows.append({**rows[0], **january})
    made = [_insert("LiteLLM_SpendLogs", row) for row in rows]
    for account in (*(a for a in ACCOUNTS if a not in KEYS), "default_user_id"):
        mail = f"{account}@mail.example"
        made.append(
            _insert("LiteLLM_UserTable", {"user_id": account, "user_email": mail, "password": "hash"})
        )
    for account in ACCOUNTS:
        key = {"token": key_of(account), "user_id": who(account), "blocked": account == ACCOUNTS[0]}
        made.append(_insert("LiteLLM_VerificationToken", key))
    return ";\n".join(made)


def _insert(table: str, row: dict[str, Any]) -> str:
    columns = ", ".join(f'"{name}"' for name in row)
    return f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join(map(_literal, row.values()))})'


def _literal(value: Any) -> str:
    if isinstance(value, bool | int):
        return str(value)
    text = orjson.dumps(value).decode() if isinstance(value, dict | list) else value
    return "'" + text.replace("'", "''") + "'"


def reader_address(socket: str) -> str:
    """Return what the page calls LITELLM_DB, for a server that listens on a socket in a folder."""
    return f"stillwatch_reader@{quote(socket, safe='')}/litellm"


def lay_payloads(folder: Path) -> None:
    """Write the logger's payloads of all calls, and an edge log that knows LiteLLM's own ids of calls."""
    rows = [
        {
            "id": f"chatcmpl-{call.number}",
            "trace_id": call.id,
            "call_type": "acompletion",
            "status": "success",
            "startTime": call.start.timestamp(),
            "endTime": call.end.timestamp(),
            "model": "heron-4",
            "model_group": "heron-4",
            "model_parameters": {},
            "messages": [{"role": "user", "content": call.words}],
            "response": {"choices": [{"message": {"role": "assistant", "content": "gladly"}}]},
            "prompt_tokens": 12,
            "completion_tokens": 30,
            "response_cost": 0.1,
            "metadata": {
                "user_api_key_user_id": who(call.account),
                "user_api_key_hash": key_of(call.account),
                "requester_ip_address": call.address,
                "user_agent": AGENT,
            },
        }
        for call in CALLS
    ]
    write_lines(folder / "payloads" / "2026-02-01" / "batch.jsonl", rows)
    write_lines(
        folder / "edge.jsonl",
        [{"request_id": c.id, "client_ip": c.address, "user_agent": AGENT} for c in CALLS],
    )
