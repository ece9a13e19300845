"""connect() and deals_df(): the newest connection, and who is asked to log in."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

import pandas as pd

from salesmate_nb._reading.query import DatetimeLike, TextFilter
from salesmate_nb._snapshot.refresh import Refresh
from salesmate_nb._ui.frontend import Frontend, frontend
from salesmate_nb.client import Salesmate
from salesmate_nb.errors import SettingsError
from salesmate_nb.settings import Settings


class RunningSandbox(Protocol):
    """What `connect` needs of a sandbox: its settings, and a person who follows a login's link."""

    approve: str
    settings: Any

    def visit(self, login_url: str) -> None:
        """Follow the link to the end, as a person in a browser would."""


def connect(
    target: Settings | RunningSandbox | None = None, *, profile: str = "default", wait: float = 0.0
) -> Salesmate:
    """Connect to Salesmate, asking a person to log in only where it must.

    Tried in order: an access key; a cached token that still lives; a cached token renewed; a person,
    by a panel in a notebook or a prompt in a terminal. Where nobody is there, the connection stays
    pending. A second call while a login is pending shows the same login again, so a tab that is already
    open still works; once it is done, further calls and new kernels are silent.

    Parameters
    ----------
    target : Settings or Sandbox, optional
        What to connect to; by default what :meth:`Settings.load` reads.
    profile : str
        A name to keep this login under, for those who have several.
    wait : float
        Seconds to block for the redirect to arrive, so that a notebook's "Run All" goes on logged in.
        Where it cannot be caught there is nothing to wait for: then the address has to be pasted.

    Returns
    -------
    Salesmate
        The connection, which module-level :func:`deals_df` uses from now on. While it is pending,
        its data calls raise ``LoginRequired``.

    Raises
    ------
    SettingsError
        Where the settings cannot work, or hold neither an access key nor a client id.
    ConnectionFailed, ApiError
        Where a token had to be renewed and the token endpoint did not answer. The token is kept.

    Examples
    --------
    >>> from salesmate_nb import connect, sandbox
    >>> with sandbox.start() as box:
    ...     connect(box).authorized
    True
    """
    settings, box = _resolve(target)
    with _connecting:
        connection = _pending.pop((settings, profile), None) or _new(settings, profile)
        _newest[:] = [connection]
        connection.renew()
        if not connection.authorized:
            _pending[settings, profile] = connection
            _log_in(connection, box, wait)
    return connection


def deals_df(
    *,
    status: TextFilter = None,
    stage: TextFilter = None,
    pipeline: TextFilter = None,
    owner: TextFilter = None,
    modified_since: DatetimeLike = None,
    created_since: DatetimeLike = None,
    columns: Sequence[str] | None = None,
    limit: int | None = None,
    progress: bool | None = None,
    wait: bool = True,
    refresh: Refresh | None = None,
) -> pd.DataFrame:
    """Read deals into a frame over the newest connection, or over one made from the settings.

    Arguments, frame and errors are those of :meth:`Salesmate.deals_df`.

    Examples
    --------
    >>> from salesmate_nb import connect, deals_df, sandbox
    >>> with sandbox.start(deals=500) as box:
    ...     connection = connect(box)
    ...     won = deals_df(status="Won", columns=["id", "title", "deal_value"])
    >>> list(won.columns)
    ['id', 'title', 'deal_value']
    """
    connection = _newest[0] if _newest else _offline() if refresh == "never" else connect()
    return connection.deals_df(
        status=status,
        stage=stage,
        pipeline=pipeline,
        owner=owner,
        modified_since=modified_since,
        created_since=created_since,
        columns=columns,
        limit=limit,
        progress=progress,
        wait=wait,
        refresh=refresh,
    )


_connecting = threading.RLock()
_pending: dict[tuple[Settings, str], Salesmate] = {}
_newest: list[Salesmate] = []


def _log_in(connection: Salesmate, box: RunningSandbox | None, wait: float) -> None:
    """Show the pending login to whoever is there, and wait for it where that is asked."""
    from salesmate_nb._ui import panel, prompt  # noqa: PLC0415 - widgets and prompts are loaded when shown

    login = connection.pending_login()
    login.renew()
    if box is not None and box.approve == "auto":
        box.visit(login.url)
        return
    # nothing that is pasted arrives while we block, so that waiting is for what the listener catches
    waits = wait > 0 and bool(login.url) and login.is_listening
    there = frontend()
    if there is Frontend.NOTEBOOK:
        panel.show(login, lambda: connection.status().lines())
    elif there is Frontend.TERMINAL and not waits:
        prompt.ask(login)
    elif waits:
        prompt.announce(login, tries_browser=there is Frontend.TERMINAL)
        prompt.say(f"Waiting up to {wait:.0f} s for Salesmate; Ctrl+C ends it.")
    if waits:
        login.wait(wait)


def _offline() -> Salesmate:
    """Return a connection that may do without a login, since it makes no call."""
    return Salesmate(Settings.load())


def _new(settings: Settings, profile: str) -> Salesmate:
    try:
        return Salesmate(settings, profile=profile)
    except SettingsError:
        if not settings.client_id and frontend() is Frontend.NOTEBOOK:
            from salesmate_nb._ui import panel  # noqa: PLC0415 - widgets are loaded when shown

            panel.show_no_credentials()
        raise


def _resolve(target: Settings | RunningSandbox | None) -> tuple[Settings, RunningSandbox | None]:
    if target is None:
        return Settings.load(), None
    if isinstance(target, Settings):
        return target, None
    try:
        return Settings(**target.settings), target
    except (AttributeError, TypeError) as err:
        raise SettingsError(
            f"connect() was given a {type(target).__name__}. Give it Settings, a running sandbox, or nothing."
        ) from err
