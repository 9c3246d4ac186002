"""The marks of network and software: keys of addresses, clients and parameters, and their labels."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pyarrow as pa

from stillwatch.schema.ipv6 import plain_ipv6
from stillwatch.schema.keyed import HashKey, keys_of
from stillwatch.schema.parameters import shown_parameters
from stillwatch.schema.stored import LABELS
from stillwatch.sketch.arrow import compute

LONGEST_LABEL = 200
"""Characters of a label that are kept."""
KEYED = {"user_agent": "client", "stainless": "stainless", "ja4": "ja4", "parameters": "parameters"}
"""Columns of requests whose value may be shown, and the kind of their keys."""
HIDDEN = {
    "end_user": "end_user",
    "device": "device",
    "conversation": "conversation",
    "tools": "tools",
    "output_format": "output_format",
}
"""Columns whose value is never shown."""
_BYTE = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"^{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}$"


class Labels:
    """Collects rows of table LABELS."""

    def __init__(self) -> None:
        self._parts: list[pa.Table] = []

    def add(self, kind: str, texts: pa.Array[Any], key: HashKey, shown: pa.Array[Any] | None = None) -> None:
        """Add labels for distinct texts that are shown as they are, or as `shown`."""
        self.add_keys(
            kind,
            keys_of(texts, key, kind),
            compute.utf8_slice_codeunits(texts if shown is None else shown, 0, LONGEST_LABEL),
        )

    def add_keys(self, kind: str, keys: pa.Array[Any], labels: pa.Array[Any]) -> None:
        """Add labels for given keys; rows with a null key are left out."""
        part = pa.table({"key": keys, "kind": pa.array([kind] * len(keys), pa.string()), "label": labels})
        self._parts.append(part.filter(compute.is_valid(part.column("key"))))

    def table(self) -> pa.Table:
        """Return table LABELS, each row once, in the order of first appearance."""
        whole = pa.concat_tables(
            [
                LABELS.arrow.empty_table().cast(pa.schema([f.with_nullable(True) for f in LABELS.arrow])),
                *self._parts,
            ]
        )
        return (
            whole.group_by(["key", "kind", "label"], use_threads=False)
            .aggregate([])
            .select(LABELS.names())
            .cast(LABELS.arrow)
        )


def marks_of(batch: pa.RecordBatch, key: HashKey) -> tuple[dict[str, pa.Array[Any]], Labels]:
    """Return key columns of the marks in a batch, by their name in EXCHANGES, and their labels."""
    labels = Labels()
    columns = address_keys(batch.column("address"), key, labels)
    for name, kind in KEYED.items():
        if name in batch.schema.names:
            encoded = batch.column(name).dictionary_encode()
            labels.add(
                kind,
                encoded.dictionary,
                key,
                _each(encoded.dictionary, shown_parameters) if kind == "parameters" else None,
            )
            columns[kind] = keys_of(encoded, key, kind)
    for name, kind in HIDDEN.items():
        if name in batch.schema.names:
            columns[kind] = keys_of(batch.column(name).dictionary_encode(), key, kind)
    return columns, labels


def _each(texts: pa.Array[Any], change: Callable[[str], str]) -> pa.Array[Any]:
    return pa.array([None if text is None else change(text) for text in texts.to_pylist()], pa.string())


def address_keys(column: pa.Array[Any], key: HashKey, labels: Labels) -> dict[str, pa.Array[Any]]:
    """Return key columns address (IPv6 by its /64) and subnet (/24, /48); null where it is no address."""
    encoded = column.dictionary_encode()
    address, subnet = networks_of(encoded.dictionary)
    columns = {}
    for kind, texts in (("address", address), ("subnet", subnet)):
        labels.add(kind, texts.unique(), key)
        columns[kind] = keys_of(texts, key, kind).take(encoded.indices)
    return columns


def networks_of(texts: pa.Array[Any]) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """Return address and subnet of distinct texts, in canonical form; null where a text is no address."""
    plain = compute.match_substring_regex(texts, _IPV4)
    address = compute.if_else(plain, texts, pa.scalar(None, pa.string()))
    subnet = compute.replace_substring_regex(address, r"\d+$", "0/24")
    if compute.all(plain, min_count=0).as_py():
        return address, subnet
    others = [
        (None, None) if ipv4 else network_of(text)
        for text, ipv4 in zip(texts.to_pylist(), plain.to_pylist(), strict=True)
    ]
    return (
        compute.coalesce(address, pa.array([address for address, _ in others], pa.string())),
        compute.coalesce(subnet, pa.array([subnet for _, subnet in others], pa.string())),
    )


@lru_cache(maxsize=65_536)
def network_of(text: str | None) -> tuple[str | None, str | None]:
    packed = plain_ipv6(text or "")
    if packed is not None:
        return _prefix(packed, 64), _prefix(packed, 48)
    try:
        address = ipaddress.ip_address((text or "").strip())
    except ValueError:
        return None, None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            number = int(address)
            return str(ipaddress.IPv6Network((number >> 64 << 64, 64))), str(
                ipaddress.IPv6Network((number >> 80 << 80, 48))
            )
        address = address.ipv4_mapped
    return str(address), str(ipaddress.IPv4Network((int(address) >> 8 << 8, 24)))


def _prefix(packed: bytes, bits: int) -> str:
    return f"{socket.inet_ntop(socket.AF_INET6, packed[: bits // 8].ljust(16, bytes(1)))}/{bits}"
