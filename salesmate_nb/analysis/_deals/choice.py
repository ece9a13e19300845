"""The deals of one pipeline or currency."""

from __future__ import annotations

import pandas as pd

from salesmate_nb._values.text import closest, comparable, enumerate_texts
from salesmate_nb.analysis._columns import is_among, select
from salesmate_nb.errors import SalesmateError

_ALL = "all"


def largest_pipeline(deals: pd.DataFrame) -> str:
    """Return the name of the pipeline that has the most deals.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``pipeline``.

    Returns
    -------
    str
        Its name; of several that have as many, the first in their order. ``"all"`` if no deal has a pipeline.

    Raises
    ------
    SalesmateError
        If the column is missing.

    Examples
    --------
    >>> largest_pipeline(pd.DataFrame({"pipeline": ["Sales", "Renewals", "Sales"]}))
    'Sales'
    """
    counts = select(deals, "pipeline")["pipeline"].value_counts(sort=False)
    return str(counts.idxmax()) if counts.any() else _ALL


def choose(frame: pd.DataFrame, *, pipeline: str | None = None, currency: str | None = None) -> pd.DataFrame:
    """Return the rows of one pipeline, of one currency, or of both.

    Parameters
    ----------
    frame : pandas.DataFrame
        Deals, or a table made of them, with the columns that are chosen by.
    pipeline, currency : str, optional
        A name or a code, without regard to case; ``"all"`` is the same as none.

    Returns
    -------
    pandas.DataFrame
        These rows, with their index.

    Raises
    ------
    SalesmateError
        If a column is missing, or the frame has no such name.

    Examples
    --------
    >>> frame = pd.DataFrame({"pipeline": ["Sales", "Renewals"], "currency": "EUR", "deals": [3, 4]})
    >>> choose(frame, pipeline="sales", currency="EUR")
      pipeline currency  deals
    0    Sales      EUR      3
    """
    for column, wanted in (("pipeline", pipeline), ("currency", currency)):
        if wanted is not None:
            frame = _rows(frame, column, wanted)
    return frame


def _rows(frame: pd.DataFrame, column: str, wanted: str) -> pd.DataFrame:
    values = select(frame, column)[column]
    is_category = isinstance(values.dtype, pd.CategoricalDtype)
    names = [str(name) for name in (values.cat.categories if is_category else values.dropna().unique())]
    if comparable(wanted) in map(comparable, names):
        return frame[is_among(frame[column], [wanted])]
    if comparable(wanted) == _ALL or frame.empty:
        return frame
    meant = " or ".join(map(repr, closest(wanted, names)))
    raise SalesmateError(
        f"No row has the {column} {wanted!r}.{f' Did you mean {meant}?' if meant else ''} "
        + (f"There are: {enumerate_texts(names)}." if names else f"No row has a {column}.")
    )
