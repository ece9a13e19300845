"""Texts that a spreadsheet would take for formulas, such as ``=HYPERLINK(...)``."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from pandas.api.types import is_object_dtype

from salesmate_nb._values.frames import check_frame

_STARTS = "=+\\-@\t\r\uff1d\uff0b\uff0d\uff20"  # the last four are wide, as some keyboards of Asia type them
_FORMULA = re.compile(f"[{_STARTS}]")
_SKIPPED = "\x00-\x08\x0b\x0c\x0e- \xa0\u200b\u3000\ufeff"  # LibreOffice drops NUL, and spaces on request
_INSIDE = re.compile(
    f"(^|[;\t\r\n])(?=[{_SKIPPED}]*[{_STARTS}])"
)  # other programs also split cells at ; tab and line


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would take a text for a formula.

    Examples
    --------
    >>> is_formula("=1+1"), is_formula("+49 30 1234"), is_formula("1+1")
    (True, True, False)
    """
    return _FORMULA.match(text) is not None


def escape(text: str) -> str:
    """Return a text with ``'`` before whatever a spreadsheet would take for a formula.

    Programs that separate by semicolon, as Excel does in many countries, see cells within a text too.

    Examples
    --------
    >>> escape("=1+1"), escape("Renewal;=1+1"), escape("1+1")
    ("'=1+1", "Renewal;'=1+1", '1+1')
    """
    return _INSIDE.sub(r"\1'", text)


def escape_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose texts no spreadsheet takes for formulas, to be written as CSV.

    A CSV file cannot say what is a text. If somebody outside names a company ``=HYPERLINK(...)``, Excel runs
    that when it opens the file. Here, texts that begin with ``=``, ``+``, ``-``, ``@``, a tab or a line
    break, also after spaces, get ``'`` before them, phone numbers such as ``+49 30 1234`` too. An Excel file
    needs no such change: :func:`to_excel` writes texts as texts.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame. Numbers stay as they are, also negative ones.

    Returns
    -------
    pandas.DataFrame
        A new frame; the names of its columns and rows are escaped too, as of a pivot table, and categories
        become texts.

    Examples
    --------
    >>> escape_formulas(pd.DataFrame({"title": ["=1+1", "Renewal"], "deal_value": [-5.0, 7.0]}))
        title  deal_value
    0  '=1+1        -5.0
    1  Renewal         7.0
    """
    check_frame(frame, "escape_formulas()")
    escaped = frame.copy(deep=False)
    for place in range(frame.shape[1]):
        escaped.isetitem(place, _escaped_column(frame.iloc[:, place]).array)
    escaped.columns = _escaped_labels(frame.columns)
    escaped.index = _escaped_labels(frame.index)
    return escaped


def _escaped_column(column: pd.Series) -> pd.Series:
    dtype = column.dtype.categories.dtype if isinstance(column.dtype, pd.CategoricalDtype) else column.dtype
    if not _holds_texts(dtype):
        return column
    texts = column.astype(object).map(_escaped)
    return texts if is_object_dtype(dtype) else texts.astype("str")


def _escaped_labels(labels: pd.Index) -> pd.Index:
    """Return the names of columns or rows, and of their levels, which pandas writes to CSV too."""
    names = [_escaped(name) for name in labels.names]
    if isinstance(labels, pd.MultiIndex):
        return pd.MultiIndex.from_tuples([tuple(map(_escaped, each)) for each in labels], names=names)
    if not isinstance(labels, pd.CategoricalIndex) and not _holds_texts(labels.dtype):
        return labels.set_names(names)
    dtype = labels.dtype if isinstance(labels.dtype, pd.StringDtype) else object  # categories would lack it
    return pd.Index(list(map(_escaped, labels)), dtype=dtype, name=names[0], tupleize_cols=False)


def _holds_texts(dtype: Any) -> bool:
    is_arrow = isinstance(dtype, pd.ArrowDtype) and dtype.kind in "OSU"
    return is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype) or is_arrow


def _escaped(value: object) -> object:
    return escape(value) if isinstance(value, str) else value
