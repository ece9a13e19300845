"""The wheel and the sdist: their content, and that the wheel works in an empty environment."""

from __future__ import annotations

import email
import re
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
    """Build the sdist, and from it the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True, capture_output=True)
    return folder


def metadata_of(built):
    """Return the wheel's metadata."""
    wheel = zipfile.ZipFile(next(built.glob("*.whl")))
    return email.message_from_bytes(wheel.read(next(n for n in wheel.namelist() if n.endswith("/METADATA"))))


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
    metadata = metadata_of(built)
    assert (metadata["Name"], metadata["Version"]) == ("salesmate-nb", salesmate_nb.__version__)
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra")) == {"sandbox", "keyring", "lab", "excel", "completion"}
    assert {"Framework :: Jupyter", "Typing :: Typed"} <= set(metadata.get_all("Classifier"))
    assert {line.partition(",")[0] for line in metadata.get_all("Project-URL")} == {
        "Documentation",
        "Source",
        "Issues",
        "Changelog",
    }


def test_links_of_the_description(built):
    """On PyPI, pages and pictures of README have absolute addresses of files that are in the repository."""
    text = metadata_of(built).get_payload()
    links = re.findall(r'\]\(([^)#]+)\)|(?:src|srcset)="([^"]+)"', text)
    assert all(address.startswith("https://") for link in links for address in link if address)
    own = re.findall(r"salesmate-nb/salesmate_nb/(?:blob/)?main/([^)\"#]+)", text)
    assert any(name.endswith(".png") for name in own)
    assert [name for name in own if not (ROOT / name).exists()] == []


def test_sdist_content(built):
    """All files of the repository come with the source: what builds, tests and documents it."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("needs a clone of the repository, which says what belongs to it")
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert set(listed.stdout.splitlines()) - inside == set()


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
