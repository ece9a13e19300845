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
    wanted = _wanted(frame, pipeline=pipeline, currency=currency)
    return frame[_has(frame, wanted)] if wanted else frame


def choose_history(
    history: pd.DataFrame, now: pd.DataFrame, *, pipeline: str | None = None, currency: str | None = None
) -> pd.DataFrame:
    """Return what changed in the deals that :func:`choose` returns of those of now.

    A deal counts for the pipeline and the currency that it has now, with all its past. A deal that was
    deleted counts for those that it had when it was last seen.

    Parameters
    ----------
    history : pandas.DataFrame
        What ``history_df()`` returns, with ``pipeline`` and ``currency``.
    now : pandas.DataFrame
        All deals at the end of the history, with ``id`` and what is chosen by.
    pipeline, currency : str, optional
        As in :func:`choose`.

    Returns
    -------
    pandas.DataFrame
        The events of these deals.

    Raises
    ------
    SalesmateError
        If a column is missing, or `now` has no such name.

    Examples
    --------
    >>> now = pd.DataFrame({"id": [1, 2], "pipeline": ["Sales", "Renewals"]})
    >>> history = pd.DataFrame({"id": [1, 1, 2, 3], "pipeline": ["Renewals", "Sales", "Sales", "Sales"]})
    >>> list(choose_history(history, now, pipeline="Sales")["id"])
    [1, 1, 3]
    """
    wanted = _wanted(now, pipeline=pipeline, currency=currency)
    if not wanted:
        return history
    last = history.drop_duplicates("id", keep="last")
    gone = last[_has(last, wanted) & ~last["id"].isin(now["id"])]
    return history[history["id"].isin([*now.loc[_has(now, wanted), "id"], *gone["id"]])]


def _has(frame: pd.DataFrame, wanted: dict[str, str]) -> pd.Series[bool]:
    """Return for each row whether it has all these names."""
    rows = pd.Series(data=True, index=frame.index)
    for column, name in wanted.items():
        rows &= is_among(frame[column], [name])
    return rows


def _wanted(frame: pd.DataFrame, **names: str | None) -> dict[str, str]:
    """Return the names by which rows are chosen, each of which the frame has; without those that mean all."""
    return {
        column: name
        for column, name in names.items()
        if name is not None and not _is_all(select(frame, column)[column], name)
    }


def _is_all(values: pd.Series, wanted: str) -> bool:
    is_category = isinstance(values.dtype, pd.CategoricalDtype)
    names = [str(name) for name in (values.cat.categories if is_category else values.dropna().unique())]
    if comparable(wanted) in map(comparable, names):
        return False
    if comparable(wanted) == _ALL or values.empty:
        return True
    meant = " or ".join(map(repr, closest(wanted, names)))
    raise SalesmateError(
        f"No row has the {values.name} {wanted!r}.{f' Did you mean {meant}?' if meant else ''} "
        + (f"There are: {enumerate_texts(names)}." if names else f"No row has a {values.name}.")
    )
