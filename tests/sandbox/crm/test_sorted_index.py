"""The index that stays sorted while records change."""

from __future__ import annotations

import random

from salesmate_nb.sandbox._crm.sorted_index import SortedIndex


def test_update_keeps_order():
    """After random changes the index equals one built from scratch, ties included."""
    choose = random.Random(3)
    records = {number: {"a": choose.randrange(5)} for number in range(30)}

    def is_even(record):
        return record["a"] % 2 == 0

    def key(record):
        return record["a"]

    index = SortedIndex(records, is_even, key)
    for _ in range(200):
        number = choose.randrange(40)
        if choose.random() < 0.3:
            records.pop(number, None)
        else:
            records[number] = {"a": choose.randrange(5)}
        index.update(number, records.get(number))
    fresh = SortedIndex(records, is_even, key)
    assert index.ids(0, 99) == fresh.ids(0, 99)
    assert index.span(1, 3) == fresh.span(1, 3)
    assert {records[number]["a"] for number in index.ids(*index.span(1, 3))} == {2}
