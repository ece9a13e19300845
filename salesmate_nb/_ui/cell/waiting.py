"""A cell that needs a login waits for it, with the panel alive."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from salesmate_nb._auth.flow import LoginFlow
from salesmate_nb._display.output import Output, running_cell, running_kernel
from salesmate_nb._ui import texts
from salesmate_nb._ui.cell import events
from salesmate_nb._ui.frontend import is_voila
from salesmate_nb.errors import LoginRequired

_PAUSE = 0.05  # seconds between two looks at what has arrived


class _NotLoggedIn(LoginRequired):
    """The panel is still waiting; the cell shows this in plain text, not as an error."""


def wait_for_login(
    is_done: Callable[[], bool], login: LoginFlow | None, *, cell: int | None, seconds: float | None = None
) -> None:
    """Block the running cell until somebody has logged in at the panel.

    Parameters
    ----------
    is_done : callable
        Returns whether somebody has.
    login : LoginFlow, optional
        The panel's login link.
    cell : int or None
        The number of the cell that shows the panel; another one says what it waits for.
    seconds : float, optional
        The longest time to wait; by default there is no limit.

    Raises
    ------
    LoginRequired
        If the wait was interrupted, or the panel cannot be used while a cell runs. The cell shows the
        sentence without a traceback.
    """
    kernel = running_kernel()
    is_alive = events.can_handle(kernel) and not _holds_widgets_back(kernel)
    is_listening = login is not None and login.is_listening
    is_interrupted = False
    try:
        if is_alive:
            with _note(cell), events.handled(kernel) as handle:
                _poll(is_done, handle, seconds)
        elif is_listening and login is not None and not is_voila():
            login.wait(threading.TIMEOUT_MAX if seconds is None else seconds)
    except KeyboardInterrupt:
        is_interrupted = True
    if not is_done() and (is_interrupted or seconds is None):
        _stop_cell(kernel, texts.RELOAD if is_voila() else texts.RUN_AGAIN)


def _poll(is_done: Callable[[], bool], handle: Callable[[], None], seconds: float | None) -> None:
    end = time.monotonic() + (threading.TIMEOUT_MAX if seconds is None else seconds)
    while not is_done() and time.monotonic() < end:
        handle()
        time.sleep(_PAUSE)


def _holds_widgets_back(kernel: Any) -> bool:
    """Return whether the frontend sends nothing of its widgets while a cell runs.

    Voila shows them when all cells have run. VS Code queues their messages behind the cell
    (microsoft/vscode-jupyter#17360); its kernels are known by a variable of theirs. Colab sends them, as far
    as is known (Kirill888/jupyter-ui-poll#18).
    """
    return is_voila() or "__vsc_ipynb_file__" in kernel.shell.user_ns


@contextlib.contextmanager
def _note(cell: int | None) -> Iterator[None]:
    """Say what the cell waits for, unless the panel stands right there."""
    note = Output()
    if running_cell() != cell:
        note.show(_html(texts.CELL_WAITS), texts.CELL_WAITS)
    try:
        yield
    finally:
        note.clear()


def _stop_cell(kernel: Any, why: str) -> None:
    """Raise ``LoginRequired``, and let IPython show its sentence as plain text, once."""
    if kernel is None:
        raise LoginRequired(why)
    shell = kernel.shell
    before = shell.custom_exceptions, shell.CustomTB

    def restore(*_: Any) -> None:
        shell.custom_exceptions, shell.CustomTB = before
        with contextlib.suppress(ValueError):
            shell.events.unregister("post_run_cell", restore)

    def show(_shell: Any, _type: Any, error: Any, _traceback: Any, tb_offset: Any = None) -> list[str]:
        del tb_offset
        restore()
        Output().show(_html(str(error)), str(error))
        return []

    shell.set_custom_exc((_NotLoggedIn,), show)
    shell.events.register("post_run_cell", restore)  # if the cell catches the error
    raise _NotLoggedIn(why)


def _html(text: str) -> str:
    return f'<p style="margin: 4px 0; opacity: .8">{text}</p>'
