"""import_frames(): a history of frames that people saved."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa

from salesmate_nb._base.validators import is_timezone
from salesmate_nb._display.explained import explained_by
from salesmate_nb._frames.arrow import arrow_schema, assemble
from salesmate_nb._frames.dataframe import to_pandas
from salesmate_nb._history.events import SCHEMA, compare
from salesmate_nb._history.history import History
from salesmate_nb._history.timeline import deal_ids, field_names, history_filters, history_frame, timeline
from salesmate_nb._values.times import DatetimeLike, parse_end, parse_span, parse_time
from salesmate_nb.errors import SalesmateError
from salesmate_nb.history._saved import SavedFrame, fields_of, named, order_of, tables_of, warn_of_lacking
from salesmate_nb.resources.base import Field


def import_frames(frames: Mapping[str | dt.date, pd.DataFrame], *, timezone: str = "UTC") -> ImportedHistory:
    """Make a history of frames of deals that were saved one after the other, such as one each week.

    What a CSV file or a spreadsheet loses is put right: values get the dtypes of the schema, whatever they
    were read as; columns are found by their name here, by the API's name, or by the label (``deal_value``,
    ``dealValue``, ``Deal Value``); and an index that was saved too is left out. Other columns are kept, with
    the kind of values that all frames have in them.

    Parameters
    ----------
    frames : mapping of date, datetime, Timestamp or str to pandas.DataFrame
        All deals, one row each, by when they were saved, in any order. A day means its end, and today means
        now. To go on to the present, add the frame of ``deals_df()`` under the time when it was read.
    timezone : str
        IANA name of the time zone of days, and of times in the frames that have none.

    Returns
    -------
    ImportedHistory
        Its :meth:`~ImportedHistory.history_df` and :meth:`~ImportedHistory.deals_df` return what those of a
        connection do, for :mod:`salesmate_nb.analysis`.

    Raises
    ------
    SalesmateError
        If there are no frames; a key is not a date or time, is in the future, or means the same time as
        another; or a frame has no column ``id``, or a row without an id, or a deal twice.

    Warns
    -----
    UserWarning
        If values cannot be read, which are missing then; if a frame lacks a column that the one before has:
        its values count as unchanged; if the first frame lacks status, value or currency; or if most dates
        of a column are before 1990 or after 2100.

    Examples
    --------
    >>> from salesmate_nb import analysis, history
    >>> monday = pd.DataFrame({"id": ["7"], "status": ["Open"], "deal_value": ["50"], "currency": ["EUR"]})
    >>> past = history.import_frames({"2026-03-02": monday, "2026-03-09": monday.assign(deal_value=70.0)})
    >>> past.history_df(field="deal_value")[["id", "old", "new"]].to_dict("records")
    [{'id': 7, 'old': 50.0, 'new': 70.0}]
    >>> then, now = past.deals_df(as_of="2026-03-05"), past.deals_df()
    >>> table = analysis.movement(then, now)
    >>> table.loc[table["listed"] > 0, ["line", "value"]]
           line  value
    0   opening   50.0
    4    raised   20.0
    12  closing   70.0
    """
    if not is_timezone(timezone):
        raise SalesmateError(f"timezone={timezone!r} is not an IANA time zone. Write it as 'Europe/Berlin'.")
    if not (hasattr(frames, "items") and len(frames)):
        raise SalesmateError(
            'Pass frames by date: import_frames({"2026-03-02": frame, "2026-03-09": other}).'
        )
    saved = sorted(
        (named(frame, _saved_at(date, timezone)) for date, frame in frames.items()),
        key=lambda each: each.saved_at,
    )
    for before, after in itertools.pairwise(saved):
        if before.saved_at == after.saved_at:
            raise SalesmateError(f"Two frames are of {after.saved_at:%Y-%m-%d %H:%M} UTC. Pass one of them.")
    warn_of_lacking(saved[0])
    fields = fields_of(saved)
    return ImportedHistory(_history_of(saved, fields, timezone), fields, order_of(saved, fields), timezone)


@explained_by("history_df")
class ImportedHistory:
    """The history that :func:`import_frames` returns.

    Parameters
    ----------
    history : History
        What is known.
    fields : sequence of Field
        The columns.
    order : mapping of str to sequence of str
        For columns whose values are chosen from a list: the values in their order, as far as it is known.
    timezone : str
        IANA name of the time zone of arguments without one.
    """

    def __init__(
        self, history: History, fields: Sequence[Field], order: Mapping[str, Sequence[str]], timezone: str
    ) -> None:
        self._history = history
        self._fields = fields
        self._order = order
        self._timezone = timezone

    def __repr__(self) -> str:
        first, last = (f"{each:%Y-%m-%d}" for each in (self._history.since, self._history.refreshes[-1]))
        return f"<ImportedHistory of {len(self._history.refreshes)} frames from {first} to {last}>"

    def deals_df(self, as_of: DatetimeLike = None) -> pd.DataFrame:
        """Return the deals as they stood at a time, as the last frame saved before it has them.

        Parameters
        ----------
        as_of : datetime, date, Timestamp, datetime64 or str, optional
            A day means its end; by default the time of the last frame.

        Returns
        -------
        pandas.DataFrame
            All columns of the schema, those that the frames lack without values, then other columns by name;
            typed and ordered as by :meth:`Salesmate.deals_df`. ``stage`` is ``category`` only if a saved
            frame has it so, since its order is that of the stages; otherwise it is ``str``.
            ``df.attrs["salesmate"]`` has ``read_at``, ``as_of``, ``stale_hours`` and ``history_since``.

        Raises
        ------
        SalesmateError
            If the first frame is later.
        """
        at = parse_end("as_of", as_of, self._timezone) or self._history.refreshes[-1]
        self._history.check(at, "deals", self._timezone)
        table = self._history.as_of(at, arrow_schema(self._fields))
        frame = to_pandas(assemble(self._fields, [table], order=self._order))
        if "stage" not in self._order:
            frame["stage"] = frame["stage"].astype("str")
        frame.attrs["salesmate"] = self._history.report(at)
        return frame

    def history_df(
        self,
        since: DatetimeLike = None,
        field: str | Sequence[str] | None = None,
        id: int | Sequence[int] | None = None,  # noqa: A002 - the column's name
    ) -> pd.DataFrame:
        """Return what changed from frame to frame, as :meth:`Salesmate.history_df` does.

        Parameters
        ----------
        since : datetime, date, Timestamp, datetime64 or str, optional
            Leave out what was saved before this time.
        field : str or list of str, optional
            Columns, or ``created``, ``deleted`` and ``restored``; by default those of
            :meth:`Salesmate.history_df`.
        id : int or list of int, optional
            The deals.

        Returns
        -------
        pandas.DataFrame
            ``seen_at`` is when the frame was saved, and ``changed_at`` what ``last_modified_at`` says in it.

        Raises
        ------
        SalesmateError
            If an argument is not valid.
        """
        start = parse_time("since", since, self._timezone)
        names, ids = field_names(field), deal_ids(id)
        events = timeline(self._history, arrow_schema(self._fields), since=start, names=names, ids=ids)
        attrs = {**self._history.known(start), "filters": history_filters(names, ids)}
        return history_frame(events, self._order, attrs)


def _saved_at(date: DatetimeLike, timezone: str) -> dt.datetime:
    """Return the time that the key of a frame means."""
    now = dt.datetime.now(dt.UTC)
    span = parse_span("date", date, timezone)
    if span is None:
        raise SalesmateError(f"{date!r} is not a date. Pass each frame by the day when it was saved.")
    if span[0] > now:
        raise SalesmateError(f"The frame of {date} is in the future. Pass it by the day when it was saved.")
    return min(span[1], now)


def _history_of(saved: Sequence[SavedFrame], fields: Sequence[Field], timezone: str) -> History:
    tables = tables_of(saved, fields, timezone)
    times = [each.saved_at for each in saved]
    states = list(zip(tables, times, strict=True))
    events = [
        compare(before, after, seen_at, previous)
        for (before, previous), (after, seen_at) in itertools.pairwise(states)
    ]
    return History(
        first=tables[0],
        events=pa.concat_tables([SCHEMA.empty_table(), *events]),
        refreshes=tuple(times),
    )
