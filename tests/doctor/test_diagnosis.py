"""A diagnosis as text: sections with lines to paste, and the versions."""

from __future__ import annotations

from salesmate_nb import ConnectionFailed
from salesmate_nb._doctor.diagnosis import Diagnosis, versions

DIAGNOSIS = Diagnosis(
    connection={"login": "Session Key"},
    search={"rule on id": "applied"},
    totals={},
    formats={},
    earlier={"deals": "read by ranges, learned today; not supported: " + " / ".join(["offsets"] * 12)},
    versions=versions(),
    requests=7,
    problem=ConnectionFailed("No response from https://acme.salesmate.io/apis/core/v4/users"),
)


def test_sections():
    """Each section has its title; an empty one is left out."""
    titles = [line for line in repr(DIAGNOSIS).splitlines() if not line.startswith(" ")]
    assert titles == [
        "Salesmate doctor: 7 requests",
        "search for deals",
        "known from earlier reads",
        "versions",
    ]


def test_width():
    """A long finding goes on below itself, so that no line is too wide to paste."""
    lines = repr(DIAGNOSIS).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[lines.index("known from earlier reads") + 2].startswith(" " * 25 + "offsets")


def test_no_host():
    """The error that ended the examination is not in the text, since it names the workspace."""
    assert "acme" not in repr(DIAGNOSIS)


def test_versions():
    """The versions are those of this package, Python, pandas and pyarrow."""
    assert list(versions()) == ["salesmate_nb", "Python", "pandas", "pyarrow"]
