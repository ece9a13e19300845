"""Settings written into a ``.env``, whose other lines stay as they are."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from salesmate_nb._base.files import atomic_write, reason
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.validators import trimmed, variable
from salesmate_nb._settings.dotenv import check_text
from salesmate_nb.errors import SettingsError

_PLAIN = re.compile(r"[\w./:@+=~-]*", re.ASCII)


def check_is_file(path: Path) -> None:
    """Check that a path is a file, or free for one; a pipe would wait for ever to be read.

    Raises
    ------
    SettingsError
        If it is something else, or a link to nothing.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise SettingsError(
                f"{path} is a link to {path.readlink()}, which does not exist. Remove the link, or create "
                "that file."
            ) from None
        return
    except OSError as err:
        raise SettingsError(f"{path} cannot be reached ({reason(err)}).") from err
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise SettingsError(
            f"{path} is {kind}, and settings are written to a file of that name. Rename it, or use another "
            "folder."
        )


def held_settings(path: Path) -> list[str]:
    """Return the settings that have a value in a file, by the names of their variables.

    Raises
    ------
    SettingsError
        If the file cannot be read.
    """
    bindings = parse_stream(io.StringIO(_text(path).reveal()))
    names = (_name(binding) for binding in bindings if trimmed(binding.value or ""))
    return sorted({name for name in names if name.startswith(variable(""))})


@sealed
def update_dotenv(path: Path, values: Mapping[str, str | Secret], *, template: str = "") -> None:
    """Write settings into a ``.env`` in one step; only its owner can read it then.

    A variable that the file has keeps its place, and appears once. A new one is added at the end, unless its
    value is empty. Everything else stays, comments and line ends included. A link stays a link.

    Parameters
    ----------
    path : Path
        The file.
    values : mapping of str to str or Secret
        By the name of the variable.
    template : str
        The content to begin with if there is no file.

    Raises
    ------
    SettingsError
        If the path is not that of a file, the file cannot be read or written, or it has a line, such as one
        with an open quote, after which the settings could not be read.
    """
    check_is_file(path)
    text = _text(path).reveal() if path.exists() else template
    end = "\r\n" if "\r\n" in text else "\n"
    left = {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}
    parts = []
    for binding in parse_stream(io.StringIO(text)):
        statement, name = binding.original.string, _name(binding)
        if name in left:
            blank = statement[: len(statement) - len(statement.lstrip())]
            export = "export " if statement.lstrip().startswith("export ") else ""
            parts.append(f"{blank}{export}{_line(name, left.pop(name))}{end}")
        elif name not in values:
            parts.append(statement)
    if parts and not parts[-1].endswith(("\n", "\r")):
        parts.append(end)
    parts += [f"{_line(name, value)}{end}" for name, value in left.items() if value]
    check_text(path, "".join(parts))
    try:
        with atomic_write(Path(os.path.realpath(path))) as file:
            file.write("".join(parts).encode())
    except OSError as err:
        raise SettingsError(f"{path} cannot be written ({reason(err)}).") from err


def _name(binding: Binding) -> str:
    return trimmed(binding.key or "")


@sealed
def _line(name: str, value: str) -> str:
    """Return a line that is read as this value: in quotes, if a part of it could mean something else."""
    if not _PLAIN.fullmatch(value):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        value = f"'{escaped}'"
    return f"{name}={value}"


@sealed
def _text(path: Path) -> Secret:
    try:
        return Secret(path.read_bytes().decode("utf-8-sig"))
    except OSError as err:
        raise SettingsError(f"{path} cannot be read ({reason(err)}).") from err
    except UnicodeDecodeError:
        pass  # left here: it holds the file's bytes, and so its secrets
    raise SettingsError(f"{path} is not UTF-8 text. Save it again as UTF-8.")
