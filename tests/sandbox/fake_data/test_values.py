"""Made-up values."""

from __future__ import annotations

import random

from salesmate_nb.sandbox._fake_data.values import email_of, phone_of, set_field


def forms(value, missing):
    """Return all forms that a field takes."""
    source, found = random.Random(1), set()
    for _ in range(100):
        record = {}
        set_field(record, "a", value, source, missing=missing)
        found.add(repr(record.get("a", "absent")))
    return found


def test_missing_values():
    """A missing value is None, empty text or absent; a missing relation may be an empty object too."""
    assert forms(7, missing=0.0) == {"7"}
    assert forms(7, missing=1.0) == {"None", "''", "'absent'"}
    assert forms({"id": 7}, missing=1.0) == {"{}", "None", "''", "'absent'"}


def test_contact_details():
    """Email addresses and phone numbers are reserved for examples."""
    assert email_of("Søren O'Rourke", "Grün") == "soren.orourke@grun.example"
    assert phone_of(5107) == "+1 555 0107"
