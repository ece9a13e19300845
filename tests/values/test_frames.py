"""What is not a frame."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import SalesmateError, escape_formulas, to_excel
from salesmate_nb.analysis import in_zone, pipeline, win_rate

FUNCTIONS = {
    "to_excel()": lambda given: to_excel(given, "deals.xlsx"),
    "escape_formulas()": escape_formulas,
    "in_zone()": lambda given: in_zone(given, "UTC"),
    "The analysis": win_rate,
    "An analysis": lambda given: pipeline(given, "owner_name"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("given", "remedy"), [(pd.Series([1]), r"by \.to_frame\(\)"), ([], "not list")])
def test_not_a_frame(name, given, remedy):
    """A column, or a list, is refused with what to do, before anything is done."""
    with pytest.raises(SalesmateError, match=rf"takes a DataFrame, not (Series|list)\.|{remedy}"):
        FUNCTIONS[name](given)
