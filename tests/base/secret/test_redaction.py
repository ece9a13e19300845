"""Redaction: secrets hide themselves, and no output, file, log or traceback of a whole session has one."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from salesmate_nb import Salesmate, Settings
from salesmate_nb._base.secret.redaction import redact
from salesmate_nb._base.secret.text import Secret

KEY = "s3cret/value+x"
DRIVE = r'''
import contextlib, copy, faulthandler, gc, io, json, logging, os, pickle, pprint, re, sys, threading, warnings
logging.basicConfig(level=logging.DEBUG)
warnings.simplefilter("always")
from pathlib import Path
import pandas as pd
import requests
from IPython.core.formatters import DisplayFormatter
from IPython.core.ultratb import VerboseTB
from salesmate_nb import Settings, connect, sandbox, SalesmateError, cli
from salesmate_nb._api import client
from salesmate_nb._api.retry import RetryPolicy
from salesmate_nb._api.session import BoundedSession
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._auth.oauth import callback
from salesmate_nb.sandbox import ScriptedResponse

client._TRANSIENT = RetryPolicy(attempts=4, base=0, cap=0)
known = set()
slow = []  # whether responses are delayed: then requests time out soon
send = BoundedSession.send

def impatient(session, request, **kwargs):
    return send(session, request, **kwargs | ({"timeout": (5, 0.1)} if slow else {}))

BoundedSession.send = impatient

def know(*secrets):
    known.update(Secret(secret).reveal() for secret in secrets if secret)

def report(err):
    """Print an error as notebooks and logs print one."""
    logging.getLogger("app").exception("failed", exc_info=err)
    print(err, repr(err), err.args, vars(err), file=sys.stderr)
    print("".join(VerboseTB().text(type(err), err, err.__traceback__, 5)))

def fails(call):
    try:
        call()
    except SalesmateError as err:
        report(err)
    else:
        raise AssertionError("it did not fail")

def show(thing):
    """Print an object in every form there is."""
    print(thing, repr(thing), f"{thing}", "%s %r" % (thing, thing), format(thing), [thing], {"k": thing})
    pprint.pprint(thing)
    print(json.dumps(str(thing)))
    with contextlib.suppress(TypeError):
        pprint.pprint(vars(thing))
    print(DisplayFormatter().format(thing))
    with contextlib.suppress(Exception):
        print(copy.copy(thing), copy.deepcopy(thing))
    try:
        Path("pickled").open("ab").write(pickle.dumps(thing))
    except Exception as err:
        print("not pickled:", err)
    logging.getLogger("app").debug("seen %s %r", thing, thing)

class Hidden(str):
    """A URL that this script itself holds, so that a traceback's view of the script does not count."""

    def __repr__(self):
        return "hidden"

def allow(url, decision="allow"):
    page = requests.get(url)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    target = requests.compat.urljoin(url, re.search(r'<form[^>]* action="([^"]*)"', page.text).group(1))
    response = requests.post(target, data=fields | {"decision": decision}, allow_redirects=False)
    return Hidden(response.headers["Location"])

def quietly(call):
    """Do what a browser does, whose own log is not ours."""
    logging.disable(logging.CRITICAL)
    try:
        return call()
    finally:
        logging.disable(logging.NOTSET)

with sandbox.start(deals=40, approve="ask", client_secret="M4rked-" + sys.argv[2],
                   session_key="M4rked-key-" + sys.argv[2]) as box:
    echoing = {"error": "invalid_request", "error_description": "no M4rked-" + sys.argv[2]}
    values = {**box.settings, "token_cache": Path("cache").absolute(), "timeout": 10}
    settings = Settings(**values)
    connection = connect(settings)
    show(connection.pending_login())
    stale = quietly(lambda: allow(connection.login_url))
    know(*re.findall(r"[?&]code=([^&]+)", stale))
    fails(connection.deals_df)
    fails(lambda: connection.finish_login("not it"))
    fails(lambda: connection.finish_login("".join(stale).replace("state=", "state=x")))
    fails(lambda: connection.finish_login("".join(stale + "&code=other")))
    fails(lambda: connection.finish_login(quietly(lambda: allow(connection.login_url, "deny"))))
    for fault in (
        ScriptedResponse(status=500, body=b"oops"),
        ScriptedResponse(drop="before"),
        ScriptedResponse(drop="in-body", real=True),
        ScriptedResponse(body=b"<html>"),
        ScriptedResponse(status=301, headers={"Location": "https://evil.example/"}),
        ScriptedResponse(status=400, body=json.dumps(echoing).encode()),
    ):
        box.script("/oauth/token", fault)
        again = quietly(lambda: allow(connection.login_url))
        know(*re.findall(r"[?&]code=([^&]+)", again))
        fails(lambda: connection.finish_login("".join(again)))
    page = quietly(lambda: requests.get(Hidden(stale.replace("state=", "state=x"))))
    print(page.status_code, page.text)
    done = quietly(lambda: requests.get(allow(connection.login_url)))
    print(done.status_code, done.text, dict(done.headers))

    held = connection.session.current_token
    know(held.access_token, held.refresh_token)
    for thing in (settings, connection, connection.status(), connection.session, connection.session.token,
                  connection.session.current_token, *vars(connection).values(),
                  callback.parse_authorization_response(stale),
                  settings.client_secret, settings.access_token):
        show(thing)
    print(box, box.settings, box.log)
    frame = connection.deals_df(progress=True)
    show(frame.attrs)
    frame.to_parquet("deals.parquet")
    frame.to_csv("deals.csv")
    frame.to_pickle("deals.pkl")

    box.expire_access_tokens()
    connection.deals_df(progress=True)
    know(connection.session.current_token.access_token, connection.session.current_token.refresh_token)
    for path in ("/apis/deal/v4/search", "/oauth/token"):
        for fault in (
            ScriptedResponse(status=401),
            ScriptedResponse(status=403),
            ScriptedResponse(status=500),
            ScriptedResponse(drop="before"),
            ScriptedResponse(drop="in-body", body=b"{}" * 50),
            ScriptedResponse(body=b"<html>"),
            ScriptedResponse(delay=2),
            ScriptedResponse(status=429, headers={"Retry-After": "9999"}),
            ScriptedResponse(status=301, headers={"Location": "https://evil.example/"}),
        ):
            if path == "/oauth/token":
                box.expire_access_tokens()
            box.script(path, *[fault] * 12)
            slow[:] = [True] if fault.delay else []
            fails(connection.deals_df)
            slow.clear()
            box.unscript()
            if not connection.authorized:  # a 401 that no refresh mends has ended the login
                quietly(lambda: requests.get(allow(connection.login_url)))
            connection.deals_df()
            held = connection.session.current_token
            know(held.access_token, held.refresh_token)
    fails(lambda: connection.session.get("https://evil.example/"))
    fails(lambda: connection.session.get("http://127.0.0.1:1/"))
    fails(lambda: connection.get("nothing/here"))
    fails(lambda: connection.deals_df(columns=["no_such"]))

    del values["client_secret"]
    os.environ |= {f"SALESMATE_{name.upper()}": str(value) for name, value in values.items()}
    os.environ["SALESMATE_CLIENT_SECRET"] = box.settings.client_secret
    for command in "status", "deals --limit 3", "deals --columns x", "deals --output no/x.csv":
        print(command, cli.main(command.split()))
    other = connect(settings)
    box.revoke_all()
    fails(connection.deals_df)
    quietly(lambda: requests.get(allow(connection.login_url)))
    know(connection.session.current_token.access_token, connection.session.current_token.refresh_token)
    print(cli.main(["logout"]))
    print(cli.main(["deals"]))

    login = {"linkname": box.linkname, "session_key": box.session_key}
    key = Settings(**login, api_url=box.url, token_cache=os.path.abspath("cache"))
    by_key = connect(key)
    for thing in (key, by_key, by_key.session, by_key.session.auth, by_key.status()):
        show(thing)
    by_key.deals_df(progress=True).to_parquet("key.parquet")
    box.script("/apis/deal/v4/search", *[ScriptedResponse(status=403)] * 9)
    fails(by_key.deals_df)
    fails(by_key.logout)
    know(box.session_key)

    for call in box.log:
        know(*(call.form.get(name) for name in ("code", "code_verifier", "refresh_token", "client_secret")))
        know(call.headers.get("Authorization", "").removeprefix("Bearer ").removeprefix("Basic "))
        know(call.headers.get("accessToken"))

def crash():
    raise ValueError(f"in a thread with {settings} {connection}")

threading.Thread(target=crash, name="crash").start()
gc.collect()
faulthandler.dump_traceback(all_threads=True)
Path(sys.argv[1]).write_text(json.dumps(sorted(known)))
'''
NOTEBOOK = [
    "%xmode Verbose\nfrom salesmate_nb import connect, deals_df, sandbox",
    (
        "box = sandbox.start(deals=30, approve='ask', client_secret='-'.join(['M4rked', 'book', 's3cret']))\n"
        "connection = connect(box)"
    ),
    "connection.finish_login('nothing')",
    "connection.finish_login('http://127.0.0.1/callback?code=wr0ng-c0de&state=wr0ng')",
    "deals_df()",
    "import sys\nsys.path.insert(0, '')\nimport browser\nbrowser.allow(connection.login_url)\nconnection",
    "connection.status()",
    "connection.settings",
    "vars(connection.session)",
    "deals_df().head(3)",
    "box.script('/apis/deal/v4/search', *[sandbox.ScriptedResponse(status=403, body=b'{}')] * 3)\ndeals_df()",
    (
        "box.unscript()\nbox.expire_access_tokens()\n"
        "box.script('/oauth/token', sandbox.ScriptedResponse(status=500))"
    ),
    "deals_df()",
    "browser.report(box, connection)\nbox.stop()",
]
BROWSER = r"""
import json, pathlib, re, requests

def allow(url):
    page = requests.get(url)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    target = requests.compat.urljoin(url, re.search(r'<form[^>]* action="([^"]*)"', page.text).group(1))
    requests.post(target, data=fields | {"decision": "allow"})

def report(box, connection):
    held = connection.session.current_token
    found = {held.access_token.reveal(), held.refresh_token.reveal(), box.settings.client_secret}
    for call in box.log:
        found |= {call.form.get("code"), call.form.get("code_verifier")}
        found.add(call.headers.get("Authorization", "").removeprefix("Bearer "))
    pathlib.Path("../known.json").write_text(json.dumps([secret for secret in found if secret]))
"""


def forms(secret):
    """Return a secret as it may be written: plain, percent-encoded, in base64, or in part."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield base64.b64encode(secret.encode()).rstrip(b"=")
    yield secret[: max(len(secret) * 2 // 3, 9)].encode()


def found_in(content, secrets):
    """Return the secrets that appear in some form."""
    content = re.sub(rb"\x1b\[[0-9;]*m", b"", content)  # terminal colors, which come between letters
    return [secret for secret in secrets if any(form in content for form in forms(secret))]


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        KEY.upper(),
        KEY[:9],
        KEY[4:],
        quote(KEY, safe=""),
        quote(KEY, safe="").lower(),
        KEY.replace("/", "\\/"),
        KEY.encode().hex(),
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(b"i:" + KEY.encode() + b"!").decode()[4:-4],
        base64.urlsafe_b64encode(b"id:" + KEY.encode()).decode()[4:],
    ],
)
def test_redact(written):
    """A secret is replaced in whatever form a server repeats it, whole or in part; the rest stays."""
    assert redact(f"the key {written} is unknown", [None, Secret(), Secret(KEY)]) == "the key *** is unknown"


def test_redact_keeps_other_text():
    """What a secret shares with other words by chance is not replaced."""
    text = "s3cr and value are no secret; İ is one character"
    assert redact(text, [Secret(KEY)]) == text
    assert redact(f"{KEY}{KEY}", [Secret(KEY)]) == "******"


@pytest.mark.parametrize("access", [{"access_token": KEY}, {"client_id": "my-app", "client_secret": KEY}])
def test_objects_hide_secrets(access):
    """Settings, client, session and their attributes, as displayed in a notebook, show no secret."""
    settings = Settings(linkname="acme", **access)
    crm = Salesmate(settings)
    things = [settings, crm, crm.session, crm.status(), *vars(crm).values(), *vars(crm.session).values()]
    shown = "".join(f"{thing} {thing!r} {getattr(thing, '__dict__', '')}" for thing in things)
    assert found_in(shown.encode(), [KEY]) == []


@pytest.mark.slow
def test_process_output(tmp_path, monkeypatch):
    """Login, token refresh, reads, errors, logout and display, logged at DEBUG, leave no secret behind."""
    work, known = tmp_path / "drive", tmp_path / "known.json"
    work.mkdir()
    (tmp_path / "drive.py").write_text(DRIVE)
    monkeypatch.delenv("SALESMATE_TOKEN_CACHE")
    monkeypatch.setenv("HOME", str(work))
    monkeypatch.setenv("TMPDIR", str(work))
    command_lines = set()
    with (
        (tmp_path / "out").open("wb") as out,
        (tmp_path / "err").open("wb") as err,
        subprocess.Popen(
            [
                sys.executable,
                "-X",
                "dev",
                "-X",
                "faulthandler",
                tmp_path / "drive.py",
                known,
                "client-s3cret+/=",
            ],
            cwd=work,
            stdout=out,
            stderr=err,
        ) as process,
    ):
        while process.poll() is None:
            command_lines.add(Path(f"/proc/{process.pid}/cmdline").read_bytes())
            time.sleep(0.2)
    shown = {name: (tmp_path / name).read_bytes() for name in ("out", "err")}
    assert process.returncode == 0, shown["err"][-3000:].decode()
    secrets = json.loads(known.read_text())
    assert len(secrets) > 30
    assert b"settings" in shown["out"]  # verbose tracebacks do name variables
    places = {**shown, "command line": b"".join(command_lines)}
    for path in work.rglob("*"):
        if path.is_file() and path.parent.name != "cache":
            places[str(path.relative_to(work))] = path.read_bytes()
    assert {"pickled", "deals.parquet", "key.parquet", "deals.pkl"} <= places.keys()
    assert {name: leaks for name, content in places.items() if (leaks := found_in(content, secrets))} == {}
    assert {path.name for path in (work / "cache").iterdir()} <= {
        "servers",
        "default.lock",
        "calls.sqlite",
    }  # logged out


@pytest.mark.slow
def test_saved_notebook(tmp_path, monkeypatch):
    """A notebook saved with verbose tracebacks, displayed objects and widget state has no secret."""
    import nbclient
    import nbformat

    monkeypatch.delenv("SALESMATE_TOKEN_CACHE")
    work = tmp_path / "notebook"
    work.mkdir()
    (work / "browser.py").write_text(BROWSER)
    monkeypatch.chdir(work)
    cells = [nbformat.v4.new_code_cell(source) for source in NOTEBOOK]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=60, allow_errors=True).execute()
    nbformat.write(notebook, "saved.ipynb")
    saved = Path("saved.ipynb").read_bytes()
    errors = [output["ename"] for cell in cells for output in cell.outputs if output.output_type == "error"]
    secrets = json.loads((tmp_path / "known.json").read_text())
    assert len(secrets) >= 4
    assert errors == ["LoginError", "LoginError", "LoginRequired", "ApiError", "BadResponse"]
    assert found_in(saved, secrets) == []


@pytest.mark.parametrize(
    "shown",
    ["s3cret/value+x", "s3cret%2Fvalue%2Bx", "czNjcmV0L3ZhbHVlK3g", "s3cret/va", "s3\x1b[1mcret/value"],
)
def test_search_for_secrets(shown):
    """The search of the tests above finds a secret: plain, percent-encoded, in base64, colored or cut off."""
    assert found_in(f"before {shown} after".encode(), ["s3cret/value+x"]) == ["s3cret/value+x"]
