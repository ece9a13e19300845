"""The frame of a history: dtypes, the order of categories, and since when it knows."""

from salesmate_nb._history.frame import history_filters, history_frame
from salesmate_nb._history.timeline import timeline
from tests.history.conftest import KINDS, MONDAY, TUESDAY, WEDNESDAY


def test_frame(deals):
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


def test_filters():
    """A frame says which fields and deals were asked for, and nothing if it has all."""
    assert history_filters(None, None) == {}
    assert history_filters(["stage"], [7]) == {"field": ["stage"], "id": [7]}
