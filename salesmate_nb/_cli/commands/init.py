"""Ask for the settings, and write them to ``.env``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.validators import variable
from salesmate_nb._cli.commands.account import login
from salesmate_nb._cli.commands.notebooks import ENV_EXAMPLE, shipped
from salesmate_nb._cli.streams import say
from salesmate_nb._settings.dotenv import read_dotenv
from salesmate_nb._settings.dotenv_update import held_settings, update_dotenv
from salesmate_nb._ui.frontend import Frontend, frontend
from salesmate_nb._ui.prompt import ask_line, ask_secret
from salesmate_nb._ui.texts import KEY_PROMPT, WORKSPACE_PROMPT
from salesmate_nb.errors import SalesmateError, SettingsError
from salesmate_nb.settings import Settings

_KEY_IS_AT = (
    "In Salesmate, open My Account, tab Access Key, and copy the third one, Session Key; the other two are "
    "refused."
)
_FIRST_NAME = variable("access_token")  # of the key; two names with two values would be an error


def init(options: argparse.Namespace) -> None:
    """Ask for a Session Key and its workspace, or an OAuth client, and write them to ``.env`` here."""
    del options
    if frontend() is not Frontend.TERMINAL:
        raise SalesmateError(
            "init asks questions, and there is no terminal to answer them in. Set SALESMATE_LINKNAME and "
            "SALESMATE_SESSION_KEY in the environment or in .env."
        )
    path = Path.cwd() / ".env"
    values = _ask_for_settings() if _may_write(path) else {}
    if not values:
        say("Nothing was written.")
        return
    template = "" if path.exists() else shipped(ENV_EXAMPLE).read_text(encoding="utf-8")
    update_dotenv(path, values, template=template)
    say(f"Wrote {path}, which only you can read. It holds a secret: keep it out of git.")
    for name in sorted(values.keys() & os.environ.keys()):
        say(f"warning: {name} is also set in the environment, which comes before .env.")
    if _confirm("Log in now? [Y/n] ", default=True):
        login(argparse.Namespace(workspace=None, key_stdin=False, wait=0.0, profile=None))
    else:
        say("To log in later, run `salesmate-nb login`.")


def _may_write(path: Path) -> bool:
    """Ask before a setting is replaced, or one in a folder above is hidden; otherwise just say where."""
    held = held_settings(path) if path.exists() else []
    if held:
        return _confirm(f"{path} has {', '.join(held)}. Replace what you enter now? [y/N] ")
    found = read_dotenv().path
    if found is not None and found != path:
        return _confirm(f"Settings are read from {found}. A {path} would be read instead. Continue? [y/N] ")
    say(f"The settings go to {path}.")
    return True


def _ask_for_settings() -> Mapping[str, str | Secret]:
    """Ask until what is typed is valid; return it by variable, or nothing if one is left empty."""
    is_key = _confirm("Log in with a Session Key? Answer n for an OAuth client. [Y/n] ", default=True)
    if is_key:
        say(_KEY_IS_AT)
    while True:
        try:
            return _ask_for_key() if is_key else _ask_for_client()
        except SettingsError as err:
            say(str(err))


def _ask_for_key() -> Mapping[str, str | Secret]:
    workspace = Settings(linkname=ask_line(WORKSPACE_PROMPT)).linkname
    key = ask_secret(KEY_PROMPT) if workspace else Secret()
    settings = Settings(linkname=workspace, session_key=key)
    if not (settings.linkname and settings.session_key):
        return {}
    return {
        variable("linkname"): settings.linkname,
        variable("session_key"): settings.session_key,
        _FIRST_NAME: "",
    }


def _ask_for_client() -> Mapping[str, str | Secret]:
    client = ask_line("Client id: ")
    secret = ask_secret("Client secret (not shown; empty for a public client): ") if client else Secret()
    settings = Settings(client_id=client, client_secret=secret)
    if not settings.client_id:
        return {}
    return {
        variable("client_id"): settings.client_id,
        variable("client_secret"): settings.client_secret or "",
        variable("session_key"): "",  # it would come first
        _FIRST_NAME: "",
    }


def _confirm(question: str, *, default: bool = False) -> bool:
    answer = ask_line(question).lower()
    return answer.startswith("y") if answer else default
