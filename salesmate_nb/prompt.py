"""The login at a terminal: the address on a line of its own, and a prompt for what comes back."""

from __future__ import annotations

import contextlib
import sys
import webbrowser

from salesmate_nb.errors import LoginError
from salesmate_nb.login import Login, Phase


def ask(login: Login) -> None:
    """Show the login's address, try the browser, and ask until it is done or nothing is entered.

    The listener finishes it too where the browser is on this machine; then an empty line goes on.

    Parameters
    ----------
    login : Login
        What waits for a person.
    """
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401, PLC0415 - with it, a line may be longer than the terminal's 1,024 signs
    say("Open this address to log in to Salesmate, and allow:\n")
    say(login.url)
    say("")
    with contextlib.suppress(webbrowser.Error):
        webbrowser.open(login.url)
    if login.is_listening:
        say("The browser says when you are connected; press Enter then. If its page cannot be reached,")
    say("copy the address of the page you end on, even where it cannot be reached, and paste it here.")
    while login.phase is not Phase.DONE:
        pasted = _line()
        if login.phase is Phase.DONE:
            break
        if not pasted:
            say("Not connected yet. Run this again to go on.")
            return
        try:
            login.finish(pasted)
        except LoginError as err:
            say(str(err))
    say("Connected.")


def say(text: str) -> None:
    """Write a line for the person, on stderr so that results on stdout stay clean."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a prompt prints


def _line() -> str:
    try:
        return input("Address: ").strip()
    except (EOFError, KeyboardInterrupt):
        say("")
        return ""
