"""Full reads into a snapshot: what is believed, and what is said."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest

from salesmate_nb import IncompleteRead, LoginRequired, Settings
from salesmate_nb.client import Salesmate
from tests.helpers import same
from tests.live_account import BEHAVIOURS, LiveAccount, made

pytestmark = [
    pytest.mark.filterwarnings("ignore:Custom columns use:UserWarning"),
    pytest.mark.usefixtures("one_page_read_again"),
]

SAYS = r"refresh='auto' reads all deals here.*sorted by id, .* in another order for each page\. No row"


@pytest.fixture(scope="module")
def deals():
    return made("deals", 270)


def reach(account, folder):
    login = {"linkname": account.linkname, "session_key": account.session_key, "api_url": account.url}
    return Salesmate(Settings(**login, token_cache=folder, calls_per_hour=10**6))


def ids(account):
    return [deal["id"] for deal in account.truth("deals")]


def empty(account):
    """Have the account return no rows, whatever is asked; return what ends that."""
    before = account.gone["deals"]
    account.gone["deals"] = set(account.records["deals"])
    account.version += 1

    def end():
        account.gone["deals"] = before
        account.version += 1

    return end


def test_unstable_order_is_said_once(deals, tmp_path):
    """If no order is kept, each refresh reads all rows; the second one says so at the user's line."""
    with LiveAccount(deals=deals) as account:
        connection = reach(account, tmp_path)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            connection.deals_df(refresh="auto")
        before = len(account.searches())
        with pytest.warns(UserWarning, match=SAYS) as caught:
            frame = connection.deals_df(refresh="auto")
        assert [warning.filename for warning in caught] == [__file__]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            same(connection.deals_df(refresh="auto"), connection.deals_df())
        assert list(frame["id"]) == ids(account)
        assert all(len(seen.body["displayingFields"]) > 2 for seen in account.searches()[before:])


def test_nothing_is_said_of_one_page(deals, tmp_path):
    """An account of one page is read in full by as few requests as any, and nothing is said."""
    with LiveAccount(deals=deals[:200]) as account:
        connection = reach(account, tmp_path)
        connection.deals_df(refresh="auto")
        before = len(account.searches())
        account.delete("deals", ids(account)[0])
        assert list(connection.deals_df(refresh="auto")["id"]) == ids(account)
        assert len(account.searches()) <= before + 2


@pytest.mark.parametrize("name", ["measured", "kind", "no totals, stable"])
@pytest.mark.parametrize("count", [3, 270])
@pytest.mark.filterwarnings("ignore:refresh='auto' reads all:UserWarning")
def test_empty_response(name, count, deals, tmp_path):
    """No rows where there were some: the snapshot is kept, and the error says how to accept it."""
    behaviour = replace(BEHAVIOURS[name], empty_list="null")
    with LiveAccount(deals=deals[:count], behaviour=behaviour) as account:
        connection = reach(account, tmp_path)
        before = connection.deals_df(refresh="auto")
        end = empty(account)
        with pytest.raises(IncompleteRead, match=f"no deals, but there were {count}.*refresh='full'"):
            connection.deals_df(refresh="auto")
        same(connection.deals_df(refresh="never"), before)
        end()
        same(connection.deals_df(refresh="auto"), before)
        empty(account)
        assert connection.deals_df(refresh="full").empty
        assert connection.deals_df(refresh="auto").empty


def test_empty_response_that_ends(deals, tmp_path):
    """If a request of another kind finds rows after all, they are read again."""
    with LiveAccount(deals=deals[:3]) as account:
        connection = reach(account, tmp_path)
        before = connection.deals_df(refresh="auto")
        end, count = empty(account), len(account.requests)

        def hook(number, _):
            if number == count + 2:
                end()

        account.on_request = hook
        same(connection.deals_df(refresh="auto"), before)


@pytest.mark.filterwarnings("ignore:refresh='auto' reads all:UserWarning")
def test_rows_disappear_from_an_uncounted_list(deals, tmp_path):
    """Without a total, a deal is dropped if a second read of all does not have it either."""
    with LiveAccount(deals=deals, behaviour=BEHAVIOURS["no totals"]) as account:
        connection = reach(account, tmp_path)
        connection.deals_df(refresh="auto")
        before = len(account.requests)
        assert list(connection.deals_df(refresh="auto")["id"]) == ids(account)
        unchanged = len(account.requests) - before
        account.delete("deals", ids(account)[5])
        before = len(account.requests)
        assert list(connection.deals_df(refresh="auto")["id"]) == ids(account)
        assert len(account.requests) - before > unchanged


def test_interrupted_read_without_an_order(deals, tmp_path):
    """An interrupted first read of a server that keeps no order leaves nothing that is wrong later."""
    with LiveAccount(deals=deals, behaviour=replace(BEHAVIOURS["measured"], key_lasts=5)) as account:
        with pytest.raises(LoginRequired):
            reach(account, tmp_path).deals_df(refresh="auto")
        account.behaviour = BEHAVIOURS["measured"]
        assert list(reach(account, tmp_path).deals_df(refresh="auto")["id"]) == ids(account)


@pytest.mark.parametrize("resource", ["contacts", "companies", "activities"])
@pytest.mark.parametrize("name", ["measured", "kind"])
@pytest.mark.filterwarnings("ignore:refresh='auto' reads all:UserWarning")
def test_other_resources(resource, name, tmp_path):
    """Contacts, companies and activities are refreshed in the same way."""
    with LiveAccount(**{resource: made(resource, 270)}, behaviour=BEHAVIOURS[name]) as account:
        read = getattr(reach(account, tmp_path), f"{resource}_df")
        read(refresh="auto")
        first, second, *_ = (record["id"] for record in account.truth(resource))
        account.edit(resource, first, description="edited")
        account.delete(resource, second)
        same(read(refresh="auto"), read())
