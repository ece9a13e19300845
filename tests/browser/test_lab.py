"""The quickstart notebook in a real JupyterLab."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]
ROOT = Path(__file__).parents[2]


def test_quickstart_without_an_account(lab, open_notebook):
    """Run All without any settings shows frames and no error."""
    shutil.copy(ROOT / "notebooks" / "quickstart.ipynb", lab.folder)
    notebook = open_notebook("quickstart.ipynb")
    notebook.run_all()
    notebook.page.wait_for_selector("table.dataframe >> nth=1")
    notebook.idle()
    assert (
        notebook.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count()
        == 0
    )
    notebook.shot("quickstart")
