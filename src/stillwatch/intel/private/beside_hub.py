"""The look-up service beside a hub: in its database, with a key file of its own."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.private.epoch_keys import list_signer
from stillwatch.intel.private.service import Who, lookup_app
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.witness import Witness
from stillwatch.key_file import secret_of
from stillwatch.run.durable import write_bytes

VARIABLE = "STILLWATCH_LOOKUP_KEY"
"""Names the key file; needed where the hub is in PostgreSQL."""


def lookup_key_file(database: Database, named: Mapping[str, str] = os.environ) -> Path:
    """Where the service's key file is: as $STILLWATCH_LOOKUP_KEY says, else beside the hub's file. Raises
    IntelError where neither is.
    """
    if named.get(VARIABLE):
        return Path(named[VARIABLE])
    if database.file is None:
        raise IntelError(
            "beside a database in PostgreSQL there is no place for the key of the look-up service",
            where=database.shown,
            do=f"name its file in ${VARIABLE}",
        )
    return database.file.with_name(f"{database.file.name}.lookups.key")


def made_key_file(database: Database) -> Path:
    """The key file, made with a new secret where it is not there; only its owner may read it."""
    path = lookup_key_file(database)
    if not path.exists():
        write_bytes(path, base64.b64encode(secrets.token_bytes(32)) + b"\n")
    return path


def pin_of(database: Database) -> str:
    """What members pin: the public key that signs the list of keys, as 64 hexadecimal digits."""
    return list_signer(secret_of(made_key_file(database))).public_key().public_bytes_raw().hex()


def lookup_part(database: Database, who: Who, witness: Witness) -> Starlette:
    """The service as a part of a hub, to be mounted at /private."""
    return lookup_app(database, LookupSettings(key_file=made_key_file(database)), who, witness)
