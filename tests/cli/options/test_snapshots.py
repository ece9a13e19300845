"""The options of the commands that keep records on disk."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("snapshot", "users"), "invalid choice: 'users'"),
        (("movement",), "the following arguments are required: --since"),
    ],
)
def test_usage_error(run, arguments, words):
    """A resource without snapshots, and a movement since no time, are usage errors."""
    code, _, err = run(*arguments)
    assert (code, words in err) == (2, True)
