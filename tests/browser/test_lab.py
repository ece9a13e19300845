"""The quickstart notebook in a real JupyterLab."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]
ROOT = Path(__file__).parents[2]


def test_quickstart_without_an_account(lab, open_notebook):
    """Run All without any settings shows a table, a chart and no error."""
    saved = json.loads((ROOT / "notebooks" / "quickstart.ipynb").read_text(encoding="utf-8"))
    for cell in saved["cells"]:
        cell.get("outputs", []).clear()
    (lab.folder / "quickstart.ipynb").write_text(json.dumps(saved), encoding="utf-8")
    notebook = open_notebook("quickstart.ipynb")
    notebook.run_all()
    notebook.page.wait_for_selector(".jp-RenderedHTMLCommon table")
    notebook.page.wait_for_selector(".jp-RenderedImage img", state="attached")
    notebook.idle()
    assert (
        notebook.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count()
        == 0
    )
    notebook.shot("quickstart")
