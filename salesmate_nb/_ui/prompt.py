"""The login in a terminal: the login link and the address of its last page, or a Session Key."""

from __future__ import annotations

import contextlib
import sys

from prompt_toolkit import PromptSession
from prompt_toolkit.output import create_output

from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._auth.stored_logins import plain
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._ui import texts
from salesmate_nb._ui.address import refusal
from salesmate_nb._ui.browser import open_browser
from salesmate_nb._ui.offer import LoginOffer
from salesmate_nb._ui.refusals import explain
from salesmate_nb._values.text import in_encoding_of
from salesmate_nb.errors import SalesmateError

_PAGE_TIMEOUT = 5.0  # seconds for the browser to receive the page that says "Connected"


def ask(offer: LoginOffer) -> None:
    """Ask for what the login needs: with a client id by the login link, else for a Session Key.

    Parameters
    ----------
    offer : LoginOffer
        The login. Where it leads and what there is to check is shown first.
    """
    caution = offer.caution(by_key=offer.by_key)
    for sentence in (plain(offer.reason), offer.note, caution, f"{texts.READS_ONLY} {offer.kept}"):
        if sentence:
            say(sentence)
    if offer.flow is None or offer.by_key:
        ask_for_key(offer)
    else:
        follow_link(offer.flow)


def ask_for_key(offer: LoginOffer) -> None:
    """Ask for workspace and Session Key until they are accepted or one is left empty; the key is hidden.

    Parameters
    ----------
    offer : LoginOffer
        The login to complete.
    """
    say(texts.KEY_INTRO)
    workspace, is_done = offer.settings.linkname or "", False
    while not is_done:
        workspace = ask_line(texts.WORKSPACE_PROMPT, default=workspace)
        key = ask_secret(texts.KEY_PROMPT) if workspace else Secret()
        if not key:
            break
        try:
            offer.with_key(workspace, key)
            is_done = True
        except SalesmateError as err:
            say(explain(err)[1])
    say(texts.CONNECTED if is_done else texts.NOT_CONNECTED)


@sealed
def key_from_stdin() -> Secret:
    """Read a Session Key from standard input, for scripts; it may be followed by a line break.

    If that is a terminal, the key is asked for, and not shown.
    """
    if sys.stdin.isatty():
        return ask_secret(texts.KEY_PROMPT)
    return Secret(sys.stdin.readline().strip())


def follow_link(login: LoginFlow) -> None:
    """Show the login link, open the browser, and prompt until logged in or left empty.

    If the browser runs on this computer, the loopback server completes the login and the prompt ends
    by itself.

    Parameters
    ----------
    login : LoginFlow
        The login to complete.
    """
    announce(login, tries_browser=True)
    if login.obstacle:
        say(login.obstacle)
    say(texts.PASTE_OR_SKIP)
    while login.phase is not LoginState.DONE:
        pasted = _line(login)
        if pasted == "":
            break
        if pasted is not None:  # None: the loopback server received a redirect
            problem = refusal(pasted, login.redirect_uri)
            if problem:
                say(problem)
                continue
            with contextlib.suppress(SalesmateError):  # login.message is shown below
                login.finish(pasted)
        if login.message:
            say(login.message)
    if login.phase is LoginState.DONE:
        login.wait(_PAGE_TIMEOUT)
    say(texts.CONNECTED if login.phase is LoginState.DONE else texts.NOT_CONNECTED)


@sealed
def ask_secret(question: str, *, leaves: bool = False) -> Secret:
    """Ask for a line that is not shown, as :func:`ask_line` does for one that is."""
    return Secret(ask_line(question, is_password=True, leaves=leaves))


def ask_line(question: str, *, default: str = "", is_password: bool = False, leaves: bool = False) -> str:
    """Return a line without surrounding space; empty text if the user leaves with Ctrl+C or Ctrl+D.

    With ``leaves``, that is a :exc:`KeyboardInterrupt` instead, where an empty line may mean yes.
    """
    session: PromptSession[str] = PromptSession(output=create_output(stdout=sys.stderr))
    try:
        entered = session.prompt(question, default=default, is_password=is_password, in_thread=True)
    except (EOFError, KeyboardInterrupt):
        if leaves:
            raise KeyboardInterrupt from None
        return ""
    return entered.strip()


def announce(login: LoginFlow, *, tries_browser: bool) -> None:
    """Show the login link alone on its line; open it if the terminal has a screen for a browser."""
    say(f"{texts.OPEN_LINK}\n")
    say(login.url)
    say("")
    if tries_browser:
        open_browser(login.url, texts.LOGIN_LINK)


def say(text: str) -> None:
    """Write a line to stderr, so that stdout holds results only."""
    print(in_encoding_of(sys.stderr, text), file=sys.stderr, flush=True)  # noqa: T201 - a prompt prints


@sealed
def _line(login: LoginFlow) -> Secret | None:
    """Read a line of any length, line breaks included; None if the loopback server received a redirect."""
    session: PromptSession[str] = PromptSession(
        output=create_output(stdout=sys.stderr), reserve_space_for_menu=0
    )

    def leave(_: LoginFlow) -> None:
        has_result = login.phase is LoginState.DONE or (login.phase is LoginState.WAITING and login.message)
        if has_result and session.app.is_running and session.app.loop is not None:
            session.app.loop.call_soon_threadsafe(session.app.exit)

    def begin() -> None:
        if login.phase is LoginState.DONE:
            leave(login)

    login.subscribe(leave)
    try:
        entered: str | None = session.prompt(texts.ADDRESS_PROMPT, pre_run=begin, in_thread=True)
        return None if entered is None else Secret(entered.strip())
    except (EOFError, KeyboardInterrupt):
        return Secret()
    finally:
        login.unsubscribe(leave)
