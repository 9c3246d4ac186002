"""An account as the published state and people's decisions have it."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.response.inputs import AccountState, CampaignState
from stillwatch.response.ladder import Permission
from stillwatch.response.outcome import Fired


@dataclass(frozen=True, slots=True)
class Known:
    """What the published state says about an account, with what people decided since laid over it."""

    key: int
    """Keyed 64-bit hash of the account's id."""
    account: AccountState
    """The account, exemption and hold included."""
    campaign: CampaignState
    """Its campaign; the empty one if it is in none."""
    permission: Permission
    """Whether a permit covers the model asked for."""
    since: float = 0.0
    """When it was first published in this campaign and tier, POSIX seconds; a new run that still says so
    changes nothing.
    """
    permit: str = ""
    """The permit's name."""
    appealed: str = ""
    """Reference of the decision of a person that clears the account; empty if there is none."""
    acts: tuple[Fired, ...] = ()
    """Steps that people took about it themselves and that have not ended; the limits hold for them too."""
