"""The card by which a sandbox shows itself in a notebook; a test keeps it like the package's other cards."""

from __future__ import annotations

import html
from collections.abc import Mapping

_BOX = (
    "max-width:640px;box-sizing:border-box;padding:10px 16px;border:1px solid rgba(127,127,127,.4);"
    "border-radius:6px;line-height:1.5"
)
_TABLE = "margin:4px 0 0;border:none;font-size:inherit;background:none"
_NAME = (
    "text-align:left;font-weight:400;opacity:.75;padding:1px 16px 1px 0;white-space:nowrap;vertical-align:top"
)
_VALUE = "text-align:left;padding:1px 0;overflow-wrap:anywhere;white-space:normal"
_TICK = (
    "display:inline-block;width:20px;height:20px;margin-right:8px;border-radius:50%;background:#1b7f4b;"
    "color:#fff;font-size:13px;line-height:20px;text-align:center"
)
_MARKS = {True: f'<span style="{_TICK}" aria-hidden="true">✓</span>', False: ""}


def card(title: str, facts: Mapping[str, object], *, is_on: bool) -> str:
    """Return a title, a mark if it is on, and lines of facts as HTML, everything escaped.

    Examples
    --------
    >>> "&lt;b&gt;" in card("Sandbox", {"workspace": "<b>"}, is_on=True)
    True
    """
    rows = "".join(
        f'<tr style="background:none"><th scope="row" style="{_NAME}">{html.escape(name)}</th>'
        f'<td style="{_VALUE}"><bdi>{html.escape(str(value))}</bdi></td></tr>'
        for name, value in facts.items()
    )
    heading = f'<div style="font-weight:600">{_MARKS[is_on]}{html.escape(title)}</div>'
    table = f'<table style="{_TABLE}"><tbody>{rows}</tbody></table>'
    return f'<div style="{_BOX}">{heading}{table}</div>'
