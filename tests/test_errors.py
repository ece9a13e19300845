"""Errors: their tree, their attributes, and what IPython shows of them."""

from __future__ import annotations

import pytest

import salesmate_nb
from salesmate_nb import errors
from salesmate_nb.errors import (
    ApiError,
    BadResponse,
    ConnectionFailed,
    IncompleteRead,
    KeyRefused,
    LoginDenied,
    LoginError,
    LoginRequired,
    NotFound,
    RateLimited,
    SalesmateError,
    SettingsError,
    StateMismatch,
)

TREE = {
    SettingsError: SalesmateError,
    LoginError: SalesmateError,
    LoginRequired: LoginError,
    KeyRefused: LoginRequired,
    LoginDenied: LoginError,
    StateMismatch: LoginError,
    ApiError: SalesmateError,
    RateLimited: ApiError,
    NotFound: ApiError,
    BadResponse: ApiError,
    IncompleteRead: SalesmateError,
    ConnectionFailed: SalesmateError,
}
FOR_THE_USER = {SettingsError, LoginError, LoginRequired, KeyRefused, LoginDenied, StateMismatch}


@pytest.mark.parametrize(("error", "base"), TREE.items(), ids=lambda kind: kind.__name__)
def test_tree(error, base):
    """An error is caught as its kind, as the kind above it, and as SalesmateError."""
    assert issubclass(error, base)
    assert issubclass(error, SalesmateError)
    assert not issubclass(base, error)


def test_key_refused():
    """A key that is refused without a reason is both: a login is required, or a right is missing."""
    refused = KeyRefused("no", status=403, code="AuthorizationFailed")
    assert isinstance(refused, ApiError)
    assert (refused.status, refused.code, str(refused)) == (403, "AuthorizationFailed", "no")


def test_public_names():
    """Every error is exported by the package, and drawn in the tree of the module's docstring."""
    defined = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception) and not name.startswith("_")
    }
    assert defined == {error.__name__ for error in (SalesmateError, *TREE)}
    assert defined <= set(salesmate_nb.__all__)
    assert all(name in errors.__doc__ for name in defined)


def test_api_error():
    """An error of the API has its status, Salesmate's words for it and the URL; all may be missing."""
    err = NotFound("Not there.", status=404, code="NotFound", message="gone", url="https://acme.example/x")
    assert (str(err), err.status, err.code) == ("Not there.", 404, "NotFound")
    assert (err.message, err.url) == ("gone", "https://acme.example/x")
    bare = ApiError("Failed.")
    assert (bare.status, bare.code, bare.message, bare.url) == (None, None, None, None)
    assert RateLimited("Exhausted.").retry_after is None


def test_incomplete_read():
    """An incomplete read reports how many rows were read, and how many the server counted."""
    err = IncompleteRead("9 of 10.", read=9, total=10)
    assert (str(err), err.read, err.total) == ("9 of 10.", 9, 10)
    assert (IncompleteRead("some").read, IncompleteRead("some").total) == (None, None)


@pytest.mark.parametrize("error", TREE, ids=lambda kind: kind.__name__)
def test_is_transient(error):
    """No error counts as transient until it is marked, and marking one leaves the others as they are."""
    marked = error("Failed.")
    marked.is_transient = True
    assert not error("Failed.").is_transient


@pytest.mark.parametrize("error", TREE, ids=lambda kind: kind.__name__)
def test_notebook_traceback(error):
    """IPython shows only the message of what the user must settle, and a traceback of all else."""
    render = getattr(error("Do this."), "_render_traceback_", None)
    assert (render is not None) == (error in FOR_THE_USER)
    if render:
        from IPython.core.ultratb import ListTB

        assert render() == [f"{error.__name__}: Do this."]
        assert ListTB().stb2text(render()) == f"{error.__name__}: Do this."
