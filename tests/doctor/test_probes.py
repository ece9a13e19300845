"""The doctor's probes: few, not repeated, and a refusal is a finding."""

from __future__ import annotations

import pytest

from salesmate_nb import ApiError, NotFound
from salesmate_nb._doctor.probes import MAX_REQUESTS, Probes
from salesmate_nb._search.search import SearchRequest
from salesmate_nb.resources import DEALS
from tests.live_account import Behaviour


class Api:
    """Raises an error at each request, or returns a page without records."""

    def __init__(self, error=None):
        self.error = error
        self.requests = []

    def request(self, method, path, **options):
        self.requests.append((method, path, options["idempotent"], options["waiter"].max_seconds))
        if self.error:
            raise self.error
        return {"Status": "success", "Data": {"data": [], "totalRows": 0}}


def test_rate_limit(examine):
    """The hourly limit is a finding: neither waited for nor asked again."""
    found = examine(Behaviour(limit=3))
    assert found.totals["contacts"] == "refused: the hourly limit is reached"


def test_budget():
    """After 12 requests none is made, whatever is asked; each is sent once, and waits for nothing."""
    api = Api()
    probes = Probes(api, is_v4=True)
    found = [probes.search(SearchRequest(resource=DEALS)) for _ in range(MAX_REQUESTS)]
    assert "not tried" not in found
    assert probes.get("apis/core/v4/users") == "not tried"
    assert api.requests == [("POST", "apis/deal/v4/search", False, 0.0)] * MAX_REQUESTS


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("Forbidden", "refused (HTTP 403 Forbidden)"),
        ("4001", "refused (HTTP 403 4001)"),
        ("Deal 'Muster' is locked", "refused (HTTP 403)"),
        (None, "refused (HTTP 403)"),
    ],
)
def test_refusal(code, finding):
    """A refusal is named by its status, and by the server's name for it if that can hold nothing private."""
    refused = ApiError("Muster", status=403, code=code, message="Muster")
    assert Probes(Api(refused), is_v4=True).get("apis/core/v4/users") == finding


def test_no_workspace():
    """A workspace that does not exist ends it."""
    with pytest.raises(NotFound):
        Probes(Api(NotFound("no", status=404, code="NoSuchLinkExist")), is_v4=True).get("x")
