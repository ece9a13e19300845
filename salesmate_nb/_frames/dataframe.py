"""Arrow tables to pandas, with the same dtypes whether there are rows or not."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

# The other dtypes are pandas' own choice for Arrow types: float64, str, category, datetime64[us, UTC].
_NULLABLE_DTYPES = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def to_pandas(table: pa.Table, *, consume: bool = False) -> pd.DataFrame:
    """Convert a table to a DataFrame, with the same dtypes whether it has rows or not.

    Parameters
    ----------
    table : pyarrow.Table
        As :func:`salesmate_nb._frames.arrow.assemble` returns it.
    consume : bool
        Whether to free the table's memory during the conversion; the table cannot be used afterwards.

    Returns
    -------
    pandas.DataFrame
        ``Int64``, ``float64``, ``str``, ``category``, ``boolean`` and ``datetime64[us, UTC]``, by the kinds
        in ``salesmate_nb._frames.arrow``.

    Examples
    --------
    >>> frame = to_pandas(pa.table({"id": pa.array([], pa.int64()), "title": pa.array([], pa.string())}))
    >>> len(frame), [str(dtype) for dtype in frame.dtypes]
    (0, ['Int64', 'str'])
    """
    frame: pd.DataFrame = table.to_pandas(
        types_mapper=_NULLABLE_DTYPES.get, split_blocks=True, self_destruct=consume
    )
    for name in frame.columns[frame.dtypes == "category"]:
        if frame[name].cat.categories.empty:  # pandas would take them for objects, and Parquet for nulls
            frame[name] = frame[name].cat.set_categories(pd.Index([], dtype="str"))
    return frame
