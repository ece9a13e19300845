"""Two frames of the same deals, row by row."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis import movement, movement_deals
from salesmate_nb.errors import SalesmateError
from tests.analysis.movement.states import READ, listed, one, state


def test_frames_in_the_wrong_order():
    """If the second frame was read first, the error says so."""
    then = state({}, READ)
    now = state({}, READ + pd.Timedelta(days=1))
    with pytest.raises(SalesmateError, match=r"before `then` at .* Pass the older frame first"):
        movement(now, then)


@pytest.mark.parametrize("ids", [[1, 1], [1, None]])
def test_ids(ids):
    """An id that is missing or occurs twice is an error."""
    frame = state({1: {}, 2: {}}).assign(id=pd.array(ids, "Int64"))
    with pytest.raises(SalesmateError, match="missing or occurs twice"):
        movement(frame, frame)


def test_frames_without_attrs():
    """A frame that does not say when it was read has no restored deals: all that came were created."""
    then, now = one(None, {})
    then.attrs = {}
    assert listed(movement(then, now.drop(columns="created_at"))) == {"created": (1, 100)}


def test_stages_that_differ():
    """Groups are in the order of the stages now, then those that are no longer there."""
    then = state({1: {"status": "Open", "stage": "Old"}, 2: {"status": "Open", "stage": "Signed"}})
    now = state({1: {"status": "Open", "stage": "Demo"}, 2: {"status": "Open", "stage": "Signed"}})
    table = movement(then, now, "stage")
    assert list(table["stage"].unique()) == ["Demo", "Signed", "Old"]
    assert table["stage"].dtype == "category"


def test_missing_column():
    """The error names the column that movement or its deals need."""
    then, now = one({}, {})
    with pytest.raises(SalesmateError, match="no column 'currency'"):
        movement(then, now.drop(columns="currency"))
    with pytest.raises(SalesmateError, match="no column 'title'"):
        movement_deals(then.drop(columns="title"), now)
