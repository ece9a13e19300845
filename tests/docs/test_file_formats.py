"""The page on file formats: the files that a refresh writes hold what it says, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from salesmate_nb import sandbox
from tests.helpers import reach

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "file-formats.md"
SNAPSHOT, HISTORY = PAGE.read_text(encoding="utf-8").split("(history-files)=")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Refresh twice, with a change between, and return the folder of the files."""
    cache = tmp_path_factory.mktemp("files")
    with sandbox.start(deals=20, behavior="kind") as box:
        crm = reach(box, token_cache=cache)
        crm.deals_df(refresh="auto")
        box.deals.edit(1001, title="Another title")
        crm.deals_df(refresh="auto")
    return next(cache.rglob("deals.parquet")).parent


def metadata(path):
    return json.loads(pq.read_schema(path).metadata[b"salesmate"])


def named(text):
    return set(re.findall("`([a-z_]+)`", text))


def row(key):
    """Return what the page's table says about a key of the snapshot's metadata."""
    return re.search(rf"^\| `{key}` \|(.+)\|$", SNAPSHOT, re.MULTILINE)[1]


def test_snapshot_metadata(folder):
    """The keys of a snapshot's metadata are those of the table, also within a login and a field."""
    held = metadata(folder / "deals.parquet")
    first_cells = re.findall(r"^\| (`.+?) \|", SNAPSHOT.partition("hold JSON")[2], re.MULTILINE)
    assert named(" ".join(first_cells)) == held.keys()
    assert named(row("bound")) == held["bound"].keys()
    assert named(row("fields")) == held["fields"][0].keys()


def test_history_metadata(folder):
    """The metadata and the columns of a history's files are those of the page."""
    events = next(path for path in (folder / "deals.history").iterdir() if path.stem != "baseline")
    held = metadata(events)
    says = HISTORY.partition("hold JSON")[2].partition("Columns are")[0]
    assert named(says) - {"salesmate"} == held.keys() | held["bound"].keys()
    first_cells = re.findall(r"^\| (`[a-z].*?) \|", HISTORY.partition("An event is")[2], re.MULTILINE)
    assert named(" ".join(first_cells)) == set(pq.read_schema(events).names)
