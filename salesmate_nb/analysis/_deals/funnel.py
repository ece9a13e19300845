"""How many deals came to each stage."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis._columns import WON, is_among, same_categories, select, select_stages
from salesmate_nb.analysis._groups import groups
from salesmate_nb.errors import SalesmateError

_PLACE = ["pipeline", "stage"]


def funnel(deals: pd.DataFrame, *, stages: pd.DataFrame | None = None) -> pd.DataFrame:
    """Count the deals that reached each stage of their pipeline, and the share that went on to the next.

    A deal reached its own stage and all before it. A lost deal keeps the stage in which it was lost, and an
    open one may still get further. Deals that went back count up to where they are now: see
    :func:`stage_conversion` for what a history knows.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``pipeline``, ``stage`` and ``status``.
    stages : pandas.DataFrame, optional
        What ``pipelines_df()`` returns, or any frame with ``pipeline``, ``stage`` and ``position``: stages
        without deals are then listed too. By default, the order is that of the categories of ``stage``.

    Returns
    -------
    pandas.DataFrame
        ``pipeline`` and ``stage``, in the order of the stages; ``deals`` that reached it; ``won``, how many
        of them are won now; and ``step``, the share of the deals in the stage before that reached this one,
        missing in the first stage. Deals without a stage, or in one that `stages` does not list, are left
        out.

    Raises
    ------
    SalesmateError
        If a column is missing, or the order of the stages is not known.

    Examples
    --------
    >>> stage = pd.Categorical(["Demo", "Demo", "Offer", "Demo"], ["Demo", "Offer"])
    >>> deals = pd.DataFrame({"pipeline": "Sales", "stage": stage, "status": ["Open", "Lost", "Won", "Lost"]})
    >>> funnel(deals)
      pipeline  stage  deals  won  step
    0    Sales   Demo      4    1   NaN
    1    Sales  Offer      1    1  0.25
    """
    rows = select(deals, *_PLACE, "status").dropna(subset="stage")
    places = _places(rows, stages)
    for name in _PLACE:
        rows[name], places[name] = same_categories(rows[name], places[name])
    rows = rows.assign(deals=1, won=is_among(rows["status"], WON).astype("int64"))
    in_stage = rows.groupby(_PLACE, observed=True, dropna=False)[["deals", "won"]].sum().reset_index()
    table = places.merge(in_stage, on=_PLACE, how="left").fillna({"deals": 0, "won": 0})
    group, _ = groups(table, ["pipeline"])
    for name in ("deals", "won"):
        table[name] = table[name].astype("int64")[::-1].groupby(group[::-1]).cumsum()[::-1]
    before = table["deals"].groupby(group).shift()
    return table.assign(step=table["deals"] / before.where(before > 0))


def _places(rows: pd.DataFrame, stages: pd.DataFrame | None) -> pd.DataFrame:
    """Return the stages of each pipeline in their order."""
    if stages is None:
        if len(rows) and not isinstance(rows["stage"].dtype, pd.CategoricalDtype):
            raise SalesmateError("The order of the stages is not known. Pass stages=pipelines_df().")
        return rows[_PLACE].drop_duplicates().sort_values(_PLACE, ignore_index=True)
    known = select_stages(stages, *_PLACE, "position").dropna(subset=_PLACE).drop_duplicates(_PLACE)
    known["first"] = known.groupby("pipeline", observed=True, sort=False).ngroup()
    return known.sort_values(["first", "position"], ignore_index=True)[_PLACE]
