"""What the notebook files hold: parameters first, no tests, and outputs that are safe to publish."""

from __future__ import annotations

import ast
import re

import pytest

from notebooks import run
from tests.notebooks import cells

COMMON = {"own_account", "profile", "time_zone", "pipeline", "currency", "style"}
LOCAL = re.compile(
    r"127\.0\.0\.1|localhost|/tmp/|/home/|/root/|0x[0-9a-f]{6}|session-key|secret", re.IGNORECASE
)
every_notebook = pytest.mark.parametrize("name", cells.NOTEBOOKS)


def outputs(name):
    return [output for cell in cells.cells(name) for output in cell.get("outputs", [])]


def texts(output):
    """Return the texts of an output by media type; pictures are left out."""
    data = {"text/plain": output.get("text", ""), **output.get("data", {})}
    return {kind: "".join(text) for kind, text in data.items() if not kind.startswith("image/")}


@every_notebook
def test_parameters(name):
    """The first code cell is tagged for papermill, and only assigns the parameters."""
    first = next(cell for cell in cells.cells(name) if cell["cell_type"] == "code")
    assert first["metadata"]["tags"] == ["parameters"]
    tree = ast.parse("".join(first["source"]))
    assigned = {node.targets[0].id for node in tree.body}
    assert assigned >= COMMON
    assert name == "quickstart" or "period" in assigned


@every_notebook
def test_no_checks(name):
    """No cell is a test, hidden, or about one pipeline, currency or owner of the sandbox."""
    source = "\n".join(cells.code(name))
    assert "assert" not in source
    assert not any("source_hidden" in str(cell["metadata"]) for cell in cells.cells(name))
    assert not re.search("New business|Renewals|USD|EUR|GBP", re.sub(r"#.*", "", source))


@every_notebook
def test_outputs(name):
    """Outputs are saved without widgets, errors, counters, and what differs between computers."""
    found = outputs(name)
    assert any("image/png" in output.get("data", {}) for output in found)
    for output in found:
        assert output["output_type"] in {"stream", "display_data", "execute_result"}
        assert output.get("name") != "stderr"
        assert output.get("execution_count") is None
        kinds = texts(output)
        assert not any("widget" in kind or "javascript" in kind for kind in kinds)
        assert not any(LOCAL.search(text) for text in kinds.values())
        if "image/png" in output.get("data", {}):
            assert len(output["metadata"]["image/png"]["data_sha256"]) == 64
    assert (cells.FOLDER / f"{name}.ipynb").stat().st_size < 700_000


@pytest.mark.slow
@every_notebook
@pytest.mark.parametrize("zone", ["America/New_York"])
def test_saved_outputs(name, zone, monkeypatch):
    """The saved outputs are what the code gives in a fresh kernel, whatever the computer's time zone."""
    monkeypatch.setenv("TZ", zone)
    assert run.check(cells.FOLDER / f"{name}.ipynb") == []
