"""Rows with a name and a number."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from salesmate_nb.charts._drawing.rows import fit_numbers, height_of, name_rows, number_rows
from tests.charts.overlaps import overlaps


@pytest.fixture
def ax():
    return plt.figure(figsize=(6, 2), layout="constrained").subplots()


def test_names(ax):
    """The first name is on top."""
    name_rows(ax, ["Ann", "Bo"])
    places = {label.get_text(): label.get_position()[1] for label in ax.get_yticklabels()}
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert places == {"Ann": 0, "Bo": 1}


def test_room_for_numbers(ax):
    """The longest number at the end of the longest bar is inside the panel."""
    ax.barh([0, 1], [100, 3])
    name_rows(ax, ["Ann", "Bo"])
    number_rows(ax, [100, 3], ["123,456,789 thousand (1,234 deals)", "3"])
    fit_numbers([ax])
    assert overlaps(ax.figure) == []
    assert ax.get_xlim()[0] == 0
    assert ax.get_xlim()[1] > 100


def test_number_on_a_line(ax):
    """A number hides the lines behind it."""
    number_rows(ax, [1], ["28 %"])
    assert ax.texts[0].get_bbox_patch().get_facecolor() == ax.patch.get_facecolor()


def test_same_scale():
    """Panels of the same scale have the same limits."""
    axes = plt.figure().subplots(1, 2)
    for ax, end in zip(axes, (1, 9), strict=True):
        ax.barh([0], [end])
        number_rows(ax, [end], ["x"])
    fit_numbers(axes, same_scale=True)
    assert axes[0].get_xlim() == axes[1].get_xlim()


def test_nothing_to_number(ax):
    """Rows of zeros have an axis too."""
    number_rows(ax, [0, 0], ["0", "0"])
    fit_numbers([ax])
    assert ax.get_xlim() == (0, 1)


def test_height():
    """Each row adds the same height."""
    assert height_of(12) - height_of(11) == pytest.approx(height_of(3) - height_of(2))
