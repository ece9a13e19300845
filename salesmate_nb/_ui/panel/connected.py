"""The static card that replaces the panel once one is connected: HTML, and the same as plain text."""

from __future__ import annotations

from salesmate_nb._status import Status
from salesmate_nb._ui import texts
from salesmate_nb._ui.offer import host_of
from salesmate_nb._ui.panel import markup


def connected_html(status: Status) -> str:
    """Return the card: who is connected to what, what comes next, and details on demand."""
    tick = '<span class="tick" aria-hidden="true">✓</span>'
    headline = f'<h4 role="status">{tick}{markup.escaped(connected_text(status))}</h4>'
    details = f"<details><summary>{texts.DETAILS}</summary>{markup.fact_list(status.lines())}</details>"
    return markup.card(headline + markup.paragraph(texts.NEXT_STEP) + details)


def connected_bundle(status: Status) -> dict[str, str]:
    """Return what a notebook saves: it shows without a kernel, without widgets and without styles."""
    return {"text/html": markup.framed(connected_html(status)), "text/plain": f"{connected_text(status)}."}


def connected_text(status: Status) -> str:
    """Return who is connected to what, in one line."""
    account = status.workspace or host_of(status.host)
    if status.user:
        return texts.CONNECTED_AS.format(name=status.user, account=account)
    return texts.CONNECTED_TO.format(account=account)
