"""The login at a terminal: the address on a line of its own, and a prompt for what comes back."""

from __future__ import annotations

import contextlib
import os
import sys
import webbrowser

from prompt_toolkit import PromptSession
from prompt_toolkit.output import create_output

from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb.errors import SalesmateError

_PAGE_TIMEOUT = 5.0  # seconds for the browser to take its last page


def ask(login: LoginFlow) -> None:
    """Show the login's address, try the browser, and ask until the login is done or nothing is entered.

    Where the browser is on this machine the listener finishes it, and the prompt goes away by itself.

    Parameters
    ----------
    login : LoginFlow
        What waits for a person.
    """
    announce(login, tries_browser=True)
    if login.obstacle:
        say(login.obstacle)
    say(
        "If the page you end on cannot be reached, paste its address here; an empty line leaves it for later."
    )
    while login.phase is not LoginState.DONE:
        pasted = _line(login)
        if pasted == "":
            break
        if pasted is not None:  # else the listener caught something
            with contextlib.suppress(SalesmateError):  # the login tells its message
                login.finish(pasted)
        if login.message:
            say(login.message)
    if login.phase is LoginState.DONE:
        login.wait(_PAGE_TIMEOUT)
    say("Connected." if login.phase is LoginState.DONE else "Not connected yet. Run this again to go on.")


def announce(login: LoginFlow, *, tries_browser: bool) -> None:
    """Show the login's address, alone on its line, and try the browser where somebody sits at it."""
    say("Open this address to log in to Salesmate, and allow:\n")
    say(login.url)
    say("")
    if tries_browser and _has_screen():
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(login.url)


def say(text: str) -> None:
    """Write a line for the person, on stderr so that results on stdout stay clean."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a prompt prints


def _has_screen() -> bool:
    """Tell whether a browser opens beside the terminal; without a screen, w3m or lynx takes it over."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform in {"win32", "darwin"} or any(os.environ.get(name) for name in named)


def _line(login: LoginFlow) -> str | None:
    """Read a line of any length, pasted line breaks included; None where the login went on by itself."""
    session: PromptSession[str] = PromptSession(
        output=create_output(stdout=sys.stderr), reserve_space_for_menu=0
    )

    def leave(_: LoginFlow) -> None:
        is_news = login.phase is LoginState.DONE or (login.phase is LoginState.WAITING and login.message)
        if is_news and session.app.is_running and session.app.loop is not None:
            session.app.loop.call_soon_threadsafe(session.app.exit)

    def begin() -> None:
        if login.phase is LoginState.DONE:
            leave(login)

    login.subscribe(leave)
    try:
        entered: str | None = session.prompt("Address: ", pre_run=begin, in_thread=True)
        return None if entered is None else entered.strip()
    except (EOFError, KeyboardInterrupt):
        return ""
    finally:
        login.unsubscribe(leave)
