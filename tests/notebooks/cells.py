"""Run the code cells of a notebook in this process, as a kernel does, and keep what they show."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg

from salesmate_nb import charts, sandbox

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))


@dataclass
class Run:
    """What a notebook left behind.

    Attributes
    ----------
    names : dict
        Its variables.
    shown : list
        The objects that its cells displayed, in order.
    text : str
        What it printed, and the plain text of what it displayed.
    """

    names: dict[str, Any] = field(default_factory=dict)
    shown: list[Any] = field(default_factory=list)
    text: str = ""

    @property
    def figures(self):
        """The figures of the charts that were displayed, in order."""
        return [each.figure for each in self.shown if isinstance(each, charts.Panels) and each]


def cells(name):
    """Return the cells of a notebook, as its file holds them."""
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]


def code(name):
    """Return the source of each code cell of a notebook."""
    return ["".join(cell["source"]) for cell in cells(name) if cell["cell_type"] == "code"]


def run(name, **parameters):
    """Run a notebook from top to bottom; a warning is an error.

    Parameters
    ----------
    name : str
        The notebook, without its suffix.
    **parameters
        What papermill would set: values of the variables of the first cell.
    """
    done, printed = Run(), io.StringIO()

    def display(*objects):
        for each in objects:
            done.shown.append(each)
            printed.write(f"{each}\n")
            if isinstance(each, charts.Panels) and each:
                plt.close(each.figure)
                FigureCanvasAgg(each.figure)  # in place of the one that was closed
            if hasattr(each, "_repr_html_"):
                each._repr_html_()

    done.names["display"] = display
    with contextlib.ExitStack() as after, warnings.catch_warnings():
        warnings.simplefilter("error")
        after.enter_context(contextlib.redirect_stdout(printed))
        after.enter_context(_stopped_sandboxes())
        for number, source in enumerate(code(name)):
            _run_cell(source, f"{name}, code cell {number}", done.names, display)
            if number == 0:
                assert parameters.keys() <= done.names.keys()
                done.names.update(parameters)
    done.text = printed.getvalue()
    return done


def _run_cell(source, place, names, display):
    """Run the statements of a cell, and display the value of its last line."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, place, "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), place, "eval"), names)
        if value is not None:
            display(value)


@contextlib.contextmanager
def _stopped_sandboxes():
    """Stop every sandbox that is started in this block at its end."""
    start = sandbox.start
    with contextlib.ExitStack() as running:
        sandbox.start = lambda **options: running.enter_context(start(**options))
        try:
            yield
        finally:
            sandbox.start = start
