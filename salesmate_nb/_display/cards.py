"""Cards: the HTML by which an object shows itself in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping

# Inline, for frontends that drop style sheets. Text has the color of what is around it, in light and dark.
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
_MARKS = {True: f'<span style="{_TICK}" aria-hidden="true">✓</span>', False: "", None: ""}


def card(
    title: str,
    facts: Mapping[str, object],
    *,
    is_on: bool | None = None,
    folded: Mapping[str, object] | None = None,
) -> str:
    """Return a title and lines of facts as HTML, everything escaped.

    Parameters
    ----------
    title : str
        What it is.
    facts : mapping of str to object
        The lines: a name, and a value that is shown as ``str`` shows it.
    is_on : bool, optional
        Whether to mark it as connected or running.
    folded : mapping of str to object, optional
        More lines, behind "Details".

    Examples
    --------
    >>> "<b>" in card("Settings", {"linkname": "<b>"})
    False
    """
    more = f"<details><summary>Details</summary>{_table(folded)}</details>" if folded else ""
    heading = f'<div style="font-weight:600">{_MARKS[is_on]}{html.escape(title)}</div>'
    return f'<div style="{_BOX}">{heading}{_table(facts)}{more}</div>'


def _table(facts: Mapping[str, object]) -> str:
    if not facts:
        return ""
    rows = "".join(
        f'<tr style="background:none"><th scope="row" style="{_NAME}">{html.escape(name)}</th>'
        f'<td style="{_VALUE}"><bdi>{html.escape(str(value))}</bdi></td></tr>'
        for name, value in facts.items()
    )
    return f'<table style="{_TABLE}"><tbody>{rows}</tbody></table>'
