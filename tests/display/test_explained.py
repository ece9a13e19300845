"""What Shift-Tab shows of methods."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from salesmate_nb._display.explained import explained_by

Text = str | Iterable[str]


@explained_by("read")
class Model:
    """A class with shared arguments."""

    def read(self, *, status: Text = "Open", limit: int | None = None) -> list[str]:
        """Read as :func:`open` does.

        Parameters
        ----------
        status : str or list of str
            Keep rows
            with this value.
        limit : int, optional
            Rows in all.

        Returns
        -------
        list of str
            Rows.
        """

    def count(self, path: str, *, status: Text = "Open", **more: Any) -> int:
        """Count rows of :meth:`read`.

        Parameters
        ----------
        path : str
            A path.
        **more
            The rest.

        Raises
        ------
        ValueError
            Never.
        """

    def close(self) -> None:
        """Close it."""

    def _hidden(self, status: Text) -> None: ...


def test_shared_arguments():
    """A method gets the explanations it does not have, in the order of its arguments; sections stay."""
    assert Model.count.__doc__ == (
        "Count rows of `read`.\n\nParameters\n----------\npath : str\n    A path.\n"
        "status : str or list of str\n    Keep rows\n    with this value.\n**more\n    The rest.\n\n"
        "Raises\n------\nValueError\n    Never."
    )
    assert Model.close.__doc__ == "Close it."
    assert Model.read.__doc__.startswith("Read as `open` does.\n\nParameters\n----------\nstatus : str or")
    assert Model.read.__doc__.endswith("Returns\n-------\nlist of str\n    Rows.")


def test_types():
    """Types are spelled out, without quotes and modules; a bound method has no self."""
    shown = "(*, status: str | Iterable[str] = 'Open', limit: int | None = None) -> list[str]"
    assert str(inspect.signature(Model().read)) == shown
    assert inspect.signature(Model.count).parameters["more"].kind is inspect.Parameter.VAR_KEYWORD


def test_private_methods():
    """Private methods stay as they are."""
    assert not hasattr(Model._hidden, "__signature__")
