"""Nothing of what is shared has a place for prices, capacity, customers, or a joint ban: competition law, and
nobody's business here. Every declared name is looked at, in tables, structs, schemas and lists of fields.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, is_typeddict

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase

import stillwatch.intel
from stillwatch.intel.stix.project import EXTENSION

WORDS = frozenset(
    re.findall(
        r"\w+",
        """price prices pricing priced cost costs fee fees tariff tariffs discount discounts rebate rebates margin
        margins revenue revenues sale sales turnover invoice invoices billing currency usd eur
        capacity capacities utilisation utilization throughput inventory gpus fleet
        customer customers client_name subscriber subscribers tenant tenants buyer buyers purchaser
        roadmap launch product_plan market_share competitor competitors
        ban bans banned banning blacklist blocklist denylist boycott boycotts refuse_service deny_service
        terminate_account suspend_account block_account joint_action joint_ban""",
    )
)
"""Names, or parts of names between underscores, that no declared field may have."""
ALLOWED: Mapping[str, str] = {}
"""Places that may, each with the reason; today there are none."""
LISTS = re.compile(r"(?i)(field|propert|column|attribut|parameter|forms$)")
"""Constants that list names of fields."""


def parts(name: str) -> set[str]:
    """A name and what it is put together from."""
    snake = re.sub(r"\W", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    words = [word for word in snake.split("_") if word]
    return {snake, *words, *("_".join(pair) for pair in pairwise(words))}


def forbidden(names: Iterable[tuple[str, str]]) -> list[str]:
    """The places whose name is forbidden."""
    return [f"{place}: {name}" for place, name in names if parts(name) & WORDS and place not in ALLOWED]


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(stillwatch.intel.__path__, "stillwatch.intel."):
        yield importlib.import_module(found.name)


def of_tables(metadata: sa.MetaData) -> Iterator[tuple[str, str]]:
    """Tables and columns."""
    for table in metadata.tables.values():
        yield f"table {table.name}", table.name
        for column in table.columns:
            yield f"column {table.name}.{column.name}", column.name


def of_class(found: type) -> Iterator[tuple[str, str]]:
    """Fields of a struct, a dataclass, a typed dictionary; values of an enumeration."""
    place = f"{found.__module__}.{found.__qualname__}"
    names: Iterable[str] = ()
    if dataclasses.is_dataclass(found):
        names = [field.name for field in dataclasses.fields(found)]
    elif issubclass(found, msgspec.Struct):
        names = (*found.__struct_fields__, *found.__struct_encode_fields__)
    elif is_typeddict(found):
        names = found.__annotations__
    elif issubclass(found, enum.Enum):
        names = [text for one in found for text in (one.name, str(one.value))]
    return ((f"{place}.{name}", name) for name in names)


def of_schema(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Names of properties of a JSON schema, or of something like OpenAPI, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("properties", "patternProperties", "$defs", "definitions") and isinstance(inner, dict):
                yield from ((f"{place}/{name}", name) for name in inner)
            if key in ("required", "enum") and isinstance(inner, list):
                yield from ((f"{place}/{name}", name) for name in inner if isinstance(name, str))
            yield from of_schema(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from of_schema(inner, place)


def of_list(name: str, value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Names in a constant that lists fields, and of any constant that is a schema."""
    if isinstance(value, dict):
        yield from of_schema(value, f"{place}.{name}")
    if LISTS.search(name) and isinstance(value, Mapping | set | frozenset | tuple | list):
        for one in value:
            if isinstance(one, str):
                yield f"{place}.{name}", one
            if isinstance(value, Mapping):
                yield from of_list(name, value[one], place)


def declared() -> Iterator[tuple[str, str]]:
    """Every declared name of the package, and where."""
    bases: set[type[DeclarativeBase]] = set()
    for module in modules():
        for name, value in vars(module).items():
            if inspect.isclass(value) and value.__module__ == module.__name__:
                yield from of_class(value)
                if issubclass(value, DeclarativeBase) and DeclarativeBase in value.__bases__:
                    bases.add(value)
            elif isinstance(value, sa.MetaData):
                yield from of_tables(value)
            elif not name.startswith("__"):
                yield from of_list(name, value, module.__name__)
    for base in bases:
        yield from of_tables(base.metadata)
    for folder in stillwatch.intel.__path__:
        for path in sorted(Path(folder).rglob("*.json")):
            yield from of_schema(json.loads(path.read_text(encoding="utf-8")), path.name)


def test_nothing_declared_has_a_place_for_commerce_or_for_a_joint_ban() -> None:
    names = list(declared())
    assert len(names) > 150, "the walk found too little"
    assert "column hub_members.clearance" in dict(names)
    assert ("stillwatch.intel.hub.agreements.FIELDS", "purpose") in names
    assert ("stillwatch.intel.gate.forms.FORMS", f"extensions.{EXTENSION}.detector") in names, (
        "what may leave"
    )
    assert forbidden(names) == []


@pytest.mark.parametrize(
    "name",
    [
        "price",
        "unit_price",
        "priceUsd",
        "customer-name",
        "spare_capacity",
        "Bans",
        "joint_ban",
        "deny_service",
    ],
)
def test_the_walk_finds_a_name_that_is_forbidden(name: str) -> None:
    class Base(DeclarativeBase):
        pass

    type(
        "Row",
        (Base,),
        {"__tablename__": "rows", "id": sa.Column(sa.Integer, primary_key=True), name: sa.Column(sa.Text)},
    )
    assert forbidden(of_tables(Base.metadata)), name
    assert forbidden(of_class(msgspec.defstruct("Told", [(re.sub(r"\W", "_", name), str)])))
    assert forbidden(of_class(dataclasses.make_dataclass("Told", [re.sub(r"\W", "_", name)])))
    assert forbidden(of_schema({"items": {"properties": {"inner": {"properties": {name: {}}}}}}, "schema"))
    assert forbidden(of_list("MY_FIELDS", (name,), "module"))


@pytest.mark.parametrize(
    "name", ["purpose", "clearance", "banner", "urban", "costume", "salesforce_id", "id"]
)
def test_other_names_are_left_alone(name: str) -> None:
    assert forbidden([("place", name)]) == []
