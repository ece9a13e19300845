"""Starting, visiting and stopping a sandbox, and what it imports."""

from __future__ import annotations

import datetime as dt
import http.server
import subprocess
import sys
import threading
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

import salesmate_nb
from salesmate_nb import sandbox


def test_repr(start):
    """The repr shows the URL, the state and the number of deals."""
    server = start()
    assert repr(server) == f"<Sandbox {server.url} running, 5 deals, approve='auto'>"
    server.stop()
    assert "stopped" in repr(server)


def test_stores(start):
    """Each resource has a store, and the records of contacts and companies are those of the deals."""
    server = start(deals=30)
    stores = (server.deals, server.contacts, server.companies, server.activities)
    assert [store.resource.plural for store in stores] == ["deals", "contacts", "companies", "activities"]
    named = {deal["primaryCompany"]["id"] for deal in server.deals.records() if deal.get("primaryCompany")}
    assert set(server.companies.ids()) == named


def test_token_caches_are_separate(start):
    """Each sandbox has its own token cache, which is removed when it stops."""
    first, second = start(), start()
    assert first.settings.token_cache != second.settings.token_cache
    (first.settings.token_cache / "default.json").write_text("{}")
    first.stop()
    assert not first.settings.token_cache.exists()
    assert second.settings.token_cache.exists()


def test_visit_follows_redirects(client):
    """visit() ends at the client's listener with code and state, and uses no proxy."""
    paths = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        try:
            redirect_uri = f"http://127.0.0.1:{listener.server_port}/callback"
            client.sandbox.visit(client.authorize(redirect_uri=redirect_uri).url)
            assert paths[0].startswith("/callback?code=sandbox-code-")
            assert paths[0].endswith("&state=st4te")
        finally:
            listener.shutdown()
            thread.join()


def test_visit_reports_failures(client):
    """An error page and a client that does not listen are errors, whose messages show no code."""
    with pytest.raises(RuntimeError, match=r"/oauth/authorize with HTTP status 400\.$"):
        client.sandbox.visit(client.authorize(client_id="other").url)
    unreachable = client.authorize(redirect_uri="http://127.0.0.1:9/callback").url
    with pytest.raises(RuntimeError, match="could not be opened") as caught:
        client.sandbox.visit(unreachable)
    assert "sandbox-code" not in str(caught.value)


def test_visit_does_not_submit_consent(make_client):
    """With approve="ask" the consent page is opened and not submitted."""
    client = make_client(approve="ask")
    client.sandbox.visit(client.authorize().url)
    assert {request.method for request in client.sandbox.log} == {"GET"}
    assert client.sandbox.approve == "ask"


def test_wait_ends_on_stop(start):
    """wait() blocks until the sandbox is stopped."""
    server = start()
    thread = threading.Thread(target=server.wait)
    thread.start()
    server.stop()
    thread.join(30)
    assert not thread.is_alive()


def run(code):
    """Run code in a new Python process, without importing the top of the package."""
    stub = f"""
import sys, types
top = sys.modules["salesmate_nb"] = types.ModuleType("salesmate_nb")
top.__path__ = {list(salesmate_nb.__path__)!r}
"""
    command = [sys.executable, "-c", stub + code]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert result.stderr == ""
    return result.stdout.strip()


def test_imports_only_werkzeug():
    """The sandbox imports nothing else of the package, and starts no thread on import."""
    output = run(
        "import salesmate_nb.sandbox, threading\n"
        "print(sorted(n for n in sys.modules if n.startswith('salesmate_nb.') and '.sandbox' not in n), "
        "'requests' in sys.modules, 'pandas' in sys.modules, threading.active_count())"
    )
    assert output == "[] False False 1"


def test_missing_werkzeug():
    """Without the extra, the ImportError shows the command that installs it."""
    output = run(
        "sys.modules['werkzeug'] = None\n"
        "try:\n    import salesmate_nb.sandbox\nexcept ImportError as err:\n    print(err)"
    )
    assert output.endswith('pip install "salesmate-nb[sandbox]"')


def test_stops_at_exit():
    """A sandbox that was not stopped does not keep Python running, and its folder is removed."""
    output = run("from salesmate_nb import sandbox\nprint(sandbox.start(deals=1).settings.token_cache)")
    assert "salesmate_nb-sandbox-" in output
    assert not Path(output).exists()


def test_public_names():
    """Everything in __all__ exists."""
    assert [name for name in sandbox.__all__ if not hasattr(sandbox, name)] == []


def test_notebook_card(start):
    """In a notebook it shows where it runs and what it holds, and none of its secrets."""
    server = start(deals=3, client_secret="s3cret-1", approve="ask")
    html = server._repr_html_()
    assert server.url in html
    assert "running" in html
    assert "on a consent page" in html
    assert "s3cret-1" not in html
    assert server.access_key not in html
    server.stop()
    assert "stopped" in server._repr_html_()


def date_of(response):
    return parsedate_to_datetime(response.headers["Date"])


def test_pass_days(make_client):
    """The API shows the deals as the team left them, and each response from then on the account's time."""
    kind = make_client(deals=100, behavior="kind")
    before = kind.search().json()["Data"]["data"]
    now = dt.datetime.now(dt.UTC)
    assert abs(date_of(kind.search()) - now) < dt.timedelta(minutes=5)
    kind.sandbox.pass_days(30)
    after = kind.search().json()["Data"]["data"]
    assert after == kind.sandbox.deals.records() != before
    passed = dt.datetime(2026, 7, 30, 18, tzinfo=dt.UTC)
    for response in (kind.search(), kind.get("/nowhere"), kind.token(code="none")):
        assert passed <= date_of(response) < passed + dt.timedelta(minutes=5)
    assert max(deal["lastModifiedAt"] for deal in after) < passed.isoformat()


def test_tokens_do_not_expire_as_days_pass(make_client):
    """Tokens and the rate limit know real time alone: a year later a token works, and can be refreshed."""
    client = make_client(access_ttl=600, calls_per_hour=2)
    tokens = client.log_in()
    client.sandbox.pass_days(365)
    assert client.deals(tokens["access_token"]).status_code == 200
    renewed = client.refresh(tokens["refresh_token"]).json()
    assert renewed["expires_in"] == 600
    assert client.deals(renewed["access_token"]).status_code == 200
    refused = client.deals(renewed["access_token"])
    assert refused.status_code == 429
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600


@pytest.mark.parametrize("days", [-1, 0.5])
def test_pass_days_refuses_other_numbers(start, days):
    """Days are whole and not negative; otherwise nothing happens."""
    server = start()
    before = server.deals.records()
    with pytest.raises(ValueError, match=rf"^days={days} is not valid\. Use a whole number, 0 or more\.$"):
        server.pass_days(days)
    assert server.deals.records() == before


def test_pass_days_needs_made_up_deals(start, data_file):
    """The team cannot work on deals from a file, and the error says what can."""
    server = start(data=data_file({"id": 7, "title": "A"}))
    with pytest.raises(ValueError, match="serves those of a file"):
        server.pass_days(1)
    assert server.deals.get(7) == {"id": 7, "title": "A"}
