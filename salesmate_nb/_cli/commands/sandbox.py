"""Run a sandbox, whose package is an extra."""

from __future__ import annotations

import argparse
import contextlib
import errno
from collections.abc import Iterator
from typing import Any

from salesmate_nb._base.files import reason
from salesmate_nb._cli.streams import say, say_result
from salesmate_nb.errors import SalesmateError

_OPTIONS = ("port", "deals", "approve", "behavior", "login", "api")
_PORT_REFUSED = {errno.EACCES, errno.EADDRINUSE, errno.EPERM}


def sandbox(options: argparse.Namespace) -> None:
    """Run a local Salesmate until Ctrl+C."""
    with started(**{name: getattr(options, name) for name in _OPTIONS}) as box:
        values = {name: box.settings[name] for name in box.settings.keys()}  # noqa: SIM118 - not a mapping
        say_result("\n".join(f"SALESMATE_{name.upper()}={value}" for name, value in values.items()))
        say("A local Salesmate is running. Put these lines into .env to use it. Press Ctrl+C to stop it.")
        with contextlib.suppress(KeyboardInterrupt):
            box.wait()


@contextlib.contextmanager
def started(**options: Any) -> Iterator[Any]:
    """Start a sandbox for as long as a command needs it.

    Raises
    ------
    SalesmateError
        If its extra is not installed, an option is not valid, or the port cannot be used.
    """
    try:
        from salesmate_nb import sandbox as package  # noqa: PLC0415 - an extra, and the only way to it

        box = package.start(**options)
    except ImportError as err:
        raise SalesmateError(str(err)) from err
    except OSError as err:
        remedy = " Choose another --port." if err.errno in _PORT_REFUSED else ""
        raise SalesmateError(f"The sandbox cannot start: {reason(err)}.{remedy}") from err
    except ValueError as err:
        raise SalesmateError(f"The sandbox cannot start: {err}") from err
    with box:
        yield box
