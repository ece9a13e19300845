"""The error reference of the documentation: every error is there, and quotes messages that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from salesmate_nb import errors

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
NAMES = [
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, BaseException) and not name.startswith("_")
]


def texts():
    """Yield every text in the package's code; what is in braces may be anything."""
    for path in (ROOT / "salesmate_nb").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.JoinedStr):
                parts = node.values
                yield "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize("name", NAMES)
def test_every_error(name):
    """Every error has a section, under an anchor of its name."""
    assert f"\n({name.lower()})=\n## {name}\n" in PAGE


def test_quoted_messages():
    """Every message that a table quotes is in the code."""
    rows = [row.split("|")[1] for row in PAGE.splitlines() if row.startswith("| ")]
    quoted = [text for row in rows for text in re.findall('"(.+?)"', row)]
    code = "\n".join(texts())
    assert len(quoted) > 50
    assert [text for text in quoted if text not in code] == []
