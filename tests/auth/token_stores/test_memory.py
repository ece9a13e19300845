"""The token in memory only."""

from __future__ import annotations

import pickle
import threading

import pytest

from salesmate_nb import sandbox
from salesmate_nb._auth.flow import LoginFlow
from salesmate_nb._auth.oauth.session import OAuthSession
from salesmate_nb._auth.token_stores.memory import MemoryTokenStore
from salesmate_nb._auth.token_stores.registry import make_token_store, stored_profiles
from salesmate_nb.settings import Settings


@pytest.fixture
def box():
    with sandbox.start(deals=3) as box:
        yield box


def log_in(box, store, **changes):
    """Log in at a sandbox with a store, and return the session."""
    settings = Settings(**{**box.settings, **changes})
    session = OAuthSession(settings, store)
    flow = LoginFlow(settings, session.accept)
    box.visit(flow.url)
    flow.close()
    return session


def test_memory_store_writes_nothing(box, tmp_path):
    """Login, refresh and logout leave no folder, no lock and no file."""
    folder = tmp_path / "nowhere"
    store = make_token_store(
        Settings(**{**box.settings, "token_store": "memory", "token_cache": folder}), "default"
    )
    session = log_in(box, store, token_cache=folder)
    assert session.get(f"{box.url}/v1/deals").status_code == 200
    box.expire_access_tokens()
    assert session.get(f"{box.url}/v1/deals").status_code == 200
    assert store.load() == session.current_token
    assert not folder.exists()
    session.forget()
    assert (store.load(), folder.exists()) == (None, False)


def test_memory_stores_do_not_share(token, settings, tmp_path):
    """Each call of the factory makes a store of its own: no visitor of a server uses another's login."""
    settings = Settings(client_id="my-app", token_store="memory", token_cache=tmp_path / "cache")
    one, two = (make_token_store(settings, "default") for _ in range(2))
    one.save(token)
    assert (one.load(), two.load(), make_token_store(settings, "default").load()) == (token, None, None)
    assert (one.profiles(), stored_profiles(settings), one.location) == ([], [], "memory only")


def test_memory_store_shows_no_secret(token):
    """Neither its repr nor a pickle gives the token away."""
    store = MemoryTokenStore()
    store.save(token)
    assert "s3cret" not in f"{store!r} {store} {vars(store)}"
    with pytest.raises(TypeError) as caught:
        pickle.dumps(store)
    assert "s3cret" not in str(caught.value)


def test_memory_lock_excludes_threads(token):
    """While one thread holds the lock, another waits."""
    store, order, inside = MemoryTokenStore(), [], threading.Event()

    def second():
        inside.wait()
        with store.lock():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with store.lock():
        inside.set()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
