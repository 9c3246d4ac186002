"""What a log lacks that one setting of the program that writes it would add, said before it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from stillwatch.ingest import Source
from stillwatch.registry import FORMATS


def lacks_told(sources: Sequence[Source], given: Collection[str]) -> list[str]:
    """Sentences on what the first rows of most of the files lack, and what to set. given: kinds of files that
    are given beside the logs.
    """
    known, files = FORMATS.all(), Counter(source.format for source in sources if source.format)
    lacks = Counter((source.format, name) for source in sources for name in source.lacks)
    told: list[str] = []
    for format, number in files.items():
        brought: set[str] = set()
        for setting in known[format].settings if format in known else ():
            short = lacks[format, setting.name]
            if 2 * short <= number or (setting.unless and setting.unless in given):
                continue
            if setting.brings and brought.issuperset(setting.brings):
                continue
            brought.update(setting.brings)
            which = "the log" if short == len(sources) else f"{short:,} of {len(sources):,} files"
            told.append(f"the first rows of {which} lack {setting.lacks}. {setting.do}")
    return told
