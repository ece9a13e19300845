"""Who could answer a question here: somebody at a notebook, at a terminal, or nobody."""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import Any, TextIO


class Frontend(Enum):
    """Who sees what is shown, and can answer it."""

    NOTEBOOK = "notebook"
    TERMINAL = "terminal"
    NOBODY = "nobody"


def frontend() -> Frontend:
    """Tell who is there now.

    A notebook's kernel is told with each cell whether its front end can ask for input: JupyterLab,
    Notebook 7 and VS Code can, nbclient and papermill cannot. Voila cannot either, but shows widgets.
    """
    kernel = _kernel()
    if kernel is not None:
        answers = getattr(kernel, "_allow_stdin", False) or "voila" in os.environ.get("SERVER_SOFTWARE", "")
        return Frontend.NOTEBOOK if answers else Frontend.NOBODY
    return Frontend.TERMINAL if all(map(_is_terminal, (sys.stdin, sys.stderr))) else Frontend.NOBODY


def has_kernel() -> bool:
    """Return whether this process is a Jupyter kernel, which serves one notebook."""
    return _kernel() is not None


def _is_terminal(stream: TextIO | None) -> bool:
    """Tell whether somebody is at a stream; it may be missing (``2>&-``) or closed by the program."""
    return stream is not None and not stream.closed and stream.isatty()


def _kernel() -> Any:
    ipython = sys.modules.get("IPython")  # where nobody imported it, no kernel runs
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)
