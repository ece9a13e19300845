"""Cards and progress bars in a real JupyterLab: live, saved, reopened without running, and exported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.browser.conftest import FOLDER, SHOTS

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]
START = """
from salesmate_nb import connect, deals_df, sandbox
box = sandbox.start(deals=5_000, latency=0.4, api="v4")
connect(box)
"""
CELLS = [
    START,
    "df = deals_df()\nprint(len(df))",
    "box",
    "connection = connect(box); connection.settings",
    "connection.status()",
    "deals_df(columns=['dealvalue'])",
]
BAR = ".salesmate-bar [role=progressbar]"


@pytest.fixture
def notebook(open_notebook):
    opened = open_notebook("output.ipynb", CELLS)
    opened.run_cell(0)
    opened.page.wait_for_selector("text=Connected to Salesmate")
    return opened


NOW = """bar => { const track = document.querySelector(bar);
  return track && [track.getAttribute('aria-valuenow'),
    track.firstElementChild.getBoundingClientRect().width / track.getBoundingClientRect().width] }"""


def test_bar_moves_and_leaves_nothing(notebook):
    """The bar grows with the read, and neither the page nor the saved file has any of it afterwards."""
    page = notebook.page
    notebook.run_cell(1)
    page.wait_for_selector(f"{BAR}[aria-valuenow]")
    seen = []
    while (now := page.evaluate(NOW, BAR)) is not None:
        seen.append((int(now[0]), now[1]))
        if len(seen) == 4:
            notebook.shot("bar", notebook.output(1))
        page.wait_for_timeout(200)
    assert seen == sorted(seen)
    assert len({value for value, _ in seen}) >= 3
    assert all(abs(value / 100 - share) < 0.02 for value, share in seen)
    page.wait_for_selector("text=5000")
    text = notebook.save()
    shown = [output.get("data") for output in json.loads(text)["cells"][1]["outputs"]]
    assert shown == [{}, None]  # the bar's output is empty, and then the printed number follows
    assert notebook.output(1).bounding_box()["height"] < 30  # of one line
    assert "progressbar" not in text
    assert "widget-view" not in text


def test_saved_notebook(notebook, lab, context, open_notebook):
    """Saved, reopened without running, and exported, a notebook has its cards, and no dead bar or widget."""
    for number in range(1, len(CELLS)):
        notebook.run_cell(number)
        notebook.idle()
    for number, name in enumerate(["connection", "read", "sandbox", "settings", "status", "error"]):
        notebook.shot(f"card-{name}", notebook.output(number))
    assert "Did you mean 'deal_value'?" in notebook.output(5).inner_text()
    assert "Traceback" not in notebook.output(5).inner_text()
    notebook.shot("page-light")
    text = notebook.save()
    assert "sandbox-secret" not in text
    notebook.page.close()
    again = open_notebook("output.ipynb")
    assert again.page.locator("text=model not found").count() == 0
    assert again.page.locator(BAR).count() == 0
    assert again.page.locator("text=Connected to Salesmate").count() == 2
    again.shot("page-reopened")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "output.ipynb"]
    subprocess.run(command, cwd=lab.folder, check=True, capture_output=True)
    page = context.new_page()
    page.goto((lab.folder / "output.html").as_uri())
    assert page.locator("text=Connected to Salesmate").count() == 2
    assert page.locator(BAR).count() == 0
    again.shot("page-exported", page)


def test_untrusted_and_dark(notebook, lab, open_notebook):
    """Sent by mail, so that it is not trusted, and in the dark theme, a card is still readable."""
    notebook.run_cell(2)
    notebook.idle()
    text = notebook.save()
    notebook.page.close()
    (lab.folder / "mailed.ipynb").write_text(text.replace("127.0.0.1", "crm.example.com"))
    lab.theme.write_text('{"theme": "JupyterLab Dark"}')
    mailed = open_notebook("mailed.ipynb")
    mailed.page.wait_for_selector('body[data-jp-theme-light="false"]', state="attached")
    assert "Connected to Salesmate" in mailed.output(0).inner_text()
    assert "crm.example.com" in mailed.output(2).inner_text()
    for part in ("th", "td"):
        cell = mailed.output(2).locator(part).first
        color, align = cell.evaluate("it => [getComputedStyle(it).color, getComputedStyle(it).textAlign]")
        assert sum(int(value) for value in color.split("(")[1].split(",")[:3]) > 500
        assert align == "left"
    mailed.shot("page-untrusted-dark")


@pytest.mark.parametrize("place", ["notebooks", "voila/render"])
def test_bar_in_notebook_7_and_voila(lab, context, place):
    """Notebook 7 shows the bar too; Voila shows the page when all is read. In neither is a bar afterwards."""
    lab.write("read.ipynb", [START.replace("0.4", "1.0, behavior='kind'"), CELLS[1]])
    page = context.new_page()
    page.goto(f"{lab.url}/{place}/read.ipynb?token={lab.token}")
    if place == "notebooks":
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')
        page.wait_for_selector(f"{BAR}[aria-valuenow]")
    page.wait_for_selector("text=5000")
    assert page.locator("text=Connected to Salesmate").count() == 1
    assert page.locator(BAR).count() == 0
    if SHOTS:
        page.screenshot(path=FOLDER / f"bar-{place[:5]}.png")
