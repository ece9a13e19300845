"""The script that checks the built documentation: what it finds, and what it lets pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "docs" / "check.py"
GOOD = '<a href="other.html#part"></a><a href="https://a.b/"></a><img src="a.png" alt="A"><a href="#top"></a>'


def run(folder, body):
    """Check a site of two pages, and return the exit code and what is printed."""
    (folder / "index.html").write_text(f'<body id="top">{body}</body>', encoding="utf-8")
    (folder / "other.html").write_text('<h1 id="part">.</h1>', encoding="utf-8")
    (folder / "a.png").write_bytes(b"")
    done = subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_good_site(tmp_path):
    """Links to pages, places and other sites are fine, and so are pictures beside the page."""
    assert run(tmp_path, GOOD) == (0, "No link is broken, and nothing is loaded from elsewhere.\n")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<a href="gone.html">.</a>', "index.html links to gone.html: there is no such file"),
        ('<a href="other.html#x">.</a>', "index.html links to other.html#x: there is no such place"),
        ('<a href="#x">.</a>', "index.html links to #x: there is no such place"),
        ('<img src="a.png">', "index.html shows a.png without an alternative text"),
        ('<img src="a.png" alt="a.png">', "index.html shows a.png without an alternative text"),
        ('<img src="gone.png" alt="A">', "index.html links to gone.png: there is no such file"),
        ('<script src="https://cdn.example/x.js"></script>', "index.html loads https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="//cdn.example/x.css">', "index.html loads //cdn.example/x.css"),
    ],
)
def test_bad_site(tmp_path, body, problem):
    """A broken link, a missing place, a picture without text and a foreign file each fail the check."""
    assert run(tmp_path, body) == (1, f"{problem}\n")
