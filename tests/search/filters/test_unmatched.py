"""Wanted values that no row has: which are reported, with what there is, and which are right after all."""

from __future__ import annotations

import pyarrow as pa
import pytest

from salesmate_nb._search.filters.filters import Filters
from salesmate_nb._search.filters.unmatched import FilterTally, User, users_of
from salesmate_nb.resources import DEALS

ROWS = pa.table(
    {
        "status": ["Won", "Open", "Lost"],
        "stage": ["Demo", "Negotiation ", None],
        "pipeline": ["Sales", None, "Sales"],
        "owner_name": ["Ann Weber", "Bo Hansen", None],
        "owner_id": pa.array([1, 2, 3], pa.int64()),
        "deal_value": [50.0, 0.5, None],
    }
)
USERS = (User(id=1, name="Ann Weber"), User(id=4, name="Cara Lind"), User(id=2, name="Bodil Hansen"))


def describe(filters, rows=ROWS, listed=None, **more):
    tally = FilterTally(Filters.parse(**filters).bound(DEALS.fields))
    tally.add(rows)
    return tally.describe("deal", listed=listed or {}, **more)


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        ({"status": "Wonn"}, "No deal has status 'Wonn'. Did you mean 'Won'? There are: Lost, Open, Won."),
        ({"stage": ["Demo", "Demmo"]}, "stage 'Demmo'. Did you mean 'Demo'? There are: Demo, Negotiation."),
        ({"pipeline": "x" * 99}, f"No deal has pipeline '{'x' * 60}'. There are: Sales."),
        ({"owner": "ann"}, "owner 'ann'. Did you mean 'Ann Weber'? There are: Ann Weber, Bo Hansen."),
        ({"owner": 99}, "No deal has owner 99. There are: 1, 2, 3."),
        (
            {"where": {"stage": ["Demmo", "demo"]}},
            "stage 'Demmo'. Did you mean 'Demo'? There are: Demo, Negotiation.",
        ),
        ({"where": {"owner_id": 99}}, "No deal has owner_id 99."),
        (
            {"where": {"deal_value": 1000}},
            "No deal has deal_value 1000.0. A range is {'min': ..., 'max': ...}.",
        ),
        ({"where": {"status": "Close"}}, "'Close'. Did you mean 'Won'? There are: Lost, Open, Won."),
        ({"status": "Close"}, "No deal has status 'Close'. Did you mean 'Won'? There are: Lost, Open, Won."),
    ],
)
def test_unmatched(filters, text):
    """The warning names the value, the closest one, and all that there are."""
    [found] = describe(filters)
    assert found.endswith(text)


def test_amounts():
    """One of several amounts that no deal has is not misspelled; if no deal has any, a range may be meant."""
    assert describe({"where": {"deal_value": [50, 1000]}}) == []
    assert len(describe({"where": {"deal_value": (1000, 5000)}})) == 2


@pytest.mark.parametrize("name", ["owner", "owner_id"])
def test_many_unmatched(name):
    """Of many values, such as the ids of another table, some are named and the others counted."""
    wanted = {name: range(9, 500)}
    *named, rest = describe(wanted if name == "owner" else {"where": wanted})
    assert len(named) == 5
    assert rest == f"No deal has any of the 486 other wanted values of {name}."


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"created_since": "2026-01-01"},
        {"status": " won"},
        {"stage": "negotiation"},
        {"owner": [1, "bo  hansen"]},
        {"status": ["Won", "Close"]},  # as the docstring of deals_df() advises
        {"where": {"stage": ["DEMO", None], "owner_id": [1, 2]}},
        {"where": {"owner_id": {"min": 99}}},
        {"status": "Won", "stage": "Negotiation"},  # both exist, though not in one deal
    ],
)
def test_matched(filters):
    """A value that any row has is right, whatever else the row has."""
    assert describe(filters) == []


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        ({"status": "lost"}, {"status": ["Open", "Won", "Lost"]}),
        ({"stage": "Contract "}, {"stage": ["Demo", "Contract"]}),
        ({"owner": ["Cara Lind", 4]}, {}),
    ],
)
def test_listed(filters, listed):
    """A value that the account offers is right, though no row has it."""
    assert describe(filters, ROWS[:1], listed, users=USERS, is_all=False) == []


def test_rows_that_the_server_chose():
    """Without all rows, the warning claims no more than what was read."""
    [found] = describe({"stage": "Contrakt"}, ROWS[:0], {"stage": ["Contract"]}, is_all=False)
    assert found == (
        "No deal that was read has stage 'Contrakt'. Did you mean 'Contract'? There are: Contract."
    )


def test_deals_that_were_won_are_closed():
    """If deals have Close where others have Won, the warning says so, though Won is a status, too."""
    rows = pa.table({"status": ["Close"]})
    [found] = describe({"status": "Won"}, rows, {"status": ["Open", "Won"]})
    assert found == "No deal has status 'Won'. Did you mean 'Close'? There are: Close, Open, Won."


def test_invisible_characters():
    """A value is right though the rows have it with invisible characters, and no choice is named twice."""
    rows = pa.table({"status": ["Won\u200b", "Wo\u00adn", "\u202aWon\u202c", "Lost\ufeff"]})
    assert describe({"status": "Won"}, rows) == []
    [found] = describe({"status": "Wonn"}, rows)
    assert found == "No deal has status 'Wonn'. Did you mean 'Won'? There are: Lost, Won."


def test_owner_under_another_name():
    """A user whose records name their owner in another way is found by id."""
    [found] = describe({"owner": "Bodil Hansen"}, users=USERS)
    assert found == ("No deal has owner 'Bodil Hansen'. That user's records have another name: use owner=2.")


def test_unknown_owner_among_users():
    """An unknown owner is told of by the users: by their names, or by names and ids."""
    by_name, by_id = describe({"owner": ["Car Lind", 9]}, users=USERS)
    assert "Did you mean 'Cara Lind'? There are: Ann Weber, Bo Hansen, Bodil Hansen, Cara Lind." in by_name
    assert by_id == "No deal has owner 9. There are: Ann Weber (1), Bodil Hansen (2), Cara Lind (4)."


def test_users_of_odd_records():
    """Records without a name are left out; an id may be text, or missing."""
    records = [{"id": "7", "name": "Ann"}, {"firstName": "Bo", "lastName": None}, {"id": 1}, "x", {"name": 3}]
    assert users_of(records) == [User(id=7, name="Ann"), User(id=None, name="Bo")]
