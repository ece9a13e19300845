"""The public module of token stores."""

from __future__ import annotations

import salesmate_nb.token_stores


def test_public_names():
    """The module offers the stores, their protocol, and the token, and nothing else."""
    public = {
        name for name in vars(salesmate_nb.token_stores) if name.isidentifier() and not name.startswith("_")
    }
    assert public == set(salesmate_nb.token_stores.__all__)
