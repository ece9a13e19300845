"""The login panel for a Session Key in a real JupyterLab: no settings but the address of a test server."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from salesmate_nb import sandbox
from salesmate_nb._ui import texts
from tests.browser.conftest import Notebook
from tests.live_account import LiveAccount, made

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]
THREE_LINES = "from salesmate_nb import connect, deals_df\nconnect()\ndf = deals_df()\ndf.shape"
PANEL = ".salesmate-nb"
RED = ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']"
ROWS = r"text=/^\(30, \d+\)/"
DEAD_WIDGET = "Error displaying widget"


@pytest.fixture
def account():
    with LiveAccount(deals=made("deals", 30)) as running:
        yield running


@pytest.fixture
def notebook(lab, account, open_notebook, request):
    """Open a notebook in a folder without settings, and run its first cell."""
    (lab.folder / ".env").write_text(f"SALESMATE_API_URL={account.url}")
    shutil.rmtree(lab.folder.parent / ".local/state", ignore_errors=True)  # logins of other tests
    opened = open_notebook(f"{secrets.token_hex(4)}.ipynb", getattr(request, "param", [THREE_LINES]))
    opened.run_all()
    opened.page.wait_for_selector(f"{PANEL} input")
    return opened


def field(notebook, label):
    return notebook.page.get_by_role("textbox", name=label)


def enter(notebook, workspace, key):
    """Fill in the newest form, and press Enter in the key's field."""
    field(notebook, texts.WORKSPACE_LABEL).last.fill(workspace)
    field(notebook, texts.KEY_LABEL).last.fill(key)
    field(notebook, texts.KEY_LABEL).last.press("Enter")


def choose_dark_theme(notebook):
    """Choose JupyterLab's dark theme from the menu."""
    notebook.menu("Settings", "Theme", "JupyterLab Dark")
    notebook.page.wait_for_selector('body[data-jp-theme-light="false"]', state="attached")


def is_connected(notebook, account):
    """Wait for the card that says who is connected to what."""
    notebook.output(0).locator(f"text=/Connected as .+ to {account.linkname}/").wait_for()
    assert notebook.page.locator(PANEL).count() == 0


def test_saved_notebook_that_waits(notebook, lab, open_notebook):
    """Saved before the login, a notebook says what to do in a new kernel, and shows no dead widget."""
    assert not notebook.page.locator(f"text={texts.NOT_LOGGED_IN_YET}").is_visible()
    saved = nbformat.reads(notebook.save(), 4)
    for name, left in (("state", PANEL), ("no-state", f"text={DEAD_WIDGET}")):
        if name == "no-state":  # JupyterLab's default
            del saved.metadata["widgets"]
        nbformat.write(saved, lab.folder / f"{name}.ipynb")
        NotebookNotary(data_dir=str(lab.folder.parent / ".local/share/jupyter")).sign(saved)
        again = open_notebook(f"{name}.ipynb")
        again.page.locator(f"text={texts.RUN_TO_LOG_IN}").wait_for()
        again.page.locator(left).wait_for(state="attached")
        assert not again.page.locator(left).is_visible()
        again.shot(f"saved-while-it-waits-{name}")


def test_first_time_from_nothing(notebook, account, lab, open_notebook):
    """One cell, no settings: the panel asks, the cell waits and reads; nothing of it scars the file.

    The key is in no saved file. Reopened without running, and exported, the notebook shows the card. The
    next kernel does not ask.
    """
    notebook.shot("key", notebook.page.locator(PANEL))
    pending = notebook.save()
    enter(notebook, account.linkname, account.session_key)
    is_connected(notebook, account)
    notebook.page.wait_for_selector(ROWS)
    connected = notebook.save()
    assert account.session_key not in pending + connected
    assert "widget-view" not in connected
    assert notebook.page.locator(RED).count() == 0
    notebook.restart()
    calls = len(account.requests)
    again = open_notebook(notebook.name)
    again.page.wait_for_selector("text=/Connected as/")
    assert again.page.locator(f"text={DEAD_WIDGET}").count() == 0
    again.shot("reopened")
    assert len(account.requests) == calls
    export = [sys.executable, "-m", "nbconvert", "--to", "html", "--stdout", str(lab.folder / notebook.name)]
    page = subprocess.run(export, capture_output=True, check=True, text=True).stdout
    assert "Connected as" in page
    assert account.session_key not in page
    again.run_all()
    again.page.wait_for_selector(ROWS)
    again.idle()
    assert again.page.locator(PANEL).count() == 0


README = """
from salesmate_nb import connect, deals_df

connect()
df = deals_df()
df[["id", "status", "stage", "deal_value", "currency", "owner_name"]].head(3)
"""
CHART = """
from salesmate_nb import analysis, charts

charts.use("light")
charts.win_rate(analysis.win_rate(df, "owner_name"), now=df["last_modified_at"].max())
"""


@pytest.fixture
def box():
    with sandbox.start(linkname="acme", approve="ask", login="session_key") as running:
        yield running


@pytest.mark.parametrize("theme", ["", "-dark"])
def test_pictures_of_the_readme(lab, box, chromium, theme):
    """Without any settings the panel's link follows the workspace; with a key, the lines and a chart run."""
    (lab.folder / ".env").write_text("")
    shutil.rmtree(lab.folder.parent / ".local/state", ignore_errors=True)
    lab.theme.write_text('{"theme": "JupyterLab Dark"}' if theme else "{}")
    context = chromium.new_context(viewport={"width": 960, "height": 1000}, device_scale_factor=2)
    context.set_default_timeout(30_000)
    lab.write("readme.ipynb", ["from salesmate_nb import connect\nconnect()"])
    notebook = Notebook(lab, context.new_page(), "readme.ipynb")
    notebook.run_cell(0)
    panel = notebook.page.locator(PANEL)
    field(notebook, texts.WORKSPACE_LABEL).fill("acme")
    panel.locator('a[href="https://acme.salesmate.io"]').wait_for()
    assert texts.TITLE in panel.inner_text()
    field(notebook, texts.KEY_LABEL).fill("not sent")
    panel.locator("h4").click()
    notebook.page.wait_for_timeout(500)
    assert field(notebook, texts.KEY_LABEL).input_value() == ""
    notebook.shot(f"sign-in{theme}", panel)
    assert box.log == []
    (lab.folder / ".env").write_text(f"SALESMATE_API_URL={box.url}")
    chart = CHART.replace("light", theme.removeprefix("-") or "light")
    lab.write(f"picture{theme}.ipynb", [README.strip(), chart.strip()])
    notebook = Notebook(lab, context.new_page(), f"picture{theme}.ipynb")
    notebook.menu("View", "Appearance", "Show Left Sidebar")
    notebook.run_all()
    notebook.page.wait_for_selector(f"{PANEL} input")
    enter(notebook, box.linkname, box.session_key)
    notebook.output(0).locator("text=/Connected as Maya Lindqvist to acme/").wait_for()
    notebook.output(1).locator("img").wait_for()
    notebook.idle()
    assert notebook.page.locator(RED).count() == 0
    notebook.shot(f"notebook{theme}", notebook.page.locator(".jp-WindowedPanel-inner"))
    context.close()


def test_refused_keys(notebook, account):
    """Each of the other keys, an expired one and a wrong workspace are said at their field, key emptied."""
    refused = [
        (account.linkname, "not-a-key-at-all", "wrong-key"),
        (account.linkname, account.access_key, "access-key"),
        ("nobody", account.session_key, "wrong-workspace"),
        (account.linkname, account.session_key, "expired-key"),
    ]
    shown = []
    for workspace, key, name in refused:
        account.expired = name == "expired-key"
        enter(notebook, workspace, key)
        notebook.page.wait_for_function(
            "before => { const alert = document.querySelector('.salesmate-nb [role=alert]');"
            " return alert && alert.innerText !== before }",
            arg=shown[-1] if shown else "",
        )
        shown.append(notebook.page.locator(f"{PANEL} [role=alert]").inner_text())
        assert notebook.page.locator(f"{PANEL} [role=alert]").count() == 1
        assert field(notebook, texts.KEY_LABEL).input_value() == ""
        notebook.shot(name, notebook.page.locator(PANEL))
    assert not any(key in text for text in shown for _, key, _ in refused)
    account.expired = False
    enter(notebook, account.linkname, account.session_key)
    is_connected(notebook, account)
    notebook.page.wait_for_selector(ROWS)


@pytest.mark.parametrize(
    "notebook",
    [["from salesmate_nb import connect, deals_df\nconnect()", "deals_df().shape", "1 + 1"]],
    indirect=True,
)
def test_run_all(notebook, account):
    """Run All waits in the cell that reads, then runs the rest in its order."""
    notebook.output(1).locator(f"text={texts.CELL_WAITS}").wait_for()
    notebook.shot("run-all-waits")
    enter(notebook, account.linkname, account.session_key)
    notebook.page.wait_for_selector(ROWS)
    notebook.output(2).locator("text=/^2$/").wait_for()
    is_connected(notebook, account)
    assert "pending" not in notebook.save()


@pytest.mark.parametrize("notebook", [[THREE_LINES, "len(deals_df())"]], indirect=True)
def test_key_that_ends(notebook, account):
    """A key that ends while working is one connect() away from a new one; the panel says why."""
    enter(notebook, account.linkname, account.session_key)
    notebook.output(1).locator("text=/^30$/").wait_for()
    account.expired = True
    notebook.run_cell(1)
    notebook.output(1).locator("text=/LoginRequired.*expired/").wait_for()
    assert "Traceback" not in notebook.output(1).inner_text()
    notebook.idle()  # before, the kernel cancels what is sent after an error
    notebook.run_cell(0)
    notebook.page.wait_for_selector(f"{PANEL} >> text=/expired/")
    notebook.shot("key-ended", notebook.page.locator(PANEL))
    account.expired = False
    enter(notebook, account.linkname, account.session_key)
    is_connected(notebook, account)
    notebook.output(0).locator(ROWS).wait_for()


def test_interrupt(notebook, account):
    """Interrupting the wait ends the cell in plain words; the panel can still be used."""
    notebook.page.wait_for_timeout(1000)
    notebook.menu("Kernel", "Interrupt Kernel")
    notebook.output(0).locator(f"text={texts.RUN_AGAIN}").wait_for()
    assert notebook.page.locator(RED).count() == 0
    enter(notebook, account.linkname, account.session_key)
    is_connected(notebook, account)


def test_keyboard_only(notebook, account):
    """The form is used with Tab, Enter and the keys alone, and the cursor goes where something is wrong."""
    field(notebook, texts.WORKSPACE_LABEL).focus()
    notebook.page.keyboard.type(account.linkname)
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.type(account.access_key)
    notebook.page.keyboard.press("Tab")
    assert field(notebook, texts.KEY_LABEL).input_value() in {"", account.access_key}
    notebook.page.wait_for_timeout(500)
    assert field(notebook, texts.KEY_LABEL).input_value() == ""
    notebook.page.locator(f'{PANEL} button:has-text("{texts.KEY_BUTTON}")').focus()
    notebook.shot("key-keyboard", notebook.page.locator(PANEL))
    notebook.page.keyboard.press("Enter")
    notebook.page.wait_for_selector(f"{PANEL} [role=alert]")
    notebook.page.wait_for_function("() => document.activeElement.type === 'password'")
    notebook.page.keyboard.type(account.session_key)
    notebook.page.keyboard.press("Enter")
    is_connected(notebook, account)


def test_dark_theme_and_narrow_window(notebook):
    """The form uses the theme's colors, and nothing is cut off in a narrow window."""
    choose_dark_theme(notebook)
    panel = notebook.page.locator(PANEL)
    for width, name in ((1200, "key-dark"), (620, "key-narrow")):
        notebook.page.set_viewport_size({"width": width, "height": 800})
        notebook.page.wait_for_timeout(800)
        notebook.shot(name, panel)
        assert panel.evaluate("it => it.scrollWidth <= it.clientWidth + 1")
    assert panel.bounding_box()["width"] < 360
