"""A cell that waits for a login: how it ends, and what the notebook shows of it."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest

from salesmate_nb import LoginRequired
from salesmate_nb._ui import texts
from salesmate_nb._ui.cell import waiting
from salesmate_nb._ui.cell.waiting import wait_for_login


class Shell:
    """The parts of IPython that show errors."""

    def __init__(self):
        self.user_ns, self.custom_exceptions, self.CustomTB = {}, (KeyError,), "the user's own"
        self.registered = []
        self.events = SimpleNamespace(
            register=lambda _, callback: self.registered.append(callback),
            unregister=lambda _, callback: self.registered.remove(callback),
        )

    def set_custom_exc(self, exceptions, handler):
        self.custom_exceptions, self.CustomTB = exceptions, handler

    def run(self, cell):
        """Run a cell, and show its error as IPython does; return the lines of a traceback."""
        try:
            cell()
        except self.custom_exceptions as err:
            return self.CustomTB(self, type(err), err, None)


@pytest.fixture
def shown(monkeypatch):
    """Collect the texts that are displayed; None for an output that was emptied."""
    found = []
    output = SimpleNamespace(show=lambda _, text: found.append(text), clear=lambda: found.append(None))
    monkeypatch.setattr(waiting, "Output", lambda: output)
    return found


@pytest.fixture
def kernel(monkeypatch):
    """Run in a kernel that handles widgets while a cell runs; `user` acts while it waits."""
    made = SimpleNamespace(shell=Shell(), user=lambda: None)
    made.handle = lambda: made.user()  # noqa: PLW0108 - a test sets `user` later
    monkeypatch.setattr(waiting, "running_kernel", lambda: made)
    monkeypatch.setattr(waiting, "running_cell", lambda: 1)
    monkeypatch.setattr(waiting.events, "can_handle", lambda _: True)
    monkeypatch.setattr(waiting.events, "handled", lambda _: contextlib.nullcontext(made.handle))
    monkeypatch.setattr(waiting, "_PAUSE", 0.0)
    return made


def interrupt():
    raise KeyboardInterrupt


def test_until_logged_in(kernel, shown):
    """The wait handles what the user does in the panel, and ends with the login; nothing is shown."""
    steps = []
    kernel.user = lambda: steps.append(1)
    wait_for_login(lambda: len(steps) == 3, None, cell=1)
    assert (len(steps), set(shown)) == (3, {None})


def test_panel_of_another_cell(kernel, shown):
    """If an earlier cell shows the panel, the waiting one says so, and removes that at the end."""
    steps = []
    kernel.user = lambda: steps.append(1)
    wait_for_login(lambda: bool(steps), None, cell=0)
    assert shown == [texts.CELL_WAITS, None]


@pytest.mark.parametrize("seconds", [None, 60.0])
def test_interrupt_in_words(kernel, shown, seconds):
    """An interrupt stops the cell with a plain sentence; how IPython shows other errors is untouched."""
    kernel.user = interrupt
    lines = kernel.shell.run(lambda: wait_for_login(lambda: False, None, cell=1, seconds=seconds))
    assert lines == []
    assert shown == [None, texts.RUN_AGAIN]
    assert (kernel.shell.custom_exceptions, kernel.shell.CustomTB) == ((KeyError,), "the user's own")
    assert kernel.shell.registered == []


def test_caught_error(kernel, shown):
    """A cell that catches the error leaves IPython as it was."""
    kernel.user = interrupt
    with pytest.raises(LoginRequired, match="run this cell again"):
        wait_for_login(lambda: False, None, cell=1)
    for callback in list(kernel.shell.registered):
        callback(None)
    assert (kernel.shell.custom_exceptions, kernel.shell.CustomTB) == ((KeyError,), "the user's own")
    assert kernel.shell.registered == []


def test_time_is_up(kernel, shown):
    """A limited wait that is over lets the cell continue."""
    wait_for_login(lambda: False, None, cell=1, seconds=0.01)
    assert shown == [None]


@pytest.mark.parametrize("place", ["unknown kernel", "VS Code", "Voila"])
def test_panel_cannot_be_used(kernel, shown, monkeypatch, place, login):
    """Where widgets wait for the end of the cell, it ends at once, unless the browser alone can log in."""
    if place == "unknown kernel":
        monkeypatch.setattr(waiting.events, "can_handle", lambda _: False)
    elif place == "VS Code":
        kernel.shell.user_ns["__vsc_ipynb_file__"] = "a.ipynb"
    else:
        monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.8")
    kernel.user = lambda: pytest.fail("it polls")
    kernel.shell.run(lambda: wait_for_login(lambda: False, None, cell=1))
    assert shown.pop() == (texts.RELOAD if place == "Voila" else texts.RUN_AGAIN)
    wait_for_login(lambda: hasattr(login, "waited") or place == "Voila", login, cell=1)
    assert hasattr(login, "waited") == (place != "Voila")


def test_no_kernel():
    """Outside a kernel the error is raised as it is."""
    with pytest.raises(LoginRequired):
        wait_for_login(lambda: False, None, cell=None)
