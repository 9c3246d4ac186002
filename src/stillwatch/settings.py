"""Every setting with its default, its range and a sentence. Nothing is read at import."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from stillwatch.allowed import Anything, Networks, Size, TimeForm, Within, Zone
from stillwatch.case_settings import CaseSettings
from stillwatch.console_settings import ConsoleSettings
from stillwatch.errors import SettingError, without_passwords
from stillwatch.hub_settings import HubSettings
from stillwatch.intel_settings import IntelSettings
from stillwatch.playbook_settings import PlaybookSettings
from stillwatch.policy_settings import PolicySettings
from stillwatch.setting import Section, checked, hints_of, setting
from stillwatch.toml_file import known, nearest, read_toml, shown
from stillwatch.watch_settings import WatchSettings

MANY = 10**12
"""More than anything here is counted to."""
DUCKDB = "duckdb"
"""The engine of everything that is not told otherwise."""
ENGINES = (
    f"{DUCKDB}, local[2] (Spark on this machine, with 2 threads), spark://HOST:PORT (a Spark cluster) or "
    "sc://HOST:PORT (Spark Connect)"
)
"""How an engine may be called."""
OF_MACHINES = ("url", "scratch")
"""Settings of the engine that a run does not tell: they say where it ran, and a URL may hold a token."""
OF_PEOPLE = ("policy", "cases", "playbooks", "console", "intel", "hub")
"""Sections that a run does not tell: no search depends on them."""


@dataclass(frozen=True)
class IngestSettings(Section):
    """How logs become exchanges."""

    section: ClassVar[str] = "ingest"

    max_bad_share: float = setting(
        0.05, "Share of rows that may go to quarantine before the run stops.", Within(0, 1)
    )
    bad_rows_grace: int = setting(
        20, "This many bad rows never stop a run, whatever their share.", Within(0, MANY)
    )
    max_row_bytes: int = setting(
        64 * 2**20,
        "A row longer than this is cut: its short fields stay. Other text goes to quarantine.",
        Within(1_024, 2**31 - 1),
    )
    batch_rows: int = setting(16_384, "Rows handed to the sketch stage at once.", Within(1, 2**20))
    batch_bytes: int = setting(
        32 * 2**20,
        "Text handed to the sketch stage at once, in bytes; the smaller of both limits wins.",
        Within(1_024, 2**31 - 1),
    )
    max_future_hours: float = setting(
        24.0,
        "A row dated further ahead than this of the clock, or of the log's own newest times where these are "
        "later, goes to quarantine.",
        Within(0, 87_600),
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), "Networks (CIDR) of your own proxies; the client is the first address before them.", Networks()
    )
    account_field: str = setting(
        "",
        "Which field names the account, where a format has several; empty: the format's usual one.",
        Anything("a column, or a dotted path"),
    )
    accept_cut_files: bool = setting(
        False,
        "Read a compressed file or an archive that is cut or damaged up to that place, and count the loss; "
        "otherwise it stops the run.",
        Anything("true or false"),
    )
    max_unpacked_ratio: int = setting(
        300,
        "How many times its size a compressed archive may unpack to when it is copied; the first 1 GiB is "
        "free.",
        Within(1, MANY),
    )
    request_id_field: str = setting(
        "",
        "Which attribute of a span names the request, as an edge log names it; empty: trace and span.",
        Anything("the name of an attribute"),
    )
    time_format: str = setting(
        "",
        "The form of written times, as Python's strptime takes it; tried before the forms that are known. "
        "Empty: those alone, and a date whose day and month can be exchanged is refused.",
        TimeForm(),
    )
    time_zone: str = setting(
        "",
        "IANA name of the zone of times that name none. Empty: UTC.",
        Zone(),
    )
    workers: int = setting(
        0, "Processes that read and sketch files; 0: one a core, at most four.", Within(0, 256)
    )


@dataclass(frozen=True)
class SketchSettings(Section):
    """How text becomes sketches."""

    section: ClassVar[str] = "sketch"

    shingle_words: int = setting(5, "Words in a shingle.", Within(1, 64))
    shingle_rate: int = setting(
        6, "One window in so many is kept as a fingerprint, the same ones in every prompt.", Within(1, 1_000)
    )
    shingles_kept: int = setting(
        64,
        "The most fingerprints kept for an exchange; a longer prompt keeps half of them, a quarter, until "
        "they fit.",
        Within(1, 10_000),
    )
    edge_words: int = setting(8, "Words in the skeleton of a prompt's head and of its tail.", Within(1, 64))
    max_chars: int = setting(
        20_000,
        "Characters at the head of a prompt, and as many at its tail, that are sketched; the middle of a "
        "longer one is skipped.",
        Within(1, 10**7),
    )
    template_text: bool = setting(
        False,
        "Keep the words of templates that at least `template_accounts` accounts share; the logs are looked "
        "into a second time for them.",
        Anything("true or false"),
    )
    template_accounts: int = setting(
        20, "Accounts that must have written the same words before a template may show them.", Within(1, MANY)
    )


@dataclass(frozen=True)
class LinkageSettings(Section):
    """How traces become groups."""

    section: ClassVar[str] = "linkage"

    smallest_group: int = setting(5, "Accounts a group must have.", Within(2, MANY))
    smallest_anchor: int = setting(5, "Carriers a key needs to be tested as an anchor.", Within(2, MANY))
    largest_anchor_share: float = setting(
        0.02,
        "A key carried by a larger share of all accounts is an anchor only if a sample of its carriers "
        "shares a key of another family.",
        Within(0, 1, above=True),
    )
    keys_per_facet: int = setting(
        8, "Keys kept for an account in one facet: the rarest that are shared.", Within(1, 1_000)
    )
    smooth: float = setting(
        20.0,
        "Weight of the global rate when a stratum's rate is estimated, in accounts.",
        Within(0, 10**6, above=True),
    )
    threshold_nats: float = setting(
        8.0, "Log-likelihood ratio at which a carrier counts as a member.", Within(0, 1_000)
    )
    facet_cap_nats: float = setting(
        6.0,
        "The most that one facet may contribute for one account; for a key that a group alone carries, that "
        "shares another one, it is the family's.",
        Within(0, 1_000, above=True),
    )
    family_cap_nats: float = setting(
        10.0, "The most that one family may contribute for one account.", Within(0, 1_000, above=True)
    )
    overlap: float = setting(
        0.5, "Jaccard overlap at which two anchors' members are one group.", Within(0, 1, above=True)
    )


@dataclass(frozen=True)
class CampaignSettings(Section):
    """How groups become campaigns and verdicts."""

    section: ClassVar[str] = "campaigns"

    false_discovery_rate: float = setting(
        0.05, "Expected share of false campaigns among the listed ones.", Within(0, 1, above=True)
    )
    bound_level: float = setting(
        0.05, "Chance that the 'at least m of n accounts' bound is wrong.", Within(0, 1, above=True)
    )
    industrial_exchanges: int = setting(
        1_000,
        "Exchanges at which scale is high: a thousand curated examples already tune a model (LIMA, 2023).",
        Within(1, MANY),
    )
    known_exchanges: int = setting(
        50_000,
        "Exchanges from which a verified organisation that harvests openly needs a permit: what the first "
        "published model tuned on another's "
        "answers was trained with (52,000; Alpaca, 2023).",
        Within(0, MANY),
    )
    permit_slack: float = setting(
        0.05,
        "Share of a licensee's harvest-like exchanges, or of the volume it may have, up to which going "
        "beyond the permit is told and no more.",
        Within(0, 1),
    )
    naming_nats: float = setting(
        10.0,
        "Evidence, formation and content together, at which an account is named in a group.",
        Within(0, 1_000),
    )
    naming_level: float = setting(
        0.05,
        "Expected share, among a group's accounts that pass, of accounts whose content is like that of their "
        "client's other users.",
        Within(0, 1, above=True),
    )
    benign_exchanges: int = setting(
        500_000,
        "Owners that the test clears are still explained while their exchanges together are at most so many.",
        Within(0, MANY),
    )
    high: float = setting(0.5, "Score at which an axis is called high.", Within(0, 1, above=True))
    business_plans: tuple[str, ...] = setting(
        ("business", "team", "enterprise"),
        "Plans whose payment instrument declares one owner for all its accounts.",
        Anything("names of plans"),
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
        Anything("mail domains"),
    )


@dataclass(frozen=True)
class IdentitySettings(Section):
    """How campaigns are known again in a later run, and linked within one."""

    section: ClassVar[str] = "identity"

    overlap: float = setting(
        0.5,
        "Share of the smaller campaign's accounts that both must name for the one to be the other going on, "
        "a part of it, or taken into it.",
        Within(0.01, 1),
    )
    own_share: float = setting(
        0.8,
        "A key is compared only if at least this share of all accounts that carry it are in campaigns; what "
        "more strangers use says nothing about who runs a campaign.",
        Within(0.01, 1),
    )
    key_share: float = setting(
        0.5,
        "Share of the lighter campaign's weight of keys that both must carry to be linked by keys.",
        Within(0.01, 1),
    )
    key_nats: float = setting(
        8.0,
        "Weight in nats that the shared keys must have: the strongest facet in full, the others by a third.",
        Within(0, 1_000),
    )
    key_facets: int = setting(
        2, "Facets that must have a shared key: one may be a single published prompt or tool.", Within(1, 20)
    )
    dismissed_growth: float = setting(
        0.5,
        "Share by which the accounts of a campaign that a person dismissed may grow before it counts as "
        "changed, and is listed with the others again.",
        Within(0, 1_000),
    )


@dataclass(frozen=True)
class EngineSettings(Section):
    """What the query engine may use."""

    section: ClassVar[str] = "engine"

    url: str = setting(DUCKDB, "What the search runs on. run.json does not tell it.", Anything(ENGINES))
    memory: str = setting(
        "3GB",
        "Memory that DuckDB may use before it spills to disk, or that the driver of Spark has.",
        Size("50MB"),
    )
    threads: int = setting(0, "Threads; 0: one a core.", Within(0, 1_024))
    scratch: str = setting(
        "",
        "Folder for the tables of a search on Spark, which every worker sees; empty: below --out. run.json "
        "does not tell it.",
        Anything("a folder"),
    )


@dataclass(frozen=True)
class Settings:
    """All settings, one section for each stage."""

    ingest: IngestSettings = field(default_factory=IngestSettings)
    sketch: SketchSettings = field(default_factory=SketchSettings)
    linkage: LinkageSettings = field(default_factory=LinkageSettings)
    campaigns: CampaignSettings = field(default_factory=CampaignSettings)
    identity: IdentitySettings = field(default_factory=IdentitySettings)
    watch: WatchSettings = field(default_factory=WatchSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    policy: PolicySettings = field(default_factory=PolicySettings)
    cases: CaseSettings = field(default_factory=CaseSettings)
    playbooks: PlaybookSettings = field(default_factory=PlaybookSettings)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    hub: HubSettings = field(default_factory=HubSettings)
    intel: IntelSettings = field(default_factory=IntelSettings)


def load(path: Path | None) -> Settings:
    """Settings from a TOML file; a missing path gives the defaults. Raises SettingError for unknown keys,
    wrong types and values out of their range.
    """
    if path is None:
        return Settings()
    return from_document(read_toml(path, "settings file", option="--settings"), where=str(path))


def from_document(document: dict[str, Any], *, where: str) -> Settings:
    """Settings from sections of a TOML document, or of run.json. Raises SettingError as `load` does."""
    names = [f.name for f in fields(Settings)]
    known(document, names, "there is no settings section [{}]", where=where)
    sections: dict[str, Any] = {}
    for name, values in document.items():
        if not isinstance(values, dict):
            raise SettingError(
                f"[{name}] must be a section", where=where, do=f"write [{name}] on a line of its own"
            )
        sections[name] = _section(type(getattr(Settings(), name)), name, values, where)
    return Settings(**sections)


def _section(kind: Any, name: str, values: dict[str, Any], where: str) -> Any:
    hints = hints_of(kind)
    clean: dict[str, Any] = {}
    for key, value in values.items():
        if key not in hints:
            raise SettingError(
                f"there is no setting {name}.{shown(key)}", where=where, do=nearest(key, hints)
            )
        clean[key] = checked(kind, key, value, where)
    return kind(**clean)


def as_document(settings: Settings) -> dict[str, dict[str, Any]]:
    """Settings as plain sections, for run.json and the report; a password in an address is left out."""
    return {
        f.name: {
            key: without_passwords(value) if isinstance(value, str) else value
            for key, value in dataclasses.asdict(getattr(settings, f.name)).items()
        }
        for f in fields(settings)
    }


def as_told(settings: Settings) -> dict[str, dict[str, Any]]:
    """Settings as plain sections, as run.json tells them: those on which a search depends."""
    sections = as_document(settings)
    for name in OF_MACHINES:
        del sections["engine"][name]
    for name in OF_PEOPLE:
        del sections[name]
    return sections
