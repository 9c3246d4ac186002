"""Under which version and key a table was sketched: what must agree before two tables are compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from stillwatch.errors import RunError
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.stored import SKETCH_VERSION

VERSION, KEY_NAME = b"stillwatch.sketch.version", b"stillwatch.sketch.key"
"""Names in a Parquet file's own metadata."""


@dataclass(frozen=True)
class Sketched:
    """What sketches were made with; it gives nothing of the key away."""

    version: int
    """Version of the sketches."""
    key: str
    """HashKey.name of the key."""

    @staticmethod
    def by(key: HashKey) -> Sketched:
        """What this version makes under a key."""
        return Sketched(SKETCH_VERSION, key.name)

    @staticmethod
    def of_schema(schema: pa.Schema, where: str) -> Sketched:
        """What a Parquet file says of itself. Raises RunError where it says nothing."""
        told = schema.metadata or {}
        if VERSION not in told or KEY_NAME not in told:
            raise RunError(
                "the table does not say how it was sketched",
                where=where,
                do="it was made by an older version: run `stillwatch detect` again",
            )
        return Sketched(int(told[VERSION]), told[KEY_NAME].decode())

    @staticmethod
    def of_run(about: dict[str, Any], where: str) -> Sketched:
        """What run.json says. Raises RunError where it says nothing."""
        told = about.get("sketch")
        if (
            not isinstance(told, dict)
            or not isinstance(told.get("version"), int)
            or not isinstance(told.get("key"), str)
        ):
            raise RunError(
                "the run does not say how it was sketched",
                where=where,
                do="it was made by an older version: run `stillwatch detect` again",
            )
        return Sketched(told["version"], told["key"])

    def document(self) -> dict[str, Any]:
        """For run.json."""
        return asdict(self)

    def marked(self, schema: pa.Schema) -> pa.Schema:
        """The schema with this in its metadata, so that each file says it of itself."""
        return schema.with_metadata(
            {**(schema.metadata or {}), VERSION: str(self.version).encode(), KEY_NAME: self.key.encode()}
        )


def must_agree(ours: Sketched, theirs: Sketched, where: str) -> None:
    """Raise RunError unless keys of both mean the same: sketches of two versions, or under two keys, agree by
    chance at most.
    """
    if ours.version != theirs.version:
        raise RunError(
            f"the sketches are of version {theirs.version}, and {ours.version} is wanted",
            where=where,
            do="run `stillwatch detect` again on the older one's logs: sketches of two versions cannot be "
            "compared",
        )
    if ours.key != theirs.key:
        raise RunError(
            f"the sketches were made under key {theirs.key}, and {ours.key} is wanted",
            where=where,
            do="run `stillwatch detect` on both with one --key-file: sketches under two keys cannot be "
            "compared",
        )
