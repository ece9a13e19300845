"""What every test starts from: no settings of the person who runs it, and no cache but its own."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import hypothesis
import pytest

from salesmate_nb import Settings, _connect
from salesmate_nb._base.secret.text import WireText

with contextlib.suppress(ImportError):  # only the OAuth tests need it
    # Its first import shows its deprecations "always", before any filter of pyproject.toml. pytest drops what
    # a conftest adds to the filters, so that it is imported here.
    import authlib.deprecate  # noqa: F401

# No property may fail because the machine is slow.
hypothesis.settings.register_profile(
    "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")

collect_ignore = ["typing/api.py"]  # type checkers read it, and nothing runs it
REAL = Path(__file__).parents[2] / "shared" / "real" / "deals.json"


def pytest_ignore_collect(collection_path, config):
    """Import the browser tests, and with them Playwright, only in a run that selects them."""
    is_selected = "browser" in config.option.markexpr.replace("not browser", "")
    is_left_out = collection_path.name == "browser" and not is_selected
    return True if is_left_out else None  # None lets other plugins decide


@pytest.fixture(autouse=True)
def _interruptible():
    """Let Ctrl+C interrupt, which processes ignore that a shell runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _clean(monkeypatch, tmp_path):
    """Run in an empty folder with no SALESMATE_ variable, no proxy and no connection left over."""
    for name in list(os.environ):
        if name.startswith("SALESMATE_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / ".env").write_text("SALESMATE_SCOPE=")  # the nearest one with a setting: none above is read
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SALESMATE_TOKEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # of Settings() without a token_cache
    monkeypatch.setattr(_connect, "_newest", [])
    monkeypatch.setattr(_connect, "_pending", {})
    monkeypatch.setattr(_connect, "_kernel_stores", {})


@pytest.fixture
def settings(tmp_path):
    """Return settings of a client whose endpoints respond only if a test mocks them."""
    return Settings(
        client_id="my-app",
        client_secret="s3cret-of-the-client",
        auth_url="https://auth.example.com/authorize",
        token_url="https://auth.example.com/token",
        api_url="https://api.example.com",
        redirect_uri="http://127.0.0.1:0/callback",
        token_cache=tmp_path / "cache",
    )


@pytest.fixture
def requests_mock(requests_mock, monkeypatch):
    """Record what would be sent: secrets become plain text where ``http.client`` encodes them."""
    answer = requests_mock._adapter.send

    def send(request, **options):
        sent = request.copy()
        sent.headers.update({name: value.encode().decode() for name, value in request.headers.items()})
        sent.body = request.body.encode() if isinstance(request.body, WireText) else request.body
        response = answer(sent, **options)
        response.request = request
        return response

    monkeypatch.setattr(requests_mock._adapter, "send", send)
    return requests_mock


@pytest.fixture
def real_deals():
    """Return the path of 8,800 real opportunities, which are not part of this repository."""
    if not REAL.exists():
        pytest.skip("needs 8,800 real opportunities, which are not published: ../shared/real/deals.json")
    return REAL
