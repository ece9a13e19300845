"""What Shift-Tab and Tab show in JupyterLab for the read methods."""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import TimeoutError  # noqa: A004 - the library's name

OTHERS = [
    "owner",
    "modified_since",
    "created_until",
    "where",
    "columns",
    "limit",
    "progress",
    "wait",
    "refresh",
]
ARGUMENTS = {
    "deals_df": ["status", "stage", "closed_since", "url", "as_of", *OTHERS],
    "crm.contacts_df": OTHERS,
}
SETUP = """
from salesmate_nb import connect, deals_df, sandbox
crm = connect(sandbox.start(deals=3))
"""


@pytest.mark.browser
@pytest.mark.parametrize("function", list(ARGUMENTS))
def test_shift_tab_and_tab(open_notebook, function):
    """Shift-Tab shows every argument with its default and type; Tab completes the arguments."""
    notebook = open_notebook("signature.ipynb", [SETUP, ""])
    notebook.run_cell(0)
    notebook.idle()
    notebook.page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".cm-content").click()
    notebook.page.keyboard.type(f"{function}(")
    notebook.page.keyboard.press("Shift+Tab")
    tooltip = notebook.page.locator(".jp-Tooltip")
    tooltip.wait_for()
    shown = " ".join(tooltip.inner_text().split())
    for name in ARGUMENTS[function]:
        assert f"{name}: " in shown
    assert "wait: bool = True" in shown
    assert "refresh: Optional[Literal['auto', 'full', 'never', 'live']] = None" in shown
    assert ") -> pd.DataFrame" in shown
    notebook.shot(f"shift-tab-{function}")
    notebook.page.keyboard.press("Escape")
    notebook.page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".cm-content").click()
    notebook.page.keyboard.press("End")
    menu = notebook.page.locator(".jp-Completer")
    for _ in range(10):  # JupyterLab gives up after a second, and a kernel's first completion takes longer
        notebook.page.keyboard.press("Tab")
        with contextlib.suppress(TimeoutError):
            menu.wait_for(timeout=3_000)
            break
    offered = menu.inner_text()
    assert [name for name in ARGUMENTS[function] if f"{name}=" not in offered] == []
    notebook.shot(f"tab-{function}")
