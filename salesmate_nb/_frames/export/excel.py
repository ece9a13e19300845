"""DataFrames to Excel files: one sheet of rows, and one that says where they are from."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import zoneinfo
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pandas as pd
from pandas.api.types import is_integer_dtype

from salesmate_nb._frames.export.about import ABOUT, about, sheet_name, timezone_of
from salesmate_nb._frames.export.cells import (
    MOST_CHARACTERS,
    Cell,
    cells_of,
    local,
    number_format,
    storable,
    utf16_length,
)
from salesmate_nb._frames.export.formulas import is_formula
from salesmate_nb._values.zones import zone_of
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.deals import LINK_COLUMN

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS, MOST_COLUMNS = 1_048_575, 16_384  # of a sheet, beside its header
_MOST_LINKS = 65_530  # of a sheet
_LONGEST_LINK = 255  # characters that every version of Excel follows; that of a deal has far fewer
_ROWS = 5_000  # that are held in memory at a time
_MEASURED_ROWS = 500  # by which the widths of columns are chosen
_NARROWEST, _WIDEST = 8, 50  # characters
_PAGE = 250  # characters that can be read on one page
_RIGHT = "iufmM"  # kinds of numbers, durations and dates, which Excel aligns to the right
_TIME, _DURATION = "yyyy-mm-dd hh:mm", "[h]:mm:ss"  # of dates beside other objects in one column


def write_excel(frame: pd.DataFrame, file: BinaryIO, *, timezone: str | None = None) -> None:
    """Write a frame as an Excel file; everything in it, or an error.

    Parameters
    ----------
    frame : pandas.DataFrame
        Labels of its rows become the first columns, unless they are only numbers without a name.
    file : binary file
        Open for writing; it need not be seekable.
    timezone : str, optional
        IANA name of the zone in which to write datetimes; by default that of the columns, else that of the
        account, else UTC.

    Raises
    ------
    SalesmateError
        If XlsxWriter is not installed, the time zone is not valid, or a sheet cannot hold the frame.
    OSError
        If the disk refuses it.
    """
    try:
        import xlsxwriter  # noqa: PLC0415 - an extra
        from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415
    except ImportError:
        raise SalesmateError('Excel files need XlsxWriter. Run: pip install "salesmate-nb[excel]"') from None
    frame = with_labels(frame)
    name = (timezone_of(frame) or "UTC") if timezone is None else timezone
    zone = zone_of(name)
    _check_size(frame)
    with tempfile.TemporaryDirectory(prefix="salesmate-nb.", ignore_cleanup_errors=True) as folder:
        made = Path(folder) / "made.xlsx"
        options = {"constant_memory": True, "tmpdir": folder}
        try:
            with xlsxwriter.Workbook(made, options) as book:
                book.use_zip64()
                _Rows(book, frame, zone).write()
                _write_about(book, about(frame, name))
        except FileCreateError as err:  # hides the error of the disk
            raise err.args[0] from None
        with made.open("rb") as source:
            shutil.copyfileobj(source, file)


def with_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose first columns are the labels of its rows: of groups, or of ``describe()``."""
    index = frame.index
    if index.nlevels == 1 and index.name is None and is_integer_dtype(index):
        return frame  # rows have numbers, which say nothing
    labels = [index.get_level_values(level) for level in range(index.nlevels)]
    columns = [level.to_series(index=index) for level in labels]
    columns += [frame.iloc[:, place] for place in range(frame.shape[1])]
    names = ["" if level.name is None else level.name for level in labels] + [*frame.columns]
    joined = pd.concat([column.reset_index(drop=True) for column in columns], axis=1)
    joined.columns = pd.Index(names, dtype=object)
    joined.attrs = frame.attrs
    return joined


class _Rows:
    """The sheet of the rows: one header, which stays in view, with filters."""

    def __init__(self, book: Workbook, frame: pd.DataFrame, zone: zoneinfo.ZoneInfo) -> None:
        self._frame = frame
        self._zone = zone
        self._sheet: Worksheet = book.add_worksheet(sheet_name(frame))
        self._links = 0
        self._names = [_title(name) for name in frame.columns]
        self._formats = [
            number_format(name, local(frame.iloc[:, place], zone)) for place, name in enumerate(self._names)
        ]
        patterns = {*filter(None, self._formats), _TIME, _DURATION}
        self._styles = {pattern: book.add_format({"num_format": pattern}) for pattern in patterns}
        header = {"bold": True, "bottom": 1, "quote_prefix": True}
        self._headers = {False: book.add_format(header), True: book.add_format({**header, "align": "right"})}
        self._plain_text = book.add_format({"quote_prefix": True})  # a text also once somebody has edited it

    def write(self) -> None:
        """Write the header, the rows in pieces, and then what depends on both."""
        rows, columns = self._frame.shape
        for place, name in enumerate(self._names):
            self._check_text(name, place, "header")
            is_right = self._frame.dtypes.iloc[place].kind in _RIGHT
            self._sheet.write_string(0, place, name, self._headers[is_right])
        for start in range(0, max(rows, 1), _ROWS):
            piece = self._frame.iloc[start : start + _ROWS]
            cells = [cells_of(piece.iloc[:, place], self._zone) for place in range(columns)]
            if start == 0:
                self._set_widths(cells)
            for number, row in enumerate(zip(*cells, strict=True), start + 1):
                for place, value in enumerate(row):
                    if value is not None:
                        self._write_cell(number, place, value)
        if not columns:
            return
        self._sheet.freeze_panes(1, 0)
        self._sheet.autofilter(0, 0, rows, columns - 1)
        whole = {"number_stored_as_text": f"A1:XFD{rows + 1}"}  # a phone number is meant to be a text
        self._sheet.ignore_errors(whole)
        self._sheet.set_landscape()
        self._sheet.repeat_rows(0)

    def _set_widths(self, cells: Sequence[Sequence[Cell]]) -> None:
        """Make each column as wide as the longest of its first values, within limits."""
        total = 0
        for place, values in enumerate(cells):
            shown = [_shown(value, self._formats[place]) for value in values[:_MEASURED_ROWS]]
            longest = max([len(self._names[place]) + 1, *map(len, shown)])  # room for the arrow of the filter
            width = min(max(longest + 2, _NARROWEST), _WIDEST)
            self._sheet.set_column(place, place, width)
            total += width
        if total <= _PAGE:
            self._sheet.fit_to_pages(1, 0)

    def _write_cell(self, row: int, place: int, value: str | float | dt.datetime | dt.timedelta) -> None:
        pattern = self._formats[place]
        if isinstance(value, str):
            self._write_text(row, place, value)
        elif isinstance(value, bool):
            self._sheet.write_boolean(row, place, value)
        elif isinstance(value, dt.datetime):
            self._sheet.write_datetime(row, place, value, self._styles[pattern or _TIME])
        elif isinstance(value, dt.timedelta):
            self._sheet.write_datetime(row, place, value, self._styles[pattern or _DURATION])
        else:
            self._sheet.write_number(row, place, value, self._styles[pattern] if pattern else None)

    def _write_text(self, row: int, place: int, text: str) -> None:
        self._check_text(text, place, f"row {row}")
        is_link = self._names[place] == LINK_COLUMN and text.startswith(("https://", "http://"))
        if is_link and len(text) <= _LONGEST_LINK and self._links < _MOST_LINKS:
            self._links += 1
            self._sheet.write_url(row, place, text)
            return
        self._sheet.write_string(
            row, place, text, self._plain_text if is_formula(text.lstrip("\n")) else None
        )

    def _check_text(self, text: str, place: int, where: str) -> None:
        if len(text) > MOST_CHARACTERS // 2 and utf16_length(text) > MOST_CHARACTERS:
            name = self._names[place][:100]
            raise SalesmateError(
                f"{name}, {where}, has a text of {len(text):,} characters, and a cell of Excel holds "
                f"{MOST_CHARACTERS:,}. Leave the column out, cut its texts with .str.slice(0, 16_000), or "
                "write CSV or Parquet."
            )


def _write_about(book: Workbook, lines: Iterable[tuple[str, str]]) -> None:
    sheet = book.add_worksheet(ABOUT)
    bold, plain = book.add_format({"bold": True}), book.add_format({"quote_prefix": True, "text_wrap": True})
    for row, (name, value) in enumerate(lines):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, value[:MOST_CHARACTERS], plain)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 90)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _check_size(frame: pd.DataFrame) -> None:
    rows, columns = frame.shape
    if rows > MOST_ROWS:
        raise SalesmateError(
            f"The frame has {rows:,} rows, and a sheet of Excel holds {MOST_ROWS:,}. Read fewer, such as "
            "those created since a day, write several files, or write Parquet or CSV."
        )
    if columns > MOST_COLUMNS:
        raise SalesmateError(
            f"The frame has {columns:,} columns, and a sheet of Excel holds {MOST_COLUMNS:,}. Choose some, "
            "or write Parquet or CSV."
        )


def _shown(value: Cell, pattern: str) -> str:
    """Return a value about as long as Excel shows it; of a text, its longest line."""
    if isinstance(value, dt.datetime | dt.timedelta):
        return pattern or _TIME
    if isinstance(value, str):
        return max(value.splitlines(), key=len, default="")
    if value is None:
        return ""
    return f"{value:,.2f}" if pattern else str(value)


def _title(name: object) -> str:
    """Return the name of a column as text; one of several levels as words."""
    parts = name if isinstance(name, tuple) else (name,)
    return storable(" ".join(str(part) for part in parts).strip())
