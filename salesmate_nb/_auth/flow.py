"""The login flow: consent URL, authorization response and token; no user interface."""

from __future__ import annotations

import contextlib
import errno
import logging
import threading
import weakref
from collections.abc import Callable
from enum import Enum
from http import HTTPStatus
from urllib.parse import urlsplit

from salesmate_nb._api.response import error_words
from salesmate_nb._auth.oauth import callback, loopback, token_endpoint
from salesmate_nb._auth.oauth.landing_page import BrowserPage
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base.fork import fork_safe_lock
from salesmate_nb._base.secret.frames import hides
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.urls import is_loopback
from salesmate_nb.errors import LoginDenied, LoginError, SalesmateError, StateMismatch
from salesmate_nb.settings import Settings

log = logging.getLogger("salesmate_nb")

LIFETIME = 600.0  # seconds for a person to find the password and allow access

_listening: weakref.WeakValueDictionary[int, LoginFlow] = weakref.WeakValueDictionary()  # by port


class LoginState(Enum):
    """The state of a login."""

    WAITING = "waiting"
    EXPIRED = "expired"
    EXCHANGING = "exchanging"
    DONE = "done"


class LoginFlow:
    """One pending login, shared by every panel and prompt that shows it, and its server.

    Creating it has no effect; reading :attr:`url` for the first time makes the URL and starts the
    loopback server. A wrong paste, a denial or a failed exchange leaves it usable. After ten minutes,
    or when another login of this process needs its port, it expires: the server stops, and :attr:`url`
    is a new one when it is next read.

    Parameters
    ----------
    settings : Settings
        With a client id.
    on_token : callable
        Called with the token when one is issued.

    Attributes
    ----------
    phase : LoginState
        Its state.
    message : str
        What was wrong with the last attempt, or empty.
    obstacle : str
        Why the loopback server cannot receive the redirect, or empty.
    is_awaited : bool
        Whether :meth:`wait` is blocking, so that a notebook cannot process a paste.
    """

    def __init__(self, settings: Settings, on_token: Callable[[Token], None]) -> None:
        self.phase = LoginState.WAITING
        self.message = ""
        self.obstacle = ""
        self.is_awaited = False
        self._settings = settings
        self._on_token = on_token
        self._authorization: token_endpoint.AuthorizationRequest | None = None
        self._server: loopback.LoopbackServer | None = None
        self._expiry: threading.Timer | None = None
        self._over = threading.Event()
        self._lock = fork_safe_lock()
        self._watchers: list[Callable[[LoginFlow], None]] = []

    @property
    def url(self) -> str:
        """The URL where the person allows access; the same one for ten minutes."""
        with self._lock:
            if self._authorization is None or self.phase is LoginState.EXPIRED:
                self._authorization = token_endpoint.build_authorization_request(
                    self._settings, self._listen()
                )
                self.phase = LoginState.WAITING
                self._over.clear()
                self._expiry = threading.Timer(LIFETIME, self.expire)
                self._expiry.daemon = True
                self._expiry.start()
            return self._authorization.url

    def renew(self) -> None:
        """Make a new URL if the old one has expired, and notify the watchers."""
        with self._lock:
            if self.phase is LoginState.EXPIRED and self.url:
                self._move(LoginState.WAITING)

    @property
    def redirect_uri(self) -> str:
        """Where the authorization response is sent."""
        request = self._authorization
        return self._settings.redirect_uri if request is None else request.redirect_uri

    @property
    def is_listening(self) -> bool:
        """Whether the loopback server receives the redirect; otherwise its URL has to be pasted."""
        return self._server is not None and self._server.is_open

    @hides("pasted")
    def finish(self, pasted: str | Secret) -> None:
        """Complete the login with a redirect's URL, its query string, or the bare code.

        Raises
        ------
        LoginError
            If it does not complete this login; the login stays usable.
        """
        self._complete(callback.unwrapped(Secret(pasted)))
        self._over.set()

    def wait(self, seconds: float) -> bool:
        """Block until the login is done and the browser has its page, or it expires, or time is up.

        Parameters
        ----------
        seconds : float
            The longest time to wait.

        Returns
        -------
        bool
            Whether the login is done.
        """
        try:
            self._set_awaited(True)
            self._over.wait(seconds)
        finally:
            self._set_awaited(False)
        return self.phase is LoginState.DONE

    def subscribe(self, watcher: Callable[[LoginFlow], None]) -> None:
        """Call `watcher` at each change of an attribute, in the thread that changes it."""
        self._watchers.append(watcher)

    def unsubscribe(self, watcher: Callable[[LoginFlow], None]) -> None:
        """Stop calling `watcher`."""
        with contextlib.suppress(ValueError):
            self._watchers.remove(watcher)

    def expire(self) -> None:
        """Invalidate the URL if the login is still waiting, and stop the loopback server."""
        with self._lock:
            if self.phase is LoginState.WAITING and self._authorization is not None:
                self.close()
                self._move(LoginState.EXPIRED)
                self._over.set()

    def supersede(self) -> None:
        """End it because the person has logged in another way."""
        with self._lock:
            self.close()
            self._move(LoginState.DONE)
            self._over.set()

    def close(self) -> None:
        """Stop the loopback server."""
        if self._expiry is not None:
            self._expiry.cancel()
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _complete(self, pasted: Secret) -> None:
        with self._lock:
            if self.phase is LoginState.DONE:
                return
            try:
                response = callback.parse_authorization_response(pasted)
                authorization = self._check(response)
                self._move(LoginState.EXCHANGING)
                token = token_endpoint.exchange_code(self._settings, authorization, response.code or Secret())
                self._on_token(token)
                log.info("logged in at %s", self._settings.token_url)
            except BaseException as err:
                is_ours = isinstance(err, SalesmateError)
                message = str(err) if is_ours else "The login was interrupted. Try again."
                self._move(LoginState.WAITING, message)
                raise
            self._move(LoginState.DONE)
        self.close()

    def _listen(self) -> str:
        """Start the loopback server if the redirect leads to this machine; return the redirect URI."""
        self.close()
        self.obstacle = ""
        parts = urlsplit(self._settings.redirect_uri)
        if parts.scheme != "http" or not is_loopback(self._settings.redirect_uri):
            return self._settings.redirect_uri
        port = 80 if parts.port is None else parts.port
        older = _listening.get(port)
        if older is not None and older is not self:
            older.expire()
        try:
            server = loopback.LoopbackServer(self._settings.redirect_uri, self._on_redirect)
        except OSError as err:
            self.obstacle = _obstacle(port, err)
            log.info("cannot listen on port %d (%s): the URL has to be pasted", port, err.strerror)
            return self._settings.redirect_uri
        self._server = server
        _listening[server.port] = self
        return server.redirect_uri

    def _check(self, response: callback.AuthorizationResponse) -> token_endpoint.AuthorizationRequest:
        """Return the request that `response` belongs to; a bare code has no state, and is bound by PKCE."""
        if self._authorization is None:
            raise LoginError("This login has not started. Open its login link first and allow access.")
        if not response.is_bare and (response.error is None or response.state is not None):
            self._check_state(response.state)
        if self._settings.issuer and not response.is_bare and response.issuer != self._settings.issuer:
            raise StateMismatch(
                f"This URL was sent by a login server other than {self._settings.issuer}. "
                "Open the login link shown now; if it happens again, check SALESMATE_ISSUER."
            )
        if response.error == "access_denied":
            raise LoginDenied(
                "Consent was refused on Salesmate's page. Open the login link again to allow access."
            )
        if response.error is not None:
            # without the state it may come from any page, which must not place a sentence here
            fields = {"error": response.error if response.error.isidentifier() else "no reason given"}
            if response.state is not None:
                fields = {"error": response.error, "error_description": response.error_description or ""}
            hide = response.state, response.code, self._authorization.verifier
            words = ": ".join(filter(None, error_words(fields, hide)))
            raise LoginError(f"Salesmate refused the login ({words}). Check how the client is registered.")
        return self._authorization

    def _check_state(self, state: Secret | None) -> None:
        expected = self._authorization.state if self._authorization else Secret()
        if state is None:
            raise StateMismatch("The URL is incomplete: its state is missing. Copy the full URL.")
        if state != expected:
            raise StateMismatch(
                "This URL is from an earlier login attempt, or has other text at its end. Copy it alone, or "
                "open the login link shown now and allow access there."
            )

    def _on_redirect(self, query: Secret, reply: Callable[[BrowserPage], None]) -> None:
        """Complete the login with what the loopback server received, if it has this login's state.

        Without it, it may come from any web page, and nothing changes but what that page shows. A server that
        sends no state with a refusal violates RFC 6749, 4.1.2.1; its user sees the refusal there.
        """
        try:
            response = callback.parse_authorization_response(query)
            if response.state is None:
                raise StateMismatch("The address of this page does not say to which login it belongs.")
            self._check_state(response.state)
            self._complete(query)
        except SalesmateError as err:
            reply(BrowserPage(title="Not connected", text=str(err), status=HTTPStatus.BAD_REQUEST))
            return
        try:
            reply(BrowserPage(title="Access allowed", text="You can close this tab."))
        finally:
            self._over.set()  # only now: whoever waits may end the process, and the browser needs its page

    def _set_awaited(self, awaited: bool) -> None:  # noqa: FBT001 - the value itself
        with self._lock:
            self.is_awaited = awaited
            if self.phase is not LoginState.DONE:
                self._notify()

    def _move(self, phase: LoginState, message: str = "") -> None:
        self.phase, self.message = phase, message
        self._notify()

    def _notify(self) -> None:
        for watcher in tuple(self._watchers):
            with contextlib.suppress(Exception):  # a broken display must not break the login
                watcher(self)


def _obstacle(port: int, err: OSError) -> str:
    """Return why the loopback server cannot listen, in a sentence."""
    if isinstance(err, PermissionError):
        return f"Port {port}, that of the redirect address, needs administrator rights on this computer."
    if err.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program or notebook."
    return f"Port {port} cannot be used ({err.strerror or type(err).__name__})."
