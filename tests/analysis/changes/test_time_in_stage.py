"""Time in stage: the Kaplan-Meier estimate by hand, and real deals against plain pandas."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis import time_in_stage
from salesmate_nb.errors import SalesmateError
from tests.analysis.changes.histories import day, days_of, history_of
from tests.analysis.movement.states import state_of_real

NEW = {"stage": "Demo", "createdAt": "2026-06-01T18:00Z"}
SIGNED = {"stage": "Signed"}


def test_open_stays_and_stays_from_before():
    """Open stays count as at least as long; those whose start was not seen are counted apart."""
    lives = [{2: NEW, 4: SIGNED}, {2: NEW}, {2: NEW, 8: {"status": "Lost"}}, {1: NEW, 5: SIGNED}]
    states = days_of(*lives, {9: None})
    table = time_in_stage(history_of(*states), states[-1])
    assert table.attrs["salesmate"] == {"since": day(1).isoformat()}
    demo, signed = table.to_dict("records")
    assert [demo[name] for name in ("stage", "stays", "ended", "left_out")] == ["Demo", 3, 2, 1]
    assert (demo["pipeline"], demo["quarter_days"], demo["median_days"]) == ("Sales", 2.25, 6.25)
    assert pd.isna(demo["three_quarters_days"])
    assert (signed["stage"], signed["stays"], signed["ended"], signed["left_out"]) == ("Signed", 2, 0, 0)


def test_empty_history():
    """Without events, the open deals of now are left out; without deals too, the columns are the same."""
    states = days_of({1: NEW}, {2: None})
    table = time_in_stage(history_of(*states), states[-1])
    assert table[["stage", "stays", "left_out"]].to_numpy().tolist() == [["Demo", 0, 1]]
    empty = time_in_stage(history_of(*states), states[-1][:0])
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, table.dtypes)


def test_missing_column_of_a_history():
    """The error names the column and the function that reads it."""
    states = days_of({1: NEW, 2: SIGNED})
    history = history_of(*states).drop(columns="changed_at")
    with pytest.raises(SalesmateError, match=r"The history has no column 'changed_at'.*history_df\(\)"):
        time_in_stage(history, states[-1])


@pytest.mark.slow
def test_real_stays(real):
    """Monthly states of real deals give the days that their own dates give, for deals seen while open."""
    times = pd.date_range("2016-12-31T12:00", "2017-12-31T12:00", freq="ME", tz="UTC")
    at_once = real.assign(stage=real["stage"].where(real["status"] == "Open", "Engaging"))
    states = [state_of_real(at_once, time) for time in times]
    table = time_in_stage(history_of(*states), states[-1]).set_index("stage")

    created, closed = real["created_at"], real["closed_date"]
    first_seen = pd.Series(times).searchsorted(created)  # the refresh that first could see a deal
    is_seen_open = ~(closed <= pd.Series(times[first_seen.clip(max=12)], index=real.index))
    engaging = real[(created > times[0]) & is_seen_open & (at_once["stage"] == "Engaging")]
    is_closed = engaging["closed_date"] <= times[-1]
    day = (engaging["closed_date"].where(is_closed, times[-1]) - engaging["created_at"]) / pd.Timedelta(
        days=1
    )
    open_share, reached = 1.0, {}
    for each, closed_then in is_closed.groupby(day).sum().items():
        open_share *= 1 - closed_then / (day >= each).sum()
        reached |= {share: each for share in (0.25, 0.5) if share not in reached and open_share <= 1 - share}
    row = table.loc["Engaging"]
    assert (row["stays"], row["ended"]) == (len(engaging), is_closed.sum())
    assert (row["quarter_days"], row["median_days"]) == (reached[0.25], reached[0.5]) == (59, 87)
    assert row["left_out"] == ((created <= times[0]) & ~(closed <= times[0])).sum()
