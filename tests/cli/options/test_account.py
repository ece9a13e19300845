"""The options of the commands about logins."""

from __future__ import annotations


def test_wait(run):
    """A time to wait that is not one is a usage error."""
    code, _, err = run("login", "--wait", "nan")
    assert (code, "--wait: 'nan' is not a number of seconds" in err) == (2, True)
