"""OpenAPI 3.1, made from what is declared: every page is a GET, every act a POST."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stillwatch import __version__
from stillwatch.console.act import Act
from stillwatch.console.declared import Declared
from stillwatch.console.desk import Desk
from stillwatch.console.fault_pages import API, fault
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.told_json import json_answer
from stillwatch.errors import StillwatchError

PLACE = f"{API}/openapi.json"
PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
KINDS = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "uuid": {"type": "string", "format": "uuid"},
}
REFS = "#/components/schemas/{name}"
FAULTS = {
    "401": "No token, or one that does not work.",
    "403": "The token may not do this.",
    "404": "There is no such thing.",
    "422": "The call cannot be used as it is.",
}
OURS: dict[str, Any] = {
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["what", "where", "do", "id"],
                "properties": {name: {"type": "string"} for name in ("what", "where", "do", "id")},
            }
        },
    },
    "Table": {
        "type": "object",
        "required": ["rows", "total"],
        "properties": {
            "rows": {"type": "array", "items": {"type": "object"}},
            "total": {"type": "integer"},
            "next": {"type": "string", "description": "Path and query of the next rows."},
        },
    },
    "Shown": {
        "type": "object",
        "required": ["values", "tables"],
        "properties": {
            "values": {"type": "object"},
            "tables": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Table"}},
        },
    },
    "Done": {
        "type": "object",
        "required": ["said", "result", "see"],
        "properties": {
            "said": {"type": "string"},
            "result": {"type": "object"},
            "see": {"type": "string", "description": "Path of the page that shows it."},
        },
    },
}


def document(has: Declared) -> dict[str, Any]:
    """Return the OpenAPI document. Acts that ask for a fresh sign-in are left out: no token can do them."""
    acts = [act for act in has.acts if not act.fresh]
    schemas, components = msgspec.json.schema_components(
        [*(act.fields for act in acts), *(page.filters for page in has.pages if page.filters)],
        ref_template=REFS,
    )
    bodies = dict(zip((act.path for act in acts), schemas, strict=False))
    paths: dict[str, dict[str, Any]] = {}
    for page in has.pages:
        paths.setdefault(_path(page.path), _parameters(page.path))["get"] = _get(page)
    for act in acts:
        paths.setdefault(_path(act.path), _parameters(act.path))["post"] = _post(act, bodies[act.path])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Stillwatch console",
            "version": __version__,
            "description": "What the console's pages show, and what can be done there. Times are UTC.",
        },
        "servers": [{"url": API}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {**components, **OURS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def openapi_route(desk: Desk, has: Declared) -> Route:
    """Return the route of the document, for tokens and for who is signed in."""
    return Route(PLACE, partial(_answer, desk, document(has)), methods=["GET"])


async def _answer(desk: Desk, told: dict[str, Any], request: Request) -> Response:
    if await desk.bearer(request) is None and await desk.who(request) is None:
        error = StillwatchError(
            "no token and no session", where="Authorization", do="sign in, or send a token"
        )
        return fault(desk, request, error, status=401)
    return json_answer(told)


def _get(page: Page) -> dict[str, Any]:
    filters: dict[str, Any] = msgspec.json.schema(page.filters) if page.filters else {}
    definitions: dict[str, Any] = filters.get("$defs", {})
    properties: dict[str, Any] = {}
    for definition in definitions.values():
        properties |= definition.get("properties", {})
    query = [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]
    query += [
        {"name": "format", "in": "query", "schema": {"enum": ["json", "csv", "file"]}},
        {"name": "table", "in": "query", "schema": {"type": "string"}, "description": "The table, of CSV."},
    ]
    return {
        "operationId": _operation("get", page.path),
        "summary": page.name,
        "description": _needs(page.role),
        "parameters": query,
        "responses": {"200": _answers("What the page shows.", "Shown"), **_faults()},
    }


def _post(act: Act, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": _operation("post", act.path),
        "summary": act.name,
        "description": _needs(act.role),
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "200": _answers("What was done.", "Done"),
            **_faults(),
            "409": _answers("Somebody else was first.", "Error"),
        },
    }


def _needs(role: Role) -> str:
    return f"Needs the role {role.word}."


def _faults() -> dict[str, Any]:
    return {status: _answers(said, "Error") for status, said in FAULTS.items()}


def _answers(said: str, name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": said, "content": {"application/json": {"schema": schema}}}


def _path(path: str) -> str:
    return PARAMETER.sub(r"{\1}", path)


def _parameters(path: str) -> dict[str, Any]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": KINDS.get(kind, {"type": "string"})}
        for name, kind in PARAMETER.findall(path)
    ]
    return {"parameters": found} if found else {}


def _operation(verb: str, path: str) -> str:
    words = [word for word in re.split(r"[^A-Za-z0-9]+", PARAMETER.sub(r"by_\1", path)) if word]
    return "_".join([verb, *(words or ["overview"])])
