"""The wheel and the sdist: their content, and that the wheel works in an empty environment."""

from __future__ import annotations

import email
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import salesmate_nb

pytestmark = pytest.mark.wheel
ROOT = Path(__file__).parents[1]
NOTEBOOK = ["nbclient", "ipykernel", "matplotlib", "jinja2"]  # what it needs of the extra lab
TRY = """
import salesmate_nb
from salesmate_nb import connect, deals_df, sandbox
assert "site-packages" in salesmate_nb.__file__, salesmate_nb.__file__
with sandbox.start(deals=300) as box:
    connect(box)
    frame = deals_df()
assert len(frame) == 300
print("ok", salesmate_nb.__version__)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True, capture_output=True)
    return folder


def test_twine_check(built):
    """PyPI would accept it, README included."""
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *built.iterdir()], check=True)


def test_wheel_content(built):
    """Types, licence, entry point and the examples are in the wheel; tests are not."""
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"salesmate_nb"}
    assert "salesmate_nb/py.typed" in names
    assert "salesmate_nb/sandbox/__init__.py" in names
    examples = {name.removeprefix("salesmate_nb/_examples/") for name in names if "/_examples/" in name}
    notebooks = {f"notebooks/{path.name}" for path in ROOT.glob("notebooks/*.ipynb")}
    assert examples == {".env.example", *notebooks}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("entry_points.txt") for name in names)


def test_metadata(built):
    """Version, licence, Python versions and extras are there; the dependency groups of the tests are not."""
    wheel = zipfile.ZipFile(next(built.glob("*.whl")))
    metadata = email.message_from_bytes(
        wheel.read(next(n for n in wheel.namelist() if n.endswith("/METADATA")))
    )
    assert (metadata["Name"], metadata["Version"]) == ("salesmate-nb", salesmate_nb.__version__)
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra")) == {"sandbox", "keyring", "lab", "excel", "completion"}
    assert {"Framework :: Jupyter", "Typing :: Typed"} <= set(metadata.get_all("Classifier"))


def test_sdist_content(built):
    """Tests, notebooks and the example settings come with the source."""
    names = tarfile.open(next(built.glob("*.tar.gz"))).getnames()
    inside = {name.split("/", 1)[1] for name in names if "/" in name}
    assert {
        "Makefile",
        ".env.example",
        "hatch_build.py",
        "tests/conftest.py",
        "notebooks/quickstart.ipynb",
        "LICENSE",
    } <= inside


def test_empty_environment(built, tmp_path):
    """Installed from the wheel with the sandbox extra, it logs in and reads."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    wheel = next(built.glob("*.whl"))
    subprocess.run([python, "-m", "pip", "install", "-q", f"{wheel}[sandbox]"], check=True)
    done = subprocess.run([python, "-c", TRY], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ok ")
    command = [tmp_path / "env" / "bin" / "salesmate-nb", "deals", "--sandbox", "--limit", "3"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, "3 deals" in done.stdout) == (0, True), done.stderr
    subprocess.run([python, "-m", "pip", "install", "-q", *NOTEBOOK], check=True)
    subprocess.run([command[0], "notebooks", tmp_path], check=True, capture_output=True)
    shutil.copy(ROOT / "notebooks" / "run.py", tmp_path)
    done = subprocess.run(
        [python, "run.py", "quickstart.ipynb"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "500 deals, 34 columns" in done.stdout
