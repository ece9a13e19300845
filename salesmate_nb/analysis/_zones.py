"""Time zones: the days and months of a frame."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pandas as pd

from salesmate_nb._values.times import in_calendar
from salesmate_nb.errors import SalesmateError


def in_zone(frame: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Convert datetime columns to a time zone.

    Days, weeks and months are then those of that zone. ``deals_df()`` returns UTC, in which the 1st of July
    in Berlin starts on the 30th of June. Each value remains the same point in time, except one that would be
    after the year 9999 or before the year 1 there: it becomes the last, or the first, that can be shown.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame; datetime columns without a time zone are left as they are.
    timezone : str
        IANA name of the time zone, such as ``"Europe/Berlin"``, or ``connect().timezone``.

    Returns
    -------
    pandas.DataFrame
        A new frame, whose datetime columns have the dtype ``datetime64[us, <timezone>]``.

    Raises
    ------
    SalesmateError
        If `timezone` is not a valid IANA name.

    Examples
    --------
    >>> frame = pd.DataFrame({"estimated_close_date": pd.to_datetime(["2026-06-30T22:00Z"])})
    >>> in_zone(frame, "Europe/Berlin")["estimated_close_date"].dt.month_name()[0]
    'July'
    """
    try:
        zone = zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise SalesmateError(
            f"timezone={timezone!r} is not an IANA time zone. Write it as 'Europe/Berlin'."
        ) from err
    datetimes = frame.select_dtypes("datetimetz").columns
    return frame.assign(
        **{name: _within_calendar(frame[name], zone).dt.tz_convert(zone) for name in datetimes}
    )


def _within_calendar(column: pd.Series, zone: zoneinfo.ZoneInfo) -> pd.Series:
    """Return a column without times that are in no year from 1 to 9999 in a zone: pandas cannot show them."""
    if column.dt.unit == "ns":  # from 1677 to 2262
        return column
    first, last = dt.datetime.min, dt.datetime.max  # noqa: DTZ901 - in this zone
    ends = [in_calendar(end.replace(tzinfo=zone), dt.UTC) for end in (first, last)]
    clipped: pd.Series = column.dt.as_unit("us").clip(*map(pd.Timestamp, ends))
    return clipped
