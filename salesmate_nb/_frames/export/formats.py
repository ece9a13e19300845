"""DataFrames to files of other programs: the same bytes on every system."""

from __future__ import annotations

from typing import BinaryIO

import pandas as pd

from salesmate_nb._frames.export.excel import write_excel
from salesmate_nb._frames.export.formulas import escape_formulas

FORMATS = ("csv", "json", "parquet", "xlsx")


def write_frame(frame: pd.DataFrame, kind: str, file: BinaryIO, *, is_escaped: bool = False) -> None:
    r"""Write a frame: CSV as in RFC 4180, JSON as a list of objects, both in UTF-8; Parquet, or Excel.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index is not written.
    kind : {"csv", "json", "parquet", "xlsx"}
        In CSV, lines end with CRLF, and a value with a line break of any kind is quoted. In Excel, times are
        those of the account's zone.
    file : binary file
        Open for writing.
    is_escaped : bool
        Whether CSV is for a spreadsheet: it has a ``'`` before each text that would be taken for a formula,
        and begins with the byte order mark by which Excel knows UTF-8.

    Raises
    ------
    SalesmateError
        If a sheet of Excel cannot hold the frame, or XlsxWriter is not installed.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_frame(pd.DataFrame({"title": ["Łódź", "two\rlines"]}), "csv", file)
    >>> file.getvalue().decode()
    'title\r\nŁódź\r\n"two\rlines"\r\n'
    """
    if kind == "csv":
        rows, encoding = (escape_formulas(frame), "utf-8-sig") if is_escaped else (frame, "utf-8")
        rows.to_csv(file, index=False, encoding=encoding, lineterminator="\r\n")
    elif kind == "json":
        frame.to_json(file, orient="records", date_format="iso", force_ascii=False, indent=1)
        file.write(b"\n")
    elif kind == "xlsx":
        write_excel(frame, file)
    else:
        frame.to_parquet(file)
