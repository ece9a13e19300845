"""Arrow tables to DataFrames: the same dtypes with and without rows, and through Parquet."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb._frames.arrow import BatchBuilder, assemble
from salesmate_nb._frames.dataframe import to_pandas
from salesmate_nb.resources import DEALS
from tests.helpers import DTYPES

RECORD = {
    "id": 1,
    "status": "Won",
    "tags": ["a", "b"],
    "createdAt": "2024-01-01T00:00:00Z",
    "checkboxCustomField1": True,
}


def frame_of(*pages, consume=False):
    builder = BatchBuilder(DEALS.fields)
    return to_pandas(assemble(builder.fields, [builder.build(page) for page in pages]), consume=consume)


@pytest.mark.parametrize("consume", [False, True])
def test_dtype_of_each_kind(consume):
    """Each kind of field has its dtype, whether the table's memory is freed or not."""
    frame = frame_of([RECORD], consume=consume)
    expected = {field.name: DTYPES[field.kind] for field in DEALS.fields} | {
        "checkbox_custom_field_1": "boolean"
    }
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == expected
    assert (frame["id"][0], frame["tags"][0], bool(frame["checkbox_custom_field_1"][0])) == (1, "a,b", True)


@pytest.mark.parametrize("pages", [[], [[]]])
def test_empty_frame(pages):
    """No page and an empty page give the columns and dtypes of a full frame."""
    frame, full = frame_of(*pages), frame_of([{"id": 1, "status": "Won"}])
    assert len(frame) == 0
    assert list(frame.columns) == list(full.columns)
    assert list(frame.dtypes.astype(str)) == list(full.dtypes.astype(str))


@pytest.mark.parametrize("rows", [0, 1])
def test_parquet_keeps_dtypes(tmp_path, rows):
    """A frame written to Parquet and read again is the same, empty or not."""
    frame = frame_of([RECORD]).iloc[:rows]
    frame.to_parquet(tmp_path / "deals.parquet")
    again = pd.read_parquet(tmp_path / "deals.parquet")
    assert list(again.dtypes.astype(str)) == list(frame.dtypes.astype(str))
    pd.testing.assert_frame_equal(again, frame, check_dtype=False, check_categorical=False)
