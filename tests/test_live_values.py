"""Whatever form a server sends values in, the DataFrames are the same."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import warnings
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb import BadResponse, Salesmate, Settings
from salesmate_nb.resources import RESOURCES
from salesmate_nb.resources.base import column_name
from tests.live_account import BEHAVIOURS, Behaviour, LiveAccount, made, random_behaviour

ZONE = "Asia/Kolkata"
KINDS = {"deals": "deal", "contacts": "contact", "companies": "company", "activities": "activity"}
LINKS = {"contact": "primary_contact", "company": "primary_company", "deal": "related_to"}
LABELS = {"textCustomField1": "Region", "companySingleLookupCustomField2": "Reseller"}
NAMES = {"text_custom_field_1": "region", "company_single_lookup_custom_field_2": "reseller"}
SERVED = Behaviour(
    order="stable", id_rules="supported", activity_totals="as others"
)  # pages are not the point
FORMS = (
    *("timestamps", "relations", "relation_keys", "relation_form", "empty_relation", "missing", "currency"),
    *("flags", "tags", "activity_links", "numbers_as_text", "empty_list", "catalogue", "options"),
)


def forms_of(behaviour):
    """Return a server that keeps the order of pages, and sends values as a behaviour does."""
    return dataclasses.replace(SERVED, **{name: getattr(behaviour, name) for name in FORMS})


def random_forms(seed):
    """Return any mixture of forms, also those that `random_behaviour` leaves out."""
    rng = random.Random(seed)
    drawn = random_behaviour(seed)
    form = rng.choice(("object", "object", "id", "random"))
    keys = rng.choice(("camel", "capitalised", "flat", "lower"))
    times = rng.choice((drawn.timestamps, "ISO local"))
    return forms_of(dataclasses.replace(drawn, relation_form=form, relation_keys=keys, timestamps=times))


def expected(account, kind):
    """Return the values of the truth by column."""
    rows = {}
    for record in account.truth(kind):
        row = rows[record["id"]] = {}
        for path, value in record.items():
            name = column_name(path)
            name = LINKS.get(name, name) if kind == "activities" else name
            name = name if account.behaviour.catalogue == "none" else NAMES.get(name, name)
            if isinstance(value, dict) and path == "deal":
                row |= {
                    "related_to_module": "Deal",
                    "related_to_id": value["id"],
                    "related_to_title": value["name"],
                }
            elif isinstance(value, dict):
                row |= {f"{name}_{part}": value[part] for part in ("id", "name")}
            else:
                row[name] = ",".join(value) or None if isinstance(value, list) else value
    return rows


def connect_to(account, tmp_path):
    """Connect with the key of an account, in its time zone."""
    return Salesmate(
        Settings(
            linkname=account.linkname,
            access_token=account.session_key,
            api_url=account.url,
            token_cache=tmp_path,
            timezone=ZONE,
        )
    )


def check(account, kind, tmp_path):
    """Assert that a frame equals the truth, within the resolution of its dates."""
    connection = connect_to(account, tmp_path)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Custom columns use the API's field names")
        frame = getattr(connection, f"{kind}_df")()
    behaviour = account.behaviour
    truth = expected(account, kind)
    assert list(frame["id"]) == sorted(truth)
    assert frame.attrs["salesmate"]["unreadable"] == {}
    names = [field.name for field in RESOURCES[kind].fields]
    assert list(frame.columns[: len(names)]) == names
    for row in frame.to_dict("records"):
        record = truth[row["id"]]
        for name in frame.columns:
            value, found = record.get(name), None if pd.isna(row[name]) else row[name]
            if _is_lost(behaviour, name):
                assert found in {None, value}
            elif value is None or found is None:
                assert found is value, (name, row)
            elif isinstance(found, pd.Timestamp):
                _check_time(found, value, behaviour)
            else:
                assert found == value, (name, row)


def _is_lost(behaviour, name):
    """Return whether the server does not send what is in a column: no name beside a bare id, no module."""
    parents = ("owner", "created_by", "primary_", "related_to", "company_", "reseller")
    if name.startswith(parents) and name.endswith(("_name", "_title")):
        return behaviour.relation_form != "object"
    return name == "related_to_module" and behaviour.activity_links != "contact"


def _check_time(found, value, behaviour):
    if isinstance(value, str):
        assert found == dt.datetime.fromisoformat(value).replace(tzinfo=ZoneInfo(ZONE))
    else:
        assert 0 <= value - found.timestamp() < behaviour.resolution


def check_all(behaviour, tmp_path, seed=0, count=40, kinds=tuple(KINDS)):
    records = {kind: made(kind, count, seed=seed) for kind in KINDS}
    with LiveAccount(**records, behaviour=behaviour, seed=seed, labels=LABELS, zone=ZONE) as account:
        for kind in kinds:
            check(account, kind, tmp_path)


@pytest.mark.parametrize(
    "name", ["measured", "milliseconds", "v3 dates", "mixed dates", "other forms", "kind"]
)
def test_named_behaviours(name, tmp_path):
    """The forms of each named account give the truth."""
    check_all(forms_of(BEHAVIOURS[name]), tmp_path)


@pytest.mark.parametrize("catalogue", ["v3", "module/v4", "v1", "none"])
def test_columns_of_custom_fields(catalogue, tmp_path):
    """Custom fields are named by their labels wherever the catalog is, and by the API without one."""
    behaviour = dataclasses.replace(SERVED, catalogue=catalogue, options="mappedDependency")
    check_all(behaviour, tmp_path, kinds=["deals"])


@pytest.mark.parametrize("seed", range(4))
def test_any_forms(seed, tmp_path):
    """Any mixture of forms gives the truth."""
    check_all(random_forms(seed), tmp_path, seed, count=12)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_any_forms_long(seed, tmp_path_factory):
    """The same for many more mixtures."""
    check_all(random_forms(seed), tmp_path_factory.mktemp("cache"), seed, count=12)


def test_implausible_dates(tmp_path):
    """If most dates are implausible, one warning names the column."""
    deals = [{"id": n, "title": "A", "createdAt": 19_700 + n} for n in range(3)]
    with LiveAccount(deals=deals, behaviour=SERVED) as account:
        connection = connect_to(account, tmp_path)
        with pytest.warns(UserWarning, match=r"dates in created_at \(3\), last_modified_at \(3\)") as caught:
            connection.deals_df()
    assert [(len(caught), warning.filename) for warning in caught] == [(1, __file__)]


@pytest.mark.parametrize("empty_list", ["[]", "null", "absent"])
def test_empty_account(empty_list, tmp_path):
    """An account without records gives a frame without rows, whatever stands in place of the list."""
    behaviour = dataclasses.replace(SERVED, empty_list=empty_list)
    check_all(behaviour, tmp_path, count=0)


def test_null_contradicts_total(tmp_path):
    """Null in place of the rows of an account with records is an error, never an empty frame."""

    class Emptied(LiveAccount):
        def _respond(self, seen):
            response = super()._respond(seen)
            data = response.payload.get("Data")
            if isinstance(data, dict) and "data" in data:
                data["data"] = None
            return response

    with Emptied(deals=made("deals", 3), behaviour=SERVED) as account, pytest.raises(BadResponse):
        connect_to(account, tmp_path).deals_df()


@pytest.mark.parametrize("flags", ["number", "boolean"])
def test_users(flags, tmp_path):
    """Whether a user is active comes as 1 and 0, or as true and false."""
    users = [
        {"id": n, "firstName": "A", "isActive": n > 1, "Role": {"id": 1, "name": "Admin"}} for n in (1, 2)
    ]
    with LiveAccount(users=users, behaviour=dataclasses.replace(SERVED, flags=flags)) as account:
        frame = connect_to(account, tmp_path).users_df()
    assert list(frame["is_active"]) == [False, True]
    assert list(frame["role_name"]) == ["Admin"] * 2
