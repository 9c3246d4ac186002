"""Every account of a world, as columns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
PLACES = 24
PLANS = ("free", "plus", "api", "team", "business", "enterprise")
FREE, PLUS, API, TEAM, BUSINESS, ENTERPRISE = range(6)
VERIFICATIONS = ("none", "email", "phone", "card", "id", "organisation")
NOBODY, EMAIL, PHONE, CARD, ID, ORGANISATION = range(6)
HOME, OFFICE, FLAT, NIGHTLY, LESSON, BALANCED, WORKDAY, EVENT, SHORT_LESSON = range(9)
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Names:
    """Texts by number; number 0 is the empty text."""

    def __init__(self) -> None:
        self.texts = [""]
        self._numbers = {"": 0}

    def add(self, text: str) -> int:
        """Add a text; returns its number."""
        number = self._numbers.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number

    def all(self, texts: list[str]) -> Array:
        """Add texts; returns their numbers."""
        return np.array([self.add(text) for text in texts], np.int64)


@dataclass
class Accounts:
    """Columns of accounts; times are microseconds since 1970, 0 for never."""

    kind: Array
    """Number of the benign kind; for a campaign's account the number of kinds."""
    group: Array
    """Number of the group; 0 for none."""
    campaign: Array
    """Number of the campaign, -1 for none."""
    region: Array
    """Number of the region."""
    language: Array
    """Number of the language."""
    plan: Array
    """Number in PLANS."""
    verification: Array
    """Number in VERIFICATIONS."""
    payment: Array
    """Payment instrument; 0 for none."""
    domain: Array
    """Number of the mail domain."""
    shape: Array
    """Number of the mail shape."""
    phone: Array
    """Number of the phone prefix."""
    organisation: Array
    """Number of the organisation."""
    created: Array
    """Time of registration."""
    banned: Array
    """Time of the ban."""
    barred: Array
    """Time from which the provider refuses its requests (403); 0 for never."""
    first: Array
    """Time from which it may be active."""
    last: Array
    """Time until which it may be active."""
    rate: Array
    """Mean exchanges per day."""
    even: Array
    """Whether days are nearly equal instead of random."""
    burst: Array
    """Shape of the gamma that makes days uneven; small is bursty."""
    ramp: Array
    """How its rate grows over its time: 0 stays, 1 from nothing to twice the mean, -1 the reverse."""
    period: Array
    """It may be active on one day in so many: 1 each day, 7 once a week."""
    phase: Array
    """The first day of the window on which it may be active."""
    sure: Array
    """Day with at least one exchange; -1 for none."""
    rhythm: Array
    """HOME, OFFICE, FLAT, NIGHTLY, LESSON, BALANCED, WORKDAY, EVENT or SHORT_LESSON."""
    shift: Array
    """Quarter hours by which its rhythm is later than the profile in UTC."""
    weekend: Array
    """Factor at weekends."""
    stay: Array
    """Chance that an exchange follows the one before in the same run."""
    gap: Array
    """Mean seconds between exchanges of one run."""
    client: Array
    """Number of the client build."""
    other_client: Array
    """Another build, used sometimes."""
    late_client: Array
    """Number of the build to which it updates."""
    late_client_from: Array
    """Time of the update; 0 for none."""
    flaky: Array
    """Chance that an exchange fails on a bad link; a program's next request is the same once more."""
    parameters: Array
    """Number of the parameter set."""
    places: Array
    """Numbers of addresses, most used first; PLACES columns."""
    place_count: Array
    """How many of them count."""
    profile: Array
    """Number of the job mixture."""
    late_profile: Array
    """Number of the job mixture of its later phase."""
    late_from: Array
    """Time when the later phase begins."""
    seed: Array
    """Seed of its own words."""
    group_seed: Array
    """Seed of the words its group shares."""
    paraphrase: Array
    """How far the frames of its distillation jobs are reworded, request by request: 0, 1 or 2."""
    slice: Array
    """Number of its slice of the campaign's prompt list; 0: it has the whole list."""
    slices: Array
    """Number of slices of that list."""
    untooled: Array
    """Whether it sends neither tool schemas nor output formats."""
    end_users: Array
    """Number of end users that it serves; 0 for none."""
    silent: Array
    """Whether it hides the ids of its end users."""
    device: Array
    """Number of the device that its client asserts in a structured end-user id; 0 for none."""
    asserted: Array
    """Number of the account that such an id names, as that of a relay's own seat; 0: its own."""
    owner: Array
    """Number of the account with its id: its own, except for stolen keys; -1 until all accounts are known."""
    handover: Array
    """Chance that a balancer sends a later turn of its conversations by another account of its group."""
    failover: Array
    """Chance that another account of its group takes a turn that follows a refused one."""
    model: Array
    """Number of the model it prefers."""
    adopts: Array
    """Share of its traffic that moves to the model released inside the window."""
    adopt_hours: Array
    """Hours after the release at which it moves."""

    def __len__(self) -> int:
        return len(self.kind)

    def at(self, addresses: Array) -> None:
        """Use only these addresses: one column for each."""
        width = addresses.shape[1]
        self.places[:, :width] = addresses
        self.place_count[:] = width


def concatenate(parts: list[Accounts]) -> Accounts:
    """Join the accounts of all parts, in their order."""
    return Accounts(
        **{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Accounts)}
    )
