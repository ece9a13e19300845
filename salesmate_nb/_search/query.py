"""A query: which records to read, which columns, how many, and how to read them."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, get_args

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._values.text import closest, comparable, visible
from salesmate_nb._values.times import parse_end, parse_time
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.base import Field, custom_field, custom_path
from salesmate_nb.settings import Refresh

TextFilter = str | int | Iterable[str | int] | None

TEXT_FILTERS = ("status", "stage", "pipeline")  # each of the column of its name
_TIME_FILTERS = {"created_since": "created_at", "modified_since": "last_modified_at"}  # the column of each
_UTC = pa.timestamp("us", tz="UTC")
_INT64 = 2**63
_MOST_DIGITS = 100  # far more than those of any id; Python refuses thousands


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Conditions that a record must meet; without any, every record does.

    They are checked here on every typed row, whatever the server was asked. Text is compared as
    :func:`salesmate_nb._values.text.comparable` says. An owner is given by name or by id.

    Examples
    --------
    >>> filters = Filters.parse(
    ...     status=["Won", "Lost"], owner=7, created_since="2026-01-01", timezone="Europe/Berlin"
    ... )
    >>> filters.status, filters.owner_ids, filters.created_since.isoformat()
    (('Won', 'Lost'), (7,), '2025-12-31T23:00:00+00:00')
    """

    status: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    pipeline: tuple[str, ...] = ()
    owner_names: tuple[str, ...] = ()
    owner_ids: tuple[int, ...] = ()
    created_since: dt.datetime | None = None
    modified_since: dt.datetime | None = None

    @classmethod
    def parse(cls, *, timezone: str = "UTC", owner: TextFilter = None, **given: Any) -> Self:
        """Read a caller's arguments: one value or several; datetimes without a zone are in `timezone`.

        Raises
        ------
        SalesmateError
            If a value is of a type that cannot be filtered on.
        """
        owners = tuple(map(visible, _texts("owner", owner)))
        parsed: dict[str, Any] = {
            name: parse_time(name, value, timezone) if name in _TIME_FILTERS else _texts(name, value)
            for name, value in given.items()
        }
        return cls(
            owner_names=tuple(owner for owner in owners if not _is_id(owner)),
            owner_ids=tuple(int(owner) for owner in owners if _is_id(owner)),
            **parsed,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns needed to check a row."""
        texts = [name for name in TEXT_FILTERS if getattr(self, name)]
        owner = ["owner_name", "owner_id"] if self.owner_names else ["owner_id"] if self.owner_ids else []
        times = [column for name, column in _TIME_FILTERS.items() if getattr(self, name) is not None]
        return (*texts, *owner, *times)

    def mask(self, rows: pa.RecordBatch) -> pa.BooleanArray:
        """Return for each typed row whether it meets every condition."""
        keep = pa.array([True] * rows.num_rows, pa.bool_())
        for name in TEXT_FILTERS:
            if values := getattr(self, name):
                keep = pc.and_(keep, _is_among(rows.column(name), values))
        if self.owner_names or self.owner_ids:
            ids = [owner for owner in self.owner_ids if owner < _INT64]  # no owner has a greater one
            fits = pc.is_in(rows.column("owner_id"), pa.array(ids, pa.int64()))
            if self.owner_names:
                fits = pc.or_(fits, _is_among(rows.column("owner_name"), self.owner_names))
            keep = pc.and_(keep, fits)
        for name, column in _TIME_FILTERS.items():
            if (since := getattr(self, name)) is not None:
                is_later = pc.greater_equal(rows.column(column), pa.scalar(since, _UTC))
                keep = pc.and_(keep, pc.fill_null(is_later, False))
        return keep


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
    """

    filters: Filters = field(default_factory=Filters)
    columns: tuple[str, ...] | None = None
    limit: int | None = None
    progress: bool = False
    wait: bool = True
    refresh: Refresh = "live"
    allow_incomplete: bool = False
    as_of: dt.datetime | None = None

    @classmethod
    def parse(cls, arguments: Mapping[str, Any], *, timezone: str, is_watched: bool) -> Self:
        """Read the arguments of a public read method.

        Parameters
        ----------
        arguments : mapping of str to object
            By name: the fields of this class but `filters`, and the arguments of :meth:`Filters.parse`.
        timezone : str
            IANA name of the zone of datetimes without one.
        is_watched : bool
            What ``progress=None`` means: whether a person sees the bar.

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
        own["columns"] = _columns(own.get("columns"))
        own["limit"] = _limit(own.get("limit"))
        own["as_of"] = parse_end("as_of", own.get("as_of"), timezone)
        if own["as_of"] is not None and refresh == "live":
            raise SalesmateError(
                "as_of reads the history on this computer, and refresh='live' does not use it. Leave out "
                "refresh, or use 'auto' to read first what changed."
            )
        filters = Filters.parse(**given, timezone=timezone)
        return cls(filters=filters, progress=is_watched if progress is None else progress, **own)


def choose_columns(
    names: Iterable[str], fields: Sequence[Field], *, unlisted: bool = False
) -> dict[str, Field]:
    """Return the fields of the named columns; ``text_custom_field_1`` names a custom field too.

    Parameters
    ----------
    names : iterable of str
        Columns, in order. A name that is repeated counts once.
    fields : sequence of Field
        What there is.
    unlisted : bool
        Whether a custom field may be named that `fields` do not list: v1 has no list of them.

    Raises
    ------
    SalesmateError
        If there is no such column; the message names the closest one.

    Examples
    --------
    >>> from salesmate_nb.resources import DEALS
    >>> choose_columns(["id", "id"], DEALS.fields)
    {'id': Field(name='id', path='id', kind='int')}
    >>> choose_columns(["deal_vlaue"], DEALS.fields)
    Traceback (most recent call last):
    salesmate_nb.errors.SalesmateError: columns: there is no column 'deal_vlaue'. Did you mean 'deal_value'?
    """
    by_name = {field.name: field for field in fields}
    return {name: by_name.get(name) or _other_name(name, by_name, unlisted=unlisted) for name in names}


def _other_name(name: str, by_name: Mapping[str, Field], *, unlisted: bool) -> Field:
    """Return the field that a name means, which is not that of its column, under this name."""
    path, key = custom_path(name), comparable(name)
    alike = [field for field in by_name.values() if field.path == path or comparable(field.name) == key]
    if alike:
        return replace(alike[0], name=name)
    if path is not None and unlisted:
        return custom_field(path)
    close = closest(name, by_name)[:1]
    advice = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(by_name)}."
    raise SalesmateError(f"columns: there is no column {name!r}. {advice}")


def _is_among(column: pa.Array, values: Iterable[str]) -> pa.BooleanArray:
    """Return for each text whether it is the same to a reader as one of the values."""
    wanted = set(map(comparable, values))
    encoded = column.dictionary_encode()  # a page repeats few statuses, stages and owners
    fits = pa.array([comparable(text) in wanted for text in encoded.dictionary.to_pylist()], pa.bool_())
    return pc.fill_null(fits.take(encoded.indices), False)


def _texts(name: str, given: TextFilter) -> tuple[str, ...]:
    if given is None:
        return ()
    values = [given] if isinstance(given, str) or _is_integer(given) else _list(name, given)
    if not values:
        raise SalesmateError(f"{name}=[] would match nothing. Give a value, or None for all.")
    for value in [given] if isinstance(given, bytes) else values:
        if isinstance(value, bool) or not (isinstance(value, str) or _is_integer(value)):
            raise SalesmateError(f"{name}={value!r} cannot be filtered on. Give a text or a list of texts.")
    return tuple(map(str, values))


def _list(name: str, given: Any) -> list[Any]:
    if not isinstance(given, Mapping):  # of which only the keys would count
        with contextlib.suppress(TypeError):
            return list(given)
    raise SalesmateError(f"{name}={given!r} is not valid. Give a text or a list of texts.")


def _is_id(owner: str) -> bool:
    return owner.isdecimal() and len(owner) <= _MOST_DIGITS


def _is_integer(value: Any) -> bool:
    return hasattr(value, "__index__")  # numpy's integers too, as a frame holds them


def _columns(given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    names = [given] if isinstance(given, str) else _list("columns", given)
    for name in names:
        if not isinstance(name, str):
            raise SalesmateError(f"columns: {name!r} is not a column name. Give a name or a list of names.")
    return tuple(dict.fromkeys(name.strip() for name in names))


def _limit(given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not _is_integer(given) or given < 0:
        raise SalesmateError(
            f"limit={given!r} is not valid. Give a whole number of 0 or more, or None for all."
        )
    return int(given)
