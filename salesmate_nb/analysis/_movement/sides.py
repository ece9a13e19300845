"""Two states of the same deals, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesmate_nb.analysis._attrs import read_at
from salesmate_nb.analysis._columns import LOST, OPEN, WON, by_id, datetimes, is_among, same_categories
from salesmate_nb.analysis._movement.periods import Period, is_within
from salesmate_nb.errors import SalesmateError

EXISTS, IS_WITHIN = "it exists", "it is within the period"
IS_OPEN, IS_WON, IS_LOST = "it is open", "it is won", "it is lost"  # no column of a user has such a name
_DAY = pd.Timedelta(days=1)  # by which a search may be late, or a day's frame was saved before its end


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The deals of two frames, in rows of the same index, which holds the ids of both.

    Parameters
    ----------
    then, now : pandas.DataFrame
        The columns that were asked for, and `EXISTS`; `IS_OPEN`, `IS_WON` and `IS_LOST`; `IS_WITHIN`,
        whether the deal should close in the period; ``value``, 0 if it is missing, and ``without_value``, 1
        if so.
    is_older : pandas.Series
        Whether a deal was created more than a day before `then` was read, which would have found it.
    """

    then: pd.DataFrame
    now: pd.DataFrame
    is_older: pd.Series[bool]

    def same(self, columns: Sequence[str]) -> pd.Series[bool]:
        """Return in which rows these columns are equal on both sides; two missing values are."""
        result = pd.Series(True, index=self.now.index)
        for name in columns:
            then, now = self.then[name], self.now[name]
            result &= then.eq(now).fillna(False).astype(bool) | (then.isna() & now.isna())
        return result


def align(then: pd.DataFrame, now: pd.DataFrame, columns: Sequence[str], period: Period | None) -> Sides:
    """Return both frames row by row.

    Raises
    ------
    SalesmateError
        If a column is missing, an id is missing or occurs twice, or `now` was read before `then`.
    """
    read, until = read_at(then), read_at(now)
    if read is not None and until is not None and until < read:
        raise SalesmateError(
            f"`now` was read at {until}, before `then` at {read}. Pass the older frame first."
        )
    dates = () if period is None else ("estimated_close_date",)
    old, new = (by_id(each, "status", "deal_value", *columns, *dates) for each in (then, now))
    ids = old.index.union(new.index)
    old, new = _with_state(old, ids), _with_state(new, ids)
    for name in columns:
        new[name], old[name] = same_categories(new[name], old[name])
    if period is not None:
        planned = datetimes(new["estimated_close_date"])
        old[IS_WITHIN] = is_within(
            datetimes(old["estimated_close_date"]).dt.tz_convert(planned.dt.tz), period
        )
        new[IS_WITHIN] = is_within(planned, period)
    is_older = pd.Series(False, index=ids)
    if read is not None:
        created = datetimes(by_id(now, "created_at")["created_at"])
        is_older |= (created < read - _DAY).reindex(ids, fill_value=False)
    return Sides(then=old, now=new, is_older=is_older)


def _with_state(rows: pd.DataFrame, ids: pd.Index) -> pd.DataFrame:
    side = rows.reindex(ids)
    state: dict[str, Any] = {
        EXISTS: ids.isin(rows.index),
        IS_OPEN: is_among(side["status"], OPEN),
        IS_WON: is_among(side["status"], WON),
        IS_LOST: is_among(side["status"], LOST),
        IS_WITHIN: True,
        "value": side["deal_value"].fillna(0.0).astype("float64"),
        "without_value": side["deal_value"].isna().astype("int64"),
    }
    return side.assign(**state)
