"""The graph of a group of any size: clusters of accounts, and beside them the keys that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from stillwatch.console.large.shared_marks import Cluster, Key, Shared, cluster_name
from stillwatch.report import formatting
from stillwatch.report.figures.svg import element, figure, number, text, titled

WIDTH, LEFT, RIGHT, TOP = 1000, 250, 590, 22
CLUSTER_ROW, KEY_ROW, FAMILY_ROW = 17, 18, 20
FAINTEST = 0.1
"""Share of a cluster that must carry a key for an edge to be drawn."""
LEVELS = 3
"""Strengths of an edge and of a cell."""
CELL, FOOT = 26, 162


def cluster_graph(shared: Shared) -> Markup:
    """The figure; empty where nothing is shared. An edge is the stronger the larger the share of the cluster
    that carries the key.
    """
    if not shared.clusters:
        return Markup("")
    families = list(dict.fromkeys(key.family for key in shared.keys))
    height = max(len(shared.clusters) * CLUSTER_ROW, len(shared.keys) * KEY_ROW + len(families) * FAMILY_ROW)
    step = height / len(shared.clusters)
    places = [TOP + (place + 0.5) * step for place in range(len(shared.clusters))]
    keys = _key_places(shared.keys, height, len(families))
    edges = [
        _edges(shared.clusters, place, key, places, keys[place]) for place, key in enumerate(shared.keys)
    ]
    largest = max(cluster.accounts for cluster in shared.clusters)
    drawn = [_cluster(one, y, largest) for one, y in zip(shared.clusters, places, strict=True)]
    named = [_key(key, keys[place]) for place, key in enumerate(shared.keys)]
    heads = [
        text(RIGHT + 12, keys[place] - 16, key.family, f"t-{key.family} strong small")
        for place, key in enumerate(shared.keys)
        if place == 0 or shared.keys[place - 1].family != key.family
    ]
    name = (
        f"{formatting.plural(shared.accounts, 'account')} in {len(shared.clusters)} clusters, and "
        f"{len(shared.keys)} keys that they share"
    )
    titles = [
        text(LEFT - 16, 12, "accounts that carry the same", "small quiet", "end"),
        text(RIGHT + 12, 12, "what they carry", "small quiet"),
    ]
    return figure(
        name,
        WIDTH,
        TOP + height + 6,
        *titles,
        element("g", *edges),
        element("g", *drawn),
        element("g", *heads, *named),
    )


def cluster_map(shared: Shared) -> Markup:
    """The same as a heat map: a row for each cluster, a column for each key, darker where more carry it."""
    if not shared.clusters:
        return Markup("")
    width = min(CELL, (WIDTH - LEFT) / len(shared.keys))
    bottom = 6 + 13 * len(shared.clusters)
    ground = element("rect", x=LEFT, y=6, width=width * len(shared.keys), height=bottom - 6, class_="ground")
    rows = [
        text(LEFT - 8, 6 + 13 * (place + 0.5) + 4, cluster_name(cluster), "small", "end")
        for place, cluster in enumerate(shared.clusters)
    ]
    columns = [
        _column(shared.clusters, place, key, LEFT + width * place, width, bottom)
        for place, key in enumerate(shared.keys)
    ]
    name = f"Heat map of {len(shared.clusters)} clusters of accounts and {len(shared.keys)} keys"
    return figure(name, WIDTH, bottom + FOOT, ground, element("g", *columns), element("g", *rows))


def _key_places(keys: Sequence[Key], height: float, families: int) -> Mapping[int, float]:
    step = (height - families * FAMILY_ROW) / len(keys)
    y, found, family = float(TOP), {}, ""
    for place, key in enumerate(keys):
        if key.family != family:
            y, family = y + FAMILY_ROW, key.family
        found[place] = y + step / 2
        y += step
    return found


def _level(carried: int, accounts: int) -> int:
    return 1 + (LEVELS * carried - 1) // accounts


def _edges(clusters: Sequence[Cluster], place: int, key: Key, heights: Sequence[float], to: float) -> Markup:
    """The edges of one key, a path for each strength."""
    middle, end = number((LEFT + RIGHT) / 2), number(to)
    paths: dict[int, list[str]] = {}
    for cluster, height in zip(clusters, heights, strict=True):
        carried = cluster.carried[place]
        if carried >= FAINTEST * cluster.accounts:
            y = number(height)
            paths.setdefault(_level(carried, cluster.accounts), []).append(
                f"M{LEFT} {y}C{middle} {y} {middle} {end} {RIGHT} {end}"
            )
    drawn = (
        element("path", d="".join(parts), class_=f"edge edge{level} s-{key.family}")
        for level, parts in sorted(paths.items())
    )
    return element("g", *drawn)


def _cluster(cluster: Cluster, y: float, largest: int) -> Markup:
    radius = 2.5 + 5.5 * (cluster.accounts / largest) ** 0.5
    told = f"{cluster_name(cluster)}, {cluster.tier or 'of no tier'}"
    return element(
        "g",
        titled(told),
        element("circle", cx=LEFT, cy=y, r=radius, class_=f"dot tier-{cluster.tier or 'none'}"),
        text(LEFT - 16, y + 4, cluster_name(cluster), "small", "end"),
        text(4, y + 4, cluster.tier, "small quiet"),
    )


def _key(key: Key, y: float) -> Markup:
    told = (
        f"{formatting.labelled(key.facet, key.label, 160)}; carried by "
        f"{formatting.plural(key.accounts, 'linked account')}"
    )
    return element(
        "g",
        titled(told),
        element("circle", cx=RIGHT, cy=y, r=4, class_=f"f-{key.family}"),
        text(RIGHT + 12, y + 4, formatting.cut(formatting.labelled(key.facet, key.label), 52)),
        text(WIDTH - 2, y + 4, formatting.short(key.accounts), "small quiet figures", "end"),
        class_="key",
    )


def _column(
    clusters: Sequence[Cluster], place: int, key: Key, x: float, width: float, bottom: float
) -> Markup:
    paths: dict[int, list[str]] = {}
    for row, cluster in enumerate(clusters):
        if carried := cluster.carried[place]:
            cell = f"M{number(x + 0.5)} {6 + 13 * row}h{number(width - 1)}v12h{number(1 - width)}z"
            paths.setdefault(_level(carried, cluster.accounts), []).append(cell)
    cells = [
        element("path", d="".join(parts), class_=f"f-{key.family} shade{level}")
        for level, parts in sorted(paths.items())
    ]
    told = (
        f"{formatting.labelled(key.facet, key.label, 160)}; carried by "
        f"{formatting.plural(key.accounts, 'linked account')}"
    )
    name = element(
        "text",
        formatting.cut(formatting.labelled(key.facet, key.label), 24),
        class_=f"small t-{key.family}",
        text_anchor="end",
        transform=f"translate({number(x + width / 2 + 3)} {number(bottom + 8)}) rotate(-60)",
    )
    return element("g", titled(told), *cells, name)
