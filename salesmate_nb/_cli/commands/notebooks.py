"""Copy what comes with the package to a folder of the user's: the notebooks, and the example settings."""

from __future__ import annotations

import argparse
from pathlib import Path

import salesmate_nb
from salesmate_nb._base.files import reason
from salesmate_nb._base.validators import expanded
from salesmate_nb._cli.streams import say
from salesmate_nb.errors import SalesmateError

ENV_EXAMPLE = ".env.example"
_PACKAGE = Path(salesmate_nb.__file__).parent


def notebooks(options: argparse.Namespace) -> None:
    """Copy the notebooks to a folder; a file there that differs is kept, unless it is to be replaced."""
    folder = expanded("DIR", str(options.folder))
    copied, kept = [], []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in _files():
            target, content = folder / source.name, source.read_bytes()
            if target.exists() and target.read_bytes() != content and not options.force:
                kept.append(source.name)
            elif not target.exists() or target.read_bytes() != content:
                target.write_bytes(content)
                copied.append(source.name)
    except OSError as err:
        raise SalesmateError(f"{err.filename or folder} cannot be used ({reason(err)}).") from err
    say(f"Copied to {folder}: {', '.join(copied)}." if copied else f"{folder} is up to date.")
    if kept:
        raise SalesmateError(
            f"Kept, because they were changed: {', '.join(kept)}. Use --force to replace them, or name "
            "another folder."
        )
    say(f"Open them with: jupyter lab {folder / 'quickstart.ipynb'}")


def shipped(name: str) -> Path:
    """Return a file or folder that comes with the package: in its wheel, or beside it in a checkout.

    Raises
    ------
    SalesmateError
        If it is in neither.
    """
    for place in (_PACKAGE / "_examples", _PACKAGE.parent):
        if (place / name).exists():
            return place / name
    raise SalesmateError(
        f"{name} is missing from this installation. Repair it: pip install --force-reinstall salesmate-nb"
    )


def _files() -> list[Path]:
    return [*sorted(shipped("notebooks").glob("*.ipynb")), shipped(ENV_EXAMPLE)]
