"""Open the engine that a setting or an option names."""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import shutil
from pathlib import Path

from stillwatch.engine.base import Engine
from stillwatch.engine.duckdb import DuckDBEngine
from stillwatch.errors import MissingExtra, SettingError
from stillwatch.settings import DUCKDB, ENGINES, EngineSettings

LOCAL = re.compile(r"local(\[(\*|[1-9][0-9]{0,3})(,[1-9][0-9]?)?\])?")
"""Spark on this machine, with so many threads, and so many tries for a task that fails."""
REMOTE = re.compile(r"(spark|sc)://[^\s/:@?#;]+(:[0-9]{1,5})?[^\s@?#]*")
"""A cluster of Spark's own, or anything that speaks Spark Connect."""


def open_engine(url: str, settings: EngineSettings, scratch: Path | None = None) -> Engine:
    """The engine called `url`: duckdb, local[2], spark://HOST:PORT or sc://HOST:PORT.

    scratch: a folder for spill files and for the tables of a search; for Spark the setting engine.scratch
    goes before it. Raises what `check_engine` does, and SettingError for a cluster that does not answer or
    lacks a scratch folder.
    """
    check_engine(url, settings)
    if url == DUCKDB:
        return DuckDBEngine(settings, scratch)
    # PySpark takes a second to import, and is not there where nobody asked for it.
    from stillwatch.engine.spark import SparkEngine
    from stillwatch.engine.spark_session import open_session

    folder = Path(settings.scratch) if settings.scratch else scratch
    if folder is None and not LOCAL.fullmatch(url):
        raise SettingError(
            "the cluster needs a folder for the tables of a search, and none is named",
            where="engine.scratch",
            do="name a folder that this machine and every worker see under one path",
        )
    session, own = open_session(url, settings)
    return SparkEngine(session, folder, own=own)


def check_engine(url: str, settings: EngineSettings) -> None:
    """What can be known of an engine before it is needed. Raises SettingError for a name that is none, and
    for a scratch folder that is not there; MissingExtra where pyspark or Java is not installed.
    """
    if url == DUCKDB:
        return
    if not (LOCAL.fullmatch(url) or REMOTE.fullmatch(url)):
        near = difflib.get_close_matches(url.lower(), [DUCKDB, "local[2]", "spark://", "sc://"], n=1)
        raise SettingError(
            f"there is no engine {shown(url)!r}",
            where="--engine, or engine.url in the settings file",
            do=f"{f'did you mean {near[0]}? ' if near else ''}give {ENGINES}",
        )
    if importlib.util.find_spec("pyspark") is None:
        raise MissingExtra("the Spark engine needs pyspark", do="pip install 'stillwatch[spark]'")
    if not (url.startswith("sc://") or os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise MissingExtra(
            "Spark needs Java here, and none was found", do="install Java 17 or newer, or set JAVA_HOME"
        )
    if settings.scratch and not Path(settings.scratch).is_dir():
        raise SettingError(
            f"the scratch folder {settings.scratch} is not there",
            where="engine.scratch",
            do="make it, or name another",
        )


def shown(url: str) -> str:
    """The name without what follows the host: it may hold a token or a password."""
    return re.sub(r"//[^/@\s]*@", "//", re.split(r"[;?#]", url, maxsplit=1)[0])[:80]
