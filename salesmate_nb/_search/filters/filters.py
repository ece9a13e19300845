"""Filters: what a caller's arguments say about which records to keep."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._search.columns import choose_columns
from salesmate_nb._search.filters.column_tests import ColumnTest, is_among, is_within
from salesmate_nb._search.filters.conditions import Condition
from salesmate_nb._values.text import visible
from salesmate_nb._values.times import parse_end, parse_time
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.base import Field

TextFilter = str | int | Iterable[str | int] | None

TEXT_FILTERS = ("status", "stage", "pipeline")  # each of the column of its name
TIMES = {"created": "created_at", "modified": "last_modified_at", "closed": "closed_date"}
"""The column of each pair of filters, such as `created_since` and `created_until`."""

_SINCE = {f"{name}_since": column for name, column in TIMES.items()}
_UNTIL = {f"{name}_until": column for name, column in TIMES.items()}
TIME_FILTERS = tuple(name for pair in zip(_SINCE, _UNTIL, strict=True) for name in pair)
_INT64 = 2**63
_MOST_DIGITS = 100  # far more than those of any id; Python refuses thousands


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Conditions that a record must meet; without any, every record does.

    They are checked here on every typed row, whatever the server was asked. Text is compared as
    :func:`salesmate_nb._values.text.comparable` says. An owner is given by name or by id. Conditions on other
    columns (`where`) are checked by `tests`, which :meth:`bound` makes once the columns are known.

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
    created_until: dt.datetime | None = None
    modified_since: dt.datetime | None = None
    modified_until: dt.datetime | None = None
    closed_since: dt.datetime | None = None
    closed_until: dt.datetime | None = None
    where: tuple[Condition, ...] = ()
    tests: tuple[ColumnTest, ...] = ()

    @classmethod
    def parse(
        cls,
        *,
        timezone: str = "UTC",
        now: dt.datetime | None = None,
        owner: TextFilter = None,
        where: object = None,
        **given: Any,
    ) -> Self:
        """Read a caller's arguments: one value or several.

        Datetimes without a zone are in `timezone`, and ages count back from `now`, by default the time by
        this machine's clock.

        Raises
        ------
        SalesmateError
            If a value is of a type that cannot be filtered on, or no record could match.
        """
        owners = tuple(map(visible, _texts("owner", owner)))
        parsed: dict[str, Any] = {name: _parse(name, value, timezone, now) for name, value in given.items()}
        for name in TIMES:
            since, until = parsed.get(f"{name}_since"), parsed.get(f"{name}_until")
            if since is not None and until is not None and since > until:
                raise SalesmateError(
                    f"{name}_since={given[f'{name}_since']} is later than "
                    f"{name}_until={given[f'{name}_until']}, so nothing would match."
                )
        return cls(
            owner_names=tuple(owner for owner in owners if not _is_id(owner)),
            owner_ids=tuple(int(owner) for owner in owners if _is_id(owner)),
            where=_conditions(where, timezone, now),
            **parsed,
        )

    def bound(self, fields: Sequence[Field], *, unlisted: bool = False) -> Self:
        """Return the same filters with a test for each column that `where` names.

        Parameters
        ----------
        fields : sequence of Field
            The columns that there are.
        unlisted : bool
            Whether a custom field may be named that they do not list.

        Raises
        ------
        SalesmateError
            If there is no such column, or a value is not of its kind.
        """
        names = [condition.name for condition in self.where]
        chosen = choose_columns(names, fields, unlisted=unlisted, argument="where")
        by_path = {field.path: field for field in fields}  # under the name of its column
        meant = {name: by_path.get(field.path, field) for name, field in chosen.items()}
        return replace(self, tests=tuple(each.test(meant[each.name]) for each in self.where))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns needed to check a row."""
        texts = [name for name in TEXT_FILTERS if getattr(self, name)]
        owner = ["owner_name", "owner_id"] if self.owner_names else ["owner_id"] if self.owner_ids else []
        times = [column for name, column in (_SINCE | _UNTIL).items() if getattr(self, name) is not None]
        where = [test.column for test in self.tests] or [condition.name for condition in self.where]
        return tuple(dict.fromkeys((*texts, *owner, *times, *where)))

    def wanted(self, column: str) -> tuple[str, ...]:
        """Return the texts that a column must have one of; none if others would do."""
        found: tuple[str, ...] = getattr(self, column)
        tests = (test.wanted for test in self.tests if test.column == column and not test.keeps_missing)
        return found or next(tests, ())

    def since(self, column: str) -> dt.datetime | None:
        """Return the earliest time that a column may have; ``None`` if any will do."""
        given = [getattr(self, name) for name, filtered in _SINCE.items() if filtered == column]
        starts = [*given, *(test.since for test in self.tests if test.column == column)]
        return max((start for start in starts if start is not None), default=None)

    def mask(self, rows: pa.RecordBatch) -> pa.BooleanArray:
        """Return for each typed row whether it meets every condition."""
        if len(self.tests) != len(self.where):
            raise ValueError("where= is not bound to columns yet")
        keep = pa.array([True] * rows.num_rows, pa.bool_())
        for name in TEXT_FILTERS:
            if values := getattr(self, name):
                keep = pc.and_(keep, is_among(rows.column(name), values))
        if self.owner_names or self.owner_ids:
            ids = [owner for owner in self.owner_ids if owner < _INT64]  # no owner has a greater one
            fits = pc.is_in(rows.column("owner_id"), pa.array(ids, pa.int64()))
            if self.owner_names:
                fits = pc.or_(fits, is_among(rows.column("owner_name"), self.owner_names))
            keep = pc.and_(keep, fits)
        for name, column in TIMES.items():
            since, until = getattr(self, f"{name}_since"), getattr(self, f"{name}_until")
            if since is not None or until is not None:
                keep = pc.and_(keep, is_within(rows.column(column), since, until))
        for test in self.tests:
            keep = pc.and_(keep, test.mask(rows.column(test.column)))
        return keep

    def describe(self) -> dict[str, Any]:
        """Return what was asked for as plain values, for reports.

        Examples
        --------
        >>> Filters.parse(status="Won", where={"deal_value": {"min": 1000}}).describe()
        {'status': ['Won'], 'where': {'deal_value': 'from 1000'}}
        """
        texts = {name: list(getattr(self, name)) for name in TEXT_FILTERS}
        texts["owner"] = [*self.owner_names, *map(str, self.owner_ids)]
        times = {name: getattr(self, name) for name in TIME_FILTERS}
        where = {condition.name: condition.describe() for condition in self.where}
        return {
            **{name: values for name, values in texts.items() if values},
            **{name: time.isoformat() for name, time in times.items() if time is not None},
            **({"where": where} if where else {}),
        }


def _parse(name: str, value: Any, timezone: str, now: dt.datetime | None) -> Any:
    if name in _SINCE:
        return parse_time(name, value, timezone, now)
    return parse_end(name, value, timezone, now) if name in _UNTIL else _texts(name, value)


def _conditions(where: object, timezone: str, now: dt.datetime | None) -> tuple[Condition, ...]:
    if where is None:
        return ()
    if not isinstance(where, Mapping) or not all(isinstance(name, str) for name in where):
        raise SalesmateError(
            f"where={where!r} is not valid. Give columns and their values, as {{'source': 'Web'}}."
        )
    return tuple(Condition.parse(name.strip(), given, timezone, now) for name, given in where.items())


def _texts(name: str, given: TextFilter) -> tuple[str, ...]:
    if given is None:
        return ()
    is_one = isinstance(given, str | float) or is_integer(given)  # a float is refused below
    values = [given] if is_one else as_list(name, given)
    if not values:
        raise SalesmateError(f"{name}=[] would match nothing. Give a value, or None for all.")
    for value in [given] if isinstance(given, bytes) else values:
        if isinstance(value, bool) or not (isinstance(value, str) or is_integer(value)):
            raise SalesmateError(f"{name}={value!r} cannot be filtered on. {_advice(name)}")
    return tuple(map(str, values))


def _advice(name: str) -> str:
    if name == "owner":
        return "Give a full name, an id as a whole number, or a list of them."
    return "Give a text or a list of texts."


def as_list(name: str, given: Any) -> list[Any]:
    """Return the values of an argument that takes several.

    Raises
    ------
    SalesmateError
        If it cannot be iterated over, or only over keys.
    """
    if not isinstance(given, Mapping):  # of which only the keys would count
        with contextlib.suppress(TypeError):
            return list(given)
    raise SalesmateError(f"{name}={given!r} is not valid. Give a text or a list of texts.")


def _is_id(owner: str) -> bool:
    return owner.isdecimal() and len(owner) <= _MOST_DIGITS


def is_integer(value: Any) -> bool:
    """Return whether a value is a whole number; numpy's are too, as a frame holds them."""
    return hasattr(value, "__index__")
