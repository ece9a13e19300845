"""DataFrames to files of other programs: the same bytes on every system."""

from __future__ import annotations

from typing import BinaryIO

import pandas as pd

FORMATS = ("csv", "json", "parquet")


def write_frame(frame: pd.DataFrame, kind: str, file: BinaryIO) -> None:
    r"""Write a frame: CSV as in RFC 4180, JSON as a list of objects, both in UTF-8; or Parquet.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index is not written.
    kind : {"csv", "json", "parquet"}
        In CSV, lines end with CRLF, and a value with a line break of any kind is quoted.
    file : binary file
        Open for writing.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_frame(pd.DataFrame({"title": ["Łódź", "two\rlines"]}), "csv", file)
    >>> file.getvalue().decode()
    'title\r\nŁódź\r\n"two\rlines"\r\n'
    """
    if kind == "csv":
        frame.to_csv(file, index=False, encoding="utf-8", lineterminator="\r\n")
    elif kind == "json":
        frame.to_json(file, orient="records", date_format="iso", force_ascii=False, indent=1)
        file.write(b"\n")
    else:
        frame.to_parquet(file)
