"""What a notebook shows as HTML, and everything else as the same in plain text."""

from __future__ import annotations

import html


class Shown:
    """Shows its ``str`` as text, and its HTML in a notebook; nothing at all if the text is empty."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        lines = "<br>".join(map(html.escape, str(self).splitlines()))
        return f"<p>{lines}</p>" if lines else ""

    def _ipython_display_(self) -> None:
        from IPython.display import display  # noqa: PLC0415 - only notebooks ask

        if text := str(self):
            display({"text/plain": text, "text/html": self._repr_html_()}, raw=True)


class Sentence(Shown, str):
    """One or more sentences, without quotation marks in a notebook; empty if there is nothing to say.

    Examples
    --------
    >>> Sentence("No deal is open.")
    No deal is open.
    """

    __slots__ = ()
