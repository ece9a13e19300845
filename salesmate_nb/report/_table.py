"""Tables for people: numbers to the right, totals, and words in place of code."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from salesmate_nb._wording.columns import needed
from salesmate_nb._wording.names import words_of
from salesmate_nb._wording.numbers import number
from salesmate_nb._wording.ranking import distinct
from salesmate_nb._wording.shown import Shown
from salesmate_nb.report._cells import cells_of, is_right

_SUMMED = {  # the columns of deals, and of the analysis, that are counts and amounts
    "closed",
    "deal_value",
    "deals",
    "decided",
    "earlier",
    "earlier_days",
    "ended",
    "error",
    "later",
    "later_days",
    "left_out",
    "listed",
    "lost",
    "open",
    "other",
    "stays",
    "value",
    "weight_from_stage",
    "weighted",
    "weighted_error",
    "without_value",
    "without_weight",
    "won",
    "won_value",
    "won_without_value",
}
_TOTAL = "Total"


class Table(Shown):
    """A table that a notebook shows; ``str`` is the same in plain text.

    Parameters
    ----------
    text : str
        The table in plain text, or the sentence in place of an empty one.
    styler : pandas.io.formats.style.Styler, optional
        The Styler that writes the HTML; missing if the table is empty.
    """

    def __init__(self, text: str, styler: Styler | None = None) -> None:
        self.text = text
        self.styler = styler

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return super()._repr_html_() if self.styler is None else str(self.styler.to_html())


def table(
    frame: pd.DataFrame,
    *,
    total: bool = True,
    rows: int = 25,
    percent: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    digits: int | None = None,
    timezone: str | None = None,
    empty: str = "There is nothing to show.",
) -> Table:
    """Return a frame as a table for people.

    Numbers stand to the right and have separators, dates are days, and a missing value is ``(none)``. Columns
    ``without_...`` appear only if they count something.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame; one with a named index has it as its first columns.
    total : bool
        Whether a last row has the sums of counts and amounts. If there is a column ``currency``, each
        currency has a row of its own: amounts in different currencies are never added up.
    rows : int
        How many rows are shown, besides the totals, which are of all rows.
    percent : sequence of str
        Columns of shares from 0 to 1 that are shown in percent, besides ``rate``, ``low``, ``high`` and
        ``step``.
    names : mapping of str to str, optional
        Headings in place of the names of columns.
    links : mapping of str to str, optional
        Columns that become links, each with the column of its addresses, which is not shown itself.
    digits : int, optional
        The number of decimal places; by default one if all numbers are small, and none otherwise.
    timezone : str, optional
        IANA name of the time zone of the days; by default that of each column.
    empty : str
        The sentence that is shown if there are no rows.

    Returns
    -------
    Table
        Shows itself in a notebook, and in plain text elsewhere. ``styler`` is the pandas Styler.

    Raises
    ------
    SalesmateError
        If a column of `links` is missing.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"owner_name": ["Ann", None], "currency": "EUR", "deals": [2, 1], "value": [1200.0, 50.0]}
    ... )
    >>> table(frame)
    Owner   Currency  Deals  Value
    Ann     EUR           2  1,200
    (none)  EUR           1     50
    Total   EUR           3  1,250
    """
    if frame.index.names != [None]:
        frame = frame.reset_index()
    links = links or {}
    full = needed(frame, *links, *links.values())
    if full.empty:
        return Table(empty)
    full = full.drop(columns=[name for name in full.columns if _is_idle(full[name])])
    if timezone:
        for name in full.select_dtypes("datetimetz").columns:
            full[name] = full[name].dt.tz_convert(timezone)
    shown = full.drop(columns=list(set(links.values())))
    cells = pd.DataFrame(
        {name: cells_of(shown[name].head(rows), percents=percent, digits=digits) for name in shown.columns},
        dtype="object",
    )
    totals = _totals(shown, digits) if total else cells[:0]
    grid = _Grid(
        cells=pd.concat([cells, totals], ignore_index=True),
        heads=[(names or {}).get(str(name), _heading(str(name))) for name in shown.columns],
        right=[is_right(shown[name]) for name in shown.columns],
        rest=f"{number(len(cells))} of {number(len(full))} rows" if len(full) > len(cells) else "",
        count=len(cells),
    )
    return Table(_text(grid), _styler(grid, {name: full[address] for name, address in links.items()}))


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """The texts of a table, which columns are to the right, and how many rows are not totals."""

    cells: pd.DataFrame
    heads: list[str]
    right: list[bool]
    rest: str
    count: int


def _is_idle(column: pd.Series) -> bool:
    """Return whether a column counts what is missing, and nothing is."""
    return "without_" in str(column.name) and not column.any()


def _heading(name: str) -> str:
    words = words_of(name)
    return words[:1].upper() + words[1:]


def _totals(shown: pd.DataFrame, digits: int | None) -> pd.DataFrame:
    """Return the totals as text: a row, or one for each currency; none if there is nothing to add."""
    summed = [name for name in shown.columns if name in _SUMMED and is_right(shown[name])]
    first = str(shown.columns[0])
    if not summed or first in summed:
        return pd.DataFrame(columns=shown.columns)
    has_currency = "currency" in shown.columns
    whole = pd.Series(True, index=shown.index)
    groups = distinct(shown["currency"]) if has_currency else [("", whole)]
    lines = []
    for currency, mask in groups:
        if mask.sum() < 2:  # noqa: PLR2004 - a total of one row is that row
            continue
        sums = shown.loc[mask, summed].sum().to_frame().T.astype(shown[summed].dtypes)
        line = dict.fromkeys(map(str, shown.columns), "")
        line |= {name: cells_of(sums[name], percents=(), digits=digits)[0] for name in summed}
        line[first] = f"{_TOTAL} {currency}" if first == "currency" else _TOTAL
        lines.append({**line, **({"currency": currency} if has_currency and first != "currency" else {})})
    return pd.DataFrame(lines, columns=shown.columns)


def _text(grid: _Grid) -> str:
    """Return a table in plain text."""
    columns = []
    for place, head in enumerate(grid.heads):
        texts = [head, *grid.cells.iloc[:, place]]
        width = max(map(len, texts))
        columns.append([text.rjust(width) if grid.right[place] else text.ljust(width) for text in texts])
    lines = ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]
    return "\n".join([*lines, *([grid.rest] if grid.rest else [])])


def _styler(grid: _Grid, addresses: Mapping[str, pd.Series]) -> Styler:
    """Return the Styler of a table, with ids that depend on nothing but what it shows."""
    marked = grid.cells.map(lambda text: f"<bdi>{html.escape(text)}</bdi>")
    for name, column in addresses.items():
        pairs = zip(marked[name], column.head(grid.count), strict=False)  # totals have no address
        marked[name] = [*starmap(_link, pairs), *marked[name][grid.count :]]
    marked.columns = pd.Index([html.escape(head) for head in grid.heads])
    content = "\0".join([*marked.columns, *marked.to_numpy().ravel(), grid.rest])
    styles: list[Any] = [
        {"selector": f".col{place}", "props": f"text-align: {'right' if is_number else 'left'}"}
        for place, is_number in enumerate(grid.right)
    ]
    totals = range(grid.count, len(marked))
    styles += [{"selector": f".row{place}", "props": "font-weight: bold"} for place in totals]
    styles += [{"selector": f".row{place}", "props": "border-top: 1px solid"} for place in totals[:1]]
    styles += [{"selector": "", "props": "border-collapse: collapse"}]
    styles += [{"selector": "th, td", "props": "padding: 0.2em 0.6em"}]
    styles.append({"selector": "caption", "props": "caption-side: bottom; text-align: left"})
    styler = Styler(marked, uuid=hashlib.sha256(content.encode()).hexdigest()[:10], cell_ids=False)
    styler = styler.hide(axis="index").set_table_styles(styles)
    return styler.set_caption(grid.rest) if grid.rest else styler


def _link(cell: str, address: object) -> str:
    """Return a cell as a link, if its address is one of the web."""
    url = str(address)
    if not url.startswith(("https://", "http://")):
        return cell
    return f'<a href="{html.escape(url)}" target="_blank" rel="noopener">{cell}</a>'
