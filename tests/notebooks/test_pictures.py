"""notebooks/pictures.py: the hash of what a picture shows."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from notebooks import pictures


def figure(*, values=(3, 1), title="Won", color="green", xlabel="deals", dots=(2,), size=10):
    """Return a figure of each kind of artist."""
    made = Figure(figsize=(4, 3))
    ax = made.subplots()
    ax.barh(["Ada", "Ben"], values, color=color)
    ax.scatter(dots, dots)
    ax.plot([1, 2], [1, 2])
    ax.set_title(title, loc="left", fontsize=size)
    ax.set_xlabel(xlabel)
    return made


@pytest.mark.parametrize(
    "change", [{"values": (3, 2)}, {"title": "Lost"}, {"color": "red"}, {"xlabel": "USD"}, {"dots": (2.001,)}]
)
def test_another_picture(change):
    """Another number, text or color is another hash."""
    assert pictures.digest(figure()) != pictures.digest(figure(**change))


def test_same_picture():
    """Another size of letters, and what rounding does to a number, are the same hash."""
    assert pictures.digest(figure()) == pictures.digest(figure(size=12, values=(3, 1 + 1e-12)))


def test_drawing_changes_nothing():
    """The hash does not depend on whether the picture has been drawn."""
    made = figure()
    before = pictures.digest(made)
    png, metadata = pictures.png(made)
    assert png.startswith(b"\x89PNG")
    assert metadata["data_sha256"] == before == pictures.digest(made)
