"""The diagnosis: what the doctor found, as text to paste into a bug report."""

from __future__ import annotations

import importlib.metadata
import platform
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from salesmate_nb.errors import SalesmateError

_WIDTH = 100  # characters of a line
_COLUMN = 25  # where the findings begin


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What the doctor found, by section; holds no secret, and of customers neither texts, ids nor amounts.

    Parameters
    ----------
    connection : mapping of str to str
        Login, API, the user's own name, time zone, and API calls left.
    search : mapping of str to str
        What the search for deals supports.
    totals : mapping of str to str
        For each resource, whether the server counts it; numbers are rounded.
    formats : mapping of str to str
        How values are written.
    earlier : mapping of str to str
        For each resource, what earlier reads found: which strategy reads it, which do not work, and when that
        was learned.
    versions : mapping of str to str
        Of this package, Python and what frames depend on.
    requests : int
        API requests that this took, 12 at most.
    problem : SalesmateError or None
        What ended the examination early: the login is not accepted, no response came, or the workspace does
        not exist. Its message says what to do. It is not part of the text, since it names the host.
    """

    connection: Mapping[str, str]
    search: Mapping[str, str]
    totals: Mapping[str, str]
    formats: Mapping[str, str]
    earlier: Mapping[str, str]
    versions: Mapping[str, str]
    requests: int
    problem: SalesmateError | None = None

    def __repr__(self) -> str:
        count = "1 request" if self.requests == 1 else f"{self.requests} requests"
        sections = {
            f"Salesmate doctor: {count}": self.connection,
            "search for deals": self.search,
            "totals": self.totals,
            "formats": self.formats,
            "known from earlier reads": self.earlier,
            "versions": self.versions,
        }
        lines = []
        for title, findings in sections.items():
            if findings:
                lines += [title, *(_line(name, finding) for name, finding in findings.items())]
        return "\n".join(lines)


def versions() -> dict[str, str]:
    """Return the versions of this package, Python and what frames depend on."""
    try:
        own = importlib.metadata.version("salesmate-nb")
    except importlib.metadata.PackageNotFoundError:
        own = "not installed, imported from a folder"
    return {
        "salesmate_nb": own,
        "Python": f"{platform.python_version()} on {platform.system()}",
        "pandas": pd.__version__,
        "pyarrow": pa.__version__,
    }


def _line(name: str, finding: str) -> str:
    """Return a finding as a line of text; what is longer goes on below it."""
    text = f"  {name:<{_COLUMN - 3}} {finding}"
    return textwrap.fill(text, _WIDTH, subsequent_indent=" " * _COLUMN, break_on_hyphens=False)
