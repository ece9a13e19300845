"""Starting a sandbox, and what it tells a client."""

from __future__ import annotations

import dataclasses
import http.server
import inspect
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import salesmate_nb
from salesmate_nb import sandbox
from salesmate_nb.sandbox import Account, Options


def test_start_takes_what_options_hold():
    """The keywords of start() and the fields of Options are the same, with the same defaults."""
    keywords = {name: one.default for name, one in inspect.signature(sandbox.start).parameters.items()}
    assert keywords == {field.name: field.default for field in dataclasses.fields(Options)}
    kinds = {one.kind for one in inspect.signature(sandbox.start).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"approve": "never"}, "auto, ask"),
        ({"deals": -1}, "0 or more"),
        ({"time_zone": "Mars"}, "Europe/Berlin"),
    ],
)
def test_an_option_that_cannot_be_says_what_can(option, words):
    """The error names the choices."""
    with pytest.raises(ValueError, match=words):
        sandbox.start(**option)


def test_the_account_names_every_endpoint(start):
    """A client gets the endpoints of this very sandbox, and a redirect address on any port."""
    box = start(time_zone="Europe/Berlin")
    account = {**box.settings}
    assert account.pop("token_cache").is_dir()
    assert account == {
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "redirect_uri": "http://127.0.0.1:0/callback",
        "auth_url": f"{box.url}/oauth/authorize",
        "token_url": f"{box.url}/oauth/token",
        "revoke_url": f"{box.url}/oauth/revoke",
        "api_url": box.url,
        "timezone": "Europe/Berlin",
    }


def test_the_account_can_be_changed(start):
    """dataclasses.replace makes an account with a linkname or an access key of it."""
    box = start()
    account = dataclasses.replace(box.settings, linkname=box.linkname, access_token=box.access_key)
    assert {**account}["linkname"] == "sandbox"
    assert account["access_token"] == "sandbox-key"
    assert isinstance(account, Account)
    with pytest.raises(KeyError):
        box.settings["access_token"]
    with pytest.raises(KeyError):
        box.settings["keys"]


def test_no_repr_shows_a_secret(start):
    """Account, options and sandbox can be printed."""
    box = start()
    account = dataclasses.replace(box.settings, access_token=box.access_key)
    shown = repr(account) + repr(box) + repr(Options()) + repr(box.deals)
    assert "sandbox-secret" not in shown
    assert "sandbox-key" not in shown
    assert f"<Sandbox {box.url} running, 5 deals, approve='auto'>" in shown
    box.stop()
    assert "stopped" in repr(box)


def test_each_sandbox_has_a_token_cache_of_its_own(start):
    """Logins to one are not found by another, and are gone when it stops."""
    one, other = start(), start()
    assert one.settings.token_cache != other.settings.token_cache
    (one.settings.token_cache / "default.json").write_text("{}")
    one.stop()
    assert not one.settings.token_cache.exists()
    assert other.settings.token_cache.exists()


def test_a_visit_goes_all_the_way(visitor):
    """visit() plays a person: the client's listener gets code and state, without any proxy."""
    received = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            received.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        try:
            redirect_uri = f"http://127.0.0.1:{listener.server_port}/callback"
            visitor.box.visit(visitor.authorize(redirect_uri=redirect_uri).url)
            assert received[0].startswith("/callback?code=sandbox-code-")
            assert received[0].endswith("&state=st4te")
        finally:
            listener.shutdown()
            thread.join()


def test_a_visit_that_fails_says_where(visitor):
    """A page that says no, or a client that does not listen, is no silent end; no code is in the words."""
    with pytest.raises(RuntimeError, match=r"/oauth/authorize, which answered 400\.$"):
        visitor.box.visit(visitor.authorize(client_id="other").url)
    nobody = visitor.authorize(redirect_uri="http://127.0.0.1:9/callback").url
    with pytest.raises(RuntimeError, match="broke off") as caught:
        visitor.box.visit(nobody)
    assert "sandbox-code" not in str(caught.value)


def test_a_visit_does_not_answer_a_question(visit):
    """Where approve is ask, the page is opened and nobody presses a button."""
    visitor = visit(approve="ask")
    visitor.box.visit(visitor.authorize().url)
    assert {call.method for call in visitor.box.log} == {"GET"}
    assert visitor.box.approve == "ask"


def test_wait_ends_with_the_sandbox(start):
    """wait() blocks until somebody stops the sandbox."""
    box = start()
    waiting = threading.Thread(target=box.wait)
    waiting.start()
    box.stop()
    waiting.join(5)
    assert not waiting.is_alive()


def run(code):
    """Run code in a fresh Python, where the package's own top is left out."""
    stub = f"""
import sys, types
top = sys.modules["salesmate_nb"] = types.ModuleType("salesmate_nb")
top.__path__ = {list(salesmate_nb.__path__)!r}
"""
    command = [sys.executable, "-c", stub + code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_it_imports_nothing_else_of_the_package():
    """The sandbox cannot share the package's mistakes, and needs nothing but werkzeug."""
    found = run(
        "import salesmate_nb.sandbox, threading\n"
        "print(sorted(n for n in sys.modules if n.startswith('salesmate_nb.') and '.sandbox' not in n), "
        "'requests' in sys.modules, 'pandas' in sys.modules, threading.active_count())"
    )
    assert found == "[] False False 1"


def test_without_werkzeug_it_says_what_to_install():
    """A missing extra is an ImportError with the command."""
    found = run(
        "sys.modules['werkzeug'] = None\n"
        "try:\n    import salesmate_nb.sandbox\nexcept ImportError as err:\n    print(err)"
    )
    assert found.endswith('pip install "salesmate-nb[sandbox]"')


def test_a_sandbox_nobody_stopped_ends_with_the_process():
    """A forgotten sandbox leaves no folder behind, and does not keep Python from ending."""
    found = run("from salesmate_nb import sandbox\nprint(sandbox.start(deals=1).settings.token_cache)")
    assert "salesmate_nb-sandbox-" in found
    assert not Path(found).exists()
