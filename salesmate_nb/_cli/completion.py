"""What Tab completes in a shell; argcomplete, an extra, writes the code for bash, zsh and fish."""

from __future__ import annotations

import argparse
import contextlib
import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

from salesmate_nb._cli.streams import say_result
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources import RESOURCES
from salesmate_nb.resources.pipelines import PIPELINE_FIELDS
from salesmate_nb.resources.users import USER_FIELDS

SHELLS = ("bash", "zsh", "fish")
Completer = Callable[..., Iterable[str]]
_FIELDS = {name: resource.fields for name, resource in RESOURCES.items()} | {
    "users": USER_FIELDS,
    "pipelines": PIPELINE_FIELDS,
}


def show_code(options: argparse.Namespace) -> None:
    """Print the code that lets a shell complete, for its start file."""
    try:
        from argcomplete.shell_integration import shellcode  # noqa: PLC0415 - an extra
    except ImportError as err:
        raise SalesmateError('Completion needs argcomplete: pip install "salesmate-nb[completion]".') from err
    say_result(shellcode(["salesmate-nb"], use_defaults=False, shell=options.shell))  # no files for any value


def complete(parser: argparse.ArgumentParser) -> None:
    """If a shell runs the program to complete a line, return the completions and end the process."""
    if "_ARGCOMPLETE" in os.environ:
        with contextlib.suppress(ImportError):
            import argcomplete.completers  # noqa: PLC0415 - an extra

            nothing = argcomplete.completers.ChoicesCompleter({})  # in place of files
            argcomplete.autocomplete(parser, default_completer=nothing)


def completed_by(option: argparse.Action, completer: Completer) -> None:
    """Let Tab complete the value of an option by a function."""
    option.completer = completer  # type: ignore[attr-defined] # where argcomplete looks


def file_names(prefix: str, **_: object) -> list[str]:
    """Return the files and folders that begin with what was typed; hidden ones if that begins with a dot.

    Examples
    --------
    >>> file_names("no-such-folder/won")
    []
    """
    return [f"{path}/" if is_folder else path for path, is_folder in _entries(prefix)]


def folder_names(prefix: str, **_: object) -> list[str]:
    """Return the folders that begin with what was typed, each with a slash after it."""
    return [f"{path}/" for path, is_folder in _entries(prefix) if is_folder]


def statuses(resource: str) -> Completer:
    """Return what completes a status: those that every account has.

    Examples
    --------
    >>> statuses("deals")("W")
    ['Won']
    """

    def completer(prefix: str, **_: object) -> list[str]:
        return [status for status in RESOURCES[resource].statuses if status.startswith(prefix)]

    return completer


def column_names(resource: str) -> Completer:
    """Return what completes the last of the column names that commas separate.

    Examples
    --------
    >>> column_names("deals")("id,ti")
    ['id,title']
    """

    def completer(prefix: str, **_: object) -> list[str]:
        before, comma, begun = prefix.rpartition(",")
        return [
            f"{before}{comma}{column.name}"
            for column in _FIELDS.get(resource, ())
            if column.name.startswith(begun)
        ]

    return completer


def conditions(resource: str) -> Completer:
    """Return what completes the column of a condition.

    Examples
    --------
    >>> conditions("deals")("sou")
    ['source=']
    """

    def completer(prefix: str, **_: object) -> list[str]:
        return [f"{name}=" for name in column_names(resource)(prefix)]

    return completer


def profile_names(prefix: str, **_: object) -> list[str]:
    """Return the stored profiles that begin with what was typed; none if the settings cannot be read."""
    from salesmate_nb._auth.token_stores.registry import stored_profiles  # noqa: PLC0415 - only on this Tab
    from salesmate_nb.settings import Settings  # noqa: PLC0415 - as above

    with contextlib.suppress(SalesmateError), warnings.catch_warnings(action="ignore"):
        return [name for name in stored_profiles(Settings.load()) if name.startswith(prefix)]
    return []


def _entries(prefix: str) -> list[tuple[str, bool]]:
    """Return the sorted paths that begin with a prefix, written as it is, and whether each is a folder."""
    folder, begun = os.path.split(prefix)
    typed = prefix.removesuffix(begun)
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # also for ~ of nobody
        paths = [path for path in Path(folder).expanduser().iterdir() if path.name.startswith(begun)]
        visible = [path for path in paths if begun or not path.name.startswith(".")]
        return sorted((f"{typed}{path.name}", path.is_dir()) for path in visible)
    return []
