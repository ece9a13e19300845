"""Run a notebook from top to bottom in a fresh kernel, and print what its cells show."""

from __future__ import annotations

import sys
from pathlib import Path

import nbclient
import nbformat


def main(path: Path) -> None:
    """Run the notebook at `path`; the first cell that fails ends it, with its traceback."""
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        notebook,
        timeout=300,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=ERROR"],  # the kernel warns of TCP, which here is this machine's own
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
