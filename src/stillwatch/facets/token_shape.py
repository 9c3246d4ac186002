"""The shape of an account's work in tokens."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Column, Table
from stillwatch.facets._facet import facet
from stillwatch.facets.tables import Tables


def show(value: int) -> str:
    """Format the mean lengths and the spread of the prompts', roughly."""
    read, written, spread = value >> 12, (value >> 6) & 63, value & 63
    return (
        f"about {2 ** (read / 2):,.0f} tokens in (give or take {2**spread - 1:,}), "
        f"{2 ** (written / 2):,.0f} out"
    )


@facet(
    family="content",
    sees="accounts whose requests have one shape: mean prompt and answer length and their spread",
    blind_spots="It sees only a shape: unrelated batch jobs can look alike. It needs no text.",
    needs=("exchanges.input_tokens", "exchanges.output_tokens"),
    show=show,
)
def token_shape(tables: Tables) -> Table:
    """One value per account of ten requests or more, from mean token counts and the spread of the input.

    The mean input and output tokens are in half octaves, the spread in octaves.
    """
    sums = tables.activity.group_by("account").agg(
        n=_.metered.sum(),
        second=_["first"].min(),
        read=_.read.sum(),
        square=_.square.sum(),
        written=_.written.sum(),
    )
    shape = sums.filter(_.n >= 10).mutate(
        mean=_.read.cast("float64") / _.n, written=_.written.cast("float64") / _.n
    )
    spread = ibis.greatest(
        shape.square.cast("float64") / shape.n - shape.mean * shape.mean, ibis.literal(0.0)
    ).sqrt()
    value = _steps(shape.mean, 2) * 4096 + _steps(shape.written, 2) * 64 + _steps(spread, 1)
    return shape.select("account", "second", value=value.cast("int64"))


def _steps(number: Column, per_octave: int) -> Column:
    # A whole power of two must fall on the same side of its step in every engine's logarithm.
    return ((number + 1.0).log2() * per_octave + 1e-9).floor().cast("int64")
