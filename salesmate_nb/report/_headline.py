"""The headline: open value, weighted, won and win rate, each with its change."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from salesmate_nb._wording.numbers import counted, number, percent, period_name, short_day
from salesmate_nb._wording.ranking import distinct
from salesmate_nb._wording.shown import Shown
from salesmate_nb.analysis._attrs import read_at
from salesmate_nb.analysis._columns import LOST, OPEN, WON, datetimes, frequency, is_among, select, timestamp
from salesmate_nb.analysis._deals.open_deals import forecast

_MOST_STATUSES = 4
_BIG, _SMALL = "font-size: 1.4em; font-weight: 600", "font-size: .85em; opacity: .8"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number of the headline, as text, and what it is compared with."""

    name: str
    value: str
    change: str = ""


class Headline(Shown):
    """A line of numbers for each currency; ``str`` is the same in plain text.

    Parameters
    ----------
    lines : sequence of pairs
        The currency of each line, and its figures.
    """

    def __init__(self, lines: Sequence[tuple[str, Sequence[Figure]]]) -> None:
        self.lines = list(lines)

    def __str__(self) -> str:
        if not self.lines:
            return "There are no deals."
        return "\n".join(f"{currency}: {'; '.join(map(_words, figures))}" for currency, figures in self.lines)

    def _repr_html_(self) -> str:
        if not self.lines:
            return super()._repr_html_()
        heads = "".join(
            f'<th style="text-align: left">{html.escape(figure.name[:1].upper() + figure.name[1:])}</th>'
            for figure in self.lines[0][1]
        )
        rows = "".join(
            f"<tr><th>{html.escape(currency)}</th>{''.join(map(_cell, figures))}</tr>"
            for currency, figures in self.lines
        )
        return f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _words(figure: Figure) -> str:
    return f"{figure.name} {figure.value}" + (f" ({figure.change})" if figure.change else "")


def _cell(figure: Figure) -> str:
    change = f'<br><span style="{_SMALL}">{html.escape(figure.change)}</span>' if figure.change else ""
    value = f'<span style="{_BIG}">{html.escape(figure.value)}</span>'
    return f'<td style="text-align: left; padding-right: 2em">{value}{change}</td>'


def headline(
    deals: pd.DataFrame,
    then: pd.DataFrame | None = None,
    *,
    currency: str | None = None,
    freq: str = "Q",
    now: pd.Timestamp | None = None,
    stages: pd.DataFrame | None = None,
) -> Headline:
    """Return the numbers to begin with: open value, weighted value, won, and win rate, for each currency.

    Won value and win rate are those of the current period until now. They are compared with the period
    before, until the same number of days after its start, by the closing dates of the deals. If deals have a
    status that is neither open, won nor lost, as an account may have made one, a last figure names it with
    their value: they are in none of the others.

    Parameters
    ----------
    deals : pandas.DataFrame
        All deals, of every status, as ``deals_df()`` returns them. Periods are those of the time zone of
        ``closed_date``: see :func:`salesmate_nb.analysis.in_zone`.
    then : pandas.DataFrame, optional
        An earlier state of them, such as ``deals_df(as_of="2026-11-16")``: open and weighted value are
        compared with it. Without it, they have no change.
    currency : str, optional
        The only currency to show; by default all of them have a line.
    freq : str
        The length of a period, as a pandas frequency: ``"W"``, ``"M"``, ``"Q"`` or ``"Y"``.
    now : pandas.Timestamp, optional
        When the deals were read; by default ``deals.attrs["salesmate"]["read_at"]``, or the current time.
    stages : pandas.DataFrame, optional
        What ``pipelines_df()`` returns: a deal without a win probability takes that of its stage.

    Returns
    -------
    Headline
        Shows itself in a notebook, and in plain text elsewhere.

    Raises
    ------
    SalesmateError
        If a column is missing, or `freq` is not the length of a period.

    Examples
    --------
    >>> deals = pd.DataFrame(
    ...     {
    ...         "status": ["Open", "Won", "Lost"],
    ...         "currency": "EUR",
    ...         "deal_value": [1000.0, 500.0, 200.0],
    ...         "win_probability": [40.0, 100.0, 0.0],
    ...         "estimated_close_date": pd.to_datetime(["2026-12-01"] * 3, utc=True),
    ...         "closed_date": pd.to_datetime([None, "2026-11-02", "2026-11-03"], utc=True),
    ...     }
    ... )
    >>> headline(deals, now=pd.Timestamp("2026-11-26", tz="UTC"))
    EUR: open value 1,000; weighted 400; won in Q4 2026 500 (none in Q3 2026 by the same day);
    win rate in Q4 2026 50 % of 2
    """
    freq = frequency(freq)
    rows = select(deals, "status", "currency", "deal_value", "closed_date")
    closed = datetimes(rows["closed_date"])
    at = timestamp(now if now is not None else read_at(deals), closed)
    rows = rows.assign(closed=closed.dt.tz_localize(None), won=is_among(rows["status"], WON))
    rows["decided"] = rows["won"] | is_among(rows["status"], LOST)
    opened = forecast(deals, stages=stages, now=at)
    before = None if then is None else forecast(then, stages=stages, now=at)
    start = None if then is None else read_at(then)
    since = "since then" if start is None else f"since {short_day(start.tz_convert(closed.dt.tz))}"
    rows["other"] = ~(rows["decided"] | is_among(rows["status"], OPEN))
    has_others = bool(rows["other"].any())
    lines = []
    for name, mask in distinct(rows["currency"]):
        if currency is None or name == currency:
            figures = [*_open(name, opened, before, since), *_closed(rows[mask], at, freq)]
            lines.append((name, [*figures, _others(rows[mask])] if has_others else figures))
    return Headline(lines)


def _open(currency: str, now: pd.DataFrame, then: pd.DataFrame | None, since: str) -> list[Figure]:
    """Return the open and the weighted value, and how they changed."""
    figures = []
    for name, column in (("open value", "value"), ("weighted", "weighted")):
        value = _sum(now, currency, column)
        change = ""
        if then is not None:
            change = f"{number(value - _sum(then, currency, column), signed=True)} {since}"
        figures.append(Figure(name=name, value=number(value), change=change))
    return figures


def _sum(table: pd.DataFrame, currency: str, column: str) -> float:
    """Return the sum of a column over the rows of a currency."""
    masks = dict(distinct(table["currency"]))
    return float(table.loc[masks[currency], column].sum()) if currency in masks else 0.0


def _closed(rows: pd.DataFrame, at: pd.Timestamp, freq: str) -> list[Figure]:
    """Return what was won in the period until now, and the win rate in it, each beside the period before."""
    local = at.tz_localize(None)
    period = local.to_period(freq)
    last = period - 1
    until = min(last.start_time + (local - period.start_time), last.end_time)
    here = rows[(rows["closed"] >= period.start_time) & (rows["closed"] <= local)]
    there = rows[(rows["closed"] >= last.start_time) & (rows["closed"] <= until)]
    won, won_before = (part.loc[part["won"], "deal_value"].sum() for part in (here, there))
    name, name_before = period_name(str(period)), period_name(str(last))
    compared = f"{number(won - won_before, signed=True)} against" if there["won"].any() else "none in"
    rate, rate_before = _rate(here), _rate(there)
    compared_rate = f"{rate_before} in {name_before} by the same day" if rate_before else ""
    return [
        Figure(name=f"won in {name}", value=number(won), change=f"{compared} {name_before} by the same day"),
        Figure(name=f"win rate in {name}", value=rate or "none decided", change=compared_rate),
    ]


def _others(rows: pd.DataFrame) -> Figure:
    """Return the value of deals that are neither open, won nor lost, and how many have which status."""
    others = rows[rows["other"]]
    statuses = [f"{name}: {counted(int(mask.sum()), 'deal')}" for name, mask in distinct(others["status"])]
    if len(statuses) > _MOST_STATUSES:
        statuses[_MOST_STATUSES - 1 :] = [f"and {len(statuses) - _MOST_STATUSES + 1} other statuses"]
    change = ", ".join(statuses) or "no deal"
    return Figure(name="other status", value=number(others["deal_value"].sum()), change=change)


def _rate(rows: pd.DataFrame) -> str:
    """Return the win rate, and of how many deals it is; empty if none is decided."""
    won, decided = int(rows["won"].sum()), int(rows["decided"].sum())
    return f"{percent(won / decided)} of {number(decided)}" if decided else ""
