"""Why a workspace or a Session Key was refused: in a sentence, and at which field."""

from __future__ import annotations

from salesmate_nb._auth.key_login import WHERE_THE_KEY_IS
from salesmate_nb.errors import SalesmateError

WORKSPACE, KEY = "workspace", "key"


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
