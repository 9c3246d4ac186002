"""The OpenAPI document is whole: each declaration is in it, each reference leads somewhere."""

from __future__ import annotations

import json
import re
from typing import Any

from console_parts import Console, there
from jsonschema import Draft202012Validator

from stillwatch.console.declared import declared
from stillwatch.console.openapi import document
from stillwatch.console.role import Role


def test_each_declaration_is_in_it() -> None:
    told = document(declared())
    there = {(path, verb) for path, verbs in told["paths"].items() for verb in verbs if verb != "parameters"}
    wanted = {(_plain(page.path), "get") for page in declared().pages}
    wanted |= {(_plain(act.path), "post") for act in declared().acts if not act.fresh}
    assert there == wanted
    names = [
        verbs[verb]["operationId"]
        for verbs in told["paths"].values()
        for verb in verbs
        if verb in ("get", "post")
    ]
    assert len(names) == len(set(names))


def test_references_lead_somewhere_and_schemas_are_schemas() -> None:
    told = document(declared())
    schemas: dict[str, Any] = told["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(told)):
        assert name in schemas
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert schemas["NoteFields"]["properties"]["text"]["maxLength"] == 4_000


def test_answers_fit_their_schema(console: Console) -> None:
    told = document(declared())
    shown = {"$ref": "#/components/schemas/Shown", "components": told["components"]}
    fault = {"$ref": "#/components/schemas/Error", "components": told["components"]}
    headers = console.token(Role.ADMIN)
    found = []
    for page in declared().pages:
        path = there(page.path)
        answer = console.client().get(f"/api/v1{path}", headers=headers)
        assert answer.status_code in (200, 404), path
        found += [path] if answer.status_code == 200 else []
        Draft202012Validator(shown if answer.status_code == 200 else fault).validate(answer.json())
    assert len(found) > len(declared().pages) / 2
    Draft202012Validator(fault).validate(console.client().get("/api/v1/cases/99", headers=headers).json())


def test_it_is_for_those_who_may_come_in(console: Console) -> None:
    assert console.client().get("/api/v1/openapi.json").status_code == 401
    headers = console.token(Role.VIEWER)
    assert console.client().get("/api/v1/openapi.json", headers=headers).json()["openapi"] == "3.1.0"
    assert console.browser(Role.VIEWER).get("/api/v1/openapi.json").status_code == 200


def _plain(path: str) -> str:
    return re.sub(r":\w+\}", "}", path)
