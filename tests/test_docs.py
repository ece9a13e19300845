"""What users copy works: headless notebooks, the make targets, and the links between documents."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", ".env.example"]


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
