"""The end of a grant: its token is revoked where its login was made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from salesmate_nb._auth.oauth.token_endpoint import revoke_token
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base.urls import origin
from salesmate_nb.errors import SalesmateError
from salesmate_nb.settings import Settings


def end_grant(settings: Settings, token: Token) -> str:
    """Revoke a token of any client, if its revocation endpoint is known.

    Parameters
    ----------
    settings : Settings
        Their client secret is sent for a token of their own client only, and their revocation endpoint is
        used for tokens of the same authorization server.
    token : Token
        An OAuth token that was forgotten here.

    Returns
    -------
    str
        What went wrong, in sentences; empty if nothing did.
    """
    is_ours = (token.client_id, token.token_url) == (settings.client_id, settings.token_url)
    url = token.revoke_url
    if url is None and settings.revoke_url and token.token_url:
        is_near = origin(settings.revoke_url) == origin(token.token_url)
        url = settings.revoke_url if is_near else None
    if url is None:
        return ""
    client: dict[str, Any] = {
        "client_id": token.client_id,
        "client_secret": settings.client_secret if is_ours else None,
        "token_url": token.token_url,
    }
    try:
        revoke_token(replace(settings, revoke_url=url, **client), token)
    except SalesmateError as err:
        why = getattr(err, "status", None) or type(err).__name__
        hint = "" if is_ours else f" These settings have no secret of its client, {token.client_id}."
        return (
            f"The login was forgotten here, but {url} did not confirm that its token is revoked ({why})."
            f"{hint} Until it is revoked in Salesmate, a copy of it still works."
        )
    return ""
