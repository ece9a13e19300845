"""Win rates with their interval."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesmate_nb.analysis._columns import LOST, WON, column_names, is_among, select
from salesmate_nb.analysis._groups import count, groups, with_names
from salesmate_nb.analysis._statistics import wilson


def win_rate(deals: pd.DataFrame, by: str | Sequence[str] = (), *, confidence: float = 0.95) -> pd.DataFrame:
    """Estimate the share of decided deals that were won, with a confidence interval.

    The interval is Wilson's score interval, which stays within 0 and 1 and suits small numbers:
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status`` and `by`.
    by : str or sequence of str
        The columns to group by; if empty, all deals are one group.
    confidence : float
        The share of such intervals that contain the true rate, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        `by`, then ``won``, ``lost``, ``decided`` (their sum), ``rate`` (won / decided), ``low`` and
        ``high``. If nothing is decided, these three are missing.

    Raises
    ------
    SalesmateError
        If a column is missing, one of `by` has the name of one of the result, or `confidence` is not
        between 0 and 1.

    Examples
    --------
    >>> deals = pd.DataFrame({"status": ["Won", "Close", "Won", "Lost", "Open"]})
    >>> win_rate(deals).round(3)
       won  lost  decided  rate    low   high
    0    3     1        4  0.75  0.301  0.954
    """
    columns = column_names(deals, by)
    rows = select(deals, "status", *columns)
    group, names = groups(rows, columns)
    won = count(is_among(rows["status"], WON), group)
    lost = count(is_among(rows["status"], LOST), group)
    counts = pd.DataFrame({"won": won, "lost": lost, "decided": won + lost})
    return with_names(names, counts.join(wilson(won, won + lost, confidence)))
