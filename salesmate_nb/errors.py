"""Every error this package raises.

::

    SalesmateError
    ├── SettingsError        what was configured cannot work
    ├── LoginError           a login did not come to its end
    │   ├── LoginRequired    somebody has to log in first
    │   ├── LoginDenied      consent was refused on Salesmate's page
    │   └── StateMismatch    the redirect belongs to another login attempt
    ├── ApiError             Salesmate answered with an error
    │   ├── RateLimited      the company's calls of this hour are used up
    │   ├── NotFound         no such record, path or workspace
    │   └── BadResponse      the answer is not what the API documents
    ├── IncompleteRead       not every row could be read; no frame was made
    └── ConnectionFailed     no answer: refused, timed out, cut off

A message says what happened, where, and what to do next. None ever holds a secret.
"""

from __future__ import annotations


class SalesmateError(Exception):
    """Anything that went wrong in this package.

    Attributes
    ----------
    is_transient : bool
        Whether the same call may well go through if it is made again in a moment. Never so for a call to
        the token endpoint, where a second one can end the login.
    """

    is_transient: bool = False


class _ForThePerson(SalesmateError):
    """What the person at the notebook has to settle; where it came up in our code helps nobody."""

    def _render_traceback_(self) -> list[str]:
        """Let IPython show the sentence alone."""
        return [f"{type(self).__name__}: {self}"]


class SettingsError(_ForThePerson):
    """What was configured cannot work."""


class LoginError(_ForThePerson):
    """A login did not come to its end; the attempt can be finished still, or a new one made."""


class LoginRequired(LoginError):
    """Somebody has to log in before this call can be made."""


class LoginDenied(LoginError):
    """Consent was refused on Salesmate's page."""


class StateMismatch(LoginError):
    """The redirect belongs to another login attempt."""


class ApiError(SalesmateError):
    """Salesmate answered with an error.

    Attributes
    ----------
    status : int or None
        The HTTP status. A failure can come with 200.
    code, message : str or None
        Salesmate's own words for it (``Error.Name`` and ``Error.Message``), as far as it gave any.
    url : str or None
        The address that was called, without its query.
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
    """The company's calls of this hour are used up.

    Attributes
    ----------
    retry_after : float or None
        Seconds until the next call has a chance, where that is known.
    """

    retry_after: float | None = None


class NotFound(ApiError):
    """No such record, path or workspace."""


class BadResponse(ApiError):
    """The answer is not what the API documents: HTML, empty, cut off, or JSON of another shape."""


class IncompleteRead(SalesmateError):
    """Not every row could be read, so no frame was made.

    Attributes
    ----------
    read, total : int or None
        How many distinct rows were read, and how many the server says there are.
    """

    def __init__(self, text: str, *, read: int | None = None, total: int | None = None) -> None:
        super().__init__(text)
        self.read = read
        self.total = total


class ConnectionFailed(SalesmateError):
    """No answer came: refused, timed out, or cut off."""
