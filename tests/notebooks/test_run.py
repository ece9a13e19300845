"""notebooks/run.py: what counts as a change of a saved output."""

from __future__ import annotations

import base64
import copy
import struct

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from notebooks import run


def notebook():
    """Return a notebook with a printed line, and a picture of 900 x 400 pixels."""
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8) + struct.pack(">II", 900, 400)).decode()
    outputs = [
        new_output("stream", text="1,234 deals\n"),
        new_output("display_data", {"image/png": png}, metadata={"image/png": {"data_sha256": "ab"}}),
    ]
    return new_notebook(cells=[new_code_cell("", outputs=outputs)])


def other_text(outputs):
    outputs[0]["text"] = "1,235 deals\n"


def other_data(outputs):
    outputs[1]["metadata"]["image/png"]["data_sha256"] = "cd"


def other_size(outputs):
    png = base64.b64decode(outputs[1]["data"]["image/png"])
    outputs[1]["data"]["image/png"] = base64.b64encode(png[:16] + struct.pack(">II", 900, 401)).decode()


def no_picture(outputs):
    outputs.pop()


@pytest.mark.parametrize("change", [other_text, other_data, other_size, no_picture])
def test_changed_output(change):
    """Another text, or a picture of another size or with other data, is a difference."""
    saved, new = notebook(), notebook()
    change(new.cells[0].outputs)
    assert run.differences(saved, new) == ["cell 0: the saved output is not what its code gives."]


def test_other_bytes_of_a_picture():
    """A picture of the same size with the same data is the same, whatever its bytes are."""
    saved, new = notebook(), copy.deepcopy(notebook())
    png = base64.b64decode(new.cells[0].outputs[1].data["image/png"]) + b"other pixels"
    new.cells[0].outputs[1].data["image/png"] = base64.b64encode(png).decode()
    assert run.differences(saved, new) == []


@pytest.mark.slow
def test_saved_twice(tmp_path, capsys, monkeypatch):
    """Saving gives a notebook that passes the check, and a second time changes no byte of it."""
    path = tmp_path / "some.ipynb"
    drawn = "figure = Figure()\nfigure.subplots().bar('ab', [1, 2])\nfigure"
    code = f"from matplotlib.figure import Figure\nprint('a')\n{drawn}"
    nbformat.write(new_notebook(cells=[new_code_cell(code, id="some")]), path)
    done = run.executed(path, run.PREPARED)
    monkeypatch.setattr(run, "executed", lambda *_: copy.deepcopy(done))
    assert run.main(["--check", str(path)]) == 1
    assert "make notebooks" in capsys.readouterr().out
    assert run.main(["--save", str(path)]) == 0
    first = path.read_bytes()
    assert b"data_sha256" in first
    assert run.main(["--save", "--", str(path)]) == run.main(["--check", str(path)]) == 0
    assert path.read_bytes() == first
