"""What users copy works: the notebooks, the make targets, and the links between documents."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from pathlib import Path

import pytest

import salesmate_nb
from salesmate_nb import sandbox

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = ["README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", ".env.example"]


@pytest.fixture
def account(monkeypatch):
    """Let connect() without arguments use a sandbox, and stop every sandbox that a block starts."""
    start, connect = sandbox.start, salesmate_nb.connect
    with contextlib.ExitStack() as running:
        box = running.enter_context(start(api="v4"))
        monkeypatch.setattr(sandbox, "start", lambda **options: running.enter_context(start(**options)))
        monkeypatch.setattr(salesmate_nb, "connect", lambda target=None: connect(target or box))
        salesmate_nb.connect()
        yield


def cells_of(notebook):
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


@pytest.mark.usefixtures("account")
def test_quickstart_cells():
    """The cells of the quickstart run in order and end with a table of won value by owner."""
    names = {}
    for cell in cells_of(ROOT / "notebooks" / "quickstart.ipynb"):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    assert len(names["df"]) > len(names["won"]) > 0


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("zone", ["America/New_York"])  # make demo and the browser run some in UTC
def test_notebook_runs(path, zone, monkeypatch):
    """Every notebook runs from top to bottom in a fresh kernel, and its checks hold in any time zone."""
    import nbclient
    import nbformat

    monkeypatch.delenv("SALESMATE_TOKEN_CACHE")
    source = path.read_text(encoding="utf-8").replace("sandbox.start(", f"sandbox.start(time_zone='{zone}', ")
    notebook = nbformat.reads(source, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120).execute()
    assert any(cell.get("outputs") for cell in notebook.cells)
    assert f"time_zone='{zone}'" in source


@pytest.mark.slow
def test_headless_notebook_fails_fast(monkeypatch):
    """Without a login, nbclient and papermill do not hang: the error names the command and the variable."""
    import nbclient
    import nbformat

    monkeypatch.setenv("SALESMATE_CLIENT_ID", "my-app")
    cells = ["from salesmate_nb import connect, deals_df\nconnect()", "deals_df()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="LoginRequired") as caught:
        nbclient.NotebookClient(notebook, timeout=60).execute()
    assert "salesmate-nb login" in str(caught.value)
    assert "SALESMATE_SESSION_KEY" in str(caught.value)
    shown = str(notebook.cells[0].outputs)
    assert "Not logged in to Salesmate yet" in shown
    assert "widget" not in shown  # the panel, which nobody could use


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_has_no_outputs(path):
    """Notebooks are saved without outputs: no customer data, and no noise in a diff."""
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells_of(path))


def test_make_targets():
    """Plain `make` lists the targets, and README names no other."""
    listed = subprocess.run(
        ["make", "--no-print-directory"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    targets = set(re.findall(r"^  make (\w+) ", listed, re.MULTILINE))
    assert {"demo", "test", "lab"} <= targets
    assert set(re.findall(r"`make (\w+)`", README)) <= targets


@pytest.mark.parametrize("page", PAGES)
def test_local_links(page):
    """Pictures and pages that a document links to are in the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    links += re.findall(r'(?:src|srcset)="(?!https?:)([^"]+)"', text)
    assert [link for link in links if not (ROOT / link).exists()] == []
