"""A hook of the build: the wheel has the example notebooks and settings, from where a checkout has them."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Examples(BuildHookInterface):
    """Adds the examples to a wheel; an editable installation has the checkout's own.

    Each file is named, so that no checkpoint of a notebook that somebody ran gets into a wheel.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files before the wheel is built."""
        if version == "editable":
            return
        root = Path(self.root)
        for path in (root / ".env.example", *sorted(root.glob("notebooks/*.ipynb"))):
            name = path.relative_to(root).as_posix()
            build_data["force_include"][name] = f"salesmate_nb/_examples/{name}"
