"""What the benchmarks measure still runs, and reads the same rows both ways."""

from __future__ import annotations

import pytest

from tests.benchmarks import work


@pytest.mark.parametrize("kind", ["clean", "dirty"])
def test_pages(kind, tmp_path):
    """The package and `json_normalize` make frames of as many rows from the same pages."""
    work.make_pages(500, tmp_path)
    pages = [path.read_bytes() for path in sorted((tmp_path / kind).iterdir())]
    work.parse_only(pages)
    assert len(work.ours(pages)) == 500
    assert kind == "dirty" or len(work.normalized(pages)) == 500
