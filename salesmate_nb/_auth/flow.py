"""A login on its way: its address, what comes back, and the token at its end; no user interface."""

from __future__ import annotations

import contextlib
import hmac
import logging
import threading
import weakref
from collections.abc import Callable
from enum import Enum
from http import HTTPStatus
from urllib.parse import urlsplit

from salesmate_nb._auth import callback, loopback, token_endpoint
from salesmate_nb._auth.tokens import Token
from salesmate_nb._redaction import Secret
from salesmate_nb.errors import LoginDenied, LoginError, SalesmateError, StateMismatch
from salesmate_nb._urls import is_loopback
from salesmate_nb.settings import Settings

log = logging.getLogger("salesmate_nb")

LIFETIME = 600.0  # seconds for a person to find the password and allow
_EXCERPT = 200  # characters of the server's own words in a message

_listening: weakref.WeakValueDictionary[int, LoginFlow] = weakref.WeakValueDictionary()  # by port


class LoginState(Enum):
    """Where a login stands."""

    WAITING = "waiting"
    EXPIRED = "expired"
    EXCHANGING = "exchanging"
    DONE = "done"


class LoginFlow:
    """A login that waits for a person, shared by every panel, prompt and listener that shows it.

    It is made without any effect; the address is made, and listened for, when :attr:`url` is first
    asked for. A wrong paste, a denial or a failed exchange leaves it usable. After ten minutes, or when
    another login of this process needs its port, it expires: nothing listens any more, and :attr:`url`
    is a fresh one when it is next asked for.

    Parameters
    ----------
    settings : Settings
        With a client id.
    on_token : callable
        Gets the token when one is issued.

    Attributes
    ----------
    phase : LoginState
        Where it stands.
    message : str
        What was wrong with the last try, or nothing.
    obstacle : str
        Why the redirect cannot be caught though it comes to this machine, or nothing.
    is_awaited : bool
        Whether somebody blocks on it, so that a notebook takes no paste meanwhile.
    """

    def __init__(self, settings: Settings, on_token: Callable[[Token], None]) -> None:
        self.phase = LoginState.WAITING
        self.message = ""
        self.obstacle = ""
        self.is_awaited = False
        self._settings = settings
        self._on_token = on_token
        self._authorization: token_endpoint.AuthorizationRequest | None = None
        self._receiver: loopback.LoopbackServer | None = None
        self._expiry: threading.Timer | None = None
        self._over = threading.Event()
        self._lock = threading.RLock()
        self._watchers: list[Callable[[LoginFlow], None]] = []

    @property
    def url(self) -> str:
        """The address where the person allows; the same one for ten minutes."""
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
        """Make a fresh address where the old one has expired, and tell who watches."""
        with self._lock:
            if self.phase is LoginState.EXPIRED and self.url:
                self._move(LoginState.WAITING)

    @property
    def redirect_uri(self) -> str:
        """Where the answer goes."""
        begun = self._authorization
        return begun.redirect_uri if begun is not None else self._settings.redirect_uri

    @property
    def is_listening(self) -> bool:
        """Whether the redirect will be caught; otherwise its address has to be pasted."""
        return self._receiver is not None and self._receiver.is_open

    def finish(self, pasted: str) -> None:
        """Finish with what came back: a redirect's address, its query string, or the bare code.

        Raises
        ------
        LoginError
            Where what was pasted does not end this login; it can be tried again.
        """
        pasted = Secret(pasted)  # it holds the code, and tracebacks may show arguments
        self._complete(pasted)
        self._over.set()

    def wait(self, seconds: float) -> bool:
        """Block until it is done and the browser has its page, or it expires, at most so long.

        Returns
        -------
        bool
            Whether it is done.
        """
        try:
            self._tell_awaited(True)
            self._over.wait(seconds)
        finally:
            self._tell_awaited(False)
        return self.phase is LoginState.DONE

    def subscribe(self, watcher: Callable[[LoginFlow], None]) -> None:
        """Call `watcher` at each change of what is told here, from the thread that changes it."""
        self._watchers.append(watcher)

    def unsubscribe(self, watcher: Callable[[LoginFlow], None]) -> None:
        """Call `watcher` no more."""
        with contextlib.suppress(ValueError):
            self._watchers.remove(watcher)

    def expire(self) -> None:
        """Take the address back where somebody may still follow it, and stop listening."""
        with self._lock:
            if self.phase is LoginState.WAITING and self._authorization is not None:
                self.close()
                self._move(LoginState.EXPIRED)
                self._over.set()

    def close(self) -> None:
        """Stop listening."""
        if self._expiry is not None:
            self._expiry.cancel()
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.close()

    def _complete(self, pasted: str) -> None:
        with self._lock:
            if self.phase is LoginState.DONE:
                return
            try:
                came = callback.parse_authorization_response(pasted)
                authorization = self._check(came)
                self._move(LoginState.EXCHANGING)
                token = token_endpoint.exchange_code(self._settings, authorization, came.code or Secret())
                self._on_token(token)
                log.info("logged in at %s", self._settings.token_url)
            except BaseException as err:
                self._move(
                    LoginState.WAITING,
                    str(err) if isinstance(err, SalesmateError) else "That was interrupted.",
                )
                raise
            self._move(LoginState.DONE)
        self.close()

    def _listen(self) -> str:
        """Start listening, where the redirect comes to this machine, and return the redirect address."""
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
            receiver = loopback.LoopbackServer(self._settings.redirect_uri, self._on_redirect)
        except OSError as err:
            self.obstacle = f"Port {port} is in use by another program or notebook."
            log.info("cannot listen on port %d (%s): the address has to be pasted", port, err.strerror)
            return self._settings.redirect_uri
        self._receiver = receiver
        _listening[receiver.port] = self
        return receiver.redirect_uri

    def _check(self, came: callback.AuthorizationResponse) -> token_endpoint.AuthorizationRequest:
        """Return the authorization that `came` answers; PKCE binds a bare code, which carries no state."""
        if self._authorization is None:
            raise LoginError("This login has not begun. Open its link first, and allow.")
        if not came.is_bare and (came.error is None or came.state is not None):
            self._check_state(came.state)
        if self._settings.issuer and not came.is_bare and came.issuer != self._settings.issuer:
            raise StateMismatch(
                f"That address came from another login server than {self._settings.issuer}. "
                "Open the link shown now; if this goes on, check SALESMATE_ISSUER."
            )
        if came.error == "access_denied":
            raise LoginDenied("Consent was refused on Salesmate's page. Open the link again to allow.")
        if came.error is not None:
            # without the state it may be any page's; it is not to put sentences of its own here
            words = came.error if came.error.isidentifier() else "for a reason it does not name"
            if came.state is not None:
                words = ": ".join(filter(None, (came.error, came.error_description)))
            raise LoginError(
                f"Salesmate refused the login ({words[:_EXCERPT]}). Check how the client is registered."
            )
        return self._authorization

    def _check_state(self, state: str | None) -> None:
        expected = self._authorization.state if self._authorization else ""
        if state is None:
            raise StateMismatch("That address is not whole: its state is missing. Copy all of it.")
        if not hmac.compare_digest(state.encode(errors="replace"), expected.encode()):
            raise StateMismatch(
                "That address is from an earlier login attempt. Open the link shown now, and allow there."
            )

    def _on_redirect(self, query: str, reply: Callable[[loopback.BrowserPage], None]) -> None:
        """Finish with what the listener caught, if it has this login's state; else leave the login alone.

        A refusal without any state is let through, as some servers send it so; it ends nothing.
        """
        try:
            came = callback.parse_authorization_response(query)
            if came.error is None or came.state is not None:
                self._check_state(came.state)
            self._complete(query)
        except SalesmateError as err:
            reply(loopback.BrowserPage(title="Not connected", text=str(err), status=HTTPStatus.BAD_REQUEST))
            return
        reply(loopback.BrowserPage(title="Connected to Salesmate", text="You can close this tab."))
        self._over.set()  # now, since who waits may end the process, and with it the browser's page

    def _tell_awaited(self, awaited: bool) -> None:  # noqa: FBT001 - the value itself
        with self._lock:
            self.is_awaited = awaited
            if self.phase is not LoginState.DONE:
                self._tell()

    def _move(self, phase: LoginState, message: str = "") -> None:
        self.phase, self.message = phase, message
        self._tell()

    def _tell(self) -> None:
        for watcher in tuple(self._watchers):
            with contextlib.suppress(Exception):  # a broken display must not break the login
                watcher(self)
