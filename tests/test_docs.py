"""What users copy is executed: the blocks of README, and the make targets."""

from __future__ import annotations

import contextlib
import re
import subprocess
from pathlib import Path

import pytest

import salesmate_nb
from salesmate_nb import sandbox

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", README, re.MULTILINE | re.DOTALL)
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


@pytest.mark.parametrize("number", range(len(BLOCKS)))
@pytest.mark.usefixtures("account")
def test_readme_block(number, capsys):
    """A Python block of README runs on the sandbox, and prints exactly the text block that follows it."""
    code, printed = BLOCKS[number]
    *lines, last = code.rstrip().splitlines()
    if printed and not last.startswith("print("):
        code = "\n".join([*lines, f"print({last})"])  # a notebook shows the value of the last line
    names = {"connect": salesmate_nb.connect, "deals_df": salesmate_nb.deals_df}
    exec(compile(code, f"README block {number}", "exec"), names)
    assert not printed or capsys.readouterr().out.strip() == printed.strip()


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


def test_troubleshooting_quotes_messages():
    """Messages that README's troubleshooting table quotes are in the code, except those of browsers."""
    cells = [row.split("|")[1] for row in README.splitlines() if row.startswith("| ")]
    quoted = [text for cell in cells if "in the browser" not in cell for text in re.findall('"(.+?)"', cell)]
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "salesmate_nb").rglob("*.py"))
    joined = re.sub(r'"\s*\n\s*f?"', "", code)
    assert len(quoted) >= 7
    assert [text for text in quoted if text not in joined] == []


@pytest.mark.parametrize("page", PAGES)
def test_local_links(page):
    """Pictures and pages that a document links to are in the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    links += re.findall(r'(?:src|srcset)="(?!https?:)([^"]+)"', text)
    assert [link for link in links if not (ROOT / link).exists()] == []
