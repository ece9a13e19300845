"""Names in little space."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb._wording.names import name_of, names_of, words_of


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT])
def test_missing(value):
    """Every kind of missing value is the same word."""
    assert name_of(value) == "(none)"


def test_long_name():
    """A name of 80 letters ends in an ellipsis after 31; one on several lines is on one."""
    assert name_of("x" * 80) == "x" * 31 + "…"
    assert name_of("Ann\nWeber\t") == "Ann Weber"


def test_names_of():
    """The names of a column keep their order; a missing one and a blank one have words."""
    assert names_of(pd.Series(["b", None, 3, " "])) == ["b", "(none)", "3", "(blank)"]


def test_words_of():
    """Columns have plain words; one without a word of its own loses its underscores."""
    assert [words_of("owner_name"), words_of("last_activity")] == ["owner", "last activity"]
