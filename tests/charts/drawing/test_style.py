"""The styles: text that can be read, and colors that also color-blind people tell apart."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import pytest
from colorspacious import cspace_convert, deltaE
from matplotlib.colors import to_rgb

from salesmate_nb import charts
from salesmate_nb.charts._drawing.style import STYLES, current, styled
from salesmate_nb.errors import SalesmateError

each_style = pytest.mark.parametrize("name", ["light", "dark"])


def luminance(color):
    """Return the relative luminance of a color (WCAG 2.2)."""
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@each_style
def test_text_contrast(name):
    """Every color of text has a contrast of at least 4.5:1 with the background."""
    style = STYLES[name]
    assert min(contrast(color, style.background) for color in (style.text, style.muted)) >= 4.5


@each_style
@pytest.mark.parametrize("sight", [None, "deuteranomaly", "protanomaly", "tritanomaly"])
def test_colors_apart(name, sight):
    """Any two colors differ clearly, also to color-blind people (CAM02-UCS, at least 14)."""

    def seen(color):
        rgb = to_rgb(color)
        space = {"name": "sRGB1+CVD", "cvd_type": sight, "severity": 100}
        return rgb if sight is None else cspace_convert(rgb, space, "sRGB1").clip(0, 1)

    colors = STYLES[name].colors
    nearest = min(
        deltaE(seen(one), seen(other), input_space="sRGB1", uniform_space="CAM02-UCS")
        for one, other in combinations(colors.values(), 2)
    )
    assert len(colors) == 7
    assert nearest >= 14


def test_use():
    """use() chooses the style of later charts; there is no third one."""
    charts.use("dark")
    assert current() is STYLES["dark"]
    with pytest.raises(SalesmateError, match="style='blue' is not a style"):
        charts.use("blue")


def test_strength():
    """A weaker color is between the color and the background."""
    style = STYLES["light"]
    assert style.color("won") == style.colors["won"].lower()
    assert style.color("won", 0) == "#ffffff"
    with pytest.raises(SalesmateError, match="There are: won, lost, open, new, slipped, changed, gone"):
        style.color("green")


def test_interactive():
    """The first figure of a kernel makes Matplotlib interactive, and it stays so."""
    with mpl.rc_context({"interactive": False}):
        with styled():
            mpl.interactive(True)
        assert mpl.is_interactive()


def test_own_settings_stay():
    """Charts ignore the user's settings of Matplotlib, and leave them as they are."""
    with mpl.rc_context({"font.size": 30, "axes.grid": True}):
        with styled():
            assert mpl.rcParams["font.size"] == 9.5
        assert mpl.rcParams["font.size"] == 30
