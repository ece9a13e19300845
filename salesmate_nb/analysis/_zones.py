"""Time zones: the days and months of a frame."""

from __future__ import annotations

import zoneinfo

import pandas as pd

from salesmate_nb._values.frames import check_frame
from salesmate_nb._values.zones import column_in_zone, has_zone, zone_of


def in_zone(frame: pd.DataFrame, timezone: str, *, naive: bool = False) -> pd.DataFrame:
    """Convert datetime columns to a time zone, and datetimes that label rows or columns.

    Days, weeks and months are then those of that zone. ``deals_df()`` returns UTC, in which the 1st of July
    in Berlin starts on the 30th of June. Each value remains the same point in time, except one that would be
    after the year 9999 or before the year 1 there: it becomes the last, or the first, that can be shown.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame; datetimes without a time zone are left as they are.
    timezone : str
        IANA name of the time zone, such as ``"Europe/Berlin"``, or ``connect().timezone``.
    naive : bool
        Whether the result has the dates and times that a clock there shows, without the zone. Excel, and so
        ``DataFrame.to_excel`` of pandas, takes no others. In autumn, one hour occurs twice then.

    Returns
    -------
    pandas.DataFrame
        A new frame, whose datetime columns, index and column labels have the dtype
        ``datetime64[us, <timezone>]``, or ``datetime64[us]`` if it is naive.

    Raises
    ------
    SalesmateError
        If `timezone` is not a valid IANA name.

    Examples
    --------
    >>> frame = pd.DataFrame({"estimated_close_date": pd.to_datetime(["2026-06-30T22:00Z"])})
    >>> in_zone(frame, "Europe/Berlin")["estimated_close_date"].dt.month_name()[0]
    'July'
    >>> in_zone(frame, "Europe/Berlin", naive=True)["estimated_close_date"][0]
    Timestamp('2026-07-01 00:00:00')
    """
    check_frame(frame, "in_zone()")
    zone = zone_of(timezone)
    converted = frame.copy(deep=False)
    for place, dtype in enumerate(frame.dtypes):  # names may repeat, and have several levels
        if has_zone(dtype):
            converted.isetitem(place, column_in_zone(frame.iloc[:, place], zone, naive=naive).array)
    converted.index = _labels(frame.index, zone, naive=naive)
    converted.columns = _labels(frame.columns, zone, naive=naive)
    return converted


def _labels(labels: pd.Index, zone: zoneinfo.ZoneInfo, *, naive: bool) -> pd.Index:
    """Return the labels of rows or columns in a time zone: every level of them that has one."""
    if isinstance(labels, pd.MultiIndex):
        levels = [
            _labels(labels.get_level_values(level), zone, naive=naive) for level in range(labels.nlevels)
        ]
        is_timed = any(has_zone(dtype) for dtype in labels.dtypes)
        return pd.MultiIndex.from_arrays(levels, names=labels.names) if is_timed else labels
    if not has_zone(labels.dtype):
        return labels
    converted: pd.Index = pd.Index(
        column_in_zone(pd.Series(labels), zone, naive=naive).array, name=labels.name
    )
    return converted
