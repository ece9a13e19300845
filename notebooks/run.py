"""Run notebooks in fresh kernels: print what they show, save it in them, or check what is saved.

python notebooks/run.py notebooks/quickstart.ipynb
python notebooks/run.py --save notebooks/*.ipynb
python notebooks/run.py --check notebooks/*.ipynb
"""

from __future__ import annotations

import argparse
import base64
import copy
import struct
import sys
from pathlib import Path
from typing import Any

import nbclient
import nbformat
from nbformat import NotebookNode

PNG = "image/png"
PREPARED = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parent)!r})
import pictures
pictures.prepare()
sys.path.pop(0)
del pictures, sys
"""


def executed(path: Path, setup: str = "") -> NotebookNode:
    """Return a notebook with the outputs of a fresh kernel in its folder; a failing cell stops it.

    Parameters
    ----------
    path : pathlib.Path
        The notebook. It is not changed, and its own outputs are ignored.
    setup : str
        Code that the kernel runs before the first cell.
    """
    notebook = nbformat.read(path, as_version=4)
    metadata = copy.deepcopy(notebook.metadata)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(setup))
    nbclient.NotebookClient(
        notebook,
        timeout=300,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.resolve().parent)}},
        # the kernel warns about TCP, which only this computer can reach here
        extra_arguments=["--log-level=ERROR"],
    ).execute()
    notebook.cells = notebook.cells[1:]
    notebook.metadata = metadata  # without the version of Python
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
            for output in cell.outputs:
                output.pop("transient", None)
                if "execution_count" in output:
                    output.execution_count = None
    return notebook


def show(path: Path) -> None:
    """Print the text of a notebook's cells and of their outputs."""
    for cell in executed(path).cells:
        if cell.cell_type == "markdown":
            print(f"\n{cell.source}\n")
            continue
        print("\n".join(f">>> {line}" for line in cell.source.splitlines()))
        for output in cell.outputs:
            print(output.get("text") or output.get("data", {}).get("text/plain", ""))


def save(path: Path) -> None:
    """Run a notebook and save its outputs in it, so that a second run changes no byte."""
    saved, notebook = nbformat.read(path, as_version=4), executed(path, PREPARED)
    for cell_before, cell in zip(saved.cells, notebook.cells, strict=True):
        for before, after in zip(cell_before.get("outputs", []), cell.get("outputs", []), strict=False):
            if PNG in before.get("data", {}) and _content(before) == _content(after):
                after.data[PNG] = before.data[PNG]  # the same picture, drawn with the fonts of this computer
    nbformat.write(notebook, path)
    print(f"{path}: saved, {path.stat().st_size / 1000:,.0f} kB.")


def check(path: Path) -> list[str]:
    """Run a notebook, and return the :func:`differences` between its saved outputs and the new ones."""
    found = differences(nbformat.read(path, as_version=4), executed(path, PREPARED))
    return [f"{path}, {each}" for each in found]


def differences(saved: NotebookNode, notebook: NotebookNode) -> list[str]:
    """Return a sentence for each cell whose outputs are others.

    Texts and tables are compared exactly. Of pictures, the size in pixels and the hash of what they show are:
    the bytes of the same picture differ with the fonts.
    """
    found = []
    for number, (before, after) in enumerate(zip(saved.cells, notebook.cells, strict=True)):
        old, new = ([_content(each) for each in cell.get("outputs", [])] for cell in (before, after))
        if old != new:
            found.append(f"cell {number}: the saved output is not what its code gives.")
    return found


def _content(output: NotebookNode) -> dict[str, Any]:
    """Return an output with the size of its picture in place of the picture."""
    content = copy.deepcopy(output)
    if PNG in content.get("data", {}):
        header = base64.b64decode(content.data[PNG])[:24]
        content.data[PNG] = struct.unpack(">II", header[16:])
    return content


def main(arguments: list[str]) -> int:
    """Run the notebooks that the command line names, and return the exit code."""
    parser = argparse.ArgumentParser(description="Run notebooks in fresh kernels, and print what they show.")
    parser.add_argument("notebooks", nargs="+", type=Path)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--save", action="store_true", help="save the outputs in the notebooks instead")
    what.add_argument("--check", action="store_true", help="fail if a saved output is another")
    options = parser.parse_args(arguments)
    differences = []
    for path in options.notebooks:
        if options.check:
            differences += check(path)
        else:
            (save if options.save else show)(path)
    if differences:
        print(
            *differences, "If the change is meant, run `make notebooks` and look at the notebooks.", sep="\n"
        )
    return bool(differences)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
