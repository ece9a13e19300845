"""Every error that this package raises.

::

    SalesmateError
    ├── SettingsError        a setting is missing or not valid
    ├── LoginError           the login was not completed
    │   ├── LoginRequired    nobody is logged in, or the login or Session Key was not accepted
    │   │   └── KeyRefused   the same, or its user lacks the right; also an ApiError
    │   ├── LoginDenied      consent was denied on Salesmate's page
    │   └── StateMismatch    the authorization response belongs to another login attempt
    ├── ApiError             Salesmate returned an error
    │   ├── RateLimited      the account's hourly rate limit is exhausted
    │   ├── NotFound         the record, path or workspace does not exist
    │   └── BadResponse      the response is not what the API documents
    ├── IncompleteRead       not every row could be read, so no frame was made
    └── ConnectionFailed     no complete response: refused, timed out or cut off

    KeyboardInterrupt
    └── Interrupted          a read was interrupted

A message says what happened, where, and what to do next. None contains a secret. A notebook shows the message
alone; ``%tb`` then shows the traceback.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


class _OneSentence:
    """An exception that IPython shows as its message, without a traceback through our code."""

    _was_shown = False

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows: the message, and the second time, as by ``%tb``, the traceback."""
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython else None
        if shell is not None and self._was_shown:
            err: BaseException = self  # type: ignore[assignment] # every subclass is one
            lines: list[str] = shell.InteractiveTB.structured_traceback(type(err), err, err.__traceback__)
            return lines
        self._was_shown = True
        return [f"{type(self).__name__}: {self}"]


class SalesmateError(_OneSentence, Exception):
    """Base class of all errors of this package.

    Attributes
    ----------
    is_transient : bool
        Whether the same request may succeed if it is sent again shortly. Always false for requests to the
        token endpoint, where a second one can end the login.
    """

    is_transient: bool = False


class SettingsError(SalesmateError):
    """A setting is missing or not valid."""


class LoginError(SalesmateError):
    """The login was not completed; the same attempt can still be finished, or a new one started."""


class LoginRequired(LoginError):
    """Nobody is logged in, or the login or Session Key was not accepted: log in, then repeat the request.

    Attributes
    ----------
    code : str or None
        Salesmate's own word for it (``Error.Name``), if it refused a request.
    """

    code: str | None = None


class LoginDenied(LoginError):
    """Consent was denied on Salesmate's page."""


class StateMismatch(LoginError):
    """The authorization response belongs to another login attempt."""


class ApiError(SalesmateError):
    """Salesmate returned an error.

    Attributes
    ----------
    status : int or None
        The HTTP status. A failure can come with 200.
    code, message : str or None
        Salesmate's own words for it (``Error.Name`` and ``Error.Message``), redacted and cut to 200
        characters; ``None`` if it sent none.
    url : str or None
        The URL of the request, without its query.
    """

    def __init__(
        self,
        text: str,
        *,
        status: int | None = None,
        code: str | None = None,
        message: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.message = message
        self.url = url


class RateLimited(ApiError):
    """The account's hourly rate limit is exhausted.

    Attributes
    ----------
    retry_after : float or None
        Seconds until the next request may succeed, if known.
    """

    retry_after: float | None = None


class KeyRefused(LoginRequired, ApiError):
    """The Session Key was not accepted, or its user lacks the right to this one thing.

    Salesmate's response to both is 403 ``AuthorizationFailed``, and no request with this key has succeeded
    yet. What a read can do without is therefore skipped, as after any other refusal.
    """


class NotFound(ApiError):
    """The record, path or workspace does not exist."""


class BadResponse(ApiError):
    """The response is not what the API documents: HTML, empty, cut off, too large, or JSON of another shape.

    Attributes
    ----------
    is_too_large : bool
        Whether a response with fewer rows could be read.
    """

    is_too_large: bool = False


class IncompleteRead(SalesmateError):
    """Not every row could be read, so no frame was made.

    Attributes
    ----------
    read, total : int or None
        How many distinct rows were read, and how many the server reports.
    """

    def __init__(self, text: str, *, read: int | None = None, total: int | None = None) -> None:
        super().__init__(text)
        self.read = read
        self.total = total


class ConnectionFailed(SalesmateError):
    """No complete response arrived: the connection was refused, timed out or was cut off."""


class Interrupted(_OneSentence, KeyboardInterrupt):
    """A read was interrupted; no data was returned."""


@contextlib.contextmanager
def interruptible(what: str, next_step: str = "Run this again.") -> Iterator[None]:
    """Let an interrupt say in a sentence what was interrupted, and what to do next.

    Parameters
    ----------
    what, next_step : str
        The subject of the sentence, and the sentence after it.

    Raises
    ------
    Interrupted
        In place of a bare ``KeyboardInterrupt``.
    """
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt as err:
        raise Interrupted(f"{what} was interrupted. {next_step}") from err
