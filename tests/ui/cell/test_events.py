"""Messages of widgets while a cell runs, in a real kernel."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from jupyter_client.manager import KernelManager

from salesmate_nb._ui.cell import events

WIDGET = """
import ipywidgets, time
from IPython import get_ipython
from salesmate_nb._ui.cell import events
kernel, hits = get_ipython().kernel, []
button = ipywidgets.Button()
button.on_click(lambda _: (hits.append(1), print("clicked")))
print(button.comm.comm_id, end="")
"""
WAIT = """
with events.handled(kernel) as handle:
    while len(hits) < 2:
        handle(); time.sleep(0.01)
print("after", len(hits), end="")
"""


class Notebook:
    """A front end of a kernel: runs cells, clicks, and knows what each cell has shown."""

    def __init__(self, manager):
        self.manager, self.client = manager, manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code):
        """Send a cell, and return its id."""
        return self.client.execute(code)

    def click(self, comm):
        """Send what a front end sends for a click."""
        data = {"comm_id": comm, "data": {"method": "custom", "content": {"event": "click"}}}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", data))

    def read_until(self, done):
        """Return the messages that came until one is `done`, and that one."""
        messages, deadline = [], time.monotonic() + 60
        while not messages or not done(messages[-1]):
            assert time.monotonic() < deadline, messages
            messages.append(self.client.get_iopub_msg(timeout=60))
        return messages

    def finish(self, cell):
        """Read until a cell has ended; return what each cell has shown, in order."""
        messages = self.read_until(
            lambda message: message["content"].get("execution_state") == "idle" and parent(message) == cell
        )
        return [
            (parent(message), message["content"].get("text") or message["content"]["ename"])
            for message in messages
            if message["msg_type"] in {"stream", "error"}
        ]


def parent(message):
    return message["parent_header"].get("msg_id")


@pytest.fixture
def notebook():
    manager = KernelManager()
    manager.start_kernel()
    opened = Notebook(manager)
    yield opened
    opened.client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.slow
def test_clicks_while_a_cell_waits(notebook):
    """Clicks are handled at once; the cells sent after the waiting one run after it, in their order."""
    comm = notebook.finish(notebook.run(WIDGET))[0][1]
    cells = [notebook.run(code) for code in (WAIT, "print('second', end='')", "print('third', end='')")]
    notebook.read_until(lambda message: message["msg_type"] == "execute_input")
    notebook.click(comm)
    notebook.read_until(lambda message: message["content"].get("text") == "clicked\n")
    notebook.click(comm)
    shown = notebook.finish(cells[-1])
    assert shown[-3:] == [(cells[0], "after 2"), (cells[1], "second"), (cells[2], "third")]


@pytest.mark.slow
def test_interrupt(notebook):
    """An interrupt ends the wait and cancels the cells sent after it; the kernel stays usable."""
    notebook.finish(notebook.run(WIDGET))
    cells = [notebook.run(code) for code in (WAIT, "print('second')")]
    notebook.read_until(lambda message: message["msg_type"] == "execute_input")
    time.sleep(0.5)
    notebook.manager.interrupt_kernel()
    assert notebook.finish(cells[-1]) == [(cells[0], "KeyboardInterrupt")]
    last = notebook.run("print('alive', end='')")
    assert notebook.finish(last) == [(last, "alive")]


def test_other_kernels():
    """A kernel without the parts of ipykernel cannot be asked, and neither can one from a thread."""
    parts = {"session": 1, "shell_handlers": 1, "io_loop": 1}
    known = SimpleNamespace(**parts, shell_stream=SimpleNamespace(_recv_callback=None))
    assert events.can_handle(known)
    assert not events.can_handle(None)
    assert not events.can_handle(SimpleNamespace(**parts))
    assert not events.can_handle(SimpleNamespace(shell_stream=known.shell_stream))
    found = []
    thread = threading.Thread(target=lambda: found.append(events.can_handle(known)))
    thread.start()
    thread.join()
    assert found == [False]
