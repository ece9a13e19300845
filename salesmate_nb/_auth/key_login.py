"""Log in with a Session Key: check what a person typed, and prove it by a request."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.response import find_rows
from salesmate_nb._api.session import ApiKeySession
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._auth.current_user import CurrentUser
from salesmate_nb._base import validators
from salesmate_nb._base.secret.text import Secret
from salesmate_nb.errors import ApiError, BadResponse, KeyRefused, LoginError, LoginRequired, SettingsError
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.users import USERS_PATH
from salesmate_nb.settings import COPY_THE_KEY, VENDOR, Settings

WHERE_THE_KEY_IS = (
    "The Session Key is in Salesmate under My Account, tab Access Key: the third one; the other two are "
    "refused."
)
_FORBIDDEN = 403
_UNDERSTOOD = frozenset({400, 403, 422})  # the key is accepted, this search is not


def settings_with_key(settings: Settings, workspace: str, key: Secret) -> Settings:
    """Return settings that send a key to a workspace.

    Parameters
    ----------
    settings : Settings
        If they name a workspace it must be this one. If they name an ``api_url``, the key is for that host.
    workspace : str
        ``acme``, ``acme.salesmate.io``, or any address that the browser shows in it.
    key : Secret
        The Session Key.

    Raises
    ------
    SettingsError
        If the workspace or the key is not valid. The message contains neither.
    """
    linkname = written = None
    with contextlib.suppress(SettingsError):  # its message repeats what was typed, perhaps a key
        linkname = validators.linkname("linkname", workspace)
    if linkname is None or linkname == key.reveal().strip().lower():
        raise SettingsError(
            "This is not the name of a workspace. Use the first part of its address: 'acme' for "
            "https://acme.salesmate.io."
        )
    if settings.linkname not in {None, linkname}:
        raise SettingsError(
            f"The settings name the workspace {settings.linkname!r}. Enter its Session Key, or remove "
            "SALESMATE_LINKNAME to log in to another one."
        )
    with contextlib.suppress(SettingsError):
        written = validators.session_key("session_key", key)
    if not written:
        raise SettingsError(
            "This is not a Session Key. Copy it again, without 'accessToken:', 'Bearer' or anything else "
            f"before or after it. {WHERE_THE_KEY_IS}"
        )
    is_named = settings.linkname is not None or settings.api_url != VENDOR
    api_url = settings.api_url if is_named else f"https://{linkname}.salesmate.io"
    return replace(settings, linkname=linkname, api_url=api_url, session_key=written)


def prove_key(settings: Settings, limiter: RateLimiter) -> CurrentUser:
    """Find out whether Salesmate accepts the Session Key, and whose it is.

    The list of users shows both. Salesmate's response to a user who may not see it is the same as to another
    of the three keys (measured: 403 ``AuthorizationFailed``). Then a search for one deal decides.

    Parameters
    ----------
    settings : Settings
        With the key and its workspace.
    limiter : RateLimiter
        Counts the requests.

    Returns
    -------
    CurrentUser
        Without a name if the key works, but may not see the list of users.

    Raises
    ------
    LoginRequired
        If Salesmate does not accept the key.
    LoginError
        If it does not know the workspace.
    ConnectionFailed, ApiError
        If no response arrived, or one that is neither.
    """
    client = ApiClient(ApiKeySession(settings), settings.api_url, limiter)
    try:
        payload = client.request("GET", USERS_PATH, idempotent=False, waiter=Waiter(0.0))
    except KeyRefused:
        if _may_search_deals(client):
            return CurrentUser()
        refusal = "it is probably another of the three keys. Or its user may see neither users nor deals"
    except LoginRequired as err:
        is_expired = "has expired" in str(err)
        refusal = "it has expired" if is_expired else "it is not the Session Key, has expired or was replaced"
    except ApiError as err:
        if err.code == "NoSuchLinkExist":
            raise LoginError(
                f"Salesmate knows no workspace {settings.linkname!r}. Use the first part of the address that "
                "your browser shows in Salesmate: 'acme' for https://acme.salesmate.io."
            ) from None
        if err.status == _FORBIDDEN:
            return CurrentUser()
        raise
    else:
        users = find_rows(payload)
        if users is None:
            raise BadResponse(
                f"{settings.api_url} sent no list of users, so the key could not be checked. Check the "
                "workspace, and SALESMATE_API_URL if it is set."
            )
        return CurrentUser.from_users(users)
    raise LoginRequired(f"Salesmate did not accept this key: {refusal}. {WHERE_THE_KEY_IS}")


def why_refused(what: str, source: str, *, is_replacement: bool) -> str:
    """Return in sentences why the key of the settings is not used any more, and what to do.

    Parameters
    ----------
    what : str
        What Salesmate made of it, in a sentence.
    source : str
        In words, what the settings have their key from.
    is_replacement : bool
        Whether it was another key, entered in the place of that one.

    Examples
    --------
    >>> why_refused("It has expired.", "SALESMATE_SESSION_KEY in .env", is_replacement=False)
    'It has expired. It is the key of SALESMATE_SESSION_KEY in .env. Copy ... Then run connect() again.'
    """
    which = "It was entered in place of the key" if is_replacement else "It is the key"
    if " in " not in source:
        next_step = "Pass it to connect()."
    elif source.endswith(" in the environment"):
        next_step = "Then restart the kernel."
    else:
        next_step = "Then run connect() again."
    return f"{what} {which} of {source}. {COPY_THE_KEY} {next_step}"


def _may_search_deals(client: ApiClient) -> bool:
    """Return whether Salesmate accepts the key for a search of one deal; one that it cannot read will do."""
    body = {
        "displayingFields": [f"{DEALS.singular}.id"],
        "filterQuery": {"group": {"operator": "AND", "rules": []}},
        "moduleId": DEALS.number,
        "reportType": "get_data",
    }
    try:
        client.request(
            "POST",
            f"{DEALS.path}/search",
            params={**DEALS.params, "rows": 1, "from": 0},
            json=body,
            idempotent=False,
            waiter=Waiter(0.0),
        )
    except LoginRequired:
        return False
    except ApiError as err:
        if err.status not in _UNDERSTOOD:
            raise
    return True
