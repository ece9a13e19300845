"""Pipeline and forecast: worked examples, and properties that hold for any deals."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb.analysis import forecast, pipeline
from tests.analysis.frames import MAYBE_DAY, NOW, RECORDS, STAGES, few, frame_of, many, open_since


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


@pytest.mark.slow
@settings(max_examples=12)
@given(RECORDS)
def test_no_open_deal_of_many_is_dropped(records):
    """The same for many more deals."""
    check_open_deals(records)


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
