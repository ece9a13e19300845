"""The values of settings from arguments, the environment and ``.env``, and where each one comes from."""

from __future__ import annotations

import difflib
import functools
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.validators import trimmed, variable
from salesmate_nb._base.warn import warn
from salesmate_nb._settings.dotenv import read_dotenv
from salesmate_nb.errors import SettingsError

_CLOSE = 0.7  # of 1: enough for SESION_KEY, and too much for the PORT that Kubernetes sets


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Where settings come from; it has none of their values.

    Parameters
    ----------
    places : mapping of str to str
        For each field from the environment or ``.env``, in words: the variable, and where it is set.
    dotenv : Path, optional
        The ``.env`` that was read.
    searched : str
        In a sentence: the files and folders that were looked at.
    """

    places: Mapping[str, str] = field(default_factory=dict)
    dotenv: Path | None = None
    searched: str = ""

    def place(self, name: str) -> str:
        """Return in words where the value of a field comes from."""
        return self.places.get(name, f"the argument {name}")


@sealed
def read_settings(
    names: Mapping[str, Sequence[str]], arguments: Mapping[str, Any], *, secrets: Collection[str] = ()
) -> tuple[dict[str, Any], Origins]:
    """Return the fields that are set: by an argument, else in the environment, else in the nearest ``.env``.

    A variable that is set but empty counts as given: it hides the one in ``.env``. An empty value in ``.env``
    counts as not given. Nothing goes to ``os.environ``. A name that is close to that of a setting is named in
    a warning, once.

    Parameters
    ----------
    names : mapping of str to sequence of str
        For each field the names of its argument.
    arguments : mapping
        Those that were given; ``None`` counts as not given.
    secrets : collection of str
        The fields whose values are returned as :class:`~salesmate_nb._base.secret.text.Secret`.

    Raises
    ------
    SettingsError
        If ``.env`` cannot be read, or one source has different values under two names of a field.
    """
    dotenv = read_dotenv()
    in_file = {label: value for label, value in dotenv.values.items() if trimmed(value)}
    sources = ((os.environ, "the environment"), (in_file, str(dotenv.path)))
    known = tuple(variable(label) for labels in names.values() for label in labels)
    for source, place in sources:
        for name in sorted(source.keys() - set(known)):
            if name.upper().startswith(variable("")) and trimmed(source[name]):
                _warn_of_misspelt(name, place, known)
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for name, labels in names.items():
        given = _one_value({label: arguments.get(label) for label in labels})
        for source, place in sources:
            if given is None:
                held = {each: trimmed(source[each]) for each in map(variable, labels) if each in source}
                given = _one_value(held)
                used = next((each for each in held if held[each]), None)
                if used:
                    places[name] = f"{used} in {place}"
        if given not in {None, ""}:
            is_plain = name in secrets and isinstance(given, str)
            values[name] = Secret(given) if is_plain else given
    return values, Origins(places=places, dotenv=dotenv.path, searched=dotenv.searched)


@functools.cache
def _warn_of_misspelt(name: str, place: str, known: tuple[str, ...]) -> None:
    """Warn of a name that is probably meant to be another; one like none of them may be another program's."""
    start = len(variable(""))
    close = difflib.get_close_matches(name[start:].upper(), [each[start:] for each in known], 1, _CLOSE)
    if close:
        warn(f"{name} in {place} is not a setting and does not count. Did you mean {variable(close[0])}?")


def _one_value(given: Mapping[str, Any]) -> Any:
    """Return the value of a setting that one source may give under several names, or ``None``."""
    values = [value for value in given.values() if value is not None]
    written = [value for value in values if value != ""]
    if any(value != written[0] for value in written):
        raise SettingsError(
            f"{' and '.join(given)} are two names of the same setting, and they have different values. "
            f"Keep {next(iter(given))} only."
        )
    return next(iter([*written, *values]), None)
