"""Texts that a spreadsheet would take for formulas, such as ``=HYPERLINK(...)``."""

from __future__ import annotations

import re

import pandas as pd

_STARTS = "=+\\-@\t\r\uff1d\uff0b\uff0d\uff20"  # the last four are wide, as some keyboards of Asia type them
_FORMULA = re.compile(f"[{_STARTS}]")
_INSIDE = re.compile(f"(^|[;\t\r\n])(?=[{_STARTS}])")  # other programs also split cells at ; tab and line


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
    that when it opens the file. Here, texts that begin with ``=``, ``+``, ``-``, ``@``, a tab or a line break
    get ``'`` before them, phone numbers such as ``+49 30 1234`` too. An Excel file needs no such change:
    :func:`to_excel` writes texts as texts.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame. Numbers stay as they are, also negative ones.

    Returns
    -------
    pandas.DataFrame
        A new frame; its column names are escaped too, and categories become texts.

    Examples
    --------
    >>> escape_formulas(pd.DataFrame({"title": ["=1+1", "Renewal"], "deal_value": [-5.0, 7.0]}))
        title  deal_value
    0  '=1+1        -5.0
    1  Renewal         7.0
    """
    escaped = frame.copy(deep=False)
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if column.dtype == object or isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype):
            texts = column.astype(object).map(_escaped)
            escaped.isetitem(place, texts.array if column.dtype == object else texts.astype("str").array)
    escaped.columns = pd.Index([_escaped(name) for name in frame.columns], dtype=frame.columns.dtype)
    return escaped


def _escaped(value: object) -> object:
    return escape(value) if isinstance(value, str) else value
