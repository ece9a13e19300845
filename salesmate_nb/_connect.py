"""connect() and deals_df(): the newest connection, and who is asked to log in."""

from __future__ import annotations

from typing import Any, Protocol

import pandas as pd

from salesmate_nb._auth.token_stores.base import TokenStore
from salesmate_nb._auth.token_stores.memory import MemoryTokenStore
from salesmate_nb._base.fork import fork_safe_lock
from salesmate_nb._base.signatures import same_arguments_as_method
from salesmate_nb._display.output import running_cell
from salesmate_nb._ui.frontend import Frontend, frontend, has_kernel
from salesmate_nb._ui.offer import LoginOffer
from salesmate_nb._values.times import DatetimeLike
from salesmate_nb.client import Salesmate
from salesmate_nb.errors import SettingsError
from salesmate_nb.settings import Refresh, Settings


class RunningSandbox(Protocol):
    """What `connect` needs of a sandbox: its settings, and a person who follows a login's link."""

    approve: str
    settings: Any

    def visit(self, login_url: str) -> None:
        """Follow the link to the end, as a person in a browser would."""


def connect(
    target: Settings | RunningSandbox | None = None,
    *,
    profile: str = "default",
    wait: float = 0.0,
    token_store: TokenStore | None = None,
) -> Salesmate:
    """Connect to Salesmate; ask a person to log in only if needed.

    Tried in order: the Session Key of the settings; the stored login of the profile, a Session Key or a token
    that is valid or can be refreshed; a person, by a panel in a notebook or a prompt in a terminal. If nobody
    can be asked, the connection stays pending. A stored login knows its workspace and host, so it needs no
    settings, and is sent nowhere else: settings that name another host or workspace need their own login.
    A second call while a login is pending shows the same login again, so a tab that is already open still
    works. Once it is done, further calls and new kernels do not ask again.

    Parameters
    ----------
    target : Settings or Sandbox, optional
        What to connect to; by default what :meth:`Settings.load` reads.
    profile : str
        The name under which this login is stored, for those who have several.
    wait : float
        Seconds to wait here until somebody has logged in. In a notebook the panel can be used while it waits.
        Reads wait at the panel in any case, so that "Run All" works. Elsewhere this waits for the redirect
        alone: if it cannot be received, the address has to be pasted.
    token_store : TokenStore, optional
        Where this login is stored; by default where the setting ``SALESMATE_TOKEN_STORE`` says.

    Returns
    -------
    Salesmate
        The connection, which module-level :func:`deals_df` uses from now on. While it is pending,
        its data calls raise ``LoginRequired``. Several people may share a process that is not a Jupyter
        kernel, such as a web server. There, with ``SALESMATE_TOKEN_STORE=memory`` or a `token_store`, each
        call returns a connection of its own, and :func:`deals_df` uses none of them: call the methods of
        the connection.

    Raises
    ------
    SettingsError
        If the settings are not valid.
    ConnectionFailed, ApiError
        If a token had to be refreshed and the token endpoint did not respond. The token is kept.

    Examples
    --------
    >>> from salesmate_nb import connect, sandbox
    >>> with sandbox.start() as box:
    ...     connect(box).authorized
    True
    """
    settings, box = _resolve(target)
    is_personal = has_kernel() or (token_store is None and settings.token_store != "memory")  # noqa: S105
    if not is_personal:  # several people may share the process, so nobody gets the connection of another
        connection = Salesmate(settings, profile=profile, token_store=token_store)
    else:
        connection = _personal_connection(settings, profile, token_store)
    connection.renew()
    if not connection.authorized:
        _log_in(connection, box, wait)
    return connection


@same_arguments_as_method(Salesmate.deals_df)
def deals_df(**arguments: Any) -> pd.DataFrame:
    """Read deals into a DataFrame over the newest connection, or over one made from the settings.

    Parameters
    ----------
    status, stage, pipeline, owner : str, int or list of them, optional
        Keep deals with one of these values, without regard to case; an owner by full name or id.
    modified_since, created_since, closed_since : datetime, date, timedelta, str or other, optional
        Keep deals modified, created, or closed, at this time or later; text is ISO 8601, or an age: ``"7d"``.
    modified_until, created_until, closed_until : datetime, date, timedelta, str or other, optional
        The same with the time up to which to keep them; a day is included to its end, but a
        datetime or Timestamp is exact: ``pd.Timestamp("2026-01-31")`` is midnight.
    where : mapping of str to object, optional
        By column, what to keep: a value, a list of values, or ``{"min": ..., "max": ...}``.
    columns : str or sequence of str, optional
        Columns of the frame, in that order; by default all.
    url : bool
        Whether to add the column ``deal_url``, the address of the deal's page in Salesmate.
    limit : int, optional
        Rows in all.
    progress : bool, optional
        Whether to show a progress bar; by default in a notebook or a terminal only.
    wait : bool
        Whether to wait if the account's hourly limit is reached; if not, ``RateLimited`` is raised.
    refresh : {"auto", "full", "never", "live"}, optional
        How to use the snapshot; by default as the setting ``SALESMATE_REFRESH`` says, or else ``"live"``:
        every row is read from the server.
    allow_incomplete : bool
        Whether to return what there is if the server counts deals that it does not return.
    as_of : datetime, date, Timestamp, datetime64 or str, optional
        Return the deals as they stood then, from the history that refreshes keep; a day means its end.

    Returns
    -------
    pandas.DataFrame
        One row for each deal, ordered by id. :meth:`Salesmate.deals_df` describes arguments, columns and
        errors in full.

    Examples
    --------
    >>> from salesmate_nb import connect, deals_df, sandbox
    >>> with sandbox.start(deals=500) as box:
    ...     connection = connect(box)
    ...     won = deals_df(status="Won", columns=["id", "title", "deal_value"])
    >>> list(won.columns)
    ['id', 'title', 'deal_value']
    """
    connection = _newest[0] if _newest else _connection_for(arguments["refresh"], arguments["as_of"])
    return connection.deals_df(**arguments)


_connecting = fork_safe_lock()
_pending: dict[tuple[Settings, str, int], Salesmate] = {}
_newest: list[Salesmate] = []
_kernel_stores: dict[tuple[Settings, str], TokenStore] = {}  # a kernel serves one person


def _personal_connection(settings: Settings, profile: str, token_store: TokenStore | None) -> Salesmate:
    """Return the connection whose login is pending, or a new one; it becomes the newest of this process."""
    with _connecting:
        if token_store is None and settings.token_store == "memory":  # noqa: S105 - a kind of store
            token_store = _kernel_stores.setdefault((settings, profile), MemoryTokenStore())
        key = (settings, profile, id(token_store))
        connection = _pending.get(key)
        if connection is None or connection.authorized:
            connection = _pending[key] = Salesmate(settings, profile=profile, token_store=token_store)
        _newest[:] = [connection]
        return connection


def _log_in(connection: Salesmate, box: RunningSandbox | None, wait: float) -> None:
    """Show the pending login to whoever can see it, and wait for it if asked to."""
    from salesmate_nb._ui import prompt, texts  # noqa: PLC0415 - prompts are loaded when shown

    there = frontend()
    offer = _offer(connection)
    login = offer.flow
    if login is not None:
        login.renew()
        if box is not None and box.approve == "auto":
            box.visit(login.url)
            return
    waits = wait > 0 and login is not None and bool(login.url) and login.is_listening
    if there is Frontend.NOTEBOOK:
        from salesmate_nb._ui.panel import panel  # noqa: PLC0415 - widgets are loaded when shown

        connection.login_panel = panel.show(offer)
        connection.panel_cell = running_cell()
        if wait > 0:
            connection.login_panel.wait(wait)
    elif there is Frontend.TERMINAL and not waits:
        prompt.ask(offer)
    elif waits and login is not None:
        prompt.announce(login, tries_browser=there is Frontend.TERMINAL)
        prompt.say(texts.WAITING_UP_TO.format(seconds=wait))
        login.wait(wait)


def _offer(connection: Salesmate) -> LoginOffer:
    """Return what the panel and the prompt show of a pending login."""
    return LoginOffer(
        settings=connection.settings,
        profile=connection.profile,
        stored_in=connection.status().token_location,
        with_key=connection.login_with_key,
        status=connection.status,
        identify=connection.identify,
        is_authorized=lambda: connection.authorized,
        hosts=connection.unusual_hosts,
        flow=connection.pending_login() if connection.has_login_link else None,
        reason=connection.login_reason,
        had_key=connection.had_key,
        has_refused_key=connection.has_refused_key,
    )


def _connection_for(refresh: Refresh | None, as_of: DatetimeLike) -> Salesmate:
    """Return a connection from the settings, without a login if a read makes no request."""
    offline = Salesmate(Settings.load())
    return offline if offline.is_offline(refresh, as_of) else connect()


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
