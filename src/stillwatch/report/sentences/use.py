"""The account of use in sentences: what was made of every file that was given, and what should make a person
look again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined
from stillwatch.run.reading import Row
from stillwatch.schema import use

FEW = 0.05
"""A join of a smaller share of the ids is warned of."""
NEARLY_ALL = 0.9
"""An account with a larger share of the rows is warned of."""
SMALL = 20
"""Of a log with fewer rows than this, no share says anything."""
NAMED = 5
"""Names in one sentence."""
BESIDE = frozenset(
    (
        *("chains", "prompts", "tools", "retrievals", "agents", "guardrails", "evaluations", "events"),
        *("HTTP spans", "database spans", "RPC spans", "MCP spans", "messaging spans", "pending spans"),
        *("traces", "scores", "lines about the session", "messages that the client wrote itself"),
        *("lines of the server", "audits", "headers and control messages of a log shipper"),
        *("repeated headers", "log lines without a call", "log lines without a JSON object"),
    )
)
"""What stands beside calls in a healthy export, however much of it there is."""
UNCLEAR = frozenset(
    (
        "other spans",
        "spans",
        "other runs",
        "spans around a call",
        "rows of another kind",
        "calls without a body",
    )
)
"""What does so too, or may be calls in words that are not known: there nothing of the file is read."""
FILES = {"edge": "edge log", "accounts": "accounts file"}
"""What the files beside the logs are called."""


@dataclass(frozen=True)
class Warned:
    """One thing that should make a person look again."""

    code: str
    """A word for machines."""
    text: str
    """What is the matter."""
    do: str
    """What to do about it."""

    def __str__(self) -> str:
        """Both sentences."""
        return f"{self.text} {self.do}"


def lines(rows: Sequence[Row]) -> list[str]:
    """A few sentences: rows read of the logs, then each file beside them."""
    said = [_read("logs", "Logs", rows)] if _of(rows, "logs") else []
    said += [_read(given, FILES[given].capitalize(), rows) for given in FILES if _of(rows, given)]
    return said


def warnings(rows: Sequence[Row]) -> list[Warned]:
    """What should make a person look again, the most serious first."""
    looks: tuple[Callable[[Sequence[Row]], list[Warned]], ...] = (
        _stepped,
        _nameless,
        _joins,
        _dates,
        _largest,
        _address,
        _permits,
    )
    return [warned for look in looks for warned in look(rows)]


@dataclass(frozen=True)
class Line:
    """One line of the table of what was read."""

    given: str
    """What the file was given as."""
    what: str
    """What is counted, in words."""
    name: str
    """The kind, the column or the permit, and the reason."""
    count: int
    """How many."""
    of: int | None
    """Of how many."""


WORDS = {
    use.READ: "rows read",
    use.STEPPED_OVER: "rows stepped over",
    use.MERGED: "rows merged into others",
    use.QUARANTINED: "rows not readable",
    use.NAMELESS: "of these, rows without an account",
    use.LEFT_OUT: "single values left out",
    use.FILLED: "rows that fill the column",
    use.IGNORED: "files with an unused column",
    use.JOINED: "ids of the logs that it names",
    use.PERMIT: "accounts under the permit",
    use.OVERLAP: "accounts under both permits",
    use.LARGEST: "rows of the largest account",
    use.ADDRESS: "accounts behind one address",
}
"""What is counted, for a table's cell."""


def table(rows: Sequence[Row]) -> list[Line]:
    """The lines of the table of what was read; the files of one input are added up."""
    found: dict[tuple[str, str, str], Line] = {}
    for row in rows:
        name = ": ".join(filter(None, (row["name"], row["detail"])))
        key = (row["input"], row["what"], name)
        before = found[key].count if key in found else 0
        found[key] = Line(
            row["input"],
            WORDS.get(str(row["what"]), str(row["what"])),
            name,
            before + row["count"],
            row["of"],
        )
    return list(found.values())


def _of(rows: Sequence[Row], given: str, what: str = "") -> list[Row]:
    return [row for row in rows if row["input"] == given and what in ("", row["what"])]


def _sum(rows: Sequence[Row]) -> int:
    return sum(row["count"] for row in rows)


def _by_name(rows: Sequence[Row]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        found[row["name"]] += row["count"]
    return found


def _read(given: str, title: str, rows: Sequence[Row]) -> str:
    files = len({row["file"] for row in _of(rows, given) if row["file"]})
    read = formatting.plural(_sum(_of(rows, given, use.READ)), "row")
    told = [f"{read} read of {formatting.plural(files, 'file')}" if given == "logs" else f"{read} read"]
    for what, words in (
        (use.STEPPED_OVER, "stepped over"),
        (use.MERGED, "merged into others"),
        (use.QUARANTINED, "not readable"),
    ):
        if count := _sum(_of(rows, given, what)):
            kinds = _by_name(_of(rows, given, what)) if what == use.STEPPED_OVER else Counter()
            told.append(f"{formatting.count(count)} {words}{_listed(kinds)}")
    for row in _of(rows, given, use.JOINED):
        told.append(_names(given, row))
    if out := _of(rows, given, use.LEFT_OUT):
        values = _by_name(out)
        told.append(f"single values left out{_listed(values)}")
    if ignored := _of(rows, given, use.IGNORED):
        names = [formatting.cut(row["name"], 40) for row in ignored if row["name"] != use.OTHERS]
        whole = len(names) + _sum([row for row in ignored if row["name"] == use.OTHERS])
        more = whole - len(names[:NAMED])
        shown = [*names[:NAMED], f"{more} more"] if more > 0 else names
        told.append(f"not used: {formatting.plural(whole, 'column')} ({joined(shown)})")
    return f"{title}: {'; '.join(told)}."


def _listed(kinds: Counter[str]) -> str:
    if not kinds:
        return ""
    shown = [f"{formatting.count(n)} {formatting.cut(kind, 40)}" for kind, n in kinds.most_common(NAMED)]
    rest = len(kinds) - NAMED
    return f" ({', '.join([*shown, f'{rest} more kinds'] if rest > 0 else shown)})"


def _names(given: str, row: Row) -> str:
    what = "requests" if given == "edge" else "accounts"
    return f"names {formatting.count(row['count'])} of {formatting.count(row['of'])} {what} of the logs"


def _most_of(rows: Sequence[Row], what: str) -> list[tuple[str, int, int]]:
    """Return files of the logs of which more than half of the rows are counted so: name, these, all."""
    these: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    logs = [row for row in _of(rows, "logs") if row["file"] is not None]
    read = {row["file"] for row in logs if row["what"] == use.READ and row["count"]}
    for row in logs:
        if row["what"] == use.STEPPED_OVER and _is_beside(row, read):
            continue
        if row["what"] == what:
            these[row["file"]] += row["count"]
        if row["what"] in (use.READ, use.STEPPED_OVER, use.MERGED, use.QUARANTINED):
            whole[row["file"]] += row["count"]
    return [
        (file, n, whole[file]) for file, n in these.items() if whole[file] >= SMALL and 2 * n > whole[file]
    ]


def _is_beside(row: Row, read: set[str]) -> bool:
    """Return whether rows are rightly left out. read: files of which something was read."""
    return row["name"] in BESIDE or (row["name"] in UNCLEAR and row["file"] in read)


def _in_files(found: list[tuple[str, int, int]]) -> str:
    """Return how many rows of which file, and of how many others the same is true."""
    file, these, whole = max(found, key=lambda one: one[1])
    more = f" (and more than half of {len(found) - 1:,} other files)" if len(found) > 1 else ""
    return f"{formatting.count(these)} of {formatting.count(whole)} rows of {formatting.cut(file, 60)}{more}"


def _stepped(rows: Sequence[Row]) -> list[Warned]:
    found = _most_of(rows, use.STEPPED_OVER)
    if not found:
        return []
    files = {file for file, _, _ in found}
    kinds = _by_name([row for row in _of(rows, "logs", use.STEPPED_OVER) if row["file"] in files])
    return [
        Warned(
            "mostly_stepped_over",
            f"{_in_files(found)} were stepped over, since they ask no model for text{_listed(kinds)}.",
            "If they are calls of a model, name their --format, or write a --mapping file; spans around "
            "calls, embeddings and health checks are rightly left out.",
        )
    ]


def _nameless(rows: Sequence[Row]) -> list[Warned]:
    found = _most_of(rows, use.NAMELESS)
    if not found:
        return []
    return [
        Warned(
            "mostly_without_account",
            f"{_in_files(found)} name no account, so they were kept out.",
            "Name the field that holds the account with ingest.account_field, or let the gateway log it.",
        )
    ]


def _joins(rows: Sequence[Row]) -> list[Warned]:
    found = []
    for given, title in FILES.items():
        for row in _of(rows, given, use.JOINED):
            if row["of"] and row["count"] < FEW * row["of"]:
                key = "request id" if given == "edge" else "account id"
                found.append(
                    Warned(
                        f"{given}_not_joined",
                        f"The {title} {_names(given, row)}, so it says almost nothing.",
                        f"Check that both write the same {key}, in the same form; name its column with "
                        f"--{given}-mapping.",
                    )
                )
    return found


def _dates(rows: Sequence[Row]) -> list[Warned]:
    found = []
    for given, title in FILES.items():
        for row in _of(rows, given, use.LEFT_OUT):
            if row["of"] and 2 * row["count"] > row["of"] and row["name"] in ("created", "banned", "time"):
                found.append(
                    Warned(
                        "times_left_out",
                        f"Column {row['name']} of the {title}: {formatting.count(row['count'])} of "
                        f"{formatting.count(row['of'])} could not be read.",
                        "Say how its times are written with ingest.time_format.",
                    )
                )
    return found


def _largest(rows: Sequence[Row]) -> list[Warned]:
    return [
        Warned(
            "one_account",
            f"One account made {formatting.percent(row['count'] / row['of'])} of all "
            f"{formatting.count(row['of'])} exchanges.",
            "If it stands for many customers, name the field that tells them apart with "
            "ingest.account_field.",
        )
        for row in _of(rows, "logs", use.LARGEST)
        if row["of"] >= SMALL and row["count"] > NEARLY_ALL * row["of"]
    ]


def _address(rows: Sequence[Row]) -> list[Warned]:
    return [
        Warned(
            "one_address",
            f"{formatting.count(row['count'])} of {formatting.plural(row['of'], 'account')} came from one "
            "address, as behind a load balancer.",
            "Let the gateway log what the balancer passes on (X-Forwarded-For; LiteLLM: "
            "general_settings.use_x_forwarded_for: true), and name your proxies in ingest.trusted_proxies.",
        )
        for row in _of(rows, "logs", use.ADDRESS)
        if row["of"] >= SMALL and 2 * row["count"] > row["of"]
    ]


def _permits(rows: Sequence[Row]) -> list[Warned]:
    nobody = [
        Warned(
            "permit_of_nobody",
            f"Permit {formatting.cut(row['name'], 60)} matches no account of the logs.",
            "Check its account ids, or its organisation against the accounts file.",
        )
        for row in _of(rows, "permits", use.PERMIT)
        if not row["count"]
    ]
    both = [
        Warned(
            "permits_overlap",
            f"Permits {formatting.cut(row['name'], 60)} and {formatting.cut(row['detail'], 60)} cover "
            f"{formatting.plural(row['count'], 'account')} both.",
            "What such an account does counts under each of them.",
        )
        for row in _of(rows, "permits", use.OVERLAP)
        if row["count"]
    ]
    named = Counter(row["name"] for row in _of(rows, "permits", use.PERMIT))
    twice = [
        Warned(
            "permits_of_one_name",
            f"{count:,} permits are called {formatting.cut(name, 60)}, so lists cannot tell them apart.",
            "Give each permit a name of its own.",
        )
        for name, count in named.items()
        if count > 1
    ]
    return nobody + twice + both
