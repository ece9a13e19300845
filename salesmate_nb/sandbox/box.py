"""A running sandbox, and how to start one."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from salesmate_nb.sandbox.app import App
from salesmate_nb.sandbox.crm import Crm
from salesmate_nb.sandbox.data import make_deals
from salesmate_nb.sandbox.grants import Grants
from salesmate_nb.sandbox.journal import Answer, Call, Journal
from salesmate_nb.sandbox.options import Account, Options
from salesmate_nb.sandbox.server import HOST, Server
from salesmate_nb.sandbox.store import Store, load

_PATIENCE = 10.0  # seconds a person waits for a page


class Sandbox:
    """A local Salesmate that is running; :func:`start` makes it.

    It runs until :meth:`stop`, the end of its ``with`` block or the end of the process.

    Parameters
    ----------
    options : Options
        How it behaves.

    Attributes
    ----------
    url, linkname, access_key, approve : str
        Where it answers, its workspace, its access key, and how logins are allowed.
    settings : Account
        What a client has to know; ``connect(box)`` reads it.
    deals : Store
        What it serves, to be changed while it runs.
    """

    def __init__(self, options: Options) -> None:
        records = (
            make_deals(options.deals, seed=options.seed, zone=options.zone)
            if options.data is None
            else load(options.data)
        )
        self._crm = Crm(records, seed=options.seed, zone=options.zone)
        self.deals = self._crm.deals
        self._grants = Grants(options)
        self._journal = Journal()
        self._server = Server(App(options, self._crm, self._grants, self._journal), options.port)
        self._stopped = threading.Event()
        self._stopping = threading.Lock()
        self.url = f"http://{HOST}:{self._server.port}"
        self.linkname = options.linkname
        self.access_key = options.access_key
        self.approve = options.approve
        self.settings = Account(
            client_id=options.client_id,
            client_secret=options.client_secret,
            auth_url=f"{self.url}/oauth/authorize",
            token_url=f"{self.url}/oauth/token",
            revoke_url=f"{self.url}/oauth/revoke",
            api_url=self.url,
            timezone=options.time_zone,
            linkname=options.linkname if options.api == "v4" else None,
            token_cache=Path(tempfile.mkdtemp(prefix="salesmate_nb-sandbox-")),
        )
        atexit.register(self.stop)

    def __repr__(self) -> str:
        state = "stopped" if self._stopped.is_set() else "running"
        return f"<Sandbox {self.url} {state}, {len(self.deals):,} deals, approve={self.approve!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def contacts(self) -> Store:
        """The people whom the deals name, to be changed as deals are."""
        return self._crm["contact"]

    @property
    def companies(self) -> Store:
        """The customers whom the deals name, to be changed as deals are."""
        return self._crm["company"]

    @property
    def activities(self) -> Store:
        """What was and will be done about the deals, to be changed as they are."""
        return self._crm["activity"]

    @property
    def log(self) -> list[Call]:
        """The calls received so far, oldest first."""
        return self._journal.calls()

    @property
    def before_search(self) -> Callable[[], object] | None:
        """What is called before each page of deals is made up; the same as ``deals.before_search``."""
        return self.deals.before_search

    @before_search.setter
    def before_search(self, hook: Callable[[], object] | None) -> None:
        self.deals.before_search = hook

    def script(self, path: str, *answers: Answer) -> None:
        """Put answers in place of the next ones of a path, in turn.

        Parameters
        ----------
        path : str
            ``"/v1/deals"`` for example.
        *answers : Answer
            What comes instead.

        Examples
        --------
        >>> with start(deals=1) as box:
        ...     box.script(
        ...         "/v1/deals", Answer(status=429, headers={"Retry-After": "1"}), Answer(drop="before")
        ...     )
        """
        self._journal.script(path, answers)

    def unscript(self) -> None:
        """Take back all answers that were put in place and not given yet."""
        self._journal.unscript()

    def visit(self, login_url: str) -> None:
        """Play the person in the browser: open a login's address, and go where it leads.

        Where ``approve`` is ``"ask"``, that is the consent page, and nobody answers it.

        Parameters
        ----------
        login_url : str
            The address, as a client shows it.

        Raises
        ------
        RuntimeError
            Where the way ends on a page that says no, or at nobody.
        """
        browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with browser.open(login_url, timeout=_PATIENCE) as page:
                page.read()
        except urllib.error.HTTPError as err:
            with err:
                place = (err.url or "").partition("?")[0]
                raise RuntimeError(f"The login ended at {place}, which answered {err.code}.") from None
        except urllib.error.URLError as err:
            raise RuntimeError(f"The login's way broke off: {err.reason}.") from None

    def revoke_all(self) -> None:
        """End all grants with all their tokens, as an administrator does."""
        self._grants.revoke_all()

    def expire_access_tokens(self) -> None:
        """End all access tokens issued so far; refresh tokens go on."""
        self._grants.expire_access_tokens()

    def wait(self) -> None:
        """Block until another thread stops it, or the person presses Ctrl+C."""
        while not self._stopped.wait(1.0):  # without a timeout, Windows would not hear Ctrl+C
            pass

    def stop(self) -> None:
        """Stop answering, free the port and remove the token cache; a second call does nothing.

        Raises
        ------
        RuntimeError
            Where a thread of it does not end.
        """
        with self._stopping:
            if self._stopped.is_set():
                return
            self._stopped.set()
        atexit.unregister(self.stop)
        shutil.rmtree(self.settings.token_cache, ignore_errors=True)
        self._server.stop()


def start(
    *,
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
    access_key: str = "sandbox-key",
    linkname: str = "sandbox",
    api: str = "v1",
    calls_per_hour: int | None = None,
    latency: float = 0.0,
    id_rules: bool = True,
    time_zone: str = "UTC",
) -> Sandbox:
    """Start a local Salesmate; each call starts another one.

    The keywords are the fields of :class:`Options`, which says what each does.

    Returns
    -------
    Sandbox
        It is running, and a context manager.

    Raises
    ------
    ValueError, OSError
        Where an option cannot work, the data cannot be read or the port is taken.

    Examples
    --------
    >>> with start(deals=20, seed=7) as box:
    ...     box.settings.redirect_uri, len(box.deals)
    ('http://127.0.0.1:0/callback', 20)
    """
    return Sandbox(Options(**locals()))
