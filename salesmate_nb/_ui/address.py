"""The address that a user pastes: refused here if it is not the page that the login ends on."""

from __future__ import annotations

import re

from salesmate_nb._auth.oauth.callback import unwrapped
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.urls import is_loopback
from salesmate_nb._ui import texts

_AROUND = re.compile("[\\s\"'`<>\u200b-\u200f\u2060\ufeff]")


@sealed
def refusal(pasted: Secret | str, redirect_uri: str) -> str:
    """Return why a pasted text cannot be the address of the last page, or empty text.

    The query string of that page will do. A code alone will only if the redirect URI leads to a page that
    shows one; ``finish_login()`` takes a code in any case.

    Parameters
    ----------
    pasted : Secret or str
        What a person copied: the address, or a sentence or Markdown link around it.
    redirect_uri : str
        The address of the last page, without its query.

    Examples
    --------
    >>> page = "http://localhost:3000/callback"
    >>> refusal(f" <{page}?code=c0de&state=st4te>", page)
    ''
    >>> refusal("hello", page)
    'That is not an address that begins with http://localhost:3000/callback. Copy the whole address ...'
    """
    text = _AROUND.sub("", unwrapped(Secret(pasted)).reveal())
    start = redirect_uri.partition("://")[2]
    is_page = text.partition("://")[2].startswith(start) if "://" in text else text.startswith(start)
    is_query = "://" not in text and re.search(r"(?:^|[?&#])(?:code|error)=", text) and "state=" in text
    is_code = not is_loopback(redirect_uri) and re.fullmatch(r"[\w.~%+/=-]{8,}", text)
    return "" if is_page or is_query or is_code else texts.NOT_THE_ADDRESS.format(start=redirect_uri)
