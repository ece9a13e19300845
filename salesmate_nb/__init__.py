"""Every deal of a Salesmate account in a well-typed pandas DataFrame.

Examples
--------
>>> from salesmate_nb import connect, deals_df, sandbox
>>> box = sandbox.start(deals=500)  # a made-up account; connect() alone is the real one
>>> connection = connect(box)
>>> df = deals_df()
>>> len(df), str(df["deal_value"].dtype), str(df["created_at"].dtype)
(500, 'float64', 'datetime64[us, UTC]')
>>> box.stop()
"""

import logging as _logging
from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

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

if _TYPE_CHECKING:
    from salesmate_nb._connect import connect, deals_df
    from salesmate_nb._frames.export.files import to_excel
    from salesmate_nb._frames.export.formulas import escape_formulas
    from salesmate_nb.client import Salesmate
    from salesmate_nb.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "BadResponse",
    "ConnectionFailed",
    "IncompleteRead",
    "KeyRefused",
    "LoginDenied",
    "LoginError",
    "LoginRequired",
    "NotFound",
    "RateLimited",
    "Salesmate",
    "SalesmateError",
    "Settings",
    "SettingsError",
    "StateMismatch",
    "__version__",
    "connect",
    "deals_df",
    "escape_formulas",
    "to_excel",
]

_MODULES = (
    "analysis",
    "charts",
    "history",
    "report",
    "sandbox",
    "sentences",
    "token_stores",
)  # public too
_HOMES = {
    "Salesmate": "client",
    "Settings": "settings",
    "connect": "_connect",
    "deals_df": "_connect",
    "escape_formulas": "_frames.export.formulas",
    "to_excel": "_frames.export.files",
}  # imported when they are first used: pandas takes most of a second, which a Tab in a shell does not have


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])


if not _TYPE_CHECKING:  # to type checkers it would mean that every name exists

    def __getattr__(name: str) -> object:
        if name in (*_MODULES, "client", "errors", "resources", "settings"):
            return _import_module(f"{__name__}.{name}")
        if name in _HOMES:
            found = getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
            globals()[name] = found
            return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_logging.getLogger("salesmate_nb").addHandler(_logging.NullHandler())
