"""Warnings that point at the user's own line."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from pathlib import Path

_PACKAGE = str(Path(__file__).parents[1]) + os.sep


def warn(message: str) -> None:
    """Issue a ``UserWarning`` located at the innermost caller outside this package.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn("2 values are missing")
    >>> [(str(warning.message), warning.filename.startswith(_PACKAGE)) for warning in caught]
    [('2 values are missing', False)]
    """
    level, frame = 1, sys._getframe()  # noqa: SLF001 - as pandas does, to count the frames to skip
    while frame.f_back is not None and _is_ours(frame.f_code.co_filename):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


def _is_ours(filename: str) -> bool:
    return filename.startswith(_PACKAGE) or filename == contextlib.__file__
