"""The timeline: which events it shows, in which order, and the deal that each belongs to."""

import pandas as pd
import pytest

from salesmate_nb._history.timeline import deal_ids, field_names, history_filters, history_frame, timeline
from salesmate_nb.errors import SalesmateError
from tests.history.conftest import KINDS, MONDAY, TUESDAY, WEDNESDAY


def shown(deals, *columns, **options):
    """Return columns of the timeline, row by row."""
    return [tuple(row[name] for name in columns) for row in timeline(deals, KINDS, **options).to_pylist()]


def test_changes_of_one_field(deals):
    """Changes come in the order of refreshes and ids, and those of a deal that came or went are there."""
    assert shown(deals, "id", "old", "new", "seen_at", names=["stage"]) == [
        (1, "Demo", "Offer", TUESDAY),
        (2, "Demo", "Offer", TUESDAY),
        (1, "Offer", "Signed", WEDNESDAY),
        (2, "Offer", None, WEDNESDAY),
        (3, None, "Demo", WEDNESDAY),
    ]


def test_deal_of_a_change(deals):
    """Each change shows the deal as that refresh found it, a deleted one as the refresh before did."""
    assert shown(deals, "id", "title", "stage", "owner_name", names=["stage"]) == [
        (1, "B", "Offer", "Ann"),
        (2, None, "Offer", "Ann"),
        (1, "B", "Signed", "Ann"),
        (2, None, "Offer", "Ann"),
        (3, None, "Demo", "Ann"),
    ]


def test_values_in_their_own_type(deals):
    """The values of one field have its type; with several fields they are text."""
    assert shown(deals, "old", "new", names=["deal_value"]) == [(5.0, 9.0)]
    assert shown(deals, "field", "old", "new", names=["deal_value", "deleted"]) == [
        ("deal_value", "5", "9"),
        ("deleted", None, None),
    ]


def test_chosen_deals_and_times(deals):
    """Deals are chosen by id, and refreshes by their time; by default other fields are left out."""
    assert shown(deals, "id", "field", ids=[2], since=WEDNESDAY) == [
        (2, "deleted"),
        (2, "stage"),
        (2, "owner_id"),
    ]
    assert shown(deals, "id", ids=[]) == []
    assert {field for (field,) in shown(deals, "field")} == {
        "created",
        "deleted",
        "stage",
        "deal_value",
        "owner_id",
    }


def test_frame_dtypes(deals):
    """An empty timeline has the columns and types of a full one."""
    full, empty = timeline(deals, KINDS), timeline(deals, KINDS, ids=[])
    assert full.schema.equals(empty.schema)
    assert isinstance(full.to_pandas()["seen_at"].dtype, pd.DatetimeTZDtype)


def test_id_that_no_deal_can_have():
    """An id that is too large for any deal is that of none."""
    assert deal_ids([2, 2**70]) == [2]


@pytest.mark.parametrize(
    ("given", "named"), [([], r"=\[\] would be"), (["stage", 7], "7 is not"), (7, "7 is")]
)
def test_fields_that_cannot_be(given, named):
    """The error names the argument of `history_df`, which is no column."""
    with pytest.raises(SalesmateError, match=f"^field.*{named}"):
        field_names(given)


def test_history_frame(deals):
    """Repeated values are categories, stages in the server's order; ids are Int64, texts str."""
    table = timeline(deals, KINDS)
    frame = history_frame(table, {"stage": ["Offer", "Demo"]}, deals.known())
    assert list(frame["stage"].cat.categories) == ["Offer", "Demo", "Signed"]
    assert frame.dtypes.astype("str")[["id", "title", "field", "old", "seen_at", "owner_id"]].to_dict() == {
        "id": "Int64",
        "title": "str",
        "field": "category",
        "old": "str",
        "seen_at": "datetime64[us, UTC]",
        "owner_id": "Int64",
    }
    assert frame.attrs["salesmate"] == {
        "since": MONDAY.isoformat(),
        "refreshes": [each.isoformat() for each in (MONDAY, TUESDAY, WEDNESDAY)],
    }


def test_history_filters():
    """A frame says which fields and deals were asked for, and nothing if it has all."""
    assert history_filters(None, None) == {}
    assert history_filters(["stage"], [7]) == {"field": ["stage"], "id": [7]}
