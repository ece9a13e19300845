"""What several test files share: a login by any route, the consent page, and frames compared."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from urllib.parse import urljoin

import pandas as pd
import pytest
import requests

from salesmate_nb import Salesmate, Settings

posix = pytest.mark.skipif(
    os.name != "posix", reason="Windows has no modes, owners, pipes and links like these"
)

DTYPES = {
    "int": "Int64",
    "string": "str",
    "category": "category",
    "float": "float64",
    "datetime": "datetime64[us, UTC]",
    "bool": "boolean",
}
"""The pandas dtype of each kind of field."""


def reach(box, by="oauth-v4", **changes):
    """Connect to a sandbox as a new kernel does: with its token store and nothing else.

    Parameters
    ----------
    box : Sandbox
        A running sandbox; if a login is needed, its account allows it.
    by : {"oauth-v1", "oauth-v4", "key-v4"}
        How to authenticate, and which API to read.
    **changes
        Settings other than the sandbox's.

    Returns
    -------
    Salesmate
        A connection that may read. It is not the newest one of ``deals_df()``.
    """
    account = replace(box.settings, linkname=None if by == "oauth-v1" else box.linkname)
    if by == "key-v4":
        account = replace(account, session_key=box.session_key)
    connection = Salesmate(Settings(**{**account, **changes}))
    if not connection.authorized:
        box.visit(connection.login_url)
    return connection


def decide(url, decision="allow"):
    """Press a button of the sandbox's consent page, and return the redirect's URL without opening it.

    Parameters
    ----------
    url : str
        The login URL.
    decision : {"allow", "deny"}
        The button.
    """
    page = requests.get(url, timeout=30)
    assert page.ok, page.text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    action = re.search(r'<form[^>]* action="([^"]*)"', page.text)
    target = urljoin(url, action[1] if action else "")
    response = requests.post(target, data=hidden | {"decision": decision}, allow_redirects=False, timeout=30)
    assert response.status_code in {302, 303}, response.text
    return response.headers["Location"]


def is_private(path):
    """Return whether a file or folder is this user's alone, or the system has no modes that could tell."""
    return os.name != "posix" or path.stat().st_mode & 0o77 == 0


def same(left, right):
    """Assert that two frames hold the same rows, columns and dtypes, and as many unreadable values."""
    (left_codes, left_values), (right_codes, right_values) = map(_coded, (left, right))
    assert left_values == right_values
    pd.testing.assert_frame_equal(left_codes, right_codes)
    assert left.attrs["salesmate"]["unreadable"] == right.attrs["salesmate"]["unreadable"]


def _coded(frame):
    """Return a frame with its categories as codes, which pandas compares much faster, and the categories."""
    dtypes = {name: dtype for name, dtype in frame.dtypes.items() if dtype == "category"}
    codes = frame.reset_index(drop=True).assign(**{name: frame[name].cat.codes.array for name in dtypes})
    return codes, {name: (list(dtype.categories), dtype.ordered) for name, dtype in dtypes.items()}
