"""Which deals are wanted: said once, and checked on every typed row whatever the server was asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa

from salesmate_nb.errors import SalesmateError

TextFilter = str | int | Iterable[str | int] | None
DatetimeLike = str | dt.date | pd.Timestamp | None


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a deal must have to be wanted; an empty one wants all.

    Text is compared without regard to case. An owner is given by name or by id.

    Examples
    --------
    >>> filters = Filters.make(
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
    def make(
        cls,
        *,
        status: TextFilter = None,
        stage: TextFilter = None,
        pipeline: TextFilter = None,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        created_since: DatetimeLike = None,
        timezone: str = "UTC",
    ) -> Self:
        """Read what a caller wants: one value or several, moments in `timezone` where they are naive.

        Raises
        ------
        SalesmateError
            Where a value is not of a kind that can be filtered on.
        """
        owners = _texts("owner", owner)
        return cls(
            status=_texts("status", status),
            stage=_texts("stage", stage),
            pipeline=_texts("pipeline", pipeline),
            owner_names=tuple(one for one in owners if not one.isdecimal()),
            owner_ids=tuple(int(one) for one in owners if one.isdecimal()),
            created_since=_moment("created_since", created_since, timezone),
            modified_since=_moment("modified_since", modified_since, timezone),
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that have to be read to check a row."""
        checked = {
            "status": self.status,
            "stage": self.stage,
            "pipeline": self.pipeline,
            "owner_name": self.owner_names,
            "owner_id": self.owner_names or self.owner_ids,
            "created_at": self.created_since,
            "last_modified_at": self.modified_since,
        }
        return tuple(name for name, wanted in checked.items() if wanted)

    def mask(self, rows: pa.RecordBatch) -> list[bool]:
        """Tell for each typed row whether it is wanted."""
        keep = [True] * rows.num_rows
        for name, wanted in (("status", self.status), ("stage", self.stage), ("pipeline", self.pipeline)):
            if wanted:
                fits = _among(rows.column(name), wanted)
                keep = [kept and fit for kept, fit in zip(keep, fits, strict=True)]
        if self.owner_names or self.owner_ids:
            named = (
                _among(rows.column("owner_name"), self.owner_names)
                if self.owner_names
                else [False] * len(keep)
            )
            ids = rows.column("owner_id").to_pylist()
            keep = [
                kept and (name or one in self.owner_ids)
                for kept, name, one in zip(keep, named, ids, strict=True)
            ]
        for name, since in (("created_at", self.created_since), ("last_modified_at", self.modified_since)):
            if since is not None:
                moments = rows.column(name).to_pylist()
                keep = [
                    kept and at is not None and at >= since for kept, at in zip(keep, moments, strict=True)
                ]
        return keep


def _among(column: pa.Array, wanted: tuple[str, ...]) -> list[bool]:
    folded = {one.casefold() for one in wanted}
    return [value is not None and value.casefold() in folded for value in column.to_pylist()]


def _texts(name: str, given: TextFilter) -> tuple[str, ...]:
    if given is None:
        return ()
    values = [given] if isinstance(given, str) or _is_whole(given) else _iterable(name, given)
    if not values:
        raise SalesmateError(f"{name} is empty, so no deal could fit. Give a value, or None for all.")
    for value in values:
        if isinstance(value, bool) or not (isinstance(value, str) or _is_whole(value)):
            raise SalesmateError(f"{name}={value!r} cannot be filtered on. Give a text or a list of texts.")
    return tuple(str(value).strip() for value in values)


def _iterable(name: str, given: Any) -> list[Any]:
    try:
        return list(given)
    except TypeError as err:
        raise SalesmateError(
            f"{name}={given!r} cannot be filtered on. Give a text or a list of texts."
        ) from err


def _is_whole(value: Any) -> bool:
    return hasattr(value, "__index__")  # numpy's integers too, as they come out of a frame


def _moment(name: str, given: DatetimeLike, timezone: str) -> dt.datetime | None:
    if given is None:
        return None
    try:
        moment = pd.Timestamp(given)
        if pd.isna(moment):
            raise ValueError("not a time")  # noqa: TRY301 - same answer as for what pandas refuses
        if moment.tzinfo is None:
            moment = moment.tz_localize(ZoneInfo(timezone), ambiguous=True, nonexistent="shift_forward")
        return moment.tz_convert("UTC").to_pydatetime(warn=False)
    except (ValueError, TypeError, OverflowError) as err:
        raise SalesmateError(
            f"{name}={given!r} is no moment. Give a datetime, a date or text like '2026-01-31T09:00'."
        ) from err
