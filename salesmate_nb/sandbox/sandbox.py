"""A running sandbox, and the function that starts it."""

from __future__ import annotations

import atexit
import inspect
import os
import shutil
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from salesmate_nb.sandbox._crm.crm import Crm
from salesmate_nb.sandbox._crm.store import Store, load_records
from salesmate_nb.sandbox._fake_data.deals import make_deals
from salesmate_nb.sandbox._http.card import card
from salesmate_nb.sandbox._http.request_log import LoggedRequest, RequestLog
from salesmate_nb.sandbox._http.scripted_response import ResponseScripts, ScriptedResponse
from salesmate_nb.sandbox._http.server import HOST, Server
from salesmate_nb.sandbox._oauth.token_issuer import TokenIssuer
from salesmate_nb.sandbox.account import account_of
from salesmate_nb.sandbox.app import App
from salesmate_nb.sandbox.options import Behavior, Options

_VISIT_TIMEOUT = 10.0  # seconds


class Sandbox:
    """A running local Salesmate server; :func:`start` starts it.

    It runs until :meth:`stop`, the end of its ``with`` block or the end of the process.

    Parameters
    ----------
    options : Options
        How it behaves.

    Attributes
    ----------
    url, linkname, approve : str
        Its URL, its workspace, and how logins are approved.
    session_key, access_key, app_private_key : str
        The three keys on the page My Account. Only the Session Key works; the others get 403 (measured).
    settings : Account
        The settings that a client needs; ``connect(server)`` reads them.
    deals : Store
        The deals it serves; change them while it runs.
    """

    def __init__(self, options: Options) -> None:
        zone = options.behavior.zone
        deals = (
            make_deals(options.deals, seed=options.seed, zone=zone)
            if options.data is None
            else load_records(options.data)
        )
        self._has_team = options.data is None
        self._crm = Crm(deals, seed=options.seed, zone=zone, links=options.behavior.links)
        self.deals = self._crm.deals
        self._tokens = TokenIssuer(options)
        self._log = RequestLog()
        self._scripts = ResponseScripts()
        self._app = App(options, self._crm, self._tokens, self._log, self._scripts)
        self._server = Server(self._app, options.port, now=self._crm.clock.now)
        self._stopped = threading.Event()
        self._stop_lock = threading.Lock()
        self.url = f"http://{HOST}:{self._server.port}"
        self.linkname = options.linkname
        self.session_key = options.session_key
        self.access_key = f"{options.linkname}-access-key"
        self.app_private_key = f"{options.linkname}-app-private-key"
        self.approve = options.approve
        token_cache = Path(tempfile.mkdtemp(prefix="salesmate_nb-sandbox-"))
        self.settings = account_of(options, self.url, token_cache)
        atexit.register(self.stop)

    def __repr__(self) -> str:
        state = "stopped" if self._stopped.is_set() else "running"
        return f"<Sandbox {self.url} {state}, {len(self.deals):,} deals, approve={self.approve!r}>"

    def _repr_html_(self) -> str:
        is_running = not self._stopped.is_set()
        facts = {
            "address": self.url,
            "workspace": self.linkname,
            "deals": f"{len(self.deals):,}",
            "logins": "allowed at once" if self.approve == "auto" else "on a consent page",
            "requests": f"{len(self.log):,}",
        }
        return card(f"Sandbox: {'running' if is_running else 'stopped'}", facts, is_on=is_running)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def contacts(self) -> Store:
        """The contacts that the deals refer to; change them as you change deals."""
        return self._crm["contact"]

    @property
    def companies(self) -> Store:
        """The companies that the deals refer to; change them as you change deals."""
        return self._crm["company"]

    @property
    def activities(self) -> Store:
        """The open and closed activities of the deals; change them as you change deals."""
        return self._crm["activity"]

    @property
    def log(self) -> list[LoggedRequest]:
        """The requests received so far, oldest first."""
        return self._log.requests()

    @property
    def before_search(self) -> Callable[[], object] | None:
        """A function called before each page of deals is built; the same as ``deals.before_search``."""
        return self.deals.before_search

    @before_search.setter
    def before_search(self, hook: Callable[[], object] | None) -> None:
        self.deals.before_search = hook

    def pass_days(self, days: int) -> None:
        """Let the account's sales team work for some days: create, edit, win, lose and delete deals.

        Deals move through the stages of their pipelines, and are won or lost at the rates of the made-up
        past. Close dates that have passed are postponed after days or weeks, values change, owners
        sometimes; a few deals are reopened, deleted or restored. The same seed and the same calls give the
        same deals, whatever day it is, and two calls give what one call for all their days gives.

        The first call begins on 2026-06-30 at 18:00 UTC, where the made-up past ends. From then on the
        account has its own time: responses have it in their ``Date``, from which snapshots and their history
        take the time of a refresh, and changes that you make by hand get it too. So call ``pass_days(0)``
        before the first refresh. Tokens, keys and the rate limit expire in real time.

        Parameters
        ----------
        days : int
            How many days pass, weekends included; 0 only starts the account's own time.

        Raises
        ------
        ValueError
            If it is not a whole number, 0 or more, or the sandbox serves deals from a file (``data=``).

        Examples
        --------
        >>> with start(deals=600) as server:
        ...     before = {deal["id"]: deal["status"] for deal in server.deals.records()}
        ...     server.pass_days(30)
        ...     after = {deal["id"]: deal["status"] for deal in server.deals.records()}
        >>> won = [number for number in before if before[number] == "Open" and after.get(number) == "Won"]
        >>> len(won), len(after.keys() - before.keys())
        (14, 12)
        """
        if days < 0 or int(days) != days:
            raise ValueError(f"days={days!r} is not valid. Use a whole number, 0 or more.")
        if not self._has_team:
            raise ValueError(
                "pass_days() needs made-up deals, and this sandbox serves those of a file. Start one without "
                "data=, or change the deals by sandbox.deals."
            )
        self._crm.pass_days(int(days))

    def script(self, path: str, *responses: ScriptedResponse) -> None:
        """Script the responses to the next requests to a path, in order.

        Parameters
        ----------
        path : str
            The path, such as ``"/v1/deals"``.
        *responses : ScriptedResponse
            The responses, or connection faults.

        Examples
        --------
        >>> with start(deals=1) as server:
        ...     rate_limited = ScriptedResponse(status=429, headers={"Retry-After": "1"})
        ...     server.script("/v1/deals", rate_limited, ScriptedResponse(drop="before"))
        """
        self._scripts.add(path, responses)

    def unscript(self) -> None:
        """Remove all scripted responses that were not sent yet."""
        self._scripts.clear()

    def visit(self, login_url: str) -> None:
        """Open a login URL and follow its redirects, as a person's browser does.

        With ``approve="ask"`` it opens the consent page and does not submit it.

        Parameters
        ----------
        login_url : str
            The URL that the client shows.

        Raises
        ------
        RuntimeError
            If it ends on an error page, or if nothing listens at the redirect URI.
        """
        browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with browser.open(login_url, timeout=_VISIT_TIMEOUT) as page:
                page.read()
        except urllib.error.HTTPError as err:
            with err:
                url = (err.url or "").partition("?")[0]  # the query may hold a code
                raise RuntimeError(f"The login ended at {url} with HTTP status {err.code}.") from None
        except urllib.error.URLError as err:
            raise RuntimeError(f"The login failed: a page could not be opened: {err.reason}.") from None

    def revoke_all(self) -> None:
        """Revoke all grants with their codes and tokens, as an administrator does."""
        self._tokens.revoke_all()

    def expire_access_tokens(self) -> None:
        """Expire all access tokens issued so far; refresh tokens stay valid."""
        self._tokens.expire_access_tokens()

    def expire_session_key(self) -> None:
        """Expire the Session Key, as Salesmate does after some weeks."""
        self._app.access.session_key.expire()

    def wait(self) -> None:
        """Block until another thread stops the sandbox, or until Ctrl+C."""
        while not self._stopped.wait(1.0):  # without a timeout, Ctrl+C does not interrupt it on Windows
            pass

    def stop(self) -> None:
        """Stop serving, free the port and remove the token cache; a second call does nothing.

        Raises
        ------
        RuntimeError
            If a thread of the server does not end within 5 s.
        """
        with self._stop_lock:
            if self._stopped.is_set():
                return
            self._stopped.set()
        atexit.unregister(self.stop)
        shutil.rmtree(self.settings.token_cache, ignore_errors=True)
        self._app.stop()
        self._server.stop()


def start(
    *,
    behavior: str | Behavior = "measured",
    deals: int = 500,
    data: str | os.PathLike[str] | None = None,
    seed: int = 0,
    port: int = 0,
    approve: str = "auto",
    access_ttl: float = 3600,
    refresh_ttl: float | None = None,
    code_ttl: float = 60,
    rotate: bool = True,
    client_id: str = "sandbox-client",
    client_secret: str | None = "sandbox-secret",  # noqa: S107 - made up
    session_key: str = "sandbox-session-key",
    linkname: str = "sandbox",
    api: str = "v4",
    login: str = "oauth",
    **switches: Any,
) -> Sandbox:
    """Start a local Salesmate server; each call starts another one.

    Its deals are those of a made-up sales team; :func:`make_deals` describes them, with figures.

    Parameters
    ----------
    behavior : str or Behavior
        How its API behaves: one of ``sandbox.BEHAVIORS``, by default the account that was measured.
        ``"kind"`` keeps the order of pages, and supports every rule.
    **switches
        Single fields of :class:`Behavior` in which it differs, such as ``order="stable"``.

    The other keywords are the fields of :class:`Options`, which documents them.

    Returns
    -------
    Sandbox
        The running server, a context manager.

    Raises
    ------
    ValueError, TypeError, OSError
        If an option is not valid, the data cannot be read or the port is in use.

    Examples
    --------
    >>> with start(deals=20, seed=7) as server:
    ...     server.settings.redirect_uri, len(server.deals)
    ('http://127.0.0.1:0/callback', 20)
    >>> with start(login="session_key", behavior="kind", time_zone="Europe/Berlin") as server:
    ...     sorted(server.settings.keys())
    ['api_url', 'linkname', 'session_key', 'timezone', 'token_cache']
    """
    options = {**locals()}
    options.pop("switches")
    return Sandbox(Options(**{**options, "behavior": Behavior.named(behavior, **switches)}))


def _explain(documented: type) -> str:
    """Return what a docstring says about its parameters."""
    doc = inspect.cleandoc(documented.__doc__ or "")
    return doc.partition("\nParameters\n----------\n")[2].partition("\n\n")[0]


_REFERENCE = "\n\nThe other keywords are the fields of :class:`Options`, which documents them."
start.__doc__ = inspect.cleandoc(start.__doc__ or "").replace(_REFERENCE, f"\n{_explain(Options)}", 1)
