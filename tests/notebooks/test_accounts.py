"""Every notebook runs on every account: no error, no warning, and no text on another."""

from __future__ import annotations

import pytest

from salesmate_nb import SettingsError, report
from tests.charts.overlaps import overlaps
from tests.notebooks import accounts, cells

pytestmark = pytest.mark.slow
every_notebook = pytest.mark.parametrize("name", cells.NOTEBOOKS)
NEED_V4 = {"joining_contacts", "pipeline_movement"}


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs a notebook on the account of some settings, and measures its pictures."""

    def run(name, settings, **parameters):
        for key, value in settings.items():
            monkeypatch.setenv(f"SALESMATE_{key.upper()}", str(value))
        done = cells.run(name, own_account=True, **parameters)
        assert [overlaps(figure) for figure in done.figures] == [[]] * len(done.figures)
        assert done.text
        return done

    return run


@every_notebook
@pytest.mark.parametrize("account", accounts.CHANGES)
def test_changed_account(account, name, run):
    """A notebook runs on an account that differs from the sandbox's in one thing, with a history."""
    with accounts.changed(accounts.CHANGES[account]) as settings:
        run(name, settings)


@every_notebook
def test_first_run(name, run):
    """A notebook runs on an account that has no history yet, in any style and for all pipelines."""
    with accounts.changed(accounts.CHANGES["as it is"], days=()) as settings:
        run(name, settings, pipeline="all", style="dark", time_zone="America/New_York")


def test_days_of_the_time_zone(run):
    """The day to compare with ends in the time zone of the notebook, also if it is east of the account's."""
    with accounts.changed(accounts.CHANGES["as it is"], days=(77, 1)) as settings:
        text = run("pipeline_movement", settings, time_zone="Pacific/Kiritimati").text
    assert text.startswith("From Wednesday, 16 September 2026 to Thursday, 17 September 2026.")


@every_notebook
def test_measured_account(name, run):
    """A notebook runs on the independent server that behaves as a live account was measured to do."""
    with accounts.measured() as settings:
        run(name, settings)


def test_links(run):
    """On an own account, the titles in the review's tables link to the deals in Salesmate."""
    with accounts.measured() as settings:
        shown = run("pipeline_review", settings).shown
        tables = "".join(each._repr_html_() for each in shown if isinstance(each, report.Table))
        assert f'<a href="{settings["api_url"]}/' in tables


@every_notebook
def test_v1_account(name, run):
    """A notebook runs over the v1 API, or says in one sentence what it needs."""
    with accounts.over_v1() as settings:
        if name not in NEED_V4:
            run(name, settings)
            return
        with pytest.raises(SettingsError, match="SALESMATE_LINKNAME"):
            run(name, settings)


@every_notebook
def test_real_deals(name, run, real_deals):
    """A notebook runs on 8,800 real opportunities."""
    with accounts.of_file(real_deals) as settings:
        parameters = {"today": "2017-12-31"} if "today" in cells.code(name)[0] else {}
        run(name, settings, **parameters)
