"""Frames of deals for the tests of the analysis."""

from __future__ import annotations

from functools import partial

import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st

from salesmate_nb._frames.arrow import BatchBuilder, assemble
from salesmate_nb._frames.dataframe import to_pandas
from salesmate_nb.analysis import cycle_time, forecast, pipeline, survival, win_rate
from salesmate_nb.resources import DEALS

NOW = pd.Timestamp("2026-06-30T18:00Z")
STAGES = ["Upcoming", "Demo", "Signed"]  # not in alphabetical order
FUNCTIONS = {
    "pipeline": partial(pipeline, now=NOW),
    "forecast": partial(forecast, now=NOW),
    "win_rate": win_rate,
    "cycle_time": partial(cycle_time, now=NOW),
    "survival": partial(survival, now=NOW),
}
BY_ANY = ["pipeline", "win_rate", "cycle_time", "survival"]
MAYBE_DAY = st.none() | st.integers(-400, 60).map(lambda day: (NOW + pd.Timedelta(days=day)).isoformat())
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["Open", "Open", "Won", "Close", "Lost", "Archived", None]),
            "stage": st.sampled_from([*STAGES, None]),
            "owner": st.sampled_from([{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bo"}, {}]),
            "currency": st.sampled_from(["EUR", "USD", None]),
            "dealValue": st.none() | st.integers(0, 10**6),
            "winProbability": st.none() | st.integers(0, 100),
            "createdAt": MAYBE_DAY,
            "estimatedCloseDate": MAYBE_DAY,
            "closedDate": MAYBE_DAY,
        }
    ),
    max_size=25,
)
few = settings(max_examples=6)
many = settings(max_examples=25)


def frame_of(records):
    """Return a frame as `deals_df()` does."""
    builder = BatchBuilder(DEALS.fields)
    numbered = [{"id": number, **record} for number, record in enumerate(records)]
    pages = [builder.build(numbered)]
    return to_pandas(assemble(builder.fields, pages, order={"stage": STAGES}))


def closed_after(*days, status="Won"):
    """Return records of deals created 400 days ago and closed after these numbers of days."""
    start = NOW - pd.Timedelta(days=400)
    return [
        {
            "status": status,
            "createdAt": start.isoformat(),
            "closedDate": (start + pd.Timedelta(days=n)).isoformat(),
        }
        for n in days
    ]


def open_since(*days):
    """Return records of open deals, created these numbers of days ago."""
    return [{"status": "Open", "createdAt": (NOW - pd.Timedelta(days=n)).isoformat()} for n in days]
