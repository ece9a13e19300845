"""Which share of deals went on from each stage."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis._attrs import with_since
from salesmate_nb.analysis._changes.stays import stays
from salesmate_nb.analysis._columns import select_stages
from salesmate_nb.analysis._groups import groups, with_names
from salesmate_nb.analysis._statistics import wilson
from salesmate_nb.errors import SalesmateError


def stage_conversion(
    history: pd.DataFrame,
    now: pd.DataFrame,
    *,
    stages: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the share of deals that went on from each stage, with a confidence interval.

    A deal went on if it came to a later stage of the pipeline while it was open, or if it is won now. It
    is undecided while it is neither that nor lost. The interval is Wilson's, as in :func:`win_rate`.

    Parameters
    ----------
    history : pandas.DataFrame
        What ``history_df()`` returns, with all fields.
    now : pandas.DataFrame
        The deals at the end of the history, as ``deals_df()`` returns them, with ``id``, ``status``,
        ``pipeline``, ``stage`` and ``created_at``.
    stages : pandas.DataFrame, optional
        What ``pipelines_df()`` returns, or any frame with ``pipeline``, ``stage`` and ``position``. By
        default, the order is that of the categories of ``stage`` in `now`, for all pipelines.
    confidence : float
        The share of such intervals that contain the true rate, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        ``pipeline`` and ``stage``; ``deals`` that were open in it since the history began; ``went_on``,
        ``lost`` and ``undecided``, which add up to them; ``moved_back``, how many of all these deals went
        from it to an earlier stage at any time; ``rate``, went_on / (went_on + lost), ``low`` and ``high``.
        If nothing is decided, these three are missing. ``attrs["salesmate"]["since"]`` is when the history
        began.

    Raises
    ------
    SalesmateError
        If a column is missing, `history` was not read whole, the order of the stages is not known, or
        `confidence` is not between 0 and 1.

    Examples
    --------
    >>> at = pd.to_datetime(["2026-06-08", "2026-06-08"], utc=True)
    >>> history = pd.DataFrame(
    ...     {
    ...         "id": [1, 2],
    ...         "field": ["stage", "status"],
    ...         "old": ["Demo", "Open"],
    ...         "changed_at": at,
    ...         "seen_at": at,
    ...         "pipeline": "Sales",
    ...         "stage": ["Offer", "Demo"],
    ...         "status": ["Open", "Lost"],
    ...     }
    ... )
    >>> now = history[["id", "pipeline", "stage", "status"]].assign(created_at=at)
    >>> stages = pd.DataFrame({"pipeline": "Sales", "stage": ["Demo", "Offer"], "position": [1, 2]})
    >>> table = stage_conversion(history, now, stages=stages)
    >>> table[["stage", "deals", "went_on", "lost", "undecided", "rate"]]
       stage  deals  went_on  lost  undecided  rate
    0   Demo      2        1     1          0   0.5
    1  Offer      1        0     0          1   NaN
    """
    rows = stays(history, now)
    rows["position"] = _positions(rows, now, stages)
    group, names = groups(rows, ["pipeline", "stage"])
    rows["group"] = group
    rows["moved_back"] = _next_position(rows) < rows["position"]
    first = rows.drop_duplicates(["id", "group"])
    went_on = (_furthest_later(rows)[first.index] > first["position"]) | first["final"].eq("won")
    deals = first.assign(
        deals=1,
        went_on=went_on,
        lost=first["final"].eq("lost") & ~went_on,
        undecided=~first["final"].eq("lost") & ~went_on,
    )
    columns = ["deals", "went_on", "lost", "undecided"]
    table = deals[columns].astype("int64").groupby(deals["group"]).sum()
    back = rows[rows["moved_back"]].groupby("group")["id"].nunique()
    table["moved_back"] = back.reindex(table.index, fill_value=0)
    shares = wilson(table["went_on"], table["went_on"] + table["lost"], confidence)
    return with_since(history, with_names(names, table.join(shares)))


def _positions(rows: pd.DataFrame, now: pd.DataFrame, stages: pd.DataFrame | None) -> pd.Series:
    """Return the position of the stage of each row in its pipeline; missing if that is not known."""
    if stages is not None:
        known = select_stages(stages, "pipeline", "stage", "position")
        by_stage = known.groupby(["pipeline", "stage"], observed=True)["position"].first().to_dict()
        places = zip(rows["pipeline"], rows["stage"], strict=True)
        return pd.Series([by_stage.get(place) for place in places], index=rows.index, dtype="float64")
    if not isinstance(now["stage"].dtype, pd.CategoricalDtype):
        raise SalesmateError("The order of the stages is not known. Pass stages=pipelines_df().")
    order = {stage: position for position, stage in enumerate(now["stage"].cat.categories)}
    return rows["stage"].astype("object").map(order).astype("float64")


def _next_position(rows: pd.DataFrame) -> pd.Series:
    """Return the position of the stage to which a deal moved; missing if it did not, or left the pipeline."""
    following = rows.groupby("id")[["position", "pipeline"]].shift(-1)
    is_same = rows["outcome"].eq("moved") & (following["pipeline"] == rows["pipeline"])
    return following["position"].where(is_same)


def _furthest_later(rows: pd.DataFrame) -> pd.Series:
    """Return the furthest position that each deal came to after a stay, in the same pipeline."""
    keys = ["id", "pipeline"]
    backwards = rows[::-1]
    until = backwards.groupby(keys, observed=True, dropna=False)["position"].cummax()
    shifted = until.groupby([backwards[key] for key in keys], observed=True, dropna=False).shift()
    return shifted.groupby([backwards[key] for key in keys], observed=True, dropna=False).ffill()
