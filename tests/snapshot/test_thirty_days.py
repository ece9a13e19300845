"""A snapshot's life over many days of an account that behaves in many ways, against a truth held here."""

from __future__ import annotations

import datetime as dt
import random
from contextlib import suppress
from dataclasses import replace

import pytest

from salesmate_nb import Settings
from salesmate_nb._api.client import ApiClient
from salesmate_nb._snapshot import incremental
from salesmate_nb._snapshot.changes import Changes
from salesmate_nb.client import Salesmate
from tests.helpers import same
from tests.live_account import BEHAVIOURS, LiveAccount, made, random_behaviour

pytestmark = [
    pytest.mark.usefixtures("one_page_read_again"),
    pytest.mark.filterwarnings("ignore:Custom columns use:UserWarning"),
    pytest.mark.filterwarnings("ignore:refresh='auto' reads all:UserWarning"),
]

DAY = 24 * 3600
START = 1_735_700_400  # 2025-01-01, after all made deals
FUTURE = 1_930_000_000  # 2031
STAGES = [("New", "Open"), ("Offer", "Open"), ("Won", "Won"), ("Lost", "Lost")]
LIVES = {
    **{
        name: BEHAVIOURS[name]
        for name in (
            "measured",
            "kind",
            "no totals",
            "no totals, stable",
            "ties in any order",
            "newest first",
            "windows only",
            "everything ignored",
            "everything refused",
            "v3 dates",
            "mixed dates",
        )
    },
    "refused as 500": replace(BEHAVIOURS["measured"], refusal="500"),
    "lagging total": replace(BEHAVIOURS["kind"], totals="lagging", deleted_rule="ignored"),
    "list sort": replace(BEHAVIOURS["measured"], stable_with="a list"),
    "small pages": replace(BEHAVIOURS["kind"], row_cap=100, totals="text", deleted_rule="refused"),
}
WHOLE = {"measured"}  # for 30 days; others for 6, which shows the same in less time


class CrashError(Exception):
    """The process ends in the middle of a refresh."""


class Life:
    """An account that people change day by day, and one user with a snapshot of it."""

    def __init__(self, account, folder, seed):
        self.account = account
        self.chance = random.Random(f"life {seed}")
        self.folder = folder
        self.day = 0
        self.pairs = 0
        self.calls = {"auto": 0, "live": 0}

    def connection(self):
        """Return what a new kernel has."""
        account = self.account
        login = {"linkname": account.linkname, "session_key": account.session_key, "api_url": account.url}
        return Salesmate(Settings(**login, token_cache=self.folder, calls_per_hour=10**6))

    def pass_day(self):
        """Change a few deals, many at once, or none."""
        self.day += 1
        for _ in range(self.chance.choice((0, 1, 2, 5, 15))):
            self.chance.choice((self.create, self.edit, self.edit, self.move, self.delete, self.restore))()
        if self.chance.random() < 0.3:  # the total stays the same
            self.delete()
            self.restore()
            self.pairs += 1
        if self.chance.random() < 0.1:  # in bulk, in the same second
            at = self.now()
            for number in self.chance.sample(self.ids(), len(self.ids()) // 2):
                self.account.edit("deals", number, at=at, title=f"bulk {self.day}")
        if self.chance.random() < 0.1:  # an import with a wrong clock
            self.account.edit("deals", self.chance.choice(self.ids()), at=FUTURE, title=f"future {self.day}")
        if self.chance.random() < 0.1:  # edited twice in a second, with a refresh between
            self.edit(at=START + self.day * DAY + DAY - 1)
            self.refresh()
            self.edit(at=START + self.day * DAY + DAY - 1)

    def now(self):
        return START + self.day * DAY + self.chance.randrange(DAY - 1)

    def tonight(self):
        """Return when a day ends, which is when its refresh begins."""
        return dt.datetime.fromtimestamp(START + (self.day + 1) * DAY, dt.UTC)

    def ids(self):
        return self.account.ids("deals")

    def create(self):
        at = self.now()
        [new] = made("deals", 1, seed=at)
        new |= {"id": max(self.account.records["deals"]) + 1, "createdAt": at, "lastModifiedAt": at}
        self.account.create("deals", **new)

    def edit(self, at=None):
        number, value = self.chance.choice(self.ids()), self.chance.randrange(10**6)
        self.account.edit("deals", number, at=at or self.now(), title=f"edit {value}", dealValue=value)

    def move(self):
        stage, status = self.chance.choice(STAGES)
        self.account.edit("deals", self.chance.choice(self.ids()), at=self.now(), stage=stage, status=status)

    def delete(self):
        self.account.delete("deals", self.chance.choice(self.ids()))

    def restore(self):
        if gone := sorted(self.account.gone["deals"]):
            self.account.restore("deals", self.chance.choice(gone))

    def crash(self, monkeypatch):
        """Refresh, but end the process after a few requests."""
        left, request = [self.chance.randrange(1, 6)], ApiClient.request

        def crashing(client, method, path, **options):
            left[0] -= path.endswith("search")
            if left[0] < 0:
                raise CrashError
            return request(client, method, path, **options)

        with monkeypatch.context() as patch:
            patch.setattr(ApiClient, "request", crashing)
            with suppress(CrashError):
                self.refresh()

    def refresh(self):
        return self.read("auto", refresh="auto")

    def read(self, kind, **options):
        before = len(self.account.requests)
        frame = self.connection().deals_df(**options)
        self.calls[kind] += len(self.account.requests) - before
        return frame

    def check(self, frame):
        """Compare with the truth, and with a live read and an offline one."""
        truth = self.account.truth("deals")
        assert list(frame["id"]) == [deal["id"] for deal in truth]
        assert list(frame["title"]) == [deal["title"] for deal in truth]
        assert list(frame["stage"]) == [deal["stage"] for deal in truth]
        assert list(frame["status"]) == [deal["status"] for deal in truth]
        values = [None if value != value else value for value in frame["deal_value"]]  # noqa: PLR0124 - NaN
        assert values == [deal["dealValue"] for deal in truth]
        same(self.read("offline", refresh="never"), frame)
        if self.account.behaviour.timestamps != "mixed":  # which writes a time in another form each time
            same(self.read("live"), frame)


def check_life(behaviour, seed, days, deals, tmp_path, monkeypatch):
    """Live through some days, and return it."""
    behaviour = replace(behaviour, limit=None)  # of calls in an hour, which is one for all days here
    with LiveAccount(deals=deals, behaviour=behaviour, seed=seed) as account:
        life = Life(account, tmp_path, seed)
        monkeypatch.setattr(
            incremental, "Changes", lambda *given, **more: Changes(*given, **more, now=life.tonight())
        )
        life.calls["offline"] = 0
        for deal in life.chance.sample(life.ids(), 10):
            account.delete("deals", deal)
        for _ in range(days):
            life.pass_day()
            fate = life.chance.random()
            if fate < 0.15:
                continue
            if fate < 0.3:
                life.crash(monkeypatch)
            life.check(life.refresh())
    assert life.calls["offline"] == 0
    return life


@pytest.mark.parametrize("name", ["measured", "kind", "no totals, stable"])
def test_a_few_days(name, tmp_path, monkeypatch):
    """Each day, a refreshed snapshot equals the truth, a live read and the offline read after it."""
    check_life(LIVES[name], 1, 4, made("deals", 270), tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", LIVES)
def test_thirty_days(name, tmp_path, monkeypatch, capsys):
    """The same over 30 days with more deals, with days without a refresh, and refreshes that crash."""
    days, seed = (30 if name in WHOLE else 6), 0
    life = check_life(LIVES[name], seed, days, made("deals", 520), tmp_path, monkeypatch)
    assert life.pairs or name not in WHOLE
    with capsys.disabled():
        print(  # noqa: T201 - what this costs
            f"\n{name}, seed {seed}: {life.calls} requests, {life.pairs} days with pairs", end=" "
        )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_thirty_days_of_random_behaviour(seed, tmp_path, monkeypatch):
    """The same on an account that mixes behaviours at random."""
    behaviour = random_behaviour(seed)
    if behaviour.totals == "lagging" and behaviour.total_lag < 0:
        behaviour = replace(behaviour, total_lag=2)  # else no read may succeed
    check_life(behaviour, seed, 6, made("deals", 280), tmp_path, monkeypatch)
