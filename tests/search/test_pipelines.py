"""Pipelines: stages as records, the order they give to deals, and the one request for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb import Salesmate, Settings
from salesmate_nb._search.pipelines import Pipelines, stage_order, stage_records
from salesmate_nb.errors import ApiError, BadResponse, ConnectionFailed, LoginRequired, RateLimited
from salesmate_nb.resources.pipelines import PIPELINES_PATH
from tests.live_account import BEHAVIOURS, Behaviour, LiveAccount, made

SALES = {
    "pipeline": "Sales",
    "isWinProbabilityEnabledManually": True,
    "stages": [{"stage": "Zero", "winProbability": 0}, {"stage": "Alpha", "winProbability": 80}],
}
RENEWALS = {"pipeline": "Renewals", "stages": [{"stage": "Quoted"}, {"stage": "Zero"}]}


class Api:
    """Returns or raises a response, and counts the requests."""

    def __init__(self, response):
        self.response = response
        self.requests = []

    def __call__(self, method, path, **options):
        self.requests.append((method, path, options))
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


def test_stage_records():
    """Each stage has the values of its pipeline, and a position from 1 in it."""
    records = stage_records({"Status": "success", "Data": [SALES, RENEWALS]})
    assert [(r["pipeline"], r["stage"], r["position"]) for r in records] == [
        ("Sales", "Zero", 1),
        ("Sales", "Alpha", 2),
        ("Renewals", "Quoted", 1),
        ("Renewals", "Zero", 2),
    ]
    assert records[1]["winProbability"] == 80
    assert records[1]["isWinProbabilityEnabledManually"] is True
    assert "stages" not in records[0]


@pytest.mark.parametrize("payload", [{}, {"Data": {}}, {"Data": "none"}, {"Data": ["Sales"]}])
def test_bad_response(payload):
    """A response without a list of pipelines is an error."""
    with pytest.raises(BadResponse, match="pipelines"):
        stage_records(payload)


def test_stage_order():
    """A stage of two pipelines has the place of its first appearance."""
    order = stage_order(stage_records([SALES, RENEWALS]))
    assert order == {"pipeline": ("Sales", "Renewals"), "stage": ("Zero", "Alpha", "Quoted")}


def test_merge():
    """Options that only the catalog knows follow; other columns keep their order."""
    catalog = {"stage": ("Alpha", "Old", "Zero"), "priority": ("High", "Low")}
    assert Pipelines().merge_into(catalog, Api([SALES])) == {
        "pipeline": ("Sales",),
        "stage": ("Zero", "Alpha", "Old"),
        "priority": ("High", "Low"),
    }


def test_one_request():
    """One request, which is not repeated, serves all reads."""
    api, pipelines = Api([SALES]), Pipelines()
    assert pipelines.merge_into({}, api) == pipelines.merge_into({}, api)
    assert api.requests == [("GET", PIPELINES_PATH, {"idempotent": False})]


@pytest.mark.parametrize(
    "error",
    [
        ApiError("no", status=404),
        ApiError("no", status=500),
        BadResponse("HTML"),
        ConnectionFailed("cut off"),
    ],
)
def test_refused(error):
    """Without pipelines the order stays that of the catalog, without a warning, and nobody asks again."""
    catalog, api, pipelines = {"stage": ("Alpha", "Zero")}, Api(error), Pipelines()
    for _ in range(2):
        assert pipelines.merge_into(catalog, api) == catalog
    assert len(api.requests) == 1


@pytest.mark.parametrize("error", [RateLimited("429"), LoginRequired("expired")])
def test_raised(error):
    """What would stop every other request is raised, and asked again later."""
    api, pipelines = Api(error), Pipelines()
    with pytest.raises(type(error)):
        pipelines.merge_into({}, api)
    api.response = [SALES]
    assert pipelines.merge_into({}, api)["stage"] == ("Zero", "Alpha")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["pipeline", "stages", "stage", "Data", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(json_values)
def test_any_payload(payload):
    """Whatever the server sends: records with distinct positions in each pipeline, or BadResponse."""
    try:
        records = stage_records(payload)
    except BadResponse:
        return
    order = stage_order(records)
    assert all(len(set(names)) == len(names) for names in order.values())
    assert all(record["position"] >= 1 for record in records)


@pytest.fixture
def reach(tmp_path):
    """Return a function that connects to a fake live account."""

    def connect(account):
        settings = Settings(
            linkname=account.linkname,
            access_token=account.session_key,
            api_url=account.url,
            token_cache=Path(tmp_path),
        )
        return Salesmate(settings)

    return connect


KIND = BEHAVIOURS["kind"]
STAGES = [{**SALES, "stages": [{"stage": name} for name in ("Offer", "New", "Lost", "Won")]}, RENEWALS]


def asked(account):
    return [seen.path for seen in account.requests].count(f"/{PIPELINES_PATH}")


def test_deals_of_a_live_account(reach):
    """Stages and pipelines of deals are in the order of the pipelines; one request serves all frames."""
    with LiveAccount(deals=made("deals", 60), behaviour=KIND, pipelines=STAGES) as account:
        crm = reach(account)
        frame = crm.deals_df(columns=["id", "stage", "pipeline"])
        assert list(frame["stage"].cat.categories) == ["Offer", "New", "Lost", "Won", "Quoted", "Zero"]
        assert list(frame["pipeline"].cat.categories) == ["Sales", "Renewals"]
        assert frame["stage"].notna().all()
        again = crm.deals_df(columns=["stage"], refresh="auto")
        assert list(again["stage"].cat.categories) == list(frame["stage"].cat.categories)
        assert asked(account) == 1


def test_no_request_without_stages(reach):
    """Frames without stages, records and other resources make no request for pipelines."""
    with LiveAccount(deals=made("deals", 9), contacts=made("contacts", 9), behaviour=KIND) as account:
        crm = reach(account)
        crm.deals_df(columns=["id", "status"])
        list(crm.deals())
        crm.contacts_df()
        assert asked(account) == 0


def test_account_without_pipelines(reach):
    """If the account does not have the path, stages are in the order of the field catalog."""
    behaviour = Behaviour(order="stable", pipelines="missing")
    with LiveAccount(deals=made("deals", 60), behaviour=behaviour) as account:
        crm = reach(account)
        frame = crm.deals_df(columns=["stage"])
        options = crm.fields_df().set_index(["resource", "path"])["options"][("deals", "stage")]
        assert list(frame["stage"].cat.categories) == options.split(", ")
        crm.deals_df(columns=["stage"])
        assert asked(account) == 1
