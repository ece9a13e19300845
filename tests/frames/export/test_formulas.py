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
