"""Sessions of Spark: on this machine, on a cluster, or through Spark Connect."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from stillwatch.errors import MissingExtra, SettingError, StillwatchError
from stillwatch.settings import EngineSettings

EXTRA = "pip install 'stillwatch[spark]'"
UNITS = {"k": 2**-10, "m": 1.0, "g": 2.0**10, "t": 2.0**20}
"""Mebibytes."""
QUERIES = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
"""How every session answers, whoever made it."""
HERE = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}
"""A session on this machine, which nobody else looks at."""


def open_session(url: str, settings: EngineSettings) -> tuple[Any, bool]:
    """A session at local[2], spark://HOST:PORT or sc://HOST:PORT, and whether it was made here: a process has
    one session at most, and one that is there already is used. Raises MissingExtra if a part of pyspark is
    not installed, and SettingError if nobody answers.
    """
    try:
        from pyspark.sql import SparkSession

        there = SparkSession.getActiveSession()
        if there is not None:
            _must_be(there, url)
            return there, False
        builder = SparkSession.builder
        if url.startswith("sc://"):
            builder = builder.remote(url)
        else:
            builder = builder.master(_master(url, settings)).appName("stillwatch")
            for name, value in _driver(url, settings).items():
                builder = builder.config(name, value)
        session = builder.getOrCreate()
        # Through Spark Connect nothing is asked of the cluster before this.
        session.conf.set("spark.sql.session.timeZone", "UTC")
    except StillwatchError:
        raise
    except ImportError as error:
        raise MissingExtra(f"the Spark engine lacks a part: {error}", do=EXTRA) from error
    except Exception as error:
        raise SettingError(
            f"no Spark answers at {host_of(url)}",
            where="--engine, or engine.url in the settings file",
            do="see that it runs, that this machine reaches it, and that its version is 4.0",
        ) from error
    return session, True


def _must_be(session: Any, url: str) -> None:
    """Raise SettingError for a session of this machine where a cluster was asked for."""
    master = str(session.conf.get("spark.master", "") or "")
    if master.startswith("local") and url.startswith(("spark://", "sc://")):
        raise SettingError(
            f"a Spark session of this machine ({master}) is open already, so {host_of(url)} is not used",
            where="--engine, or engine.url in the settings file",
            do="stop that session first, or name the engine local",
        )


def host_of(url: str) -> str:
    """The name without its parameters, which may hold a token."""
    return re.split(r"(?<=[^/:])/|[;?#]", url, maxsplit=1)[0]


def _master(url: str, settings: EngineSettings) -> str:
    """The master's name, with the setting's threads where it names none."""
    return f"local[{settings.threads or '*'}]" if url == "local" else url


def _driver(url: str, settings: EngineSettings) -> dict[str, str]:
    """What is set before the driver starts."""
    chosen = {
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        # Spark makes this folder even where no table is kept in it; the user's own is no place for it.
        "spark.sql.warehouse.dir": str(Path(tempfile.gettempdir()) / "stillwatch-spark-warehouse"),
        "spark.driver.memory": _memory(settings.memory),
    }
    return chosen | (HERE if url.startswith("local") else {})


def _memory(limit: str) -> str:
    """A limit as DuckDB takes it, as Spark takes it. Raises SettingError for one that is no size."""
    size = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt])i?b?\s*", limit.lower())
    if size is None:
        raise SettingError(
            f"Spark cannot take {limit!r} for its memory",
            where="engine.memory",
            do='write memory as in "3GB"',
        )
    return f"{max(int(float(size[1]) * UNITS[size[2]]), 512)}m"
