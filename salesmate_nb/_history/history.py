"""A history in memory: what it holds, and the state at any time since it began."""

from __future__ import annotations

import bisect
import datetime as dt
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._history.events import TIMESTAMP
from salesmate_nb._history.replay import replay


@dataclass(frozen=True, kw_only=True)
class History:
    """The first state of a table, and what each refresh since then found to have changed.

    Parameters
    ----------
    first : pyarrow.Table
        The first state, its rows ascending by ``id``.
    events : pyarrow.Table
        The events of all refreshes, the oldest first; see :mod:`salesmate_nb._history.events`.
    refreshes : tuple of datetime
        When each state was read, the first one too, in UTC and ascending.
    """

    first: pa.Table
    events: pa.Table
    refreshes: tuple[dt.datetime, ...]

    @property
    def since(self) -> dt.datetime:
        """When the first state was read: nothing is known of the time before."""
        return self.refreshes[0]

    def last_refresh(self, at: dt.datetime) -> dt.datetime | None:
        """Return when the state at a time was read; ``None`` if the history began later."""
        count = bisect.bisect_right(self.refreshes, at)
        return self.refreshes[count - 1] if count else None

    def as_of(self, at: dt.datetime, schema: pa.Schema) -> pa.Table:
        """Return the state that the last refresh before a time found.

        Parameters
        ----------
        at : datetime
            With a time zone; not before `since`.
        schema : pyarrow.Schema
            The columns to return; see :func:`~salesmate_nb._history.replay.replay`.
        """
        is_earlier = pc.less_equal(self.events.column("seen_at"), pa.scalar(at, TIMESTAMP))
        return replay(self.first, self.events.filter(is_earlier), schema)
