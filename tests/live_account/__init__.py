"""A fake Salesmate v4 API on a real loopback socket, written from the facts alone.

It knows nothing of `salesmate_nb` and nothing of its sandbox, so that it shares the mistakes of neither::

    with LiveAccount(deals=made("deals", 359), behaviour=BEHAVIOURS["measured"]) as account:
        ...  # read from account.url with account.headers, then compare with account.truth("deals")

"The facts" in these files is salesmate_api.md of the project's shared folder; a section number such as 5
refers to it. What the facts leave open, and was decided here, is marked "decided here".
"""

from tests.live_account.account import LiveAccount
from tests.live_account.behaviour import BEHAVIOURS, Behaviour, random_behaviour
from tests.live_account.records import Seen, load_real_deals, made

__all__ = ["BEHAVIOURS", "Behaviour", "LiveAccount", "Seen", "load_real_deals", "made", "random_behaviour"]
