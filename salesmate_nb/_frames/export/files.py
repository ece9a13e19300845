"""to_excel(): a frame into an Excel file that the user names."""

from __future__ import annotations

import os

import pandas as pd

from salesmate_nb._base.files import reason
from salesmate_nb._base.user_files import is_plain, replaced
from salesmate_nb._base.validators import expanded
from salesmate_nb._base.warn import warn
from salesmate_nb._frames.export.about import timezone_of
from salesmate_nb._frames.export.excel import with_labels, write_excel
from salesmate_nb._values.frames import check_frame
from salesmate_nb._values.zones import has_zone
from salesmate_nb.errors import SalesmateError


def to_excel(frame: pd.DataFrame, path: str | os.PathLike[str], *, timezone: str | None = None) -> None:
    """Write a frame to an Excel file that looks right at once: dates, money, widths, filters.

    Ids are numbers, amounts have thousands and two decimals, and times are real dates of Excel, in the
    account's time zone. The header stays in view, and has filters. Texts stay texts, also those that begin
    with ``=``, so that nobody outside can put a formula into your file. A second sheet, *About*, says where
    and when the rows are from, and in which time zone.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of this package, or any other. Labels of its rows, as of groups, become the first columns; row numbers
        without a name do not.
    path : str or Path
        A file that ends in ``.xlsx``. One that is there is replaced, once the new one is complete.
    timezone : str, optional
        IANA name of the zone in which to write times; by default the one to which you have converted all of
        them, else that of the account that the frame is from, else UTC, with a warning: ``concat()`` and
        ``merge()`` do not keep it.

    Raises
    ------
    SalesmateError
        If the frame is too large for a sheet, has a text of more than 32,767 characters, or the disk refuses
        the file: everything is written, or nothing. Also if the extra ``excel`` is not installed.

    Notes
    -----
    What Excel cannot hold becomes text, with nothing lost: integers of more than 15 digits, infinities, dates
    before March 1900, lists and other objects. Missing values are empty cells. ``deal_url`` is a link in the
    first 65,530 rows, which is as many as Excel allows.

    Examples
    --------
    >>> import tempfile
    >>> from salesmate_nb import connect, sandbox, to_excel
    >>> folder = tempfile.mkdtemp()
    >>> with sandbox.start(deals=50) as box:
    ...     to_excel(connect(box).deals_df(), f"{folder}/deals.xlsx")
    >>> list(pd.read_excel(f"{folder}/deals.xlsx", sheet_name=None))
    ['Deals', 'About']
    """
    check_frame(frame, "to_excel()")
    if not isinstance(path, str | bytes | os.PathLike):
        raise SalesmateError(
            f"path is of type {type(path).__name__}. Name an Excel file, such as 'deals.xlsx'."
        )
    target = expanded("path", os.fsdecode(path))
    frame = with_labels(frame)  # of rows, which may be times
    if timezone is None and timezone_of(frame) is None and any(map(has_zone, frame.dtypes)):
        warn(
            "The frame does not say the time zone of its account, so its times are written in UTC. Give "
            "it, as timezone=connect().timezone: concat() and merge() do not keep it."
        )
    try:
        if target.suffix.lower() != ".xlsx" or target.is_dir():
            raise SalesmateError(
                f"path={str(path)!r} does not end in .xlsx. Name an Excel file, such as deals.xlsx."
            )
        with replaced(target) if is_plain(target) else target.open("ab") as file:
            write_excel(frame, file, timezone=timezone)
    except OSError as err:
        remedy = "If it is open in Excel, close it there"
        if not target.parent.exists():
            remedy = "Create its folder"
        raise SalesmateError(
            f"{target} cannot be written ({reason(err)}). {remedy}, or choose another path."
        ) from err
