"""Detect whether a user can see output and answer: in a notebook, in a terminal, or not at all."""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import TextIO

from salesmate_nb._display.output import running_kernel


class Frontend(Enum):
    """Where a user sees output and can answer a question."""

    NOTEBOOK = "notebook"
    TERMINAL = "terminal"
    NOBODY = "nobody"


def frontend() -> Frontend:
    """Detect the frontend of the running cell or process.

    Each execute request says whether the notebook's frontend can ask for input. JupyterLab, Notebook 7
    and VS Code can. nbclient and papermill cannot. Voila cannot either, but it shows widgets.

    Returns
    -------
    Frontend
        ``NOBODY`` if no user can answer, as in cron, pipes and headless notebook runs.

    Examples
    --------
    >>> frontend() in Frontend
    True
    """
    kernel = running_kernel()
    if kernel is not None:
        can_answer = getattr(kernel, "_allow_stdin", False) or is_voila()
        return Frontend.NOTEBOOK if can_answer else Frontend.NOBODY
    return Frontend.TERMINAL if all(map(_is_terminal, (sys.stdin, sys.stderr))) else Frontend.NOBODY


def has_kernel() -> bool:
    """Return whether this process is a Jupyter kernel, which serves one notebook."""
    return running_kernel() is not None


def is_voila() -> bool:
    """Return whether the kernel runs for Voila, whose page shows no later outputs, only widgets."""
    return "voila" in os.environ.get("SERVER_SOFTWARE", "")


def _is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; it may be missing (``2>&-``) or closed by the program."""
    return stream is not None and not stream.closed and stream.isatty()
