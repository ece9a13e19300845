"""The static card that replaces the panel once one is connected: HTML, and the same as plain text."""

from __future__ import annotations

from salesmate_nb._display.cards import card
from salesmate_nb._status import Status
from salesmate_nb._ui import texts
from salesmate_nb._ui.offer import host_of, short


def connected_card(status: Status) -> tuple[str, str]:
    """Return what a notebook saves, as HTML and as text: it shows without a kernel, and without widgets.

    It says who is connected to what, and what comes next; all else is folded.
    """
    account = status.workspace or host_of(status.host)
    who = texts.CONNECTED_AS.format(name=status.user, account=account) if status.user else ""
    title = who or texts.CONNECTED_TO.format(account=account)
    next_step = {texts.NEXT: texts.NEXT_STEP}
    details = {name: short(value) for name, value in status.lines().items()}
    return card(title, next_step, is_on=True, folded=details), f"{title}."
