"""Ways to walk through a list of deals, page by page, that miss none while colleagues change it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from salesmate_nb.search import Page, Record, Request, created, identity, modified

_STEP = 8  # rows to go back at first, where the list moved under a walk


class Dishonoured(Exception):  # noqa: N818 - never seen by users: another way is taken
    """The server does not do what a way builds on."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A page that a walk has taken: what was asked, and the keys and ids of its rows."""

    request: Request
    keys: list[Any]
    ids: list[int]


class Way(Protocol):
    """How the next page is asked for, and how it shows that no row slipped between two pages."""

    name: str
    sort: str

    def key(self, record: Record) -> Any:
        """Return what rows are in order of; raises ``ValueError`` where a record has none."""

    def after(self, start: Request, last: Taken, back: int) -> Request:
        """Return the request for what follows the last page, or `back` rows before its end."""

    def joins(self, last: Taken, page: Taken) -> bool:
        """Tell whether a page follows the last one with nothing between."""


class Keyset:
    """By rules on the id: each page holds the rows with the least ids above those that were read.

    Nothing that happens to other rows moves a row past it. Rules on ids are not documented; a server
    that takes no notice of them, or refuses them, shows it on the first page that is asked for so.
    """

    name = "keyset"
    sort = "id"

    def key(self, record: Record) -> int:
        """Return the id as a number."""
        return identity(record)

    def after(self, start: Request, last: Taken, back: int) -> Request:
        """Ask for the rows above the last id."""
        if back:
            raise Dishonoured("a rule on ids was not kept to")
        return replace(start, offset=0).above(last.keys[-1])

    def joins(self, last: Taken, page: Taken) -> bool:
        """Tell whether all ids are above the last one."""
        return bool(page.keys[0] > last.keys[-1])


class Windows:
    """By the moment of creation, which never changes: each page begins with rows that were read.

    Rules on ``createdAt`` name whole minutes in the account's own time zone (v4 reference). A page
    that begins earlier or later than the minute asked for shows that the zone is another one.

    Parameters
    ----------
    zone : zoneinfo.ZoneInfo
        The account's.
    """

    name = "windows"
    sort = "createdAt"

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def key(self, record: Record) -> dt.datetime:
        """Return when it was created."""
        return created(record, self._zone)

    def after(self, start: Request, last: Taken, back: int) -> Request:
        """Ask from the minute of the last row; within a minute of very many rows, by their offset."""
        if back >= len(last.keys):
            raise Dishonoured("a page does not begin with a row that was read")
        window = replace(start, offset=0).created_from(last.keys[-1 - back], self._zone)
        if window.rules != last.request.rules:
            return window
        return replace(window, offset=last.request.offset + max(len(last.keys) - 1 - back, 1))

    def joins(self, last: Taken, page: Taken) -> bool:
        """Tell whether the first row was read before, or is earlier than the last that was."""
        if page.keys[0] < last.keys[0].replace(second=0, microsecond=0):
            raise Dishonoured("a rule on createdAt was not kept to, or means another time zone")
        return page.keys[0] < last.keys[-1] or page.ids[0] in last.ids


class Offsets:
    """By row offset, sorted by id: each page begins with a row that was read, or one before it."""

    name = "offsets"
    sort = "id"

    def key(self, record: Record) -> int:
        """Return the id as a number."""
        return identity(record)

    def after(self, start: Request, last: Taken, back: int) -> Request:
        """Ask from the last row on."""
        step = max(len(last.keys) - 1, 1) - back
        return replace(start, offset=max(last.request.offset + step, 0))

    def joins(self, last: Taken, page: Taken) -> bool:
        """Tell whether the first id is none beyond the last that was read."""
        return page.request.offset == 0 or bool(page.keys[0] <= last.keys[-1])


class Newest:
    """By row offset, what changed last first: each page begins with a row that was read, or a newer one.

    A change moves a row to the front, so that it pushes others back, and they come twice; a deletion
    pulls others forward, which shows in the first row of the next page.

    Parameters
    ----------
    zone : zoneinfo.ZoneInfo
        The account's.
    """

    name = "newest"
    sort = "lastModifiedAt"

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def key(self, record: Record) -> float:
        """Return the moment of the last change, the last the least."""
        return -modified(record, self._zone).timestamp()

    def after(self, start: Request, last: Taken, back: int) -> Request:
        """Ask from the last row on."""
        step = max(len(last.keys) - 1, 1) - back
        return replace(start, offset=max(last.request.offset + step, 0))

    def joins(self, last: Taken, page: Taken) -> bool:
        """Tell whether the first row was read before, or is newer than the last that was."""
        return page.request.offset == 0 or page.keys[0] < last.keys[-1] or page.ids[0] in last.ids


class Walk:
    """One stretch of the list, read page by page.

    Parameters
    ----------
    way : Way
        How.
    start : Request
        Its first page.

    Attributes
    ----------
    request : Request or None
        What to ask for next; None at its end.
    first : object or None
        The key of its first row, once that is known.
    """

    def __init__(self, way: Way, start: Request) -> None:
        self.request: Request | None = start
        self.first: Any = None
        self._way = way
        self._start = start
        self._last: Taken | None = None
        self._back = 0

    def take(self, page: Page, end: Any = None) -> None:
        """Take the page that was asked for, and say in `request` what to ask for next.

        Parameters
        ----------
        page : Page
            The answer.
        end : object, optional
            The key at which another walk began.

        Raises
        ------
        Dishonoured
            Where the way cannot be gone.
        """
        if self.request is None or not page.records:
            self.request = None
            return
        taken = self._read(self.request, page.records)
        left = None if page.total is None else page.total - taken.request.offset - len(taken.keys)
        if self._last is None:
            self.first = taken.keys[0]
            if len(taken.keys) == 1 and taken.request.rows > 1 and (left is None or left > 0):
                raise Dishonoured("pages of one row show no order")
        elif not self._way.joins(self._last, taken):
            self._back = 2 * self._back + _STEP
            self.request = self._way.after(self._start, self._last, self._back)
            return
        elif _is_standing(self._last, taken, left):
            raise Dishonoured("the same page came again")
        self._last, self._back = taken, self._back * 3 // 4
        is_over = (left is not None and left <= 0) or (end is not None and taken.keys[-1] > end)
        self.request = None if is_over else self._way.after(self._start, taken, self._back)

    def _read(self, request: Request, records: Sequence[Record]) -> Taken:
        try:
            keys = [self._way.key(record) for record in records]
        except (ValueError, OverflowError, TypeError):
            raise Dishonoured(f"a {self._way.sort} cannot be read") from None
        if any(former > latter for former, latter in itertools.pairwise(keys)):
            raise Dishonoured(f"rows are not sorted by {self._way.sort}")
        return Taken(request=request, keys=keys, ids=[identity(record) for record in records])


def _is_standing(last: Taken, page: Taken, left: int | None) -> bool:
    """Tell whether a page brings nothing new though there is more, as far as that is known."""
    if left is None:
        return page.ids == last.ids
    return left > 0 and set(page.ids) <= set(last.ids)
