"""Columns that a function needs: missing ones, and dates as text."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import report
from salesmate_nb.analysis import cohorts, forecast, pipeline, win_rate, won_value
from salesmate_nb.errors import SalesmateError
from tests.analysis.frames import BY_ANY, FUNCTIONS, NOW, closed_after, frame_of, open_since

DATETIMES = ["created_at", "closed_date", "estimated_close_date"]


@pytest.mark.parametrize("name", ["pipeline", "forecast", "cycle_time", "survival"])
def test_datetimes_from_a_csv_file(name, tmp_path):
    """Dates as text are an error that shows the remedy; parsed, with or without a zone, they work."""
    deals = frame_of([*closed_after(3, 5), *closed_after(9, status="Open")])
    deals["estimated_close_date"] = NOW
    deals.to_csv(tmp_path / "deals.csv", index=False)
    with pytest.raises(SalesmateError, match=r"holds str, not datetimes\. .* pd\.to_datetime"):
        FUNCTIONS[name](pd.read_csv(tmp_path / "deals.csv"))
    back = pd.read_csv(tmp_path / "deals.csv", parse_dates=DATETIMES)
    naive = back.assign(closed_date=back["closed_date"].dt.tz_localize(None))
    for frame in (back, naive):
        pd.testing.assert_frame_equal(
            FUNCTIONS[name](frame), FUNCTIONS[name](deals), check_dtype=False, check_categorical=False
        )
    nothing = back.assign(**dict.fromkeys(DATETIMES, None))
    assert FUNCTIONS[name](nothing).shape[1] == FUNCTIONS[name](deals).shape[1]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_missing_column(name):
    """The error names the column, and the function that reads it."""
    with pytest.raises(SalesmateError, match=r"no column 'status'\. Read it with deals_df\(\)"):
        FUNCTIONS[name](frame_of([]).drop(columns="status"))


@pytest.mark.parametrize("name", BY_ANY)
def test_column_to_group_by_as_a_reader_sees_it(name):
    """A column to group by is found whatever its case, spaces and normal form; the result has its name."""
    deals = frame_of([*closed_after(3), *open_since(2)]).assign(größe="x")
    assert FUNCTIONS[name](deals, by=["Gro\u0308ße ", " Stage"]).columns[:2].tolist() == ["größe", "stage"]


def test_column_to_group_by_that_is_not_there():
    """The error names the column that was probably meant."""
    with pytest.raises(SalesmateError, match=r"no column 'owner'\. Did you mean 'owner_name'\?"):
        win_rate(frame_of(open_since(2)), "owner")


@pytest.mark.parametrize("now", [2026, "30/06/2026"])
def test_invalid_now(now):
    """A time that is not one is refused, also here."""
    with pytest.raises(SalesmateError, match=f"now={now!r} is not a date or time"):
        pipeline(frame_of(open_since(2)), now=now)


@pytest.mark.parametrize("freq", ["q", "quarter", "X", 3.5])
@pytest.mark.parametrize("function", [cohorts, forecast, won_value, report.headline])
def test_invalid_length_of_a_period(function, freq):
    """What is not the length of a period is refused, also without deals."""
    with pytest.raises(SalesmateError, match=r"is not the length of a period\. Use 'W', 'M', 'Q' or 'Y'"):
        function(frame_of([]), freq=freq)
