"""JupyterLab in Debian's Chromium, as a user sees it."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, sync_playwright

SHOTS = os.environ.get("SALESMATE_NB_SHOTS")  # a folder to save screenshots in
FOLDER = Path(SHOTS or ".").absolute()  # absolute, because each test has its own working directory


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Run a separate JupyterLab: default settings, an empty home, a folder for notebooks."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "work"
    folder.mkdir()
    (folder / ".env").touch()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    quiet = home / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    widgets = home / "settings" / "@jupyter-widgets" / "jupyterlab-manager"
    widgets.mkdir(parents=True)
    (widgets / "plugin.jupyterlab-settings").write_text('{"saveState": true}')
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("SALESMATE_", "JUPYTER"))
    }
    environment |= {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(home / "settings")
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        f"--IdentityProvider.token={token}",
    ]
    with (
        (home / "lab.log").open("w") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as server,
    ):
        url = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                if requests.get(f"{url}/api?token={token}", timeout=1).ok:
                    break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield Lab(url, token, folder, quiet / "themes.jupyterlab-settings")
        server.terminate()


class Lab:
    """A running JupyterLab: its URL, its folder, and the file that stores the chosen theme."""

    def __init__(self, url: str, token: str, folder: Path, theme: Path) -> None:
        self.url, self.token, self.folder, self.theme = url, token, folder, theme

    def write(self, name: str, cells: list[str]) -> None:
        """Write a notebook of code cells."""
        import nbformat

        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(made, self.folder / name)


class Notebook:
    """A notebook that is open in a browser."""

    def __init__(self, lab: Lab, page: Page, name: str) -> None:
        self.lab, self.page, self.name = lab, page, name
        page.goto(f"{lab.url}/lab/workspaces/{secrets.token_hex(4)}/tree/{name}?token={lab.token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.wait_for_selector("#jp-main-statusbar >> text=/\\| Idle/", timeout=60_000)
        page.wait_for_timeout(500)

    def idle(self) -> None:
        """Wait until the kernel is idle."""
        self.page.wait_for_timeout(300)
        self.page.wait_for_selector("#jp-main-statusbar >> text=/\\| Idle/", timeout=60_000)

    def menu(self, menu: str, *items: str) -> None:
        """Choose from the menu bar: an item, or a submenu and an item."""
        self.page.click(f'.lm-MenuBar-itemLabel:text-is("{menu}")')
        for submenu in items[:-1]:
            self.page.hover(f'.lm-Menu-itemLabel:text-is("{submenu}")')
        self.page.click(f'.lm-Menu-itemLabel:text-is("{items[-1]}")')

    def run_all(self) -> None:
        """Choose Run All Cells."""
        self.menu("Run", "Run All Cells")

    def run_cell(self, number: int) -> None:
        """Run one cell."""
        self.page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def output(self, number: int):
        """Return the output area of a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-Cell-outputWrapper")

    def save(self) -> str:
        """Save with widget state, and return the file's text."""
        self.page.keyboard.press("Escape")
        self.menu("File", "Save Notebook")
        self.page.wait_for_timeout(1500)
        return (self.lab.folder / self.name).read_text()

    def restart(self) -> None:
        """Restart the kernel."""
        self.menu("Kernel", "Restart Kernel\u2026")
        self.page.click('.jp-Dialog-button:has-text("Restart")')
        self.page.wait_for_timeout(1000)
        self.idle()

    def shot(self, name: str, locator=None) -> None:
        """Save a screenshot if SALESMATE_NB_SHOTS names a folder."""
        if SHOTS:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (locator or self.page).screenshot(path=FOLDER / f"{name}.png")


@pytest.fixture
def context(chromium, lab):
    lab.theme.unlink(missing_ok=True)  # an earlier test may have chosen the dark theme
    made = chromium.new_context(viewport={"width": 1200, "height": 900})
    made.set_default_timeout(30_000)
    yield made
    made.close()


@pytest.fixture
def open_notebook(lab, context):
    def opened(name: str, cells: list[str] | None = None) -> Notebook:
        if cells is not None:
            lab.write(name, cells)
        return Notebook(lab, context.new_page(), name)

    return opened
