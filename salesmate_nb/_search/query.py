"""A query: which records to read, which columns, how many, and how to read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, get_args

from salesmate_nb._search.filters.filters import Filters, as_list, is_integer
from salesmate_nb._values.times import parse_end
from salesmate_nb.errors import SalesmateError
from salesmate_nb.settings import Refresh


@dataclass(frozen=True, kw_only=True)
class Query:
    """One read, as its caller asked for it.

    Parameters
    ----------
    filters : Filters
        Which records.
    columns : tuple of str or None
        Columns of the frame, in order; ``None`` means all.
    limit : int or None
        Records in all; ``None`` means every one.
    progress : bool
        Whether to show a progress bar.
    wait : bool
        Whether to wait if the hourly limit is reached; if not, that is an error.
    refresh : {"auto", "full", "never", "live"}
        How to use the snapshot.
    allow_incomplete : bool
        Whether a live read may lack rows that the server counts but does not return.
    as_of : datetime or None
        The time as of which rows are wanted, from the history; ``None`` for now.
    url : bool
        Whether each row has a link to its page in the web app.
    """

    filters: Filters = field(default_factory=Filters)
    columns: tuple[str, ...] | None = None
    limit: int | None = None
    progress: bool = False
    wait: bool = True
    refresh: Refresh = "live"
    allow_incomplete: bool = False
    as_of: dt.datetime | None = None
    url: bool = False

    @classmethod
    def parse(
        cls,
        arguments: Mapping[str, Any],
        *,
        timezone: str,
        is_watched: bool,
        now: dt.datetime | None = None,
    ) -> Self:
        """Read the arguments of a public read method.

        Parameters
        ----------
        arguments : mapping of str to object
            By name: the fields of this class but `filters`, and the arguments of :meth:`Filters.parse`.
        timezone : str
            IANA name of the zone of datetimes without one.
        is_watched : bool
            What ``progress=None`` means: whether a person sees the bar.
        now : datetime, optional
            From when ages count back; by default the time by this machine's clock.

        Raises
        ------
        SalesmateError
            If a value is not valid; the message names the argument.

        Examples
        --------
        >>> query = Query.parse({"status": "Won", "columns": "id"}, timezone="UTC", is_watched=False)
        >>> query.filters.status, query.columns, query.limit
        (('Won',), ('id',), None)
        """
        given = dict(arguments)
        own = {name: given.pop(name) for name in cls.__dataclass_fields__ if name in given}
        progress = own.pop("progress", None)
        refresh = own["refresh"] = "live" if own.get("refresh") is None else own["refresh"]
        if refresh not in get_args(Refresh):
            raise SalesmateError(
                f"refresh={refresh!r} is not valid. Use 'auto', 'full', 'never' or 'live', or None for what "
                "the settings say."
            )
        if not isinstance(own.get("url", False), bool):
            raise SalesmateError(f"url={own['url']!r} is not valid. Use True or False.")
        own["columns"] = _columns(own.get("columns"))
        own["limit"] = _limit(own.get("limit"))
        own["as_of"] = parse_end("as_of", own.get("as_of"), timezone, now)
        if own["as_of"] is not None and refresh == "live":
            raise SalesmateError(
                "as_of reads the history on this computer, and refresh='live' does not use it. Leave out "
                "refresh, or use 'auto' to read first what changed."
            )
        filters = Filters.parse(**given, timezone=timezone, now=now)
        return cls(filters=filters, progress=is_watched if progress is None else progress, **own)


def _columns(given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    names = [given] if isinstance(given, str) else as_list("columns", given)
    if not names:
        raise SalesmateError("columns=[] would be an empty frame. Name a column, or leave it out for all.")
    for name in names:
        if not isinstance(name, str):
            raise SalesmateError(f"columns: {name!r} is not a column name. Give a name or a list of names.")
    return tuple(dict.fromkeys(name.strip() for name in names))


def _limit(given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not is_integer(given) or given < 0:
        raise SalesmateError(
            f"limit={given!r} is not valid. Give a whole number of 0 or more, or None for all."
        )
    return int(given)
