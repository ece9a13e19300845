"""The parts of a history: which names they have, and which of several hold a refresh."""

import datetime as dt

import pytest

from salesmate_nb._history.parts import Part, cover

TIMES = tuple(dt.datetime(2026, 3, day, tzinfo=dt.UTC) for day in range(1, 10))


def part(first, last, *, refreshes=None):
    return Part(first, last, TIMES[: last - first + 1 if refreshes is None else refreshes])


@pytest.mark.parametrize(
    "name", ["000001-000001 (1).parquet", "1-1.parquet", "baseline.parquet", ".DS_Store"]
)
def test_names_of_other_files(name):
    """A file whose name is not that of a part is none."""
    assert Part.named(name) is None
    assert Part.named(part(1, 12).file_name) == Part(1, 12)


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ([part(1, 2), part(3, 3), part(1, 3)], [part(1, 3)]),
        ([part(1, 2), part(3, 3), part(1, 3, refreshes=0)], [part(1, 2), part(3, 3)]),
        ([part(1, 2), part(3, 5), part(2, 4, refreshes=1)], [part(1, 2), part(3, 5)]),
        ([part(1, 2), part(3, 3, refreshes=0), part(5, 5)], [part(1, 2), part(3, 3), part(5, 5)]),
    ],
    ids=["merged", "cut off while merged", "copy", "damaged"],
)
def test_each_refresh_once(there, chosen):
    """Merged parts stand for those merged, but never a damaged file for whole ones."""
    assert cover(there) == chosen
