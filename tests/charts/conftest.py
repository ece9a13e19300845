"""Charts for the tests: the light style, and no figure is left open."""

from __future__ import annotations

import matplotlib as mpl
import pytest

mpl.use("agg")


@pytest.fixture(autouse=True)
def _light():
    import matplotlib.pyplot as plt

    from salesmate_nb import charts

    charts.use("light")
    yield
    charts.use("light")
    plt.close("all")
