"""Recording: what a refresh found to have changed is added to a history, or a new one begins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from salesmate_nb._history.events import compare, names_today
from salesmate_nb._history.folder import HistoryFolder
from salesmate_nb.errors import SalesmateError

NONE = -1  # the number of the last refresh, if there is no history
_MOMENT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class State:
    """The rows that a refresh found.

    Parameters
    ----------
    table : pyarrow.Table
        Ascending by ``id``, each once.
    fields : mapping of str to str
        The API's name of each column.
    read_at : datetime
        When, with a time zone.
    """

    table: pa.Table
    fields: Mapping[str, str]
    read_at: dt.datetime

    def named_as(self, fields: Mapping[str, str]) -> pa.Table:
        """Return the rows with the names that columns have in other fields, of the same API names."""
        names = names_today(self.fields, fields)
        return self.table.rename_columns([names.get(name, name) for name in self.table.column_names])


def record(folder: HistoryFolder, number: int, before: State | None, after: State) -> int:
    """Add a refresh to a history, and return its number, which the snapshot has to hold to count it.

    Parameters
    ----------
    folder : HistoryFolder
        Where the history is. Whoever calls this holds the lock of the snapshot.
    number : int
        The number of the last refresh, as the snapshot before has it; `NONE` if it has none.
    before : State or None
        The rows of the snapshot before; ``None`` if there is none, or it was lost.
    after : State
        The rows that the refresh found.
    """
    if not folder.exists():
        first = after if before is None else before
        folder.begin(first.table, first.fields, first.read_at)
        if before is None:
            return 0
        number = 0
    elif before is None or not folder.ends_with(number):  # lost, or put back from a backup
        try:
            number = folder.last_number()
            before = _last_state(folder, number, after)
        except SalesmateError:
            folder.set_aside()
            return record(folder, NONE, before, after)
    previous = folder.last_refresh(number) or before.read_at
    seen_at = max(after.read_at, previous + _MOMENT)  # clocks are set back now and then
    events = compare(before.named_as(after.fields), after.table, seen_at, previous)
    folder.append(number + 1, events, after.fields, seen_at)
    return number + 1


def _last_state(folder: HistoryFolder, number: int, after: State) -> State:
    """Return the state that a refresh found, with the columns of a later one."""
    history = folder.load(number, after.fields)
    if history is None:
        raise SalesmateError("There is no history.")
    at = history.refreshes[-1]
    return State(table=history.as_of(at, after.table.schema), fields=after.fields, read_at=at)
