"""Why a workspace or a Session Key was refused: in a sentence, and at which field."""

from __future__ import annotations

import re

from salesmate_nb._auth.key_login import WHERE_THE_KEY_IS
from salesmate_nb.errors import SalesmateError

WORKSPACE, KEY = "workspace", "key"
_REQUEST = re.compile(r"^\S+ returned HTTP \d+(?: \([^)]*\))?: ")


def explain(err: SalesmateError) -> tuple[str, str]:
    """Return the field that an error is about, and what is wrong there.

    The form says itself where the key is, so the sentence does not.

    Examples
    --------
    >>> explain(SalesmateError("Salesmate knows no workspace 'acme'. Use the first part of its address."))[0]
    'workspace'
    """
    text = str(err).removesuffix(WHERE_THE_KEY_IS).rstrip()
    return WORKSPACE if "workspace" in text.partition(". ")[0] else KEY, text


def plain(reason: str) -> str:
    """Return why a login has ended without the request that showed it.

    Examples
    --------
    >>> plain("https://acme.salesmate.io/apis returned HTTP 401 (Unauthorized): the key has expired.")
    'The key has expired.'
    """
    text = _REQUEST.sub("", reason)
    return text[:1].upper() + text[1:]
