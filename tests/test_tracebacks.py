"""Tracebacks with variables: no tool shows a secret, whatever fails and wherever Ctrl+C arrives."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import io
import json
import re
import sys
import threading
import traceback
import warnings
from base64 import b64encode
from collections.abc import ValuesView
from pathlib import Path
from types import ModuleType

import pytest
import rich.console
import rich.traceback
import stack_data
from IPython.core.ultratb import VerboseTB
from requests import RequestException

from salesmate_nb import Salesmate, Settings, sandbox
from salesmate_nb._base.secret.text import Secret
from salesmate_nb.errors import SalesmateError, SettingsError
from salesmate_nb.sandbox import Sandbox, ScriptedResponse
from tests.helpers import decide

CLIENT_SECRET, KEY = "M4rkedClientZecretQ77w", "Kj4rkedSezzionKeyValue99"
USERS = "/apis/core/v4/users"
TRACED = ("salesmate_nb", "requests", "urllib3", "oauthlib", "http/client", "filelock")
PACKAGE = str(Path(sys.modules["salesmate_nb"].__file__).parent)


def by_traceback(err):
    return "".join(traceback.TracebackException.from_exception(err, capture_locals=True).format())


def by_ipython(err):
    shown = VerboseTB().text(type(err), err, err.__traceback__, 5)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


def by_rich(err):
    console = rich.console.Console(file=io.StringIO(), width=2000)
    shown = rich.traceback.Traceback.from_exception(
        type(err), err, err.__traceback__, show_locals=True, locals_max_string=None, locals_max_length=None
    )
    console.print(shown)
    return console.file.getvalue()


def by_pytest(err):
    return str(pytest.ExceptionInfo.from_exception(err).getrepr(showlocals=True, style="long", chain=True))


def by_stack_data(err):
    frames = stack_data.FrameInfo.stack_data(err.__traceback__)
    return str([frame.variables for frame in frames if isinstance(frame, stack_data.FrameInfo)])


def by_cgitb(err):
    with warnings.catch_warnings(action="ignore"):
        import cgitb
    with contextlib.suppress(KeyError, AttributeError):  # it fails at some objects, whatever they are
        return cgitb.text((type(err), err, err.__traceback__), 5)
    return ""


def by_loguru(err):
    import loguru

    shown = io.StringIO()
    sink = loguru.logger.add(shown, diagnose=True, backtrace=False)
    loguru.logger.opt(exception=err).error("failed")
    loguru.logger.remove(sink)
    return shown.getvalue()


QUICK = [by_traceback, by_stack_data]
TOOLS = [*QUICK, by_pytest, by_ipython, by_rich]
if sys.version_info < (3, 13):  # the last one with cgitb
    TOOLS.append(by_cgitb)
if importlib.util.find_spec("loguru"):  # a tool of some users, which the tests do not need
    TOOLS.append(by_loguru)


@pytest.fixture(scope="module")
def box():
    with sandbox.start(deals=3, approve="ask", client_secret=CLIENT_SECRET, session_key=KEY) as running:
        yield running


def logged_in(box, cache):
    """Return a connection with a login of its own, and what it must not show."""
    settings = {**box.settings, "revoke_url": f"{box.url}/oauth/revoke", "token_cache": cache, "timeout": 5}
    connection = Salesmate(Settings(**settings))
    connection.finish_login(decide(connection.login_url))
    token = connection.session.current_token
    return connection, [token.access_token.reveal(), token.refresh_token.reveal(), CLIENT_SECRET]


def read(box, cache):
    connection, secrets = logged_in(box, cache)
    return USERS, lambda: connection.post(USERS, {}), secrets[:1]


def read_with_key(box, cache):
    settings = Settings(linkname=box.linkname, session_key=KEY, api_url=box.url, token_cache=cache)
    connection = Salesmate(settings)
    return USERS, lambda: connection.session.get(f"{box.url}{USERS}").raise_for_status(), [KEY]


def log_in(box, cache):
    connection = Salesmate(Settings(**{**box.settings, "token_cache": cache, "timeout": 5}))
    pasted = decide(connection.login_url)
    verifier = connection.pending_login()._authorization.verifier.reveal()
    code = re.search("code=([^&]+)", pasted)[1]
    return "/oauth/token", lambda: connection.finish_login(pasted), [code, verifier, CLIENT_SECRET]


def log_in_with_key(box, cache):
    connection = Salesmate(Settings(api_url=box.url, token_cache=cache))
    return USERS, lambda: connection.login_with_key(box.linkname, KEY), [KEY]


def refresh(box, cache):
    connection, secrets = logged_in(box, cache)
    return "/oauth/token", connection.session.refresh_token, secrets


def revoke(box, cache):
    connection, secrets = logged_in(box, cache)
    return "/oauth/revoke", connection.logout, secrets


WITH_TOOLS = pytest.mark.parametrize(
    "tools", [QUICK, pytest.param(TOOLS, marks=pytest.mark.slow)], ids=["quick", "all"]
)
ACTIONS = [read, read_with_key, log_in, log_in_with_key, refresh, revoke]


def assert_hidden(err, secrets, tools):
    """Assert that no tool shows 8 characters of a secret, nor the error's own attributes."""
    while err.__traceback__ and not err.__traceback__.tb_frame.f_code.co_filename.startswith(PACKAGE):
        err.__traceback__ = err.__traceback__.tb_next  # this file's frames do hold secrets
    request = getattr(err, "request", None)
    shown = {
        "attributes": str([err, err.args, vars(err), request and [*request.headers.values(), request.body]])
    }
    shown |= {tool.__name__: tool(err) for tool in tools} if err.__traceback__ else {}
    random = [re.sub(r"^sandbox-[a-z]+-", "", secret) for secret in secrets]  # the client's id begins so, too
    parts = [secret[start : start + 8] for secret in random for start in range(len(secret) - 7)]
    parts += [b64encode(secret.encode()).decode()[:12] for secret in secrets]
    assert {name: part for name, text in shown.items() for part in parts if part in text} == {}


@WITH_TOOLS
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", ["refused", "cut off", "interrupted"])
def test_tools_show_no_secret(box, tmp_path, monkeypatch, action, fault, tools):
    """A server that refuses and repeats secrets, a dropped connection or Ctrl+C shows none in any tool."""
    path, act, secrets = action(box, tmp_path / "logins")
    echo = " ".join([*secrets, *(secret[: len(secret) // 2] for secret in secrets)])
    body = json.dumps({"Error": {"Name": echo, "Message": b64encode(echo.encode()).decode()}}).encode()
    response = {"drop": "before"} if fault == "cut off" else {"status": 400, "body": body}
    box.script(path, *[ScriptedResponse(**response)] * 5)

    def interrupt(*_):
        raise KeyboardInterrupt

    if fault == "interrupted":
        monkeypatch.setattr(http.client.HTTPConnection, "send", interrupt)
    with pytest.raises((SalesmateError, RequestException, KeyboardInterrupt)) as caught:
        act()
    monkeypatch.undo()
    box.unscript()
    assert_hidden(caught.value, secrets, tools)


@WITH_TOOLS
@pytest.mark.parametrize("source", ["arguments", ".env", "environment", "not UTF-8"])
def test_settings_show_no_secret(monkeypatch, source, tools):
    """Settings that are not valid show no secret, wherever it comes from."""
    values = {"SALESMATE_LINKNAME": "ac me", "SALESMATE_SESSION_KEY": KEY, "OTHER": CLIENT_SECRET}
    if source == "environment":
        for name, value in values.items():
            monkeypatch.setenv(name, value)
    elif source != "arguments":
        lines = "".join(f"{name}={value}\n" for name, value in values.items()).encode()
        Path(".env").write_bytes(lines + (b"\xff" if source == "not UTF-8" else b""))
    arguments = {"session_key": KEY, "client_secret": CLIENT_SECRET, "linkname": "ac me"}
    with pytest.raises(SettingsError) as caught:
        Settings(**arguments) if source == "arguments" else Settings.load()
    assert_hidden(caught.value, [KEY, CLIENT_SECRET], tools)


def traced(act, interrupted_at=None):
    """Run an action in a thread and return the lines it ran and its error; interrupt it at one of them."""
    lines, errors = {}, []

    def trace(frame, event, _):
        name = frame.f_code.co_filename
        if any(part in name for part in TRACED) and f"{PACKAGE}/sandbox" not in name:
            line = name, frame.f_lineno
            if event == "line" and line not in lines:
                lines[line] = None
                if line == interrupted_at:
                    raise KeyboardInterrupt
            return trace
        return None

    def run():
        sys.settrace(trace)
        try:
            act()
        except BaseException as err:  # noqa: BLE001 - what the test is about
            sys.settrace(None)
            errors.append(err)
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return list(lines), errors


def texts_in(value, depth=4):
    """Yield the repr of an object, and the texts that it holds; secrets hide theirs."""
    with contextlib.suppress(Exception):  # an object that was interrupted while it was made has no repr
        yield repr(value)
    if isinstance(value, bytes):
        yield value.decode("latin-1")
    elif depth and not isinstance(value, str | Secret | type | ModuleType | Sandbox):
        inner = value.values() if isinstance(value, dict) else value
        is_filled = isinstance(inner, list | tuple | set | ValuesView)
        for each in list(inner if is_filled else getattr(value, "__dict__", {}).values()):
            yield from texts_in(each, depth - 1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("action", ACTIONS)
def test_interrupts_show_no_secret(box, tmp_path, action):
    """Ctrl+C at a line of this package or of the libraries below shows nothing that was sent or received."""
    lines, _ = traced(action(box, tmp_path / "logins")[1])
    assert len(lines) > 500
    for number, line in enumerate(lines[:: len(lines) // 15]):
        _, act, secrets = action(box, tmp_path / f"logins-{number}")
        _, errors = traced(act, line)
        found = []
        while errors:
            err = errors.pop()
            errors += filter(None, [err.__context__])
            for frame, _ in traceback.walk_tb(err.__traceback__):
                if frame.f_code.co_filename != __file__:
                    held = " ".join(texts_in(frame.f_locals))
                    found += [(frame, secret) for secret in secrets if secret in held]
        assert found == [], line
