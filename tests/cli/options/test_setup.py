"""The options of the commands that put something on this computer."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sandbox", "--port", "99999"), "--port: '99999' is not a whole number between 0 and 65535"),
        (("sandbox", "--deals", "-4"), "--deals: '-4' is not a whole number of 0 or more"),
        (("completion", "tcsh"), "invalid choice: 'tcsh'"),
        (("notebooks",), "the following arguments are required: DIR"),
    ],
)
def test_usage_error(run, arguments, words):
    """A value that is not valid, or none, is a usage error that says what is expected."""
    code, _, err = run(*arguments)
    assert (code, words in err) == (2, True)
