"""Why a workspace or a Session Key was refused: in a sentence, and at which field."""

from __future__ import annotations

from salesmate_nb._ui import texts
from salesmate_nb.errors import LoginRequired, NotFound, SalesmateError, SettingsError

WORKSPACE, KEY = "workspace", "key"


def explain(err: SalesmateError, workspace: str) -> tuple[str, str]:
    """Return the field that an error is about, and what to do there.

    Errors of the API name the request and the setting, for whoever has written a setting. Here somebody has
    just typed a value into a field.

    Examples
    --------
    >>> explain(NotFound("https://acme.salesmate.io/apis returned HTTP 404"), "acme")[0]
    'workspace'
    """
    if isinstance(err, NotFound):
        return WORKSPACE, texts.NO_SUCH_WORKSPACE.format(name=workspace)
    if isinstance(err, SettingsError):
        return WORKSPACE, str(err)
    if not isinstance(err, LoginRequired):
        return KEY, str(err)
    if "has expired" in str(err):
        return KEY, texts.KEY_EXPIRED
    return KEY, texts.KEY_IS_ANOTHER if err.code == "AuthorizationFailed" else texts.KEY_NOT_KNOWN
