"""The one seeded function that turns text into keys: SipHash-2-4 over Arrow buffers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.key_file import secret_of

Int64s = npt.NDArray[np.int64]
PUBLIC_SECRET = b"stillwatch public key, version 1"


@dataclass(frozen=True)
class HashKey:
    """A 128-bit key in two halves.

    Tables made with one key can be joined. Without it nothing can be guessed from them.
    """

    k0: int
    """Low half."""
    k1: int
    """High half."""
    private: bool
    """Whether it came from a secret; the public key protects nobody."""

    @property
    def name(self) -> str:
        """The key's name in tables: 8 hexadecimal digits of its hash, from which the key cannot be found.

        The hash is BLAKE2b, RFC 7693.
        """
        halves = self.k0.to_bytes(8, "little") + self.k1.to_bytes(8, "little")
        return hashlib.blake2b(halves, digest_size=4, person=b"stillwatch-name").hexdigest()

    def halves(self, kind: str) -> tuple[np.uint64, np.uint64]:
        """Return the key for one kind of values.

        The high half is derived (BLAKE2b with a key, RFC 7693), so that no two kinds have keys that are known
        to be related.
        """
        secret = self.k0.to_bytes(8, "little") + self.k1.to_bytes(8, "little")
        high = hashlib.blake2b(kind.encode(), key=secret, digest_size=8, person=b"stillwatch-kind").digest()
        return np.uint64(self.k0), np.uint64(int.from_bytes(high, "little"))

    @staticmethod
    def public() -> HashKey:
        """Return the key that everybody knows, for made-up worlds and for figures that others must check."""
        return _derive(PUBLIC_SECRET, private=False)

    @staticmethod
    def from_file(path: Path) -> HashKey:
        """Read a key from a file of at least 16 bytes. Raises SettingError as `secret_of` does."""
        return _derive(secret_of(path), private=True)


def _derive(secret: bytes, *, private: bool) -> HashKey:
    digest = hashlib.blake2b(secret, digest_size=16, person=b"stillwatch-keys").digest()
    return HashKey(int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little"), private)


def salt(name: str) -> int:
    """Return a constant 64-bit salt for a facet or column name, as a signed integer."""
    return int.from_bytes(
        hashlib.blake2b(name.encode(), digest_size=8, person=b"stillwatch-salt").digest(),
        "little",
        signed=True,
    )


def mix(a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Mix two numbers well into one, without a secret.

    The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    """
    x = a + b * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def keys_of(column: pa.Array[Any] | pa.ChunkedArray[Any], key: HashKey, kind: str) -> Any:
    """Return the keys of a string column: int64, null where the text is null or empty.

    `kind` separates columns. Aumasson and Bernstein 2012.
    """
    array: Any = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(array.type):
        return keys_of(array.dictionary, key, kind).take(array.indices)
    if len(array) == 0:
        return pa.array([], pa.int64())
    data, offsets = buffers_of(array)
    k0, k1 = key.halves(kind)
    hashes = _siphash_all(data, offsets, k0, k1)
    empty = (np.diff(offsets) == 0) | np.asarray(array.is_null())
    return pa.array(hashes, mask=empty)


def keys_of_texts(texts: list[str], key: HashKey, kind: str) -> Int64s:
    """Return the keys of a few strings; an empty one gives 0."""
    return np.asarray(keys_of(pa.array(texts, pa.string()), key, kind).fill_null(0), dtype=np.int64)


def buffers_of(array: pa.Array[Any]) -> tuple[npt.NDArray[np.uint8], Int64s]:
    """Return the bytes and int64 offsets (n + 1) of a string array, without a copy of the bytes.

    Slices are respected.
    """
    large = pa.types.is_large_string(array.type)
    buffers: list[Any] = array.buffers()
    _, offset_buffer, data_buffer = buffers
    if offset_buffer is None:
        return np.frombuffer(b"", np.uint8), np.zeros(len(array) + 1, np.int64)
    raw = np.frombuffer(offset_buffer, np.int64 if large else np.int32)[
        array.offset : array.offset + len(array) + 1
    ]
    data = (
        np.frombuffer(data_buffer, np.uint8)
        if data_buffer is not None and data_buffer.size
        else np.zeros(0, np.uint8)
    )
    data.setflags(
        write=False
    )  # some Arrow buffers can be written to, some not: kernels would compile once for each
    return data, raw.astype(np.int64)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _rotl(x: np.uint64, b: int) -> np.uint64:
    return np.uint64((x << np.uint64(b)) | (x >> np.uint64(64 - b)))


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def siphash(data: npt.NDArray[np.uint8], start: int, end: int, k0: np.uint64, k1: np.uint64) -> np.uint64:
    """Compute SipHash-2-4 of data[start:end] (Aumasson and Bernstein 2012, section 2)."""
    v0 = k0 ^ np.uint64(0x736F6D6570736575)
    v1 = k1 ^ np.uint64(0x646F72616E646F6D)
    v2 = k0 ^ np.uint64(0x6C7967656E657261)
    v3 = k1 ^ np.uint64(0x7465646279746573)
    length = end - start
    whole = length // 8
    for block in range(whole + 1):
        m = np.uint64(0)
        base = start + block * 8
        if block < whole:
            for j in range(8):
                m |= np.uint64(data[base + j]) << np.uint64(8 * j)
        else:
            for j in range(length - whole * 8):
                m |= np.uint64(data[base + j]) << np.uint64(8 * j)
            m |= np.uint64(length & 0xFF) << np.uint64(56)
        v3 ^= m
        for _ in range(2):
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= m
    v2 ^= np.uint64(0xFF)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return np.uint64(v0 ^ v1 ^ v2 ^ v3)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def siphash_word(word: np.uint64, k0: np.uint64, k1: np.uint64) -> np.uint64:
    """Compute SipHash-2-4 of the eight bytes of a word, little-endian: siphash() without a buffer."""
    v0 = k0 ^ np.uint64(0x736F6D6570736575)
    v1 = k1 ^ np.uint64(0x646F72616E646F6D)
    v2 = k0 ^ np.uint64(0x6C7967656E657261)
    v3 = k1 ^ np.uint64(0x7465646279746573) ^ word
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0 ^= word
    length = np.uint64(8 << 56)
    v3 ^= length
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0 ^= length
    v2 ^= np.uint64(0xFF)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return np.uint64(v0 ^ v1 ^ v2 ^ v3)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _round(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    v0 = np.uint64(v0 + v1)
    v1 = _rotl(v1, 13) ^ v0
    v0 = _rotl(v0, 32)
    v2 = np.uint64(v2 + v3)
    v3 = _rotl(v3, 16) ^ v2
    v0 = np.uint64(v0 + v3)
    v3 = _rotl(v3, 21) ^ v0
    v2 = np.uint64(v2 + v1)
    v1 = _rotl(v1, 17) ^ v2
    v2 = _rotl(v2, 32)
    return v0, v1, v2, v3


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _siphash_all(data: npt.NDArray[np.uint8], offsets: Int64s, k0: np.uint64, k1: np.uint64) -> Int64s:
    out = np.empty(len(offsets) - 1, np.int64)
    for i in range(len(out)):
        out[i] = np.int64(siphash(data, offsets[i], offsets[i + 1], k0, k1))
    return out


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def seal(values: Int64s, k0: np.uint64, k1: np.uint64) -> None:
    """Replace numbers by their keys, siphash_word of each, in place.

    Anyone who knows a text could compute the numbers.
    """
    for i in range(len(values)):
        values[i] = np.int64(siphash_word(np.uint64(values[i]), k0, k1))
