"""The logins in a token store: which one belongs to the settings, and why none does."""

from __future__ import annotations

import os
import re
from dataclasses import replace

from salesmate_nb._auth.token_stores.base import MEMORY_ONLY, TextTokenStore, TokenStore
from salesmate_nb._auth.token_stores.memory import MemoryTokenStore
from salesmate_nb._auth.tokens import SESSION_KEY, Token
from salesmate_nb._base import files
from salesmate_nb.errors import LoginRequired
from salesmate_nb.settings import VENDOR, Settings

_REQUEST = re.compile(r"^\S+ returned HTTP \d+(?: \([^)]*\))?: ")


def all_logins(store: TokenStore) -> list[Token]:
    """Return the tokens in a store, the newest last; a store of the user's own keeps one."""
    if isinstance(store, TextTokenStore):
        return store.load_all()
    token = store.load()
    return [] if token is None else [token]


def find_login(store: TokenStore, settings: Settings, *, kind: str | None = None) -> Token | None:
    """Return the stored token that these settings may use: of the account that was logged in to last.

    Settings that name no account do not fall back to another workspace when a login has ended.
    """
    found = [token for token in all_logins(store) if token.belongs_to(settings)]
    usable = (
        token
        for token in reversed(found)
        if token.ended is None and token.is_of_same_account(found[-1]) and kind in {None, token.kind}
    )
    return next(usable, None)


def last_login(store: TokenStore, settings: Settings) -> Token | None:
    """Return the newest stored token that matches these settings, also if they cannot use it any more."""
    found = (token for token in reversed(all_logins(store)) if token.matches(settings))
    return next(found, None)


def add_login(store: TokenStore, token: Token) -> None:
    """Store the token of a new login as the newest, in place of one of the same client and account."""
    if isinstance(store, TextTokenStore):
        store.save_all([*(other for other in store.load_all() if not token.replaces(other)), token])
    else:
        store.save(token)


def end_login(store: TokenStore, token: Token, reason: str) -> None:
    """Mark a token as ended by the server, if it is still stored."""
    if any(stored == token for stored in all_logins(store)):
        store.save(replace(token, ended=reason))


def remove_logins(store: TokenStore) -> tuple[list[Token], str]:
    """Delete all tokens of a profile: of any client, workspace and host.

    Returns
    -------
    tuple of (list of Token, str)
        The tokens, and why the store still holds them; an empty text if it does not.
    """
    removed = all_logins(store)
    if isinstance(store, TextTokenStore):
        store.save_all([])
        return removed, f"{store.place} ({store.trouble})" if store.trouble else ""
    try:
        store.save(None)
    except OSError as err:
        return removed, f"{store.location} ({files.reason(err)})"
    return removed, ""


def why_not_replaced(store: TokenStore, token: Token) -> str:
    """Return in a few words why a store would not take the token after this one; it takes this one again.

    Empty if it would, or if only this process has the token.
    """
    try:
        if isinstance(store, TextTokenStore):
            store.check_replaceable(token)
        else:
            store.save(token)
    except OSError as err:
        return files.reason(err)
    return ""


def is_inherited(store: TokenStore, holder: int) -> bool:
    """Return whether a login is in memory, and was made in a process that this one was forked from.

    Parameters
    ----------
    store : TokenStore
        Where it is.
    holder : int
        The id of the process that was the first to use it.
    """
    if isinstance(store, MemoryTokenStore):
        return store.is_inherited
    return store.location == MEMORY_ONLY and holder != os.getpid()


def why_none(store: TokenStore, settings: Settings) -> str:
    """Return in a sentence why no stored login can be used; empty if nobody has logged in."""
    stored = all_logins(store)
    if not stored:
        return ""
    ended = [token for token in stored if token.belongs_to(settings) and token.ended]
    if ended:
        return f"{str(ended[-1].ended).rstrip('.')}."
    last = stored[-1]
    if last.is_confidential and last.matches(settings) and not last.belongs_to(settings):
        return (
            f"The stored login is of the client {last.client_id}, which has a secret. To use it, set "
            "SALESMATE_CLIENT_ID and SALESMATE_CLIENT_SECRET."
        )
    if last.api_url is None:
        return (
            "The stored login was made by a version that did not record its host, and is used for "
            f"{VENDOR} only. Log in once for {settings.api_url}."
        )
    what = "Session Key" if last.kind == SESSION_KEY else f"login of the client {last.client_id}"
    where = last.api_url + (f" (workspace {last.linkname})" if last.linkname else "")
    return f"The stored {what} is for {where}, and is sent nowhere else. These settings need another login."


def login_required(reason: str, settings: Settings, profile: str) -> LoginRequired:
    """Return the error that says why nobody is logged in, and how to log in."""
    argument = option = ""
    if profile != "default":
        argument, option = f"profile={profile!r}", f" --profile {profile}"
    why = plain(reason) or f"Not logged in at {settings.api_url}."
    names_account = settings.linkname or settings.client_id
    return LoginRequired(
        f"{why} Run connect({argument}) in a notebook and log in there, or `salesmate-nb login{option}` in a "
        "terminal; then run this again. If nobody can log in there, set SALESMATE_SESSION_KEY and "
        "SALESMATE_LINKNAME."
        f"{'' if names_account else f' {settings.searched}'.rstrip()}"
    )


def plain(reason: str) -> str:
    """Return why a login has ended without the request that showed it.

    Examples
    --------
    >>> plain("https://acme.salesmate.io/apis returned HTTP 401 (Unauthorized): the key has expired.")
    'The key has expired.'
    """
    text = _REQUEST.sub("", reason)
    return text[:1].upper() + text[1:]
