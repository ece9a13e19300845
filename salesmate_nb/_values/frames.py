"""What a person passes as a frame."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.errors import SalesmateError


def check_frame(given: object, function: str) -> None:
    """Check that something is a DataFrame.

    Parameters
    ----------
    given : object
        What was passed.
    function : str
        The function that it was passed to, for the message.

    Raises
    ------
    SalesmateError
        If it is anything else; the message says how a Series becomes one.

    Examples
    --------
    >>> check_frame(pd.DataFrame(), "to_excel()")
    """
    if not isinstance(given, pd.DataFrame):
        remedy = " Make it one, by .to_frame()." if isinstance(given, pd.Series) else ""
        raise SalesmateError(f"{function} takes a DataFrame, not {type(given).__name__}.{remedy}")
