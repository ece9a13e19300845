"""import_frames(): a history of saved frames has the frames as they were, and what changed between them."""

from __future__ import annotations

import datetime as dt
import io
import random

import pandas as pd
import pytest

from salesmate_nb.analysis import forecast_accuracy, movement, slippage, stage_conversion, time_in_stage
from salesmate_nb.errors import SalesmateError
from salesmate_nb.history import import_frames
from tests.analysis.changes.histories import any_states, history_of

FRAME = pd.DataFrame(
    {"id": [1], "status": ["Open"], "stage": ["Demo"], "deal_value": [5.0], "currency": ["EUR"]}
)


def through_csv(frame):
    """Return what a CSV file makes of a frame."""
    return pd.read_csv(io.StringIO(frame.to_csv()))


def weekly(saved):
    """Return the states of an account week after week, and the history of what was saved of them."""
    states = any_states(random.Random(3), 5, 20)
    dates = [pd.Timestamp(state.attrs["salesmate"]["read_at"]) for state in states]
    return states, import_frames({date: saved(state) for date, state in zip(dates, states, strict=True)})


@pytest.mark.parametrize("saved", [pd.DataFrame.copy, through_csv])
def test_weekly_frames(saved):
    """Each frame is as of the time when it was saved, also after a CSV file has lost its dtypes."""
    states, past = weekly(saved)
    first = states[0].attrs["salesmate"]["read_at"]
    for state in states:
        read_at = state.attrs["salesmate"]["read_at"]
        at = pd.Timestamp(read_at) + pd.Timedelta(hours=3)
        frame = past.deals_df(as_of=at)
        texts = dict.fromkeys(state.select_dtypes("category").columns, "str")
        pd.testing.assert_frame_equal(frame.astype(texts), state[frame.columns].astype(texts))
        report = {"read_at": read_at, "as_of": at.isoformat(), "stale_hours": 3.0, "history_since": first}
        assert frame.attrs["salesmate"] == report


def test_analysis():
    """The analysis says of saved frames what it says of a history that refreshes kept."""
    states, past = weekly(through_csv)
    kept, now = history_of(*states), states[-1]
    imported, last = past.history_df(), past.deals_df()
    assert imported.attrs["salesmate"]["refreshes"] == [each.attrs["salesmate"]["read_at"] for each in states]
    assert slippage(imported).astype("str").equals(slippage(kept).astype("str"))
    stays = [time_in_stage(*each).astype("str") for each in ((imported, last), (kept, now))]
    assert len(stays[0]) > 2
    assert stays[0].equals(stays[1].sort_values(["pipeline", "stage"], ignore_index=True))
    for analysis in (time_in_stage, stage_conversion, forecast_accuracy):
        with pytest.raises(SalesmateError, match="its field has no 'created'"):
            analysis(past.history_df(field="stage"), last)
    with pytest.raises(SalesmateError, match="its field has no 'estimated_close_date'"):
        slippage(past.history_df(field="stage"))
    opening = past.deals_df(as_of=states[1].attrs["salesmate"]["read_at"])
    assert movement(opening, last)["value"].equals(movement(states[1], now)["value"])


def test_order_of_stages_that_is_not_known():
    """If the order of the stages is not known, stage_conversion asks for it."""
    past = import_frames({"2026-03-02": FRAME})
    assert past.deals_df()["stage"].dtype == "str"
    with pytest.raises(SalesmateError, match="order of the stages is not known"):
        stage_conversion(past.history_df(), past.deals_df())
    ordered = FRAME.astype({"stage": pd.CategoricalDtype(["Offer", "Demo"])})
    frame = import_frames({"2026-03-02": ordered}).deals_df()
    assert list(frame["stage"].cat.categories) == ["Offer", "Demo"]


def test_chosen_changes():
    """Changes are chosen by field, deal and time, and those of one field have its dtype."""
    values = {f"2026-03-0{day}": FRAME.assign(deal_value=float(day)) for day in (4, 2, 3)}  # in any order
    past = import_frames(values)
    assert repr(past) == "<ImportedHistory of 3 frames from 2026-03-02 to 2026-03-04>"
    assert past.history_df(field="deal_value")["new"].to_list() == [3.0, 4.0]
    assert past.history_df("2026-03-04", ["deal_value", "stage"], id=1)["new"].to_list() == ["4"]
    assert past.history_df(id=[]).empty
    with pytest.raises(SalesmateError, match=r"no field 'deal_vlaue'\. Did you mean 'deal_value'"):
        past.history_df(field="deal_vlaue")


def test_key_at_midnight():
    """A Timestamp at midnight may be the key of a frame; it is exact, and nothing is warned of."""
    past = import_frames({pd.Timestamp("2026-03-02"): FRAME})
    assert past.deals_df().attrs["salesmate"]["read_at"] == "2026-03-02T00:00:00+00:00"


def test_days():
    """A day means its end in the given time zone, and today means now."""
    today = pd.Timestamp.now("Asia/Kolkata").date()
    past = import_frames({"2026-03-02": FRAME, today: FRAME}, timezone="Asia/Kolkata")
    first, last = (past.deals_df(as_of=day).attrs["salesmate"]["read_at"] for day in ("2026-03-02", None))
    assert first == "2026-03-02T18:29:59+00:00"
    assert dt.datetime.fromisoformat(last) <= dt.datetime.now(dt.UTC)
    with pytest.raises(SalesmateError, match=r"begins on 2026-03-02 at 23:59 \(Asia/Kolkata\)"):
        past.deals_df(as_of="2026-03-01")


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ({}, "Pass frames by date"),
        ([FRAME], "Pass frames by date"),
        ({"March": FRAME}, r"date='March' is not a date or time"),
        ({0: FRAME}, r"date=0 is not a date or time"),
        ({pd.NaT: FRAME}, r"NaT is not a date"),
        ({"2999-01-01": FRAME}, "2999-01-01 is in the future"),
        ({"2026-03-02": FRAME, dt.date(2026, 3, 2): FRAME}, r"Two frames are of 2026-03-02 23:59 UTC"),
    ],
)
def test_refused(frames, message):
    """Frames without a day of their own are an error that says what to pass."""
    with pytest.raises(SalesmateError, match=message):
        import_frames(frames)


def test_unknown_time_zone():
    """The error says how to write a time zone."""
    with pytest.raises(SalesmateError, match="is not an IANA time zone"):
        import_frames({"2026-03-02": FRAME}, timezone="CEST+1")


def test_first_frame_that_lacks_columns():
    """A first frame without status or value is told of: all its deals would seem to be reopened, or at 0."""
    lacking = FRAME.drop(columns=["status", "deal_value"])
    with pytest.warns(UserWarning, match=r"The frame of 2026-03-02 has no column 'status', 'deal_value'\."):
        import_frames({"2026-03-02": lacking, "2026-03-09": FRAME})
