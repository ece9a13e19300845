"""Time zones: the days and months of a frame."""

from __future__ import annotations

import zoneinfo

import pandas as pd

from salesmate_nb.errors import SalesmateError


def in_zone(frame: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Convert datetime columns to a time zone.

    Days, weeks and months are then those of that zone. ``deals_df()`` returns UTC, in which the 1st of July
    in Berlin starts on the 30th of June. Each value remains the same point in time.

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
    return frame.assign(**{name: frame[name].dt.tz_convert(zone) for name in datetimes})
