"""The parts of a history: which files of its folder hold which refreshes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

_NAME = re.compile(r"(\d{6})-(\d{6})\.parquet")


@dataclass(frozen=True, order=True)
class Part:
    """The file with the events of one or several refreshes.

    Parameters
    ----------
    first, last : int
        The numbers of these refreshes, which are its name.
    refreshes : tuple of datetime
        When they were made, by its metadata; empty if these cannot be read.
    """

    first: int
    last: int
    refreshes: tuple[dt.datetime, ...] = field(default=(), compare=False)

    @classmethod
    def named(cls, file_name: str) -> Self | None:
        """Return the part that has a name; ``None`` if no part has.

        Examples
        --------
        >>> Part.named("000002-000005.parquet")
        Part(first=2, last=5, refreshes=())
        >>> Part.named("000002-000005 (1).parquet")
        """
        found = _NAME.fullmatch(file_name)
        return found and cls(int(found[1]), int(found[2]))

    @property
    def file_name(self) -> str:
        """Its name."""
        return f"{self.first:06}-{self.last:06}.parquet"

    @property
    def is_whole(self) -> bool:
        """Whether it has as many refreshes as its name says: a damaged file or a copy has not."""
        return len(self.refreshes) == self.last - self.first + 1

    def overlaps(self, other: Part) -> bool:
        """Return whether both have the same refresh."""
        return self.first <= other.last and other.first <= self.last

    def is_within(self, other: Part) -> bool:
        """Return whether another one has all its refreshes."""
        return other.first <= self.first and self.last <= other.last


def cover(parts: Iterable[Part]) -> list[Part]:
    """Return parts that have each refresh once: of several with the same one a whole part, or the longest.

    Examples
    --------
    >>> cover(map(Part.named, ["000001-000001.parquet", "000001-000002.parquet", "000004-000004.parquet"]))
    [Part(first=1, last=2, refreshes=()), Part(first=4, last=4, refreshes=())]
    """
    chosen: list[Part] = []
    for part in sorted(parts, key=lambda each: (not each.is_whole, each.first, -each.last)):
        if not any(part.overlaps(each) for each in chosen):
            chosen.append(part)
    return sorted(chosen)
