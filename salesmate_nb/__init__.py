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

from salesmate_nb._connect import connect, deals_df
from salesmate_nb.client import Salesmate
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
]

_logging.getLogger("salesmate_nb").addHandler(_logging.NullHandler())
