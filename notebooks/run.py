"""Run a notebook from top to bottom in a fresh kernel, and print the outputs of its cells."""

from __future__ import annotations

import sys
from pathlib import Path

import nbclient
import nbformat


def main(path: Path) -> None:
    """Run the notebook at `path`; a failing cell stops it with a traceback."""
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        notebook,
        timeout=300,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=[
            "--log-level=ERROR"
        ],  # the kernel warns about TCP, which only this computer can reach here
    ).execute()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            print(f"\n{cell.source}\n")
            continue
        print("\n".join(f">>> {line}" for line in cell.source.splitlines()))
        for output in cell.outputs:
            print(output.get("text") or output.get("data", {}).get("text/plain", ""))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
