"""Sentences that a notebook shows as text."""

from __future__ import annotations

import html


class Sentence(str):
    """One or more sentences, which a notebook shows without quotation marks.

    Examples
    --------
    >>> Sentence("No deal is open.")
    No deal is open.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self)}</p>"
