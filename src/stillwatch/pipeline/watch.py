"""Daily monitoring: the search made again at the end of each day of a run, or several times a day, on what
was known then, with a promised run length.

The promise. Call a search *quiet in truth* where no group it tests is more than chance: given their strata,
accounts carry content keys as everybody does. In such a search an alarm needs some e-value of at least K / a,
for K groups tested, so its chance is at most a (Markov's inequality and the union bound;
`heldout.error_control.needed_log_e`). If nothing ever changes, and T is the first search with an alarm, P(T
<= n) <= n a whatever the dependence between searches, whose windows overlap. Hence

    E[T] = sum over n >= 0 of P(T > n)  >=  sum of max(0, 1 - n a)  >=  (1 / a + 1) / 2,

the last with equality where 1 / a is whole. With a = 1 / (2 m + 1) the mean number of searches before the one
that raises it, E[T] - 1, is at least m. A search every so many days needs so many fewer, several a day so
many more: m = average_run_length * searches_a_day / every.

A group that is benign but does act as one (a company, a class) is no chance group: that its verdict is benign
is argued on the three axes, and no run length is promised for that. The bench measures it
(`bench/guarantees.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
from ibis import _

from stillwatch.campaigns.permits import Permit
from stillwatch.engine import Engine, Scope, Table, check_engine, open_engine
from stillwatch.engine.sorted_file import counts_of
from stillwatch.errors import RunError, SettingError
from stillwatch.heldout.error_control import needed_log_e
from stillwatch.pipeline.alarm_ledger import NO_KEYS, Ledger
from stillwatch.pipeline.alarm_lineage import AlarmLineage, known_campaigns
from stillwatch.pipeline.detect import Progress
from stillwatch.pipeline.identify import keys_of
from stillwatch.pipeline.rates import shipped_rates
from stillwatch.pipeline.search import SearchResult, Stored, search
from stillwatch.pipeline.store import permits_of, releases_of
from stillwatch.run.checked import settings_of, sketched_of, table_of
from stillwatch.run.folder import RunFolder
from stillwatch.run.layout import stored_days
from stillwatch.run.lineage.campaign import Key, campaigns_of
from stillwatch.run.reading import Run
from stillwatch.schema.stored import ACCOUNTS, LABELS, PERMITS, RELEASES
from stillwatch.schema.table import TIME, rows_where, values
from stillwatch.schema.watched import ALARM_LINKS, ALARM_MEMBERS, ALARMS, WATCHED
from stillwatch.settings import DUCKDB, EngineSettings, Settings
from stillwatch.watch_settings import WatchSettings

pc: Any = pyarrow.compute
AGAIN = "run `stillwatch detect … --out` again"
DAY = timedelta(days=1)
TABLES = (WATCHED.name, ALARMS.name, ALARM_MEMBERS.name, ALARM_LINKS.name)
"""What a watch writes."""
ALARMING = ("adversarial", "unlicensed")
"""Verdicts that raise an alarm."""
ALARMED = (
    "campaign",
    "kind",
    "verdict",
    "accounts",
    "named",
    "present",
    "near",
    "at_least",
    "log_e_value",
    "exchanges",
)
"""Columns of a campaign that its alarm keeps."""


@dataclass(frozen=True)
class Lookback:
    """One search: when it is made, and the files that it reads."""

    day: datetime
    """First moment of its day."""
    until: datetime
    """The moment up to which it looks, within the day or at its end."""
    window: list[Path]
    """Exchange files of the window that ends with the day."""
    before: list[Path]
    """Exchange files of the run up to the day."""

    def read(self, engine: Engine, name: str, files: list[Path]) -> Table:
        """The exchanges in some of its files that were made by then, as an Ibis table."""
        rows = engine.read(name, files)
        return rows if self.whole else rows.filter(_.time < self.until)

    @property
    def whole(self) -> bool:
        """Whether its files were whole by then: none holds an exchange of another day."""
        return self.until == self.day + DAY


@dataclass(frozen=True)
class Watched:
    """The tables of a watch."""

    days: pa.Table
    """Table watched."""
    alarms: pa.Table
    """Table alarms."""
    members: pa.Table
    """Table alarm_members."""
    links: pa.Table
    """Table alarm_links."""


def level_of(settings: WatchSettings) -> float:
    """The chance of an alarm that one search may have: 1 / (2 m + 1) for m quiet searches before the first,
    as this module's docstring proves.
    """
    return 1.0 / (2.0 * settings.average_run_length * settings.searches_a_day / settings.every + 1.0)


def to_the_end(watched: Watched) -> bool:
    """Never enough: every search is made."""
    return False


def watch(
    run: Path,
    chosen: Mapping[str, Any],
    progress: Progress,
    enough: Callable[[Watched], bool] = to_the_end,
    engine: str = DUCKDB,
) -> Watched:
    """Search the days of a run in order, and write its tables watched, alarms, alarm_members and alarm_links,
    in place of earlier ones: all of them together with the run's manifest, or on any error none.

    chosen: settings of the section [watch] that go before the run's own. enough: asked after each search;
    where it says so, those after it are not made. engine: as `open_engine` takes it. Raises RunError for a
    run that is not whole or was made by another version, that another process is writing or has replaced, and
    SettingError for a promise that cannot be given and an engine that is none. Memory is that of one search:
    only alarms are kept from one to the next.
    """
    check_engine(engine, EngineSettings())
    with RunFolder.of(run) as folder:
        about = Run(run).about
        sketched_of(run, about, AGAIN)
        settings = settings_of(run, about, AGAIN)
        settings = replace(settings, watch=replace(settings.watch, **chosen))
        refuse(settings.watch)
        folder.keep(about, TABLES)
        with open_engine(engine, settings.engine, folder.stage) as opened:
            watched = _watched(opened, run, _Source(run, settings), progress, enough)
        for name, table in zip(
            TABLES, (watched.days, watched.alarms, watched.members, watched.links), strict=True
        ):
            folder.write(name, table)
        folder.about(about)
        folder.finish()
    return watched


def _watched(
    engine: Engine, run: Path, source: _Source, progress: Progress, enough: Callable[[Watched], bool]
) -> Watched:
    """Make the searches, in order."""
    settings = source.settings.watch
    searches = list(searches_of(run, settings))
    ledger = Ledger(settings.overlap, AlarmLineage(known_campaigns(run), source.settings.identity))
    rows: list[dict[str, Any]] = []
    for done, lookback in enumerate(searches):
        shown = "%Y-%m-%d %H:%M" if settings.searches_a_day > 1 else "%Y-%m-%d"
        moment = lookback.until if settings.searches_a_day > 1 else lookback.day
        progress(f"{moment:{shown}}", done, len(searches))
        with Scope(engine, "watch") as scope:
            rows.append(_searched(scope, source, lookback, ledger))
        watched = Watched(pa.Table.from_pylist(rows, schema=WATCHED.arrow), *ledger.tables(), ledger.links())
        if enough(watched):
            break
    return watched


def refuse(settings: WatchSettings) -> None:
    """Raises SettingError for two settings that do not go together."""
    if settings.searches_a_day > 1 and settings.every > 1:
        raise SettingError(
            f"setting watch.searches_a_day cannot be {settings.searches_a_day}",
            where="watch.searches_a_day",
            do=f"give 1, or search every day: watch.every is {settings.every}",
        )


def searches_of(run: Path, settings: WatchSettings) -> Iterator[Lookback]:
    """The searches to make, in order. Raises RunError where the run has no days."""
    files = {
        datetime.strptime(path.parent.name, "day=%Y-%m-%d").replace(tzinfo=UTC): path
        for path in stored_days(run)
    }
    if not files:
        raise RunError("the run has no exchanges", where=str(run / "exchanges"), do=AGAIN)
    last = max(files)
    for day in sorted(files):
        if (last - day).days % settings.every == 0:
            before = [path for other, path in files.items() if other <= day]
            window = [
                path for other, path in files.items() if timedelta() <= day - other < settings.window * DAY
            ]
            for number in range(1, settings.searches_a_day + 1):
                yield Lookback(day, day + DAY / settings.searches_a_day * number, window, before)


class _Source:
    """What does not change from search to search."""

    def __init__(self, run: Path, settings: Settings) -> None:
        self.settings = settings
        self.level = level_of(settings.watch)
        self.accounts, self.labels, self.releases = (
            table_of(run, table, AGAIN) for table in (ACCOUNTS, LABELS, RELEASES)
        )
        self.permits: list[Permit] = permits_of(table_of(run, PERMITS, AGAIN))
        self.rates = shipped_rates()

    def stored(self, engine: Engine, exchanges: Table, lookback: Lookback) -> Stored:
        """What a search starts from: accounts, bans and releases that were known at its moment."""
        end = lookback.until
        seen = engine.collect(exchanges.select("account").distinct())["account"]
        known = known_at(self.accounts, seen, end)
        out = self.releases.filter(pc.less(self.releases["time"], pa.scalar(end, TIME)))
        tables = (engine.load("accounts", known), engine.load("releases", releases_of(out)), self.labels)
        counts = counts_of(lookback.window) if lookback.whole else None
        return Stored(exchanges, *tables, self.permits, rates=self.rates, counts=counts, templates=False)


def known_at(accounts: pa.Table, seen: Table, end: datetime) -> pa.Table:
    """The accounts that were registered before a moment, or are seen by then whatever their date; a ban that
    came later is not known yet.
    """
    moment = pa.scalar(end, TIME)
    there = pc.or_(
        pc.fill_null(pc.less(accounts["created"], moment), True),
        pc.is_in(accounts["account"], value_set=seen),
    )
    known = accounts.filter(there)
    place = known.schema.get_field_index("banned")
    return known.set_column(
        place,
        known.schema.field(place),
        pc.if_else(pc.less(known["banned"], moment), known["banned"], pa.scalar(None, TIME)),
    )


def _searched(engine: Engine, source: _Source, lookback: Lookback, ledger: Ledger) -> dict[str, Any]:
    """Make one search, enter its alarms, and give its row of table watched."""
    exchanges = lookback.read(engine, "exchanges", lookback.window)
    counted = engine.collect(exchanges.agg(exchanges=_.count(), accounts=_.account.nunique())).to_pylist()[0]
    found = (
        search(engine, source.stored(engine, exchanges, lookback), source.settings, lambda step: None)
        if counted["exchanges"]
        else None
    )
    tested = found.tested if found else 0
    needed = needed_log_e(tested, source.level)
    alarms = _entered(engine, source, lookback, found, needed, ledger) if found else 0
    return {
        "day": lookback.day,
        "until": lookback.until,
        **counted,
        "tested": tested,
        "level": source.level,
        "needed": needed,
        "alarms": alarms,
    }


def _entered(
    engine: Engine, source: _Source, lookback: Lookback, found: SearchResult, needed: float, ledger: Ledger
) -> int:
    """Enter the alarms of a search, and say how many they are."""
    alarms = [
        row
        for row in found.tables["campaigns"].to_pylist()
        if row["verdict"] in ALARMING and row["log_e_value"] >= needed
    ]
    keys = _own_keys(engine, source, found, ledger) if alarms else {}
    for row in sorted(alarms, key=lambda row: (-row["accounts"], row["group"])):
        members = _members(found, row["group"])
        ledger.enter(
            lookback.day,
            lookback.until,
            _row(row) | {"exchanges_so_far": _so_far(engine, lookback, list(members))},
            members,
            keys.get(row["group"], NO_KEYS),
            _tiers(found, row["group"]),
        )
    return len(alarms)


def _own_keys(
    engine: Engine, source: _Source, found: SearchResult, ledger: Ledger
) -> dict[int, Mapping[int, Key]]:
    """The own keys of each group of a search; accounts of earlier alarms are no strangers."""
    named = pa.table({"account": pa.array(ledger.accounts(), pa.int64())})
    keys = keys_of(engine, found, named, source.accounts.num_rows, source.settings.identity)
    campaigns = campaigns_of(found.tables["campaigns"], found.tables["members"], keys)
    return {campaign.group: campaign.keys for campaign in campaigns}


def _row(campaign: dict[str, Any]) -> dict[str, Any]:
    return {name: campaign[name] for name in ALARMED}


def _members(found: SearchResult, group: int) -> dict[int, str]:
    rows = rows_where(found.tables["members"], "group", group)
    return dict(zip(values(rows, "account"), values(rows, "account_id"), strict=True))


def _tiers(found: SearchResult, group: int) -> dict[int, str]:
    rows = rows_where(found.tables["members"], "group", group)
    return dict(zip(values(rows, "account"), values(rows, "tier"), strict=True))


def _so_far(engine: Engine, lookback: Lookback, accounts: list[int]) -> int:
    """Exchanges of accounts from the run's first day to the moment of a search."""
    rows = lookback.read(engine, "before", lookback.before).semi_join(
        engine.load("alarmed", pa.table({"account": pa.array(accounts, pa.int64())})), "account"
    )
    return int(engine.collect(rows.agg(n=_.count()))["n"][0].as_py())
