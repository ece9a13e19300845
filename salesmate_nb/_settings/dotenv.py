"""The nearest ``.env`` with settings: found, read, and named in errors without its content."""

from __future__ import annotations

import contextlib
import io
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import parse_stream

from salesmate_nb._base.files import reason
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.validators import trimmed, variable
from salesmate_nb._base.warn import warn
from salesmate_nb.errors import SettingsError

_PREFIX = variable("")
_LOOKED = "Looked for settings in the environment"


@dataclass(frozen=True, kw_only=True)
class DotEnv:
    """What was read from a ``.env``, and where it was looked for.

    Parameters
    ----------
    path : Path, optional
        The file; ``None`` if none has settings.
    values : mapping of str to str
        The settings in it, also those that are empty or misspelt.
    searched : str
        In a sentence: the folders that were looked in, and the files that were passed over.
    """

    path: Path | None = None
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    searched: str = ""


def read_dotenv() -> DotEnv:
    """Read the nearest ``.env`` with a ``SALESMATE_`` line, in the working folder or one above it.

    Folders that may not be entered are passed over, and so are files of other programs.

    Raises
    ------
    SettingsError
        If a ``.env`` cannot be read, or has a line for this package that cannot be parsed.
    """
    try:
        here = Path.cwd()
    except OSError:
        return DotEnv(searched=f"{_LOOKED} only: the working folder no longer exists.")
    passed: list[str] = []
    for path in (folder / ".env" for folder in (here, *here.parents)):
        try:
            mode = _mode(path)
        except OSError as err:
            passed.append(f"{path} cannot be reached ({reason(err)})")
            continue
        if stat.S_ISREG(mode):
            values, bad = _read(path)
            if values or any(bad.values()):
                _report(path, bad)
                found = f"{_LOOKED} and in {path}"
                return DotEnv(path=path, values=values, searched=_sentence(found, passed))
            passed.append(f"{path} has none")
        elif mode and not stat.S_ISDIR(mode):
            passed.append(f"{path} is a pipe or a device, which is not read")
    nowhere = f"{_LOOKED}; there is no .env with a {_PREFIX} line in {here} or the folders above it"
    return DotEnv(searched=_sentence(nowhere, passed))


def _mode(path: Path) -> int:
    """Return what there is, 0 for nothing; a folder is an error, but for a virtual environment."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    is_environment = stat.S_ISDIR(mode) and (path / "pyvenv.cfg").exists()  # people name them like this
    if stat.S_ISDIR(mode) and not is_environment:
        raise SettingsError(
            f"{path} is a folder; settings are read from a file of that name. Rename the folder."
        )
    return mode


@sealed
def check_text(path: Path, text: str) -> None:
    """Raise what reading a file with this text would raise."""
    _, bad = _parse(text)
    ours = {number: True for number, is_ours in bad.items() if is_ours}
    _report(path, ours)


def _read(path: Path) -> tuple[dict[str, str], dict[int, bool]]:
    """Return the settings in a file, and the numbers of its bad lines: whether each is about a setting."""
    return _parse(_text(path))


def _parse(text: str) -> tuple[dict[str, str], dict[int, bool]]:
    values: dict[str, str] = {}
    bad: dict[int, bool] = {}
    for binding in parse_stream(io.StringIO(text, newline=None)):  # uninterpolated: a secret may hold "${"
        statement = binding.original.string
        blank = statement[: len(statement) - len(statement.lstrip())]
        line = binding.original.line + blank.count("\n")
        if binding.error:
            bad[line] = _PREFIX in statement.upper()
        elif (name := trimmed(binding.key or "")).upper().startswith(_PREFIX):
            values[name] = binding.value or ""
        elif not name.isprintable():
            bad[line] = _PREFIX in "".join(filter(str.isprintable, name)).upper()
    return values, bad


def _text(path: Path) -> str:
    """Return the text of a file; nothing for one in another encoding that is not about this package."""
    try:
        content = path.read_bytes()
    except OSError as err:
        raise SettingsError(f"{path} cannot be read ({reason(err)}). Check who may read it.") from err
    with contextlib.suppress(UnicodeDecodeError):  # left here: it holds the file's bytes, and so its secrets
        return content.decode("utf-8-sig")  # Notepad on Windows writes a byte order mark
    if _PREFIX.encode() in content.replace(b"\0", b""):  # UTF-16 too, as PowerShell writes it
        raise SettingsError(f"{path} is not UTF-8 text. Save it again as UTF-8.")
    return ""


def _report(path: Path, bad: Mapping[int, bool]) -> None:
    """Raise for lines that may hold a setting, and warn of others; neither repeats what they hold."""
    ours = [number for number, is_ours in bad.items() if is_ours]
    if ours:
        raise SettingsError(
            f"{path}: {_lines(ours)} cannot be read. Write each setting on its own line, as "
            f"{variable('linkname')}=acme, and close every quote."
        )
    if bad:
        warn(f"{path}: {_lines(list(bad))} cannot be read as NAME=value, and does not count.")


def _lines(numbers: list[int]) -> str:
    return ("line " if len(numbers) == 1 else "lines ") + ", ".join(map(str, numbers))


def _sentence(start: str, details: list[str]) -> str:
    return f"{'; '.join([start, *details])}."
