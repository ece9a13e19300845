"""What people copy is executed: README's blocks, the notebooks, and the targets they name."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", README, re.MULTILINE | re.DOTALL)
SETUP = """
import salesmate_nb
from salesmate_nb import deals_df, sandbox

_box = sandbox.start(api="v4")
_connect = salesmate_nb.connect
salesmate_nb.connect = connect = lambda target=None, **how: _connect(target or _box, **how)
connect()
"""
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_each_block_of_the_readme_runs_and_prints_what_it_says(number, tmp_path):
    """A Python block runs on the sandbox, and prints the text block that follows it to the letter."""
    code, printed = BLOCKS[number]
    *lines, last = code.rstrip().splitlines()
    if printed and not last.startswith("print("):
        code = "\n".join([*lines, f"print({last})"])  # a notebook shows what its last line is
    done = subprocess.run(
        [sys.executable, "-c", SETUP + code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not printed or done.stdout.strip() == printed.strip()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_each_notebook_runs_from_top_to_bottom(path, zone, monkeypatch):
    """Every cell of every notebook runs on the sandbox, nobody asked, and its checks hold in any zone."""
    monkeypatch.delenv("SALESMATE_TOKEN_CACHE")
    written = path.read_text(encoding="utf-8").replace(
        "sandbox.start(", f"sandbox.start(time_zone='{zone}', "
    )
    notebook = nbformat.reads(written, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120).execute()
    assert any(cell.get("outputs") for cell in notebook.cells)
    assert f"time_zone='{zone}'" in written


def test_a_notebook_that_nobody_watches_never_hangs(monkeypatch):
    """Run by nbclient or papermill without a login, it ends at once, with the command and variable to use."""
    monkeypatch.setenv("SALESMATE_CLIENT_ID", "my-app")
    cells = ["from salesmate_nb import connect, deals_df\nconnect()", "deals_df()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="LoginRequired") as caught:
        nbclient.NotebookClient(notebook, timeout=60).execute()
    assert "salesmate-nb login" in str(caught.value)
    assert "SALESMATE_ACCESS_TOKEN" in str(caught.value)
    assert "text/html" not in str(notebook.cells[0].outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs(path):
    """A notebook in the repository holds no output, so no customer's data and no noise in a diff."""
    cells = nbformat.read(path, as_version=4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def test_make_lists_the_targets_that_the_readme_names():
    """Plain `make` explains itself, and README names no target that is not there."""
    listed = subprocess.run(
        ["make", "--no-print-directory"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    targets = set(re.findall(r"^  make (\w+) ", listed, re.MULTILINE))
    assert {"demo", "test", "lab"} <= targets
    assert set(re.findall(r"`make (\w+)`", README)) <= targets


def test_messages_that_the_readme_explains_are_those_that_come():
    """What the troubleshooting table quotes stands in the code, but for what browsers say."""
    rows = [row for row in README.splitlines() if row.startswith("| ") and '"' in row.split("|")[1]]
    quoted = {
        said
        for row in rows
        if "in the browser" not in row
        for said in re.findall('"(.+?)"', row.split("|")[1])
    }
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "salesmate_nb").rglob("*.py"))
    assert len(quoted) >= 7
    assert [said for said in quoted if said not in re.sub(r'"\s*\n\s*f?"', "", code)] == []


def test_local_links_of_the_readme_lead_somewhere():
    """A picture or page that README links to is in the repository."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README) + re.findall(
        r'(?:src|srcset)="(?!https?:)([^"]+)"', README
    )
    assert [link for link in links if not (ROOT / link).exists()] == []
