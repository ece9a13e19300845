"""Panels of bars: what is in which panel, and what stands beside the bars."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.charts._drawing.bar_panels import Part, bar_panels

PARTS = [Part(column="value", color="#000000")]


def panels_of(*rows, parts=PARTS, limit=12):
    columns = ["panel", "currency", "name", "deals", "without_value", "value"]
    return bar_panels(pd.DataFrame(rows, columns=columns), "owner", parts, "Title", limit)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_one_panel():
    """A single panel needs no title of its own; the unit stands below that of the chart."""
    (ax,) = panels_of(("", "EUR", "Ann", 2, 0, 20_000.0), ("", "EUR", "Bo", 1, 1, 0.0))
    assert ax.get_title(loc="left") == ""
    assert texts(ax) == ["20 (2)", "no value (1)"]
    assert "thousand EUR; number of deals in brackets" in [text.get_text() for text in ax.figure.texts]


def test_currencies_apart():
    """Each currency has its panel and its unit, with the same names; without deals there is no number."""
    usd, eur = panels_of(("", "USD", "Ann", 1, 0, 5e7), ("", "EUR", "Bo", 1, 0, 3.0))
    assert [ax.get_title(loc="left") for ax in (usd, eur)] == ["thousand USD", "EUR"]
    assert (texts(usd), texts(eur)) == (["50,000 (1)", ""], ["", "3 (1)"])
    assert usd.get_xlim() != eur.get_xlim()
    assert [ax.yaxis.get_tick_params()["labelleft"] for ax in (usd, eur)] == [True, False]


def test_seven_currencies():
    """Three panels are in a row; the figure grows with the rows."""
    rows = [("", currency, "Ann", 1, 0, 1.0) for currency in "ABCDEFG"]
    panels = panels_of(*rows)
    assert len(panels) == 7
    assert panels.figure.get_figheight() > 2 * panels_of(*rows[:3]).figure.get_figheight()


def test_panels_of_groups():
    """Each pipeline has a row of panels, with its own names."""
    sales, renewals = panels_of(("Sales", "EUR", "Ann", 1, 0, 1.0), ("Renewals", "EUR", "Bo", 1, 0, 1.0))
    assert [ax.get_title(loc="left") for ax in (sales, renewals)] == ["Sales\nEUR", "Renewals\nEUR"]
    assert [label.get_text() for label in renewals.get_yticklabels()] == ["Bo"]


def test_others():
    """The bars of a name and of the others add up to all."""
    (ax,) = panels_of(*(("", "EUR", f"{number}", 1, 0, float(number)) for number in range(1, 6)), limit=2)
    assert texts(ax) == ["5 (1)", "4 (1)", "6 (3)"]
    assert sum(bar.get_width() for bar in ax.patches) == 15


def test_parts():
    """Parts are drawn one behind the other, and the legend explains them."""
    parts = [
        Part(column="value", color="#cccccc", label="open"),
        Part(column="deals", color="#000000", label="n"),
    ]
    panels = panels_of(("", "EUR", "Ann", 2, 0, 9.0), parts=parts)
    assert [bar.get_width() for bar in panels[0].patches] == [9, 2]
    (legend,) = [each for each in panels.figure.get_children() if type(each).__name__ == "Legend"]
    assert [text.get_text() for text in legend.get_texts()] == ["open", "n"]
