"""Open the login link in the user's browser, without its address in any list of processes."""

from __future__ import annotations

import atexit
import contextlib
import functools
import html
import os
import sys
import tempfile
import threading
import webbrowser
from pathlib import Path

_SECONDS = 60.0  # until the page is removed; browsers read it at once, but may have to start first
_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}">
<title>{title}</title>
<p><a href="{url}">{title}</a></p>
"""


def open_browser(url: str, title: str) -> None:
    """Open a URL in a browser that has a window; do nothing if there is none.

    What a browser is started with is visible to every user of the machine (``ps``), and a login link holds
    the state of the login. So the browser is given a page that only this user can read, which leads there.

    Parameters
    ----------
    url : str
        Where to lead.
    title : str
        What the page is called, should the browser stay on it.

    Notes
    -----
    A browser in a container of its own, as from Snap or Flatpak, may not be allowed to read the page.
    """
    if not _has_screen():
        return
    with contextlib.suppress(OSError, webbrowser.Error):  # the link is on the screen too
        handle, name = tempfile.mkstemp(prefix="salesmate_nb-", suffix=".html")  # mode 0600
        page = Path(name)
        remove = functools.partial(page.unlink, missing_ok=True)
        atexit.register(remove)
        removal = threading.Timer(_SECONDS, remove)
        removal.daemon = True
        removal.start()
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_PAGE.format(url=html.escape(url), title=html.escape(title)))
        webbrowser.open(page.as_uri())


def _has_screen() -> bool:
    """Return whether a browser gets a window; without a screen, w3m or lynx would take the terminal."""
    variables = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform in {"win32", "darwin"} or any(os.environ.get(name) for name in variables)
