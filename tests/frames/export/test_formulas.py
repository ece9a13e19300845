"""Texts that a spreadsheet would take for formulas."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import escape_formulas
from salesmate_nb._frames.export.formulas import escape


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        *((text, f"'{text}") for text in ("=1+1", "+49 30 1", "-1", "@SUM(A1)", "\uff1d1+1")),
        ("\t=1", "'\t'=1"),
        ("Renewal;=1+1", "Renewal;'=1+1"),
        *((f"{space}=1", f"'{space}=1") for space in (" ", "\x00", "\ufeff\xa0")),
        ("two\n=lines", "two\n'=lines"),
        *((text, text) for text in ("1+1", "a=b", "ann@acme.example", "", "'=1+1", "Berlin - Tokyo")),
    ],
)
def test_escape(text, escaped):
    """Whatever would begin a cell as a formula gets a quote before it; other texts stay as they are."""
    assert escape(text) == escaped


def test_frame():
    """Texts, categories, objects and column names are escaped; numbers and missing values are not."""
    frame = pd.DataFrame(
        {
            "=title": pd.Series(["=1", None], dtype="str"),
            "status": pd.Categorical(["-1", None]),
            "other": pd.Series(["@x", 5], dtype=object),
            "deal_value": [-1.0, 2.0],
        }
    )
    escaped = escape_formulas(frame)
    assert escaped.to_csv(index=False) == "'=title,status,other,deal_value\n'=1,'-1,'@x,-1.0\n,,5,2.0\n"
    assert frame.columns[0] == "=title"
    assert frame["status"].iloc[0] == "-1"


def test_pivot_table():
    """Names of rows, columns and their levels are escaped too, and none of them is lost."""
    frame = pd.DataFrame(
        {"=who": ["@a", "b"], "status": pd.Categorical(["=Won", "Lost"]), "deal_value": [1, 2]}
    )
    shape = {"index": "=who", "columns": "status", "values": "deal_value", "observed": False}
    flat = escape_formulas(frame.pivot_table(**shape, aggfunc="sum"))
    assert flat.to_csv() == "'=who,'=Won,Lost\n'@a,1,0\nb,0,2\n"
    levels = escape_formulas(frame.pivot_table(**shape, aggfunc=["sum"]))
    assert levels.to_csv() == ",sum,sum\nstatus,'=Won,Lost\n'=who,,\n'@a,1,0\nb,0,2\n"
    grouped = escape_formulas(frame.set_index(["=who", "deal_value"])[["status"]])
    assert grouped.to_csv() == "'=who,deal_value,status\n'@a,1,'=Won\nb,2,Lost\n"


def test_dtypes():
    """Texts of Arrow are escaped; numbers stay as they are, also as categories or of Arrow."""
    frame = pd.DataFrame({"title": ["=1", None], "deal_value": [-1.5, 2.5]})
    escaped = escape_formulas(frame.convert_dtypes(dtype_backend="pyarrow"))
    assert escaped.to_csv(index=False) == "title,deal_value\n'=1,-1.5\n,2.5\n"
    assert escaped["deal_value"].dtype.kind == "f"
    years = pd.DataFrame({"year": pd.Categorical([2026, None])})
    assert escape_formulas(years).to_csv(index=False) == 'year\n2026\n""\n'
