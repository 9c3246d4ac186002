"""What a member that means harm can do to another provider by what it reports, and what it costs."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from coordination_study.days import Truth, days_of, groups_of, rows_of, searched, until, verdicts
from coordination_study.reports import STRANGER, popular, values_of, write_reports
from stillwatch.intel.desk.judging import History
from stillwatch.intel.desk.own_marks import CARRIERS, OWN, Mark

SURE = 1.0
"""Confidence that a liar gives its reports: the highest there is."""
RANDOM = 200_000
"""Values that a flood holds beside those of everybody."""
EACH = 25
"""Popular values of each column that a liar reports."""
FOUND_OUT = (1, 3, 10, 30)
"""False positives that people have decided on before."""


@dataclass(frozen=True)
class Harm:
    """What one attack did to one provider."""

    seed: int
    """Seed of the worlds."""
    provider: str
    """Who received the reports."""
    attack: str
    """What the member did."""
    false_before: int
    """False positives of the member that people at the provider had decided on before."""
    reports: int
    """Reports that it made."""
    groups: int
    """Groups for review because of them that hold no operator."""
    innocents: int
    """Innocent accounts in these groups."""
    operators: int
    """Accounts of operators in groups for review because of the reports."""
    verdicts_changed: int
    """Groups of which the search says another thing than without reports: must be 0."""


@dataclass(frozen=True)
class Receiver:
    """A provider that receives reports, searched once without any."""

    seed: int
    """Seed of the worlds."""
    world: Path
    """Its world."""
    work: Path
    """A folder of its own."""
    run: Path
    """The run without reports."""

    @staticmethod
    def of(seed: int, world: Path, work: Path) -> Receiver:
        """Search the whole window."""
        inputs = until(world, len(days_of(world)) - 1, work)
        return Receiver(seed, world, work, searched(inputs, work / "run", None))

    def harmed(
        self,
        attack: str,
        values: Iterable[Mark],
        history: History = STRANGER,
        members: int = 1,
    ) -> Harm:
        """Search with the reports of `members` members that say the same, and count."""
        given = list(values)
        path = self.work / "reports.parquet"
        inputs = until(self.world, len(days_of(self.world)) - 1, self.work)
        by = {f"member-{number}": given for number in range(members)}
        reports = write_reports(path, by, history, SURE)
        run = searched(inputs, self.work / "run-harmed", path)
        truth = Truth.of(self.world)
        raised = [one for one in groups_of(run) if one.review]
        wrong = [one for one in raised if not one.mostly(truth)]
        before, after = verdicts(self.run), verdicts(run)
        changed = sum(
            1 for members_ in before.keys() | after.keys() if before.get(members_) != after.get(members_)
        )
        found = Harm(
            self.seed,
            self.world.name,
            attack,
            history.false_positives,
            reports,
            len(wrong),
            len({a for one in wrong for a in one.members} - set(truth.operator)),
            len({a for one in raised for a in one.members} & set(truth.operator)),
            changed,
        )
        shutil.rmtree(run)
        return found

    def company(self) -> list[Mark]:
        """The values that mark the largest innocent company among its customers."""
        truth = Truth.of(self.world)
        sizes = Counter(truth.group[a] for a, kind in truth.kind.items() if kind == "company")
        group = sizes.most_common(1)[0][0]
        return self._marks(
            {a for a, kind in truth.kind.items() if (kind, truth.group[a]) == ("company", group)}
        )

    def looks_like_one(self) -> list[Mark]:
        """The values that mark the innocent group that is easiest to frame: of those that the search found and
        did not list, the one that most marks are known of.
        """
        truth = Truth.of(self.world)
        found = [one for one in groups_of(self.run) if not one.listed and not one.mostly(truth)]
        return max((self._marks(set(one.members)) for one in found), key=len, default=[])

    def _marks(self, ids: set[str]) -> list[Mark]:
        inside = {row["account"] for row in rows_of(self.run, "accounts") if row["account_id"] in ids}
        return sorted(
            value
            for value, carriers in values_of(self.run).items()
            if len(carriers & inside) >= CARRIERS and len(carriers & inside) >= OWN * len(carriers)
        )

    def common(self) -> list[Mark]:
        """The values that most of its accounts carry."""
        return popular(self.run, EACH)

    def everything(self) -> list[Mark]:
        """Every value that any of its accounts carries, and as many again that none does."""
        rng = random.Random(self.seed)
        made = [Mark("address", rng.getrandbits(62)) for _ in range(RANDOM)]
        return [*sorted(values_of(self.run)), *made]


def harms(seed: int, world: Path, work: Path, *, quick: bool) -> list[Harm]:
    """Try every attack on one provider."""
    receiver = Receiver.of(seed, world, work)
    attacks: list[tuple[str, Callable[[], Iterable[Mark]]]] = [
        ("lies: popular values", receiver.common),
        ("floods: every value there is", receiver.everything),
        ("frames a company", receiver.company),
    ]
    found = [receiver.harmed(name, values()) for name, values in attacks]
    group, name = receiver.looks_like_one(), "frames a group that looks like one"
    found.append(receiver.harmed(name, group))
    found.append(receiver.harmed(f"{name}, four members together", group, members=4))
    for times in FOUND_OUT[-1:] if quick else FOUND_OUT:
        found.append(receiver.harmed(name, group, History(0, times)))
    shutil.rmtree(work)
    return found
