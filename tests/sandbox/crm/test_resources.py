"""The resources and their fields."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox._crm.resources import RESOURCES


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)
def test_common_fields(resource):
    """Each resource has distinct fields, among them those that every record has."""
    names = [field.name for field in resource.fields]
    assert len(set(names)) == len(names)
    assert {"id", "owner", "createdAt", "lastModifiedAt"} <= set(names)


def test_module_ids():
    """Module ids are those of the v4 reference."""
    assert {name: resource.module_id for name, resource in RESOURCES.items()} == {
        "deal": 4,
        "contact": 1,
        "company": 5,
        "activity": 2,
    }
