"""Datetime columns in a time zone, as a clock on the wall there shows them."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pandas as pd

from salesmate_nb._values.times import in_calendar
from salesmate_nb.errors import SalesmateError


def zone_of(timezone: str) -> zoneinfo.ZoneInfo:
    """Return a time zone by its IANA name.

    Raises
    ------
    SalesmateError
        If there is none of this name.

    Examples
    --------
    >>> zone_of("Europe/Berlin")
    zoneinfo.ZoneInfo(key='Europe/Berlin')
    """
    try:
        return zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, TypeError, AttributeError) as err:
        raise SalesmateError(
            f"timezone={timezone!r} is not an IANA time zone. Write it as 'Europe/Berlin'."
        ) from err


def has_zone(dtype: object) -> bool:
    """Return whether a dtype is one of datetimes with a time zone: of pandas, or of Arrow in pandas.

    Examples
    --------
    >>> has_zone(pd.Series(pd.to_datetime(["2026-06-30T22:00Z"])).dtype)
    True
    """
    if isinstance(dtype, pd.ArrowDtype):
        return getattr(dtype.pyarrow_dtype, "tz", None) is not None
    return isinstance(dtype, pd.DatetimeTZDtype)


def column_in_zone(column: pd.Series, zone: zoneinfo.ZoneInfo, *, naive: bool = False) -> pd.Series:
    """Return a datetime column in a time zone.

    Parameters
    ----------
    column : pandas.Series
        Of datetimes with a time zone. One that is in no year from 1 to 9999 in `zone` becomes the last, or
        the first, that pandas can show.
    zone : zoneinfo.ZoneInfo
        The time zone.
    naive : bool
        Whether to leave the zone out at the end.

    Examples
    --------
    >>> column = pd.Series(pd.to_datetime(["2026-06-30T22:00Z"]))
    >>> column_in_zone(column, zone_of("Europe/Berlin"), naive=True)[0]
    Timestamp('2026-07-01 00:00:00')
    """
    if isinstance(column.dtype, pd.ArrowDtype):
        column = column.astype(pd.DatetimeTZDtype("us", "UTC"))
    local: pd.Series = _within_calendar(column, zone).dt.tz_convert(zone)
    return local.dt.tz_localize(None) if naive else local


def _within_calendar(column: pd.Series, zone: zoneinfo.ZoneInfo) -> pd.Series:
    """Return a column without times that are in no year from 1 to 9999 in a zone: pandas cannot show them."""
    if column.dt.unit == "ns":  # from 1677 to 2262
        return column
    first, last = dt.datetime.min, dt.datetime.max  # noqa: DTZ901 - in this zone
    ends = [in_calendar(end.replace(tzinfo=zone), dt.UTC) for end in (first, last)]
    clipped: pd.Series = column.dt.as_unit("us").clip(*map(pd.Timestamp, ends))
    return clipped
