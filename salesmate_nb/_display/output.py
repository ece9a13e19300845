"""An output of a notebook cell that can be replaced later."""

from __future__ import annotations

import sys
from typing import Any


def running_kernel() -> Any:
    """Return the Jupyter kernel that this process is, or ``None``."""
    ipython = sys.modules.get("IPython")  # no kernel runs unless it is imported
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)


def running_cell() -> int | None:
    """Return the number of the cell that runs, or ``None`` outside a kernel."""
    kernel = running_kernel()
    return None if kernel is None else kernel.shell.execution_count


class Output:
    """One output below the running cell: HTML, and the same as plain text for frontends without it.

    It is a display with an id, not a widget: a notebook saves what it shows, and can show that again without
    a kernel.
    """

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, html: str, text: str) -> None:
        """Show this, in place of what was shown before."""
        data = {"text/html": html, "text/plain": text}
        if self._handle is None:
            from IPython.display import display  # noqa: PLC0415 - only a kernel has it

            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def clear(self) -> None:
        """Empty the output, if it was shown: nothing of it is saved with the notebook."""
        if self._handle is not None:
            self._handle.update({}, raw=True)
