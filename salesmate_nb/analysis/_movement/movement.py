"""The waterfall from one state of the pipeline to another, and the deals behind each bar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from salesmate_nb.analysis._columns import column_names
from salesmate_nb.analysis._groups import groups, refuse_own, with_names
from salesmate_nb.analysis._movement.lines import AMOUNTS, LINES, lines
from salesmate_nb.analysis._movement.sides import align

_OF_PERIODS = ["slipped", "pulled in"]


def movement(
    then: pd.DataFrame,
    now: pd.DataFrame,
    by: str | Sequence[str] = (),
    *,
    period: pd.Period | tuple[dt.date | str, dt.date | str] | None = None,
) -> pd.DataFrame:
    """Break down how the open pipeline changed between two reads, currency by currency.

    In each currency and group, the opening pipeline plus all lines equals the closing pipeline: for the
    value, and also for the number of deals, and of those without a value, which counts as 0.

    Parameters
    ----------
    then, now : pandas.DataFrame
        All deals, of every status, at two times, the earlier first: what ``deals_df()`` returns, or
        ``deals_df(as_of="2026-11-16")``. With ``id``, ``status``, ``currency``, ``deal_value`` and `by`;
        `now` also with ``created_at``; both with ``estimated_close_date`` for a `period`.
    by : str or sequence of str
        The columns to group by, before ``currency``.
    period : pandas.Period, or pair of dates or str, optional
        Take only the deals that should close within this period, such as ``pd.Period("2026Q2")``, or
        between two days, both included. Days are those of the time zone of ``estimated_close_date``: see
        :func:`in_zone`.

    Returns
    -------
    pandas.DataFrame
        `by` and ``currency``; ``line``, an ordered category; ``deals``, ``value`` and ``without_value``,
        negative if the line takes away; and ``listed``, the number of deals that
        :func:`movement_deals` lists. Each group has every line:

        - ``opening``: the open deals then.
        - ``created``: deals that were not there. ``restored``: the same, but they were created more than a
          day before `then` was read, as ``then.attrs["salesmate"]["read_at"]`` says; they had been deleted.
        - ``reopened``: deals that were there, but not open.
        - ``raised``, ``lowered``: the change in value of deals in the opening pipeline. Their number of
          deals is 0, as they neither come nor go.
        - ``won``, ``lost``: at their final value. A deal that was also created in between is in both lines.
        - ``slipped``, ``pulled in``: the estimated close date left the period, or came into it. Without a
          `period`, these lines are left out.
        - ``moved in``, ``moved out``: open deals that went from one group to another, by a change in `by` or
          in currency. A deal moves first, then changes its value, and then leaves the pipeline.
        - ``deleted``: deals that are not there now.
        - ``other status``: deals that now have a status which is neither open, won nor lost, or none.
        - ``closing``: the open deals now.

    Raises
    ------
    SalesmateError
        If a column is missing, one of `by` has the name of one of the result, an id is missing or occurs
        twice, `now` was read before `then`, or `period` is not a period.

    Examples
    --------
    >>> then = pd.DataFrame(
    ...     {
    ...         "id": [1, 2, 3],
    ...         "status": "Open",
    ...         "currency": "EUR",
    ...         "deal_value": [100.0, 50.0, 30.0],
    ...     }
    ... )
    >>> now = pd.DataFrame(
    ...     {
    ...         "id": [1, 2, 4],
    ...         "status": ["Won", "Open", "Open"],
    ...         "currency": "EUR",
    ...         "deal_value": [120.0, 50.0, 70.0],
    ...     }
    ... )
    >>> table = movement(then, now)
    >>> table.loc[table["listed"] > 0, ["line", "deals", "value"]]
           line  deals  value
    0   opening      3  180.0
    1   created      1   70.0
    4    raised      0   20.0
    6       won     -1 -120.0
    10  deleted     -1  -30.0
    12  closing      2  120.0
    """
    keys = list(dict.fromkeys([*column_names(now, by), "currency"]))
    rows = lines(align(then, now, keys, period), keys)
    group, names = groups(rows.reset_index(drop=True), keys)
    amounts = rows[[*AMOUNTS]].set_axis(group.index).assign(listed=1)
    sums = amounts.groupby([group, rows["line"].set_axis(group.index)], observed=True).sum()
    shown = [name for name in LINES.categories if period is not None or name not in _OF_PERIODS]
    every = pd.MultiIndex.from_product([names.index, pd.Categorical(shown, dtype=LINES)])
    table = sums.reindex(every.set_names([None, "line"]), fill_value=0).reset_index("line")
    return with_names(names, table)


def movement_deals(
    then: pd.DataFrame,
    now: pd.DataFrame,
    by: str | Sequence[str] = (),
    *,
    period: pd.Period | tuple[dt.date | str, dt.date | str] | None = None,
) -> pd.DataFrame:
    """List the deals of each line of :func:`movement`, which is the sum of these rows.

    Parameters
    ----------
    then, now : pandas.DataFrame
        As in :func:`movement`, and with ``title`` and ``owner_name``.
    by : str or sequence of str
        The columns to group by, before ``currency``.
    period : pandas.Period, or pair of dates or str, optional
        Take only the deals that should close within this period, as in :func:`movement`.

    Returns
    -------
    pandas.DataFrame
        `by`, ``currency`` and ``line``; ``id``, ``title`` and ``owner_name``; ``deals``, ``value`` and
        ``without_value``, which the deal adds to the line; and its ``old_value`` and ``new_value``, missing
        if it has none, or was not there. ``opening``, ``moved out`` and ``deleted`` show the deal as it was
        then, all other lines as it is now. In the order of groups, lines and ids.

    Raises
    ------
    SalesmateError
        As in :func:`movement`.

    Examples
    --------
    >>> then = pd.DataFrame(
    ...     {
    ...         "id": [7],
    ...         "title": ["Acme"],
    ...         "status": ["Open"],
    ...         "owner_name": ["Ann"],
    ...         "currency": ["EUR"],
    ...         "deal_value": [100.0],
    ...     }
    ... )
    >>> table = movement_deals(then, then.assign(status="Won", deal_value=120.0))
    >>> table[["line", "title", "value", "old_value", "new_value"]]
          line title  value  old_value  new_value
    0  opening  Acme  100.0      100.0      120.0
    1   raised  Acme   20.0      100.0      120.0
    2      won  Acme -120.0      100.0      120.0
    """
    keys = list(dict.fromkeys([*column_names(now, by), "currency"]))
    refuse_own(keys, ["line", *AMOUNTS, "old_value", "new_value"])
    shown = ["id", "title", "owner_name"]
    sides = align(then, now, list(dict.fromkeys([*keys, *shown])), period)
    rows = lines(sides, keys)
    values = {"old_value": _value(sides.then), "new_value": _value(sides.now)}
    rows = rows.assign(**{name: value.reindex(rows.index) for name, value in values.items()})
    group, _ = groups(rows.reset_index(drop=True), keys)
    places = pd.DataFrame({"group": group.to_numpy(), "line": rows["line"].array, "id": rows.index})
    ordered = rows.iloc[places.sort_values(["group", "line", "id"]).index].reset_index(drop=True)
    return ordered[list(dict.fromkeys([*keys, "line", *shown, *AMOUNTS, *values]))]


def _value(side: pd.DataFrame) -> pd.Series:
    return side["deal_value"].astype("float64")
