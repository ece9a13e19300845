"""What a file says about its rows: where and when they are from."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd

from salesmate_nb._base.validators import is_timezone
from salesmate_nb._values.text import enumerate_counts
from salesmate_nb._values.zones import column_in_zone, has_zone, zone_of

ABOUT = "About"
"""The name of the sheet."""

_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")  # in the name of a sheet
_LONGEST = 31  # name of a sheet
_OTHER_NAMES = {"": "Rows", "about": "Rows", "history": "Deal history"}  # Excel keeps History for itself


def about(frame: pd.DataFrame, timezone: str) -> list[tuple[str, str]]:
    """Return in words where a frame is from, by what its ``attrs`` say; no secret is in them.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of this package, or any other.
    timezone : str
        IANA name of the zone in which its times are written.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": [7, 8]})
    >>> frame.attrs["salesmate"] = {"host": "https://acme.salesmate.io", "unreadable": {"deal_value": 1}}
    >>> dict(about(frame, "UTC"))["Unreadable values"]
    '1 in deal_value; these cells are empty'
    """
    report = _report(frame)
    written = dt.datetime.now(dt.UTC)
    lines = {
        "Source": report.get("host"),
        "Records": report.get("resource"),
        "Read at": _local_time(report.get("read_at"), timezone),
        "As they were at": _local_time(report.get("as_of"), timezone),
        "History known since": _local_time(report.get("history_since") or report.get("since"), timezone),
        "Filters": "; ".join(_filters(report.get("filters"))),
        "Complete": _completeness(report),
        "Unreadable values": _unreadable(report.get("unreadable")),
        "Rows in this file": f"{len(frame):,}",
        "Columns in this file": f"{frame.shape[1]:,}",
        "Time zone": _zone(frame, timezone),
        "Written at": _local_time(written.isoformat(timespec="seconds"), timezone),
        "Written by": f"salesmate-nb {_version()}",
    }
    return [(name, str(value)) for name, value in lines.items() if value]


def timezone_of(frame: pd.DataFrame) -> str | None:
    """Return the time zone to show times in: that of the columns, else of the account; ``None`` if unknown.

    Columns in UTC are as they were read; in another zone, somebody has converted them. The account is unknown
    after ``concat()`` or ``merge()``, which drop ``attrs``.

    Examples
    --------
    >>> timezone_of(pd.DataFrame({"t": pd.to_datetime(["2026-06-30T22:00+02:00"]).tz_convert("Asia/Tokyo")}))
    'Asia/Tokyo'
    """
    zones = {str(dtype.tz) for dtype in frame.dtypes if isinstance(dtype, pd.DatetimeTZDtype)}
    if len(zones) == 1 and is_timezone(zone := min(zones)) and zone != "UTC":
        return zone
    known = _report(frame).get("timezone")
    return str(known) if known else None


def sheet_name(frame: pd.DataFrame) -> str:
    """Return a name for the sheet of the rows: what they are.

    Examples
    --------
    >>> sheet_name(pd.DataFrame())
    'Rows'
    """
    name = _FORBIDDEN.sub(" ", str(_report(frame).get("resource") or "rows")).strip("' ")[:_LONGEST]
    name = name[:1].upper() + name[1:]
    return _OTHER_NAMES.get(name.lower(), name)


def _report(frame: pd.DataFrame) -> Mapping[str, Any]:
    report = frame.attrs.get("salesmate")
    return report if isinstance(report, Mapping) else {}


def _local_time(written: object, timezone: str) -> str:
    if not isinstance(written, str) or not written:
        return ""
    time = pd.Timestamp(written)
    if time.tzinfo is not None:
        time = column_in_zone(pd.Series([time]), zone_of(timezone))[0]
    return f"{time:%Y-%m-%d %H:%M:%S %Z}".strip()


def _zone(frame: pd.DataFrame, timezone: str) -> str:
    said = f"{timezone}: all dates and times are as a clock there shows them"
    zoneless = [
        str(name) for name, dtype in frame.dtypes.items() if dtype.kind == "M" and not has_zone(dtype)
    ]
    if not zoneless:
        return said
    return f"{said}, except in {', '.join(zoneless)}: the frame has these without a zone, as they are here"


def _filters(filters: object) -> Iterator[str]:
    for name, value in filters.items() if isinstance(filters, Mapping) else ():
        yield f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"


def _completeness(report: Mapping[str, Any]) -> str:
    if "complete" not in report:
        return ""
    if report["complete"] and report.get("limit") is not None:
        return f"no more than {report['limit']:,} were asked for; the filters may let others through"
    if report["complete"]:
        return "yes: every record that the filters let through was read"
    total = report.get("total")
    return f"no: {report.get('read'):,} were read" + (f", of {total:,}" if total is not None else "")


def _unreadable(counts: object) -> str:
    if not isinstance(counts, Mapping) or not counts:
        return ""
    return f"{enumerate_counts(counts)}; these cells are empty"


def _version() -> str:
    try:
        return version("salesmate-nb")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return ""
