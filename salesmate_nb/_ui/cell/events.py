"""The events of widgets, handled while a cell runs; by default a kernel handles them when it has ended."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

_WIDGET_MESSAGES = frozenset({"comm_open", "comm_msg", "comm_close"})
_POLLIN = 1  # zmq.POLLIN


def can_handle(kernel: Any) -> bool:
    """Return whether the kernel is one whose widget messages can be read while a cell runs.

    That is ipykernel 6 and 7, in the main thread, which runs the cells. JupyterLab 4.4 or later with
    ipykernel 7 also handles widgets in a thread of their own.
    """
    is_main = threading.current_thread() is threading.main_thread()
    parts = (getattr(kernel, name, None) for name in ("session", "shell_handlers", "io_loop"))
    return is_main and all(parts) and hasattr(_shell_stream(kernel), "_recv_callback")


@contextlib.contextmanager
def handled(kernel: Any) -> Iterator[Callable[[], None]]:
    """Take the kernel's messages while a cell waits.

    Messages of widgets are handled at each call of the function that this yields. All others, such as the
    cells that "Run All" sends next, are given back at the end, in their order.

    Parameters
    ----------
    kernel : ipykernel.kernelbase.Kernel
        For which :func:`can_handle` is true.

    Yields
    ------
    callable
        Handles what has arrived; does not wait.
    """
    stream = _shell_stream(kernel)
    receive = stream._recv_callback  # noqa: SLF001 - pyzmq has no other way to put it back
    arrived: deque[Any] = deque()
    others: list[Any] = []
    stream.on_recv(arrived.append, copy=False)

    def handle() -> None:
        stream.flush(_POLLIN)
        while arrived:
            frames = arrived.popleft()
            if _message_type(kernel, frames) in _WIDGET_MESSAGES:
                _dispatch(kernel, frames)
            else:
                others.append(frames)

    try:
        yield handle
    finally:
        stream.on_recv(receive, copy=False)
        for frames in (*others, *arrived):
            task = receive(frames)  # ipykernel 6 queues it at once, so that a failed cell cancels it
            if inspect.isawaitable(task):
                asyncio.ensure_future(task)  # noqa: RUF006 - as pyzmq does it


def _shell_stream(kernel: Any) -> Any:
    """Return the stream that brings requests to the thread of the cells; ipykernel 7 has a thread between."""
    thread = getattr(kernel, "shell_channel_thread", None)
    if thread is None:
        return getattr(kernel, "shell_stream", None)
    return thread.manager.get_shell_channel_to_subshell_pair(None).to_stream


def _message_type(kernel: Any, frames: Any) -> str:
    """Return the type of a message without checking its signature, which is accepted only once."""
    _, parts = kernel.session.feed_identities(frames, copy=False)
    if len(parts) < 2:  # noqa: PLR2004 - ipykernel's own mark that it stops aborting cells
        return ""
    return str(kernel.session.unpack(parts[1].bytes).get("msg_type"))


def _dispatch(kernel: Any, frames: Any) -> None:
    """Let the kernel's handler handle a message; then output belongs to the running cell again."""
    cell, cell_ident = kernel.get_parent("shell"), kernel._parent_ident["shell"]  # noqa: SLF001 - as below
    ident, parts = kernel.session.feed_identities(frames, copy=False)
    message = kernel.session.deserialize(parts, content=True, copy=False)
    kernel.set_parent(ident, message, channel="shell")
    kernel._publish_status("busy", "shell")  # noqa: SLF001 - a widget sends its next message after both
    try:
        kernel.shell_handlers[message["header"]["msg_type"]](_shell_stream(kernel), ident, message)
        for output in (sys.stdout, sys.stderr):
            output.flush()
    finally:
        kernel._publish_status("idle", "shell")  # noqa: SLF001
        kernel.set_parent(cell_ident, cell, channel="shell")
        kernel._publish_status("busy", "shell")  # noqa: SLF001 - the cell is still running
