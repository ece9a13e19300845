"""Sales analysis: worked examples, properties that hold for any deals, and real deals."""

from __future__ import annotations

import datetime as dt
import json
import math
from functools import partial

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._frames.arrow import BatchBuilder, assemble
from salesmate_nb._frames.dataframe import to_pandas
from salesmate_nb.analysis import cycle_time, forecast, in_zone, pipeline, survival, win_rate
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources import DEALS

NOW = pd.Timestamp("2026-06-30T18:00Z")
FIRST, LAST = (dt.datetime(*end, tzinfo=dt.UTC) for end in ((1, 1, 1), (9999, 12, 31, 23, 59, 59)))
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
many = settings(max_examples=50)


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


# The pipeline.


def test_currencies_are_never_added_up():
    """In every grouping, each currency has a row of its own, and so has a missing one."""
    deals = frame_of(
        {"status": "Open", "stage": "Demo", "currency": currency, "dealValue": value}
        for currency, value in [("EUR", 1), ("EUR", 2), ("USD", 4), (None, 8)]
    )
    for by in ("stage", (), ["stage", "currency"]):
        table = pipeline(deals, by, now=NOW)
        assert list(table["currency"].dropna()) == ["EUR", "USD"]
        assert list(table["value"]) == [3, 4, 8]


def test_stages_keep_their_order():
    """Groups come in the order of the stages; deals without a stage are last."""
    deals = frame_of({"status": "Open", "stage": stage} for stage in ["Signed", None, "Upcoming"])
    table = pipeline(deals, now=NOW)
    assert list(table["stage"].dropna()) == ["Upcoming", "Signed"]
    assert table["stage"].isna()[2]
    assert list(table["stage"].cat.categories) == list(deals["stage"].cat.categories)


def test_missing_values_and_probabilities():
    """A missing value or probability does not count as 0: the deal is counted as without one."""
    pairs = [(200, 25), (100, None), (None, 50), (None, None), (40, 100)]
    deals = frame_of({"status": "Open", "dealValue": v, "winProbability": p} for v, p in pairs)
    row = pipeline(deals, (), now=NOW).iloc[0]
    assert (row["deals"], row["without_value"], row["value"]) == (5, 2, 340)
    assert (row["without_weight"], row["weighted"]) == (3, 90)


def test_median_age():
    """It is the median of days since creation, with fractions; deals of unknown age do not count."""
    deals = frame_of([*open_since(10, 1.5, 3), {"status": "Open"}])
    assert pipeline(deals, (), now=NOW)["median_age_days"][0] == 3
    assert pipeline(deals.iloc[[1]], (), now=NOW)["median_age_days"][0] == 1.5


def test_now():
    """Without `now`, ages are as of the current time; a `now` without a time zone is in UTC."""
    deals = frame_of(open_since(10))
    passed = (pd.Timestamp.now("UTC") - NOW) / pd.Timedelta(days=1)
    assert pipeline(deals, ())["median_age_days"][0] == pytest.approx(10 + passed, abs=0.01)
    assert pipeline(deals, (), now=NOW.tz_localize(None))["median_age_days"][0] == 10


# The forecast.


def test_overdue_and_undated_deals():
    """Deals that should have closed before this month come first, those without a date last."""
    dates = ["2026-08-01", None, "2026-06-01", "2026-05-31T23:59:59Z", "2025-01-01", "2026-07-09"]
    deals = frame_of(
        {"status": "Open", "currency": "EUR", "dealValue": 2**n, "estimatedCloseDate": date}
        for n, date in enumerate(dates)
    )
    table = forecast(deals, now=NOW)
    assert list(table["period"]) == ["overdue", "2026-06", "2026-07", "2026-08", "undated"]
    assert list(table["value"]) == [8 + 16, 4, 32, 1, 2]


def test_forecast_freq():
    """`freq` is the length of a period; with quarters, earlier months of this quarter are not overdue."""
    deals = frame_of({"status": "Open", "estimatedCloseDate": date} for date in ["2026-04-01", "2026-07-01"])
    assert list(forecast(deals, freq="Q", now=NOW)["period"]) == ["2026Q2", "2026Q3"]
    assert list(forecast(deals, freq="D", now=NOW)["period"]) == ["overdue", "2026-07-01"]


def test_periods_use_the_column_time_zone():
    """Midnight of the 1st of July in UTC is in June in New York."""
    deals = frame_of([{"status": "Open", "estimatedCloseDate": "2026-07-01"}])
    deals["estimated_close_date"] = deals["estimated_close_date"].dt.tz_convert("America/New_York")
    assert list(forecast(deals, now=NOW)["period"]) == ["2026-06"]


def check_open_deals(records):
    deals = frame_of(records)
    rows = deals[deals["status"] == "Open"]
    weighted = rows["deal_value"] * rows["win_probability"] / 100
    for table in (pipeline(deals, ["stage", "owner_name"], now=NOW), forecast(deals, now=NOW)):
        assert table["deals"].sum() == len(rows)
        assert table["value"].sum() == pytest.approx(rows["deal_value"].sum())
        assert table["weighted"].sum() == pytest.approx(weighted.sum())
        assert table["without_value"].sum() == rows["deal_value"].isna().sum()
        assert table["without_weight"].sum() == weighted.isna().sum()


@few
@given(RECORDS)
def test_no_open_deal_is_dropped(records):
    """The sums of pipeline and forecast equal those over all open deals."""
    check_open_deals(records)


STAGE_TABLE = pd.DataFrame(
    {
        "pipeline": ["Sales", "Sales", "Renewals", "Renewals", None],
        "stage": ["Demo", "Signed", "Demo", None, "Demo"],
        "win_probability": [20.0, None, 80.0, 99.0, 99.0],
    }
)


def test_stage_probability():
    """A deal without a win probability takes that of its stage in its pipeline; 0 is a probability."""
    places = [("Sales", "Demo"), ("Renewals", "Demo"), ("Sales", "Signed"), (None, "Demo"), ("Sales", "Demo")]
    weights = [None, None, None, None, 0]
    deals = frame_of(
        {
            "status": "Open",
            "pipeline": p,
            "stage": s,
            "currency": "EUR",
            "dealValue": 100,
            "winProbability": w,
        }
        for (p, s), w in zip(places, weights, strict=True)
    )
    [row] = forecast(deals, now=NOW, stages=STAGE_TABLE).to_dict("records")
    assert (row["deals"], row["value"], row["weighted"]) == (5, 500, 100)
    assert (row["weight_from_stage"], row["without_weight"]) == (2, 2)
    assert "weight_from_stage" not in forecast(deals, now=NOW)


def test_stages_as_categories():
    """Stages that come as categories in another order than those of the deals mean the same."""
    table = STAGE_TABLE.astype({"pipeline": "category", "stage": "category"})
    deals = frame_of([{"status": "Open", "pipeline": "Renewals", "stage": "Demo", "dealValue": 10}])
    assert forecast(deals, now=NOW, stages=table)["weighted"].tolist() == [8]


@pytest.mark.parametrize("name", ["pipeline", "stage", "win_probability"])
def test_stages_without_column(name):
    """The error names the column and the function that reads it."""
    deals = frame_of([{"status": "Open"}])
    with pytest.raises(SalesmateError, match=f"no column '{name}'.*pipelines_df"):
        forecast(deals, now=NOW, stages=STAGE_TABLE.drop(columns=name))


def test_deals_without_stage():
    """With `stages`, deals need their stage and pipeline."""
    deals = frame_of([{"status": "Open"}]).drop(columns="pipeline")
    assert len(forecast(deals, now=NOW)) == 1
    with pytest.raises(SalesmateError, match="no column 'pipeline'"):
        forecast(deals, now=NOW, stages=STAGE_TABLE)


def check_stage_probability(records, stages):
    """Assert what a loop over the deals counts and adds up, currency by currency."""
    deals = frame_of(records)
    table = pd.DataFrame(stages, columns=["pipeline", "stage", "win_probability"])
    result = forecast(deals, now=NOW, stages=table)
    by_stage = {(p, s): w for p, s, w in reversed(stages) if p and s}
    expected = {}
    for record in records:
        if record["status"] != "Open":
            continue
        own, place = record["winProbability"], (record["pipeline"], record["stage"])
        weight = by_stage.get(place) if own is None else own
        counts = expected.setdefault(record["currency"], [0, 0, 0, 0.0])
        counts[0] += 1
        counts[1] += own is None and weight is not None
        counts[2] += weight is None or record["dealValue"] is None
        counts[3] += (record["dealValue"] or 0) * (weight or 0) / 100
    columns = ["deals", "weight_from_stage", "without_weight", "weighted"]
    sums = result.groupby("currency", dropna=False, observed=True)[columns].sum()
    found = {None if pd.isna(currency) else currency: list(row) for currency, *row in sums.itertuples()}
    assert found.keys() == expected.keys()
    for currency, row in expected.items():
        assert found[currency] == pytest.approx(row)
    plain = forecast(deals, now=NOW)
    shared = ["period", "currency", "deals", "without_value", "value"]
    pd.testing.assert_frame_equal(plain[shared], result[shared])
    assert (result["without_weight"] <= plain["without_weight"]).all()


IN_STAGES = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["Open", "Open", "Won"]),
            "pipeline": st.sampled_from(["Sales", "Renewals", None]),
            "stage": st.sampled_from([*STAGES, None]),
            "currency": st.sampled_from(["EUR", "USD", None]),
            "dealValue": st.none() | st.integers(0, 10**6),
            "winProbability": st.none() | st.integers(0, 100),
            "estimatedCloseDate": MAYBE_DAY,
        }
    ),
    max_size=25,
)
SOME_STAGES = st.lists(
    st.tuples(
        st.sampled_from(["Sales", "Renewals", None]),
        st.sampled_from([*STAGES, None]),
        st.none() | st.integers(0, 100),
    ),
    max_size=8,
)


@few
@given(IN_STAGES, SOME_STAGES)
def test_stage_probabilities(records, stages):
    """Weights and counts are those of a loop over the deals; currencies are never added up."""
    check_stage_probability(records, stages)


@pytest.mark.slow
@many
@given(IN_STAGES, SOME_STAGES)
def test_stage_probabilities_of_many(records, stages):
    """As above, with more deals and stages."""
    check_stage_probability(records, stages)


# Win rates.


def test_decided_statuses():
    """`Won` and `Close` count as won, `Lost` as lost; a deal of any other status is not decided."""
    deals = frame_of({"status": status} for status in ["Won", "Close", "Lost", "Open", None, "Archived"])
    row = win_rate(deals).iloc[0]
    assert (row["won"], row["lost"], row["decided"], row["rate"]) == (2, 1, 3, 2 / 3)


def test_rate_of_nothing_decided():
    """0 of 0 is not 0 %: the rate and its interval are missing."""
    row = win_rate(frame_of([{"status": "Open"}])).iloc[0]
    assert (row["won"], row["lost"], row["decided"]) == (0, 0, 0)
    assert row[["rate", "low", "high"]].isna().all()


def test_wilson_interval():
    """For 95 %, z = 1.959964: for none of ten it ends at z**2 / (10 + z**2) = 0.2775."""
    groups = {"Ann": (0, 10), "Bo": (10, 0), "Cy": (5, 5)}
    deals = frame_of(
        {"status": status, "owner": {"id": 1, "name": name}}
        for name, (won, lost) in groups.items()
        for status in ["Won"] * won + ["Lost"] * lost
    )
    table = win_rate(deals, "owner_name")
    assert list(table["low"]) == pytest.approx([0, 0.7224672, 0.2365931], abs=1e-6)
    assert list(table["high"]) == pytest.approx([0.2775328, 1, 0.7634069], abs=1e-6)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 95])
def test_invalid_confidence(confidence):
    """95 instead of 0.95 is an error that shows the right form."""
    with pytest.raises(SalesmateError, match=r"between 0 and 1, such as 0\.95"):
        win_rate(frame_of([]), confidence=confidence)


ANY_COUNTS = given(st.integers(0, 3000), st.integers(0, 3000), st.floats(0.01, 0.999))


def check_wilson(won, lost, confidence):
    deals = pd.DataFrame({"status": ["Won"] * won + ["Lost"] * lost})
    table = win_rate(deals, confidence=confidence)
    assert len(table) == (won + lost > 0)
    for row in table.itertuples():
        assert 0 <= row.low <= row.rate <= row.high <= 1
        errors = [
            (row.rate - p) ** 2 * row.decided - z2(confidence) * p * (1 - p) for p in (row.low, row.high)
        ]
        assert errors == pytest.approx([0, 0], abs=1e-6)


@few
@ANY_COUNTS
def test_wilson_equation(won, lost, confidence):
    """The ends are within 0 and 1, around the rate, and solve |rate - p| = z * sqrt(p * (1 - p) / n)."""
    check_wilson(won, lost, confidence)


@pytest.mark.slow
@many
@ANY_COUNTS
def test_wilson_equation_of_many(won, lost, confidence):
    """The same for many more counts."""
    check_wilson(won, lost, confidence)


def z2(confidence):
    """Return the square of the normal quantile, by bisection of the error function."""
    low, high = 0.0, 10.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle / 2**0.5) < confidence else (low, middle)
    return low**2


# Time to close.


def test_kaplan_meier_with_open_deals():
    """The textbook estimate, calculated by hand: shares 3/4, then 3/4 * 1/2."""
    deals = frame_of([*closed_after(2), *open_since(3), *closed_after(5, status="Lost"), *open_since(7)])
    curve = survival(deals, now=NOW)
    assert list(curve["day"]) == [0, 2, 3, 5, 7]
    assert list(curve["at_risk"]) == [4, 4, 3, 2, 1]
    assert list(curve["closed"]) == [0, 1, 0, 1, 0]
    assert list(curve["still_open"]) == pytest.approx([1, 0.75, 0.75, 0.375, 0.375])
    row = cycle_time(deals, now=NOW).iloc[0]
    assert (row["deals"], row["closed"], row["left_out"]) == (4, 2, 0)
    assert (row["quarter_days"], row["median_days"]) == (2, 5)
    assert pd.isna(row["three_quarters_days"])


def test_open_deal_of_the_same_age_is_at_risk():
    """If a deal closed at the age an open one has now, the open one counts among those at risk."""
    curve = survival(frame_of([*closed_after(4), *open_since(4)]), now=NOW)
    assert list(curve["at_risk"]) == [2, 2]
    assert list(curve["still_open"]) == [1, 0.5]


def test_left_out_deals():
    """Counted but not used: no creation date, closed without a date or before creation, unknown status."""
    odd = [
        {"status": "Won", "closedDate": "2026-01-01"},
        {"status": "Lost", "createdAt": "2026-01-01"},
        {"status": "Won", "createdAt": "2026-01-02", "closedDate": "2026-01-01"},
        {"status": None, "createdAt": "2026-01-01"},
        *open_since(-1),
    ]
    row = cycle_time(frame_of([*closed_after(3), *odd]), now=NOW).iloc[0]
    assert (row["deals"], row["closed"], row["median_days"], row["left_out"]) == (1, 1, 3, 5)
    none = cycle_time(frame_of(odd), now=NOW).iloc[0]
    assert (none["deals"], none["closed"], none["left_out"]) == (0, 0, 5)
    assert pd.isna(none["median_days"])
    assert survival(frame_of(odd), now=NOW).empty


def test_reopened_deal():
    """An open deal that still has a closing date is counted as open until now."""
    (record,) = closed_after(3)
    assert list(survival(frame_of([{**record, "status": "Open"}]), now=NOW)["day"]) == [0, 400]


ANY_DAYS = given(st.lists(st.integers(0, 300), min_size=1, max_size=60))


def check_kaplan_meier(days):
    deals = frame_of(closed_after(*days))
    curve = survival(deals, now=NOW)
    assert list(curve["still_open"]) == pytest.approx(
        [sum(other > day for other in days) / len(days) for day in curve["day"]]
    )
    row = cycle_time(deals, now=NOW).iloc[0]
    expected = [sorted(days)[math.ceil(len(days) * share) - 1] for share in (0.25, 0.5, 0.75)]
    assert list(row[["quarter_days", "median_days", "three_quarters_days"]]) == expected


@few
@ANY_DAYS
def test_kaplan_meier_without_open_deals(days):
    """Without censoring, the curve is 1 minus the empirical distribution; quartiles agree."""
    check_kaplan_meier(days)


@pytest.mark.slow
@many
@ANY_DAYS
def test_kaplan_meier_of_many(days):
    """The same for many more closed deals."""
    check_kaplan_meier(days)


def check_all_counted(records):
    deals = frame_of(records)
    table, curve = cycle_time(deals, "stage", now=NOW), survival(deals, "stage", now=NOW)
    assert (table["deals"] + table["left_out"]).sum() == len(deals)
    assert curve["closed"].sum() == table["closed"].sum()
    assert curve["still_open"].between(0, 1).all()
    for _, steps in curve.groupby("stage", observed=True, dropna=False):
        assert steps["day"].is_monotonic_increasing
        assert steps["at_risk"].is_monotonic_decreasing
        assert steps["still_open"].is_monotonic_decreasing


@few
@given(RECORDS)
def test_every_deal_is_counted_or_left_out(records):
    """Deals counted and left out are all deals; the curve falls from 1 and never below 0."""
    check_all_counted(records)


# All of them.


@pytest.mark.parametrize("name", FUNCTIONS)
def test_empty_frame(name):
    """An empty frame gives an empty result of the same columns and dtypes, grouped or not."""
    full = frame_of(
        [*closed_after(3), {"status": "Open", "stage": "Demo", "owner": {"id": 1, "name": "Ann"}}]
    )
    for options in [{}, {"by": ["stage", "owner_id"]}] if name in BY_ANY else [{}]:
        result, empty = (FUNCTIONS[name](frame, **options) for frame in (full, full.iloc[:0]))
        assert len(result) > 0
        assert len(empty) == 0
        assert list(empty.columns) == list(result.columns)
        assert list(empty.dtypes.astype(str)) == list(result.dtypes.astype(str))


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


def test_months_use_the_frame_time_zone():
    """A deal that should close on the 1st of July, Berlin time, is not forecast for June."""
    planned = ["2026-07-01T00:00:00+02:00", "2026-07-31T23:59:00+02:00"]
    deals = frame_of([{"status": "Open", "dealValue": 5, "estimatedCloseDate": day} for day in planned])
    deals.attrs["salesmate"] = {"strategy": "keyset"}
    berlin = in_zone(deals, "Europe/Berlin")
    assert list(forecast(deals, now=NOW)["period"]) == ["2026-06", "2026-07"]
    assert list(forecast(berlin, now=NOW)["period"]) == ["2026-07"]
    assert (berlin["estimated_close_date"] == deals["estimated_close_date"]).all()
    assert berlin.attrs == deals.attrs
    pd.testing.assert_frame_equal(in_zone(berlin, "UTC"), deals)
    assert str(deals["created_at"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("timezone", "shown"),
    [
        ("Asia/Tokyo", ["0001-01-01 09:18:59", "9999-12-31 23:59:59"]),
        ("America/New_York", ["0001-01-01 00:00:00", "9999-12-31 18:59:59"]),
    ],
)
def test_ends_of_the_calendar(timezone, shown):
    """A time that would be in no year of the calendar there becomes its end, so that every frame prints."""
    ends = pd.Series([FIRST, LAST]).astype("datetime64[us, UTC]")
    deals = frame_of(open_since(1, 1)).assign(estimated_close_date=ends, created_at=ends)
    moved = in_zone(deals, timezone)
    assert [text[:19] for text in moved["estimated_close_date"].astype("str")] == shown
    assert str(moved["created_at"].dtype) == f"datetime64[us, {timezone}]"
    assert repr(moved)
    assert moved["created_at"].dt.normalize().dt.date.notna().all()
    assert all(repr(function(moved)) for function in FUNCTIONS.values())
    nanoseconds = deals[["created_at"]].iloc[:0].astype("datetime64[ns, UTC]")
    assert in_zone(nanoseconds, timezone)["created_at"].dt.unit == "ns"


@pytest.mark.parametrize("timezone", ["Berlin", "", "../etc/passwd", "Europe"])
def test_invalid_time_zone(timezone):
    """The error shows how a time zone is written."""
    with pytest.raises(SalesmateError, match=r"is not an IANA time zone\. Write it as 'Europe/Berlin'"):
        in_zone(pd.DataFrame(), timezone)


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


def test_text_of_statuses_and_stages_as_a_reader_sees_it():
    """A status or stage that ends in a space, or is in another normal form, counts as what it shows."""
    deals = frame_of(
        [
            {"status": "won "},
            {"status": "LOST"},
            {"status": " open", "dealValue": 100, "stage": "Jose\u0301 ", "pipeline": "Sales"},
        ]
    )
    assert win_rate(deals)[["won", "lost"]].iloc[0].tolist() == [1, 1]
    stages = pd.DataFrame({"pipeline": ["sales"], "stage": ["José"], "win_probability": [20.0]})
    assert forecast(deals, now=NOW, stages=stages)["weighted"].tolist() == [20]


@pytest.mark.parametrize("now", [2026, "30/06/2026"])
def test_invalid_now(now):
    """A time that is not one is refused, also here."""
    with pytest.raises(SalesmateError, match=f"now={now!r} is not a date or time"):
        pipeline(frame_of(open_since(2)), now=now)


@pytest.mark.parametrize("name", BY_ANY)
def test_invalid_column_to_group_by(name):
    """If the column is missing, or has the name of one of the result, the error names it."""
    deals = frame_of([*closed_after(3), *open_since(2)])
    with pytest.raises(SalesmateError, match="no column 'team'"):
        FUNCTIONS[name](deals, by="team")
    own = FUNCTIONS[name](deals, by=()).columns[-1]
    with pytest.raises(SalesmateError, match=f"'{own}' of its own"):
        FUNCTIONS[name](deals.assign(**{own: "x"}), by=own)


def check_row_order(name, records, random):
    deals = frame_of(records)
    order = list(range(len(deals)))
    random.shuffle(order)
    shuffled = deals.iloc[order].set_axis([0] * len(deals), axis=0)
    before = shuffled.copy()
    for options in [{}, {"by": ["owner_name", "stage"]}] if name in BY_ANY else [{}]:
        expected, result = (FUNCTIONS[name](frame, **options) for frame in (deals, shuffled))
        pd.testing.assert_frame_equal(result, expected)
    pd.testing.assert_frame_equal(shuffled, before)


ANY_ORDER = given(RECORDS, st.randoms(use_true_random=False))


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=3)
@ANY_ORDER
def test_row_order_and_index_have_no_effect(name, records, random):
    """Rows in any order, with any index, give the same result; the input is not changed."""
    check_row_order(name, records, random)


def check_groups(records):
    deals = frame_of(records)
    for name in ("win_rate", "cycle_time"):
        table = FUNCTIONS[name](deals, by="owner_name")
        parts = [deals[deals["owner_name"] == owner] for owner in table["owner_name"].dropna()]
        parts += [deals[deals["owner_name"].isna()]] if table["owner_name"].isna().any() else []
        assert sum(map(len, parts)) == len(deals)
        alone = pd.concat([FUNCTIONS[name](part) for part in parts]) if parts else table
        pd.testing.assert_frame_equal(
            table.drop(columns="owner_name"),
            alone[table.columns.drop("owner_name")].reset_index(drop=True),
        )


@settings(max_examples=4)
@given(RECORDS)
def test_each_group_equals_its_own_analysis(records):
    """A row of a grouped result is the result for the deals of that group, a missing name included."""
    check_groups(records)


@pytest.mark.slow
@settings(max_examples=12)
@given(RECORDS, st.randoms(use_true_random=False))
def test_many_deals(records, random):
    """Sums, counts, groups and independence of row order hold for many more deals."""
    check_open_deals(records)
    check_all_counted(records)
    check_groups(records)
    for name in FUNCTIONS:
        check_row_order(name, records, random)


# Real deals.


@pytest.fixture
def real(real_deals):
    """Return 8,800 real deals; the last event among them was on 2017-12-31."""
    return frame_of(json.loads(real_deals.read_text(encoding="utf-8")))


def test_real_win_rate(real):
    """4,238 of 6,711 decided deals were won, 63.15 %; by owner, the rates equal those of plain pandas."""
    row = win_rate(real).iloc[0]
    assert (row["won"], row["lost"], row["decided"]) == (4238, 2473, 6711)
    assert round(row["rate"], 4) == 0.6315
    assert row["low"] < 0.6315 < row["high"] < row["low"] + 0.025
    table = win_rate(real, "owner_name").set_index("owner_name")
    decided = real[real["status"] != "Open"]
    by_hand = decided["status"].eq("Won").groupby(decided["owner_name"], observed=True).mean()
    assert len(table) == 30
    assert list(table["rate"]) == pytest.approx(list(by_hand))


def test_real_values(real):
    """Won deals are worth 10,005,534; the 2,089 open ones have no value, and all are counted."""
    won = real[real["status"] == "Won"]
    assert won["deal_value"].sum() == 10_005_534
    reopened = real.assign(status=real["status"].where(real["status"] != "Won", "Open"))
    assert pipeline(reopened, "owner_name", now=NOW)["value"].sum() == 10_005_534
    table = pipeline(real, now=pd.Timestamp("2017-12-31", tz="UTC"))
    assert dict(zip(table["stage"], table["deals"], strict=True)) == {"Engaging": 1589, "Prospecting": 500}
    assert (table["without_value"].sum(), table["value"].sum()) == (2089, 0)
    assert forecast(real, now=NOW)["deals"].sum() == 2089


def test_real_cycles(real):
    """Without open deals the median equals that of pandas; with them it is longer."""
    decided = real[real["status"] != "Open"]
    days = (decided["closed_date"] - decided["created_at"]).dt.days
    row = cycle_time(decided, now=NOW).iloc[0]
    assert (row["closed"], row["left_out"]) == (6711, 0)
    assert [row[f"{name}_days"] for name in ("quarter", "median", "three_quarters")] == list(
        days.quantile([0.25, 0.5, 0.75], interpolation="higher")
    )
    with_open = cycle_time(real, now=pd.Timestamp("2017-12-31", tz="UTC")).iloc[0]
    assert (with_open["deals"], with_open["closed"]) == (8800, 6711)
    assert with_open["median_days"] > row["median_days"]
    curve = survival(decided, now=NOW).set_index("day")["still_open"]
    assert curve[30.0] == pytest.approx((days > 30).mean())
