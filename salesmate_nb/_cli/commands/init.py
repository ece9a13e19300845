"""Ask for the settings, and write them to ``.env``."""

from __future__ import annotations

import argparse
import functools
import os
from collections.abc import Mapping
from pathlib import Path

from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.validators import variable
from salesmate_nb._cli.commands.account import login
from salesmate_nb._cli.commands.notebooks import ENV_EXAMPLE, shipped
from salesmate_nb._cli.streams import say
from salesmate_nb._settings.dotenv import read_dotenv
from salesmate_nb._settings.dotenv_update import check_is_file, held_settings, update_dotenv
from salesmate_nb._ui import prompt
from salesmate_nb._ui.frontend import Frontend, frontend
from salesmate_nb._ui.texts import KEY_PROMPT, WORKSPACE_PROMPT
from salesmate_nb.errors import SalesmateError, SettingsError
from salesmate_nb.settings import Settings

_KEY_IS_AT = (
    "In Salesmate, open My Account, tab Access Key, and copy the third one, Session Key; the other two are "
    "refused."
)
_FIRST_NAME = variable("access_token")  # of the key; two names with two values would be an error
_ADDRESSES = ("api_url", "auth_url", "token_url", "revoke_url")
_ANSWERS = {"y": True, "yes": True, "n": False, "no": False}

ask_line = functools.partial(prompt.ask_line, leaves=True)  # an empty line may mean yes, Ctrl+C never
ask_secret = functools.partial(prompt.ask_secret, leaves=True)


def init(options: argparse.Namespace) -> None:
    """Ask for a Session Key and its workspace, or an OAuth client, and write them to ``.env`` here."""
    del options
    if frontend() is not Frontend.TERMINAL:
        raise SalesmateError(
            "init asks questions, and there is no terminal to answer them in. Set SALESMATE_LINKNAME and "
            "SALESMATE_SESSION_KEY in the environment or in .env."
        )
    path = Path.cwd() / ".env"
    check_is_file(path)
    try:
        values = _ask_for_settings() if _may_write(path) else {}
        values = {**_not_kept(path, values), **values} if values else {}
    except KeyboardInterrupt:
        say("Nothing was written.")
        raise
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


def _not_kept(path: Path, values: Mapping[str, str | Secret]) -> Mapping[str, str]:
    """Ask whether settings of a file stay that send what was entered elsewhere, as those of a sandbox do."""
    found = read_dotenv()
    if found.path != path:
        return {}
    others = {name: value for name, value in found.values.items() if value.strip() and name not in values}
    linkname = values.get(variable("linkname")) or others.get(variable("linkname"))
    usual = Settings(linkname=linkname if isinstance(linkname, str) else None)
    elsewhere = [
        f"{variable(name)} (host {_host(others[variable(name)])})"
        for name in _ADDRESSES
        if others.get(variable(name), "") not in {"", getattr(usual, name)}
    ]
    if not elsewhere:
        return {}
    say(f"{path} has {', '.join(elsewhere)}: what you entered would be sent there.")
    if _confirm(f"Keep {', '.join(sorted(others))}? [y/N] "):
        return {}
    return dict.fromkeys(others, "")


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] or "not known"


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
    while (answer := ask_line(question).lower()) not in _ANSWERS:
        if not answer:
            return default
        say("Answer y or n.")
    return _ANSWERS[answer]
