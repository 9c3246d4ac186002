"""Every setting with its default and a sentence. Nothing is read at import."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from stillwatch.errors import SettingError

T = TypeVar("T")
DUCKDB = "duckdb"
"""The engine of everything that is not told otherwise."""
ENGINES = (
    f"{DUCKDB}, local[2] (Spark on this machine, with 2 threads), spark://HOST:PORT (a Spark cluster) or "
    "sc://HOST:PORT (Spark Connect)"
)
"""How an engine may be called."""
OF_MACHINES = ("url", "scratch")
"""Settings of the engine that a run does not tell: they say where it ran, and a URL may hold a token."""


def setting(default: T, sentence: str) -> T:
    """A dataclass field that carries its sentence; the reference page and the errors are made from it."""
    if isinstance(default, tuple | dict):
        return field(default_factory=lambda: default, metadata={"sentence": sentence})
    return field(default=default, metadata={"sentence": sentence})


@dataclass(frozen=True)
class IngestSettings:
    """How logs become exchanges."""

    max_bad_share: float = setting(0.05, "Share of rows that may go to quarantine before the run stops.")
    bad_rows_grace: int = setting(20, "This many bad rows never stop a run, whatever their share.")
    max_row_bytes: int = setting(
        64 * 2**20, "A row longer than this goes to quarantine instead of into memory."
    )
    batch_rows: int = setting(16_384, "Rows handed to the sketch stage at once.")
    batch_bytes: int = setting(
        32 * 2**20, "Text handed to the sketch stage at once, in bytes; the smaller of both limits wins."
    )
    max_future_hours: float = setting(
        24.0, "A row dated further ahead of the newest file than this goes to quarantine."
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), "Networks (CIDR) of your own proxies; the client is the first address before them."
    )
    account_field: str = setting(
        "", "Which field names the account, where a format has several; empty: the format's usual one."
    )
    workers: int = setting(0, "Processes that read and sketch files; 0: one a core, at most four.")


@dataclass(frozen=True)
class SketchSettings:
    """How text becomes sketches."""

    shingle_words: int = setting(5, "Words in a shingle.")
    shingle_rate: int = setting(
        6, "One window in so many is kept as a fingerprint, the same ones in every prompt."
    )
    shingles_kept: int = setting(
        64,
        "The most fingerprints kept for an exchange; a longer prompt keeps half of them, a quarter, until "
        "they fit.",
    )
    edge_words: int = setting(8, "Words in the skeleton of a prompt's head and of its tail.")
    max_chars: int = setting(
        20_000,
        "Characters at the head of a prompt, and as many at its tail, that are sketched; the middle of a "
        "longer one is skipped.",
    )
    template_text: bool = setting(
        False,
        "Keep the words of templates that at least `template_accounts` accounts share; the logs are looked "
        "into a second time for them.",
    )
    template_accounts: int = setting(
        20, "Accounts that must have written the same words before a template may show them."
    )


@dataclass(frozen=True)
class LinkageSettings:
    """How traces become groups."""

    smallest_group: int = setting(5, "Accounts a group must have.")
    smallest_anchor: int = setting(5, "Carriers a key needs to be tested as an anchor.")
    largest_anchor_share: float = setting(
        0.02, "A key carried by a larger share of all accounts is never an anchor."
    )
    keys_per_facet: int = setting(8, "Keys kept for an account in one facet: the rarest that are shared.")
    smooth: float = setting(
        20.0, "Weight of the global rate when a stratum's rate is estimated, in accounts."
    )
    threshold_nats: float = setting(8.0, "Log-likelihood ratio at which a carrier counts as a member.")
    facet_cap_nats: float = setting(6.0, "The most that one facet may contribute for one account.")
    family_cap_nats: float = setting(10.0, "The most that one family may contribute for one account.")
    overlap: float = setting(0.5, "Jaccard overlap at which two anchors' members are one group.")


@dataclass(frozen=True)
class CampaignSettings:
    """How groups become campaigns and verdicts."""

    false_discovery_rate: float = setting(0.05, "Expected share of false campaigns among the listed ones.")
    bound_level: float = setting(0.05, "Chance that the 'at least m of n accounts' bound is wrong.")
    industrial_exchanges: int = setting(
        1_000,
        "Exchanges at which scale is high: a thousand curated examples already tune a model (LIMA, 2023).",
    )
    known_exchanges: int = setting(
        50_000,
        "Exchanges from which a verified organisation that harvests openly needs a permit: what the first "
        "published model tuned on another's "
        "answers was trained with (52,000; Alpaca, 2023).",
    )
    permit_slack: float = setting(
        0.05,
        "Share of a licensee's harvest-like exchanges, or of the volume it may have, up to which going "
        "beyond the permit is told and no more.",
    )
    naming_nats: float = setting(
        10.0, "Evidence, formation and content together, at which an account is named in a group."
    )
    benign_exchanges: int = setting(
        500_000,
        "Owners that the test clears are still explained while their exchanges together are at most so many.",
    )
    high: float = setting(0.5, "Score at which an axis is called high.")
    business_plans: tuple[str, ...] = setting(
        ("business", "team", "enterprise"),
        "Plans whose payment instrument declares one owner for all its accounts.",
    )
    public_mail: tuple[str, ...] = setting(
        (
            "gmail.com",
            "outlook.com",
            "hotmail.com",
            "yahoo.com",
            "icloud.com",
            "proton.me",
            "protonmail.com",
            "gmx.com",
            "mail.com",
            "aol.com",
            "yandex.com",
            "qq.com",
            "163.com",
        ),
        "Mail domains open to anyone; sharing one declares nothing.",
    )


@dataclass(frozen=True)
class WatchSettings:
    """How the days of a run are watched."""

    average_run_length: float = setting(
        365.0,
        "Days that pass without a false alarm on average, at least, where no group is more than chance.",
    )
    window: int = setting(
        28, "Days of traffic that the search of one day looks at: the day itself and those before it."
    )
    every: int = setting(
        1, "The search is made at the end of every so many days, counted back from the last."
    )
    searches_a_day: int = setting(
        1,
        "Searches of a day that is searched, evenly spaced, the last at its end: 1, 2, 3, 4, 6, 8, 12 or "
        "24; above 1 every must be 1.",
    )
    overlap: float = setting(
        0.5,
        "Share of the smaller one's accounts at which a campaign of a later day is an earlier alarm going "
        "on.",
    )


@dataclass(frozen=True)
class EngineSettings:
    """What the query engine may use."""

    url: str = setting(DUCKDB, f"What the search runs on: {ENGINES}. run.json does not tell it.")
    memory: str = setting(
        "3GB", "Memory that DuckDB may use before it spills to disk, or that the driver of Spark has."
    )
    threads: int = setting(0, "Threads; 0: one a core.")
    scratch: str = setting(
        "",
        "Folder for the tables of a search on Spark, which every worker sees; empty: below --out. run.json "
        "does not tell it.",
    )


@dataclass(frozen=True)
class Settings:
    """All settings, one section for each stage."""

    ingest: IngestSettings = field(default_factory=IngestSettings)
    sketch: SketchSettings = field(default_factory=SketchSettings)
    linkage: LinkageSettings = field(default_factory=LinkageSettings)
    campaigns: CampaignSettings = field(default_factory=CampaignSettings)
    watch: WatchSettings = field(default_factory=WatchSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)


def load(path: Path | None) -> Settings:
    """Settings from a TOML file; a missing path gives the defaults. Raises SettingError for unknown keys and
    wrong types.
    """
    if path is None:
        return Settings()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(
            f"the settings file cannot be read: {error.strerror}",
            where=str(path),
            do="check the path given to --settings",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(
            f"the settings file is not TOML: {error}", where=str(path), do="mend the line named above"
        ) from error
    return from_document(document, where=str(path))


def from_document(document: dict[str, Any], *, where: str) -> Settings:
    """Settings from sections of a parsed TOML document."""
    sections: dict[str, Any] = {}
    known = {f.name: f for f in fields(Settings)}
    for name, values in document.items():
        if name not in known:
            raise SettingError(
                f"there is no settings section [{name}]", where=where, do=_nearest(name, list(known))
            )
        if not isinstance(values, dict):
            raise SettingError(
                f"[{name}] must be a section", where=where, do=f"write [{name}] on a line of its own"
            )
        sections[name] = _section(type(getattr(Settings(), name)), name, values, where)
    return Settings(**sections)


def _section(kind: type[Any], name: str, values: dict[str, Any], where: str) -> Any:
    hints = get_type_hints(kind)
    clean: dict[str, Any] = {}
    for key, value in values.items():
        if key not in hints:
            raise SettingError(
                f"there is no setting {name}.{key}", where=where, do=_nearest(key, list(hints))
            )
        clean[key] = _typed(hints[key], value, f"{name}.{key}", where)
    return kind(**clean)


def _typed(kind: Any, value: Any, name: str, where: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == tuple[str, ...] and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if kind in (int, float, str, bool) and type(value) is kind:
        return value
    wanted = "a list of strings" if kind == tuple[str, ...] else kind.__name__
    raise SettingError(
        f"setting {name} must be {wanted}, not {value!r}",
        where=where,
        do="see docs/reference/settings.md for its meaning and default",
    )


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"


def as_document(settings: Settings) -> dict[str, dict[str, Any]]:
    """Settings as plain sections."""
    return {f.name: dataclasses.asdict(getattr(settings, f.name)) for f in fields(settings)}


def as_told(settings: Settings) -> dict[str, dict[str, Any]]:
    """Settings as plain sections, as run.json tells them."""
    sections = as_document(settings)
    for name in OF_MACHINES:
        del sections["engine"][name]
    return sections
