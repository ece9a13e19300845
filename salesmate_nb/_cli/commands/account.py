"""Log in and out, and say who is logged in to what."""

from __future__ import annotations

import argparse
import contextlib
from typing import Any
from urllib.parse import urlsplit

from salesmate_nb._auth.stored_logins import all_logins
from salesmate_nb._auth.token_stores.base import MEMORY_ONLY
from salesmate_nb._auth.token_stores.registry import make_token_store, stored_profiles
from salesmate_nb._auth.tokens import SESSION_KEY, Token
from salesmate_nb._cli.streams import say, say_result
from salesmate_nb._cli.words import in_command_line_words
from salesmate_nb._connect import connect
from salesmate_nb._ui.prompt import key_from_stdin
from salesmate_nb.client import Salesmate
from salesmate_nb.errors import LoginRequired, SalesmateError, SettingsError
from salesmate_nb.settings import Settings

_DEFAULT = "default"


def login(options: argparse.Namespace) -> None:
    """Log in by link, by a Session Key that is typed, or by one from standard input."""
    settings = _settings_for(options.workspace)
    if options.key_stdin:
        connection = Salesmate(settings, profile=options.profile or _DEFAULT)
        try:
            key = key_from_stdin()
        except (AttributeError, UnicodeDecodeError):
            raise SalesmateError(
                "Standard input is closed or not text. Write the Session Key to it."
            ) from None
        if not key:
            raise SalesmateError("There is no key in standard input. Write the Session Key to it.")
        connection.login_with_key(settings.linkname or "", key)
    else:
        connection = connect(settings, profile=options.profile or _DEFAULT, wait=options.wait)
        connection.check_login()
    shown = connection.status()
    say(in_command_line_words(repr(shown), ()))
    if shown.token_location == MEMORY_ONLY:
        raise SalesmateError(
            "The login was accepted, but it could not be stored: it ends with this command. Set "
            "SALESMATE_TOKEN_STORE=file, and SALESMATE_TOKEN_CACHE to a folder of your own; log in again."
        )


def status(options: argparse.Namespace) -> None:
    """Print the status of each login, or of those of one profile; fail if nobody is logged in."""
    settings = Settings.load()
    profiles = [options.profile] if options.profile else stored_profiles(settings) or [_DEFAULT]
    connections = [Salesmate(settings, profile=profile) for profile in profiles]
    for connection in connections:
        shown = in_command_line_words(str(connection.status()), ())
        say_result("\n".join([shown, *_others(settings, connection)]))
    if not any(connection.authorized for connection in connections):
        option = f" --profile {options.profile}" if options.profile else ""
        raise LoginRequired(f"Nobody is logged in. Run `salesmate-nb login{option}`.")


def doctor(options: argparse.Namespace) -> None:
    """Print what the server supports."""
    diagnosis = connect(profile=options.profile or _DEFAULT).doctor()
    say_result(str(diagnosis))
    if diagnosis.problem:
        raise diagnosis.problem


def logout(options: argparse.Namespace) -> None:
    """Forget every login of a profile, and name them."""
    accounts = Salesmate(Settings.load(), profile=options.profile or _DEFAULT).logout()
    say(f"Logged out of {' and '.join(accounts)}." if accounts else "Nobody was logged in.")


def connected(profile: str | None, target: Any = None, *, is_offline: bool = False) -> Salesmate:
    """Return a connection for a command; only one that makes requests asks somebody to log in."""
    if is_offline:
        return Salesmate(Settings.load(), profile=profile or _DEFAULT)
    return connect(target, profile=profile or _DEFAULT)


def logged_in(profile: str | None, *, is_offline: bool = False) -> Salesmate:
    """Return a connection that can make requests, unless none are needed.

    Raises
    ------
    LoginRequired
        If nobody is logged in, and nobody can be asked.
    """
    connection = connected(profile, is_offline=is_offline)
    if not is_offline:
        connection.require_login()
    return connection


def _others(settings: Settings, connection: Salesmate) -> list[str]:
    """Return a line on what is stored under the same profile for other workspaces and hosts, if anything."""
    stored = all_logins(make_token_store(settings, connection.profile))
    used = connection.settings.linkname or urlsplit(connection.settings.api_url).netloc
    others = [f"{_kind(token)} for {token.account}" for token in stored if token.account != used]
    return [f"  others     {', '.join(others)}; used if the settings name them"] if others else []


def _kind(token: Token) -> str:
    kind = "Session Key" if token.kind == SESSION_KEY else f"client {token.client_id}"
    return f"{kind} (ended)" if token.ended else kind


def _settings_for(workspace: str | None) -> Settings:
    """Return the settings, with a workspace in the place of none."""
    settings = Settings.load(linkname=workspace)
    if workspace is None:
        return settings
    with contextlib.suppress(SettingsError):  # a key without a workspace, which the option gives
        named = Settings.load()
        if named.linkname not in {None, settings.linkname}:
            raise SalesmateError(
                f"{named.source('linkname')} names the workspace {named.linkname}. Remove it there to log in "
                f"to {settings.linkname}, or leave out --workspace."
            )
    return settings
