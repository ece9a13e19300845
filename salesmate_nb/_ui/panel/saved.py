"""What a saved notebook shows in place of the panel, without a kernel: HTML, and the same as plain text."""

from __future__ import annotations

from salesmate_nb._auth.stored_logins import plain
from salesmate_nb._display.cards import card
from salesmate_nb._status import Status
from salesmate_nb._ui import texts
from salesmate_nb._ui.offer import host_of, short

# A notebook is saved as it stands, also while its panel waits. If nothing is left of the widget but its id,
# JupyterLab writes "Error displaying widget: model not found" in its place, whatever other forms the output
# has. So the words are an output of their own above the widget's: hidden while the panel with this id is
# alive, and hiding what is left of it. Frontends that drop style sheets show no dead widgets either.
_HIDE = """<style>
@keyframes salesmate-nb-appear {{ from {{ visibility: hidden }} to {{ visibility: visible }} }}
.{id}-saved {{ animation: salesmate-nb-appear 0.5s step-end }}
@media print {{ .{id}-saved {{ animation: none }} }}
body:has(.{id}:not(.jupyter-widgets-disconnected)) .{id}-saved {{ display: none }}
.jp-OutputArea-child:has(.{id}-saved)
  + .jp-OutputArea-child:not(:has(.{id}:not(.jupyter-widgets-disconnected))) {{ display: none }}
</style>"""


def pending_card(panel_id: str) -> tuple[str, str]:
    """Return what is there if the notebook is saved before somebody has logged in: what to do.

    Parameters
    ----------
    panel_id : str
        The class name of the panel's widget.
    """
    shown = card(texts.NOT_LOGGED_IN_YET, {texts.NEXT: texts.RUN_TO_LOG_IN})
    return (
        f'{_HIDE.format(id=panel_id)}<div class="{panel_id}-saved">{shown}</div>',
        f"{texts.NOT_LOGGED_IN_YET}. {texts.WITHOUT_WIDGETS}",
    )


def connected_card(status: Status) -> tuple[str, str]:
    """Return what is there once one is connected.

    It says who is connected to what, and what comes next; all else is folded.
    """
    account = status.workspace or host_of(status.host)
    who = texts.CONNECTED_AS.format(name=status.user, account=account) if status.user else ""
    title = who or texts.CONNECTED_TO.format(account=account)
    next_step = {texts.NEXT: texts.NEXT_STEP}
    details = {name: short(value) for name, value in status.lines().items()}
    return card(title, next_step, is_on=True, folded=details), f"{title}."


def refused_card(problem: str) -> tuple[str, str]:
    """Return what is there if Salesmate does not accept a login that has just been made."""
    reason = short(plain(problem))
    shown = card(texts.NOT_LOGGED_IN_YET, {texts.WHY: reason, texts.NEXT: texts.RUN_TO_LOG_IN})
    return shown, f"{texts.NOT_LOGGED_IN_YET}. {reason}"
