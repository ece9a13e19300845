"""Secret text: what shows it, and what is sent."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import pickle
import pprint

import pandas as pd
import pytest
import rich.console
import rich.pretty
from rich import inspect as rich_inspect

from salesmate_nb import Settings
from salesmate_nb._base.secret.text import Secret, WireText, fingerprint

KEY = "m4rked/value+x"


def test_secret():
    """A secret shows as stars, equals its text, and only reveal() returns that."""
    key = Secret(KEY)
    assert f"{key} {key!r} {key:>5} {[key]} {'%s %r' % (key, key)}" == "*** '***'   *** ['***'] *** '***'"
    assert (type(key.reveal()), key.reveal()) == (str, KEY)
    assert (key == KEY, key == Secret(key), key == KEY[:-1], key == 7, bool(key), bool(Secret())) == (
        *(True, True, False, False),
        *(True, False),
    )
    assert {key: 1}[KEY] == 1
    assert copy.copy(key) is key is copy.deepcopy(key)


@pytest.mark.parametrize("use", [len, iter, "".join, json.dumps, pickle.dumps, vars, lambda key: key[:3]])
def test_secret_is_no_text(use):
    """Whatever cuts, joins, counts or serializes text raises an error that shows nothing."""
    with pytest.raises(TypeError) as caught:
        use(Secret(KEY))
    assert KEY[:3] not in str(caught.value)
    with pytest.raises(AttributeError):
        Secret(KEY).reveal = None


@dataclasses.dataclass
class Holder:
    """What displays take apart."""

    key: Secret | WireText


@pytest.mark.parametrize("key", [Secret(KEY), WireText(Secret(KEY))], ids=["secret", "sent"])
def test_displays(key, capsys):
    """rich, pprint, pandas and whatever looks at attributes find no secret."""
    holder = Holder(key)
    pprint.pp([holder, dataclasses.asdict(holder), vars(holder), inspect.getmembers(key)])
    console = rich.console.Console(width=400)
    console.print(rich.pretty.Pretty([holder, {"key": key}], max_string=5))
    rich_inspect(key, all=True, console=console)
    console.print(
        str(pd.Series([holder, key])),
        pd.DataFrame([holder]).to_string(),
        pd.DataFrame({"key": [key]}).to_csv(),
    )
    settings = Settings(linkname="acme", client_secret=KEY, session_key=KEY)
    console.print(
        rich.pretty.Pretty([settings, vars(settings), dataclasses.asdict(settings)], expand_all=True)
    )
    console.print(str(pd.Series([settings])), pd.DataFrame([settings]).to_string())
    shown = capsys.readouterr().out
    assert "***" in shown
    assert not [part for part in (KEY[:3], KEY[3:6], KEY[-4:]) if part in shown]


def test_fingerprint():
    """A fingerprint is the same for equal secrets, another for others, and does not show them."""
    assert fingerprint(Secret(KEY)) == fingerprint(KEY) != fingerprint(KEY + "x")
    assert KEY[:4] not in fingerprint(KEY)
