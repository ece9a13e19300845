"""Who could answer a question here: somebody at a notebook, at a terminal, or nobody."""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import Any


class Audience(Enum):
    """Who sees what is shown, and can answer it."""

    NOTEBOOK = "notebook"
    TERMINAL = "terminal"
    NOBODY = "nobody"


def audience() -> Audience:
    """Tell who is there now.

    A notebook's kernel is told with each cell whether its front end can ask for input: JupyterLab,
    Notebook 7 and VS Code can, nbclient and papermill cannot. Voila cannot either, but shows widgets.
    """
    kernel = _kernel()
    if kernel is not None:
        answers = getattr(kernel, "_allow_stdin", False) or "voila" in os.environ.get("SERVER_SOFTWARE", "")
        return Audience.NOTEBOOK if answers else Audience.NOBODY
    if sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        return Audience.TERMINAL
    return Audience.NOBODY


def _kernel() -> Any:
    ipython = sys.modules.get("IPython")  # where nobody imported it, no kernel runs
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)
