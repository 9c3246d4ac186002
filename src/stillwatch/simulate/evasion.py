"""Evasions: knobs that an operator can turn, each with settings, its change to a campaign, and its cost.

A knob may be turned in any campaign of any scenario. It never hides less than the scenario says. So it
changes nothing in a campaign that already hides as much, or that has nothing to hide with it: nobody
registers stolen keys. If a knob takes part of the traffic away from the harvest, the traffic grows until the
harvest is what it was, so that costs can be compared.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil

from stillwatch.errors import SettingError
from stillwatch.simulate.specs import AccountWave, Campaign, Scenario

OFF = "off"
SETTINGS = (OFF, "low", "middle", "high")
ALL = "all"
"""Every knob at once; as a name it means each of them."""
Change = Callable[[Campaign, tuple[float, ...]], Campaign]


@dataclass(frozen=True)
class Knob:
    """One thing that an operator can do to be less visible."""

    name: str
    """Its name in scenario files and on the command line."""
    family: str
    """Family of facets that it hides, or volume or time."""
    does: str
    """What it does, in a sentence."""
    unit: str
    """What the values are."""
    values: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
    """Values at low, middle and high; off changes nothing."""
    pays: str
    """What it costs the operator, in units of the bill."""
    change: Change
    """From a campaign and the values to the campaign that evades."""

    def at(self, setting: str) -> tuple[float, ...]:
        """Return the values of a setting other than off."""
        return self.values[SETTINGS.index(setting) - 1]


def _pool(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    return replace(spec, pool=max(spec.pool, value[0]))


def _rotation(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    addresses = max(spec.addresses, int(value[0]))
    return replace(spec, addresses=addresses, pool=spec.pool * addresses / spec.addresses)


def _residential(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    total = sum(spec.networks.values())
    share = max(value[0], spec.networks.get("residential", 0.0) / total)
    others = {name: weight for name, weight in spec.networks.items() if name != "residential" and share < 1}
    rest = sum(others.values())
    return replace(
        spec,
        networks={"residential": share}
        | {name: weight / rest * (1 - share) for name, weight in others.items()},
    )


def _clients(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    ways = tuple(
        replace(way, builds=max(way.builds, int(value[0])), build_share=min(way.build_share, value[1]))
        for way in spec.pathways
    )
    return replace(spec, pathways=ways)


def _registration(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    share, hours, ago = value
    waves = max(spec.waves, round(ago * 24 / hours))
    return replace(
        spec,
        wave_share=min(spec.wave_share, share),
        wave_hours=max(spec.wave_hours, hours),
        registered_days=max(spec.registered_days, ago),
        account_waves=tuple(
            replace(wave, registered_days=max(wave.registered_days, ago)) for wave in spec.account_waves
        ),
        waves=waves,
    )


def _paraphrase(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    return replace(
        spec, paraphrase=max(spec.paraphrase, int(value[0])), untooled=max(spec.untooled, value[1])
    )


def _cover(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    cover = max(spec.cover, value[0])
    return replace(spec, cover=cover, exchanges=round(spec.exchanges * (1 - spec.cover) / (1 - cover)))


def _jitter(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    return replace(_isolated(spec, "rhythm", value[0]), spread_days=max(spec.spread_days, value[1]))


def _shards(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    return replace(spec, slice_accounts=min(spec.slice_accounts or int(value[0]), int(value[0])))


def _more_accounts(spec: Campaign, factor: float) -> Campaign:
    return replace(spec, accounts=round(spec.accounts * factor), at_least=round(spec.at_least * factor))


def _volume(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    account_waves = tuple(
        replace(wave, at_least=round(wave.at_least * value[0])) for wave in spec.account_waves
    )
    return replace(
        _more_accounts(spec, value[0]), slowest=min(spec.slowest, 0.2), account_waves=account_waves
    )


def _churn(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    before = spec.life_days or spec.days
    life = min(value[0], before)
    whole = spec.account_waves or (AccountWave(1.0, 1.0, 0, spec.days),)
    times = [ceil(wave.days / life) / ceil(wave.days / before) for wave in whole]
    if max(times) == 1:
        return spec
    grown = sum(wave.share * more for wave, more in zip(whole, times, strict=True))
    account_waves = tuple(
        replace(wave, share=wave.share * more / grown, at_least=round(wave.at_least * more))
        for wave, more in zip(whole, times, strict=True)
    )
    return replace(
        _more_accounts(spec, grown), life_days=life, account_waves=account_waves if spec.account_waves else ()
    )


def _baseline(spec: Campaign, value: tuple[float, ...]) -> Campaign:
    earlier = round(spec.first_day * value[0])
    account_waves, longer = (
        _begun_earlier(spec.account_waves, earlier, value[1])
        if spec.account_waves
        else ((), (spec.days + earlier) / spec.days)
    )
    return replace(
        spec,
        first_day=spec.first_day - earlier,
        days=spec.days + earlier,
        exchanges=round(spec.exchanges * longer),
        ramp=0.0,
        pathways=tuple(
            replace(way, late_day=way.late_day + earlier) if way.late_jobs else way for way in spec.pathways
        ),
        moves_day=spec.moves_day + earlier,
        account_waves=account_waves,
        registered_days=max(spec.registered_days, value[1]),
    )


def _begun_earlier(
    account_waves: tuple[AccountWave, ...], earlier: int, registered: float
) -> tuple[tuple[AccountWave, ...], float]:
    """Let the first wave begin earlier, at the same rate, and the others at their usual time.

    Returns the waves and the factor by which the whole grows.
    """
    begin = min(wave.first_day for wave in account_waves)
    longer = [(wave.days + earlier) / wave.days if wave.first_day == begin else 1.0 for wave in account_waves]
    grown = sum(wave.volume * times for wave, times in zip(account_waves, longer, strict=True))
    return tuple(
        replace(
            wave,
            first_day=wave.first_day if wave.first_day == begin else wave.first_day + earlier,
            days=round(wave.days * times),
            volume=wave.volume * times / grown,
            registered_days=max(wave.registered_days, registered),
        )
        for wave, times in zip(account_waves, longer, strict=True)
    ), grown


def _isolated(spec: Campaign, family: str, share: float) -> Campaign:
    return replace(spec, isolated=spec.isolated | {family: max(share, spec.isolated.get(family, 0.0))})


def _alone(family: str, does: str, pays: str) -> Knob:
    """Make a knob that isolates one family for half, four fifths and all of the accounts."""

    def change(spec: Campaign, value: tuple[float, ...]) -> Campaign:
        apart = _isolated(spec, family, value[0])
        return replace(apart, spread_days=max(spec.spread_days, value[1])) if family == "rhythm" else apart

    values = ((0.5, 3.0), (0.8, 5.0), (1.0, 7.0)) if family == "rhythm" else ((0.5,), (0.8,), (1.0,))
    unit = "share of accounts" + (", days over which they begin" if family == "rhythm" else "")
    return Knob(f"isolated_{family}", family, does, unit, values, pays, change)


KNOBS: tuple[Knob, ...] = (
    Knob("pool", "network", "A larger pool: fewer accounts meet at one address.",
         "addresses in the pool for one account", ((2,), (5,), (20,)), "leased address-days", _pool),
    Knob("rotation", "network", "Each account rotates through more addresses, of a pool that grows alike.",
         "addresses that an account uses", ((8,), (12,), (24,)), "leased address-days", _rotation),
    Knob("residential", "network", "The pool leaves hosting and VPN networks for home networks.",
         "share of the pool in home networks", ((0.7,), (0.9,), (1.0,)), "address-days and gigabytes of the "
                                                                         "dearest class", _residential),
    Knob("clients", "software", "Accounts are dealt over several client builds, and fewer of them show any "
                                "of these.",
         "builds, share of accounts that show "
         "one", ((2, 0.7), (4, 0.5), (8, 0.25)), "client builds to keep up", _clients),
    Knob("registration", "identity", "Registrations are spread over longer bursts, of fewer accounts, "
                                     "further back.",
         "share of accounts in bursts, hours of one, days before "
         "use", ((0.6, 72, 60), (0.3, 168, 120), (0.0, 336, 300)), "days that accounts wait", _registration),
    Knob("paraphrase", "content", "A model of the operator's own rewords each request; at high tools are "
                                  "told in words too.",
         "level of paraphrase, share of accounts without "
         "schemas", ((1, 0.0), (2, 0.0), (2, 1.0)), "reworded requests", _paraphrase),
    Knob("cover", "content", "More ordinary prompts are mixed in, with the harvest kept whole.",
         "share of ordinary prompts", ((0.25,), (0.5,), (0.8,)), "exchanges", _cover),
    Knob("jitter", "rhythm", "Accounts keep hours, pauses and uneven days of ordinary people, and begin one "
                             "after the other.",
         "share of accounts, days over which they "
         "begin", ((0.3, 1), (0.6, 3), (0.9, 7)), "days until an exchange is harvested", _jitter),
    Knob("shards", "content", "The prompt list is cut into slices, each with templates of its own.",
         "accounts that share a slice", ((20,), (5,), (1,)), "templates to write", _shards),
    Knob("baseline", "time", "The campaign is there before: at full rate from the window's first day, "
                             "registered long ago.",
         "share of the days before it that it fills, days from registration to "
         "use", ((0.5, 60), (1.0, 120), (1.0, 365)), "days that accounts wait, exchanges", _baseline),
    Knob("volume", "volume", "Fewer exchanges an account, and more accounts for the same total.",
         "times as many accounts", ((2,), (4,), (10,)), "accounts and what each needs", _volume),
    Knob("churn", "time", "Accounts are dropped after some days, and fresh ones take their place.",
         "days of an account's life", ((14,), (7,), (2,)), "accounts and what each needs", _churn),
    _alone("network", "Accounts have addresses as unrelated people have them, each its "
                      "own.", "leased address-days"),
    _alone("identity", "Accounts have card, mail, phone and registration as unrelated people have "
                       "them.", "cards, domains, days that accounts wait"),
    _alone("software", "Accounts have client, TLS fingerprint and parameters as unrelated people have "
                       "them.", "client builds to keep up"),
    _alone("rhythm", "Accounts have hours, pauses and first days as unrelated people have "
                     "them.", "days until an exchange is harvested"),
    _alone("content", "Accounts have every request reworded and send no schemas; what they ask for "
                      "stays.", "reworded requests"),
)  # fmt: skip
"""Every knob, in the order of application: churn counts its generations by the days that baseline sets."""


def knobs() -> dict[str, Knob]:
    """Every knob by name."""
    return {knob.name: knob for knob in KNOBS}


def fault(name: str, setting: str) -> tuple[str, str] | None:
    """Return what is wrong with a choice, and what to do; None if nothing is."""
    known = (*knobs(), ALL)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}? known: " if near else "known: "
        return f"there is no knob of evasion {name!r}", hint + ", ".join(known)
    if setting not in SETTINGS:
        return f"knob {name} has no setting {setting!r}", f"known: {', '.join(SETTINGS)}"
    return None


def chosen(words: Iterable[str]) -> dict[str, str]:
    """Parse choices such as pool=middle. Raises SettingError naming the known knobs."""
    found = {}
    for word in words:
        name, _, setting = word.partition("=")
        wrong = fault(name, setting)
        if wrong:
            raise SettingError(
                wrong[0],
                where=f"--evade {word}",
                do=f"{wrong[1]}; write --evade NAME=SETTING, as pool=middle",
            )
        found[name] = setting
    return found


def evaded(campaign: Campaign, choices: Mapping[str, str]) -> Campaign:
    """Return the campaign with the knobs turned."""
    everything = choices.get(ALL, OFF)
    for knob in KNOBS:
        setting = choices.get(knob.name, everything)
        if setting != OFF:
            campaign = knob.change(campaign, knob.at(setting))
    return replace(campaign, evade={})


def ordered(scenario: Scenario, choices: Mapping[str, str]) -> Scenario:
    """Return the scenario with these choices for every campaign, on top of those in its file."""
    return replace(
        scenario, campaigns=tuple(replace(one, evade=one.evade | dict(choices)) for one in scenario.campaigns)
    )


def played(scenario: Scenario) -> Scenario:
    """Return the scenario as its operators play it, with all choices applied."""
    return replace(
        scenario, campaigns=tuple(evaded(one, one.evade) if one.evade else one for one in scenario.campaigns)
    )
