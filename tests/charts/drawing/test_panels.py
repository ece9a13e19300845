"""What a notebook shows of a chart."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.figure import Figure

from salesmate_nb.charts import Panels, bars
from salesmate_nb.charts._drawing.panels import figure_of, finish, nothing, patch, subject
from tests.charts.overlaps import overlaps


@pytest.fixture
def displayed(monkeypatch):
    """Return what is displayed, and with which options."""
    shown = []
    plt.close("all")  # of other tests
    monkeypatch.setattr("IPython.display.display", lambda value, **options: shown.append((value, options)))
    return shown


def test_nothing(displayed):
    """Without anything to draw there is no panel, and the notebook shows the sentence, if there is one."""
    panels = nothing("No deal is open.")
    assert (list(panels), panels.figure, repr(panels)) == ([], None, "No deal is open.")
    panels._ipython_display_()
    nothing("")._ipython_display_()
    assert [value for value, _ in displayed] == [
        {"text/plain": "No deal is open.", "text/html": "<p>No deal is open.</p>"}
    ]
    assert not plt.get_fignums()


def test_shown_once(displayed, monkeypatch):
    """In a notebook the last line of a cell shows the figure once, with its title for screen readers."""
    panels = bars(pd.DataFrame({"owner_name": ["Ann"], "deals": [1]}), "owner_name", "deals")
    panels._ipython_display_()
    assert (displayed, plt.get_fignums()) == ([], [panels.figure.number])  # a window shows it
    monkeypatch.setattr(mpl, "get_backend", lambda: "inline")
    formats = {"image/png": "pixels", "text/plain": "<Figure size>"}
    monkeypatch.setattr(
        "IPython.core.formatters.format_display_data", lambda _: (formats, {"image/png": {"width": 9}})
    )
    panels._ipython_display_()
    content = {"image/png": "pixels", "text/plain": "Deals by owner"}
    alt = {"image/png": {"width": 9, "alt": "Deals by owner"}}
    assert displayed == [(content, {"metadata": alt, "raw": True})]
    assert not plt.get_fignums()
    assert panels._repr_html_() is None


def test_long_title():
    """Long titles and legends are wrapped, and the figure is as much higher."""
    handles = [patch("#000000", "word " * 9) for _ in range(4)]
    figure, grid = figure_of("word " * 40, "word " * 60, [1.0], handles=handles)
    panels = finish(figure, grid[0])
    assert isinstance(panels, Panels)
    assert repr(panels) == ("word " * 40).strip()
    assert overlaps(panels.figure) == []
    plain, _ = figure_of("word", "", [1.0])
    assert isinstance(plain, Figure)
    assert figure.get_figheight() > plain.get_figheight() + 1


def test_subject():
    """A title ends in the day of its data."""
    assert subject("Deals", pd.Timestamp("2026-11-06")) == "Deals, as of 6 November 2026"
    assert subject("Deals", None) == "Deals"
