"""Large tables taken a portion at a time, so that memory and spill files do not grow with the log."""

from __future__ import annotations

from stillwatch.engine.base import Column


def in_portion(key: Column, portion: int, portions: int) -> Column:
    """Whether a row is in a portion (from 0) of so many, by an integer column of hashes: such portions are of
    one size, and the same in every engine.
    """
    return (key % portions + portions) % portions == portion
