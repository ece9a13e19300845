"""What the tests of logins share."""

from __future__ import annotations

import keyring
import pytest
from keyrings.alt.file import PlaintextKeyring

from salesmate_nb._auth.token_stores.keyring import KeyringTokenStore
from salesmate_nb._auth.tokens import Token

NOW = 1_700_000_000  # Unix seconds
TOKEN_RESPONSE = {"access_token": "at-s3cret", "refresh_token": "rt-s3cret", "expires_in": 3600}


@pytest.fixture(scope="session")
def provider():
    """Return the address of an OAuth server of another project."""
    import oidc_provider_mock

    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def token(settings):
    return Token.from_response(TOKEN_RESPONSE, settings, now=NOW)


@pytest.fixture
def keychain(tmp_path):
    """Return a keychain in a file of its own."""
    made, before = PlaintextKeyring(), keyring.get_keyring()
    made.file_path = str(tmp_path / "keychain.cfg")
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def keyring_store(tmp_path, keychain):
    return KeyringTokenStore(tmp_path / "cache", "default")
