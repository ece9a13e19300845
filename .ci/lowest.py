"""Print the lowest versions that pyproject.toml allows of what is required, as constraints for pip."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
for requirement in [*project["dependencies"], *extras["excel"], *extras["keyring"], *extras["sandbox"]]:
    found = re.fullmatch(r"([A-Za-z0-9_-]+)>=([0-9.]+)", requirement)
    if found:
        print(f"{found[1]}=={found[2]}")
