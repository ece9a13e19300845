"""The notebooks and the example settings, copied to a folder of the user's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from salesmate_nb import SalesmateError
from salesmate_nb._cli.commands import notebooks


def test_copied(run, tmp_path):
    """All notebooks and .env.example are in the folder, byte by byte; a second time nothing changes."""
    code, out, err = run("notebooks", str(tmp_path / "new" / "mine"))
    names = {path.name for path in (tmp_path / "new" / "mine").iterdir()}
    assert (code, out) == (0, "")
    assert {"quickstart.ipynb", ".env.example"} <= names
    assert all(name in err for name in names)
    assert names == {".env.example", *(path.name for path in notebooks.shipped("notebooks").glob("*.ipynb"))}
    json.loads((tmp_path / "new" / "mine" / "quickstart.ipynb").read_text("utf-8"))
    code, _, err = run("notebooks", str(tmp_path / "new" / "mine"))
    assert (code, "is up to date" in err) == (0, True)


def test_changed_file(run, tmp_path):
    """A notebook that was changed is kept, with exit code 1 and its name; --force replaces it."""
    (tmp_path / "quickstart.ipynb").write_text("mine")
    code, _, err = run("notebooks", str(tmp_path))
    assert (code, "changed: quickstart.ipynb. Use --force" in err) == (1, True)
    assert (tmp_path / "quickstart.ipynb").read_text() == "mine"
    assert (tmp_path / "win_rates.ipynb").exists()
    assert run("notebooks", str(tmp_path), "--force")[0] == 0
    assert (tmp_path / "quickstart.ipynb").read_text("utf-8").startswith("{")


def test_file_in_its_place(run, tmp_path):
    """A folder that cannot be made is one line."""
    (tmp_path / "mine").write_text("")
    code, _, err = run("notebooks", str(tmp_path / "mine"))
    assert (code, err.count("\n"), "cannot be used" in err) == (1, 1, True)


def test_wheel_or_checkout(monkeypatch, tmp_path):
    """What comes with the package is found in its wheel, else in the checkout, else the error says so."""
    (tmp_path / "package" / "_examples").mkdir(parents=True)
    (tmp_path / "package" / "_examples" / "a").touch()
    (tmp_path / "b").touch()
    monkeypatch.setattr(notebooks, "_PACKAGE", tmp_path / "package")
    assert notebooks.shipped("a") == tmp_path / "package" / "_examples" / "a"
    assert notebooks.shipped("b") == Path(tmp_path / "b")
    with pytest.raises(SalesmateError, match="c is missing from this installation"):
        notebooks.shipped("c")
