"""Warnings point at the user's own line, whichever public function issues them."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest

import salesmate_nb
from salesmate_nb import Settings, connect, deals_df, sandbox
from salesmate_nb._base.warn import warn
from salesmate_nb.sandbox import ScriptedResponse

PACKAGE = str(Path(salesmate_nb.__file__).parent)
INSIDE = str(Path(PACKAGE, "_deep", "in.py"))


def run(source, filename, **names):
    """Run code as if it stood in a file."""
    exec(compile(source, filename, "exec"), names)
    return names


def place(record):
    return record[0].filename, record[0].lineno


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_warn_skips_the_package(depth):
    """However deep in the package, the warning is located at the line outside that called it."""
    call = warn
    for _ in range(depth):
        inner = run("def call(text):\n    inner(text)", INSIDE, inner=call)
        call = inner["call"]
    with pytest.warns(UserWarning, match="2 values are missing") as record:
        run("\n\ncall('2 values are missing')", "user.py", call=call)
    assert place(record) == ("user.py", 3)


def test_warn_in_context_manager():
    """contextlib, between a package's context manager and the user's line, is skipped too."""
    source = "import contextlib\n@contextlib.contextmanager\ndef opened():\n    warn('late')\n    yield"
    opened = run(source, INSIDE, warn=warn)["opened"]
    with pytest.warns(UserWarning, match="late") as record:
        run("\nwith opened():\n    pass", "user.py", opened=opened)
    assert place(record) == ("user.py", 2)


def test_warn_in_folder_of_similar_name():
    """A user's folder whose name begins like the package's belongs to the user."""
    filename = f"{PACKAGE}_reports{os.sep}user.py"
    with pytest.warns(UserWarning, match="text") as record:
        run("warn('text')", filename, warn=warn)
    assert place(record) == (filename, 1)


def test_warn_without_caller():
    """If all callers are the package's, as in a thread, the warning still comes."""
    with pytest.warns(UserWarning, match="text"):
        run("warn('text')", INSIDE, warn=warn)


FIELDS, USERS = "/apis/v3/fields/getAllVisibleFields", "/apis/core/v4/users"
READS = {
    "deals_df": ("deal", "deals_df()"),
    "crm.deals_df": ("deal", "crm.deals_df()"),
    "crm.deals_arrow": ("deal", "crm.deals_arrow()"),
    "crm.contacts_df": ("contact", "crm.contacts_df()"),
    "crm.companies_df": ("company", "crm.companies_df()"),
    "crm.activities_df": ("activity", "crm.activities_df()"),
    "crm.write_dataset": ("contact", "crm.write_dataset('contacts', 'dataset')"),
    "snapshot": ("deal", "crm.deals_df(refresh='full')"),
}


@pytest.fixture
def box():
    with sandbox.start(deals=3) as running:
        yield running


@pytest.fixture
def crm(box, tmp_path):
    return connect(
        Settings(
            linkname=box.linkname,
            session_key=box.session_key,
            api_url=box.url,
            token_cache=tmp_path / "cache",
        )
    )


def warned_at(source, match, **names):
    """Run a public call in line 3 of a user's file, and return where its warnings are located."""
    with pytest.warns(UserWarning, match=match) as record:
        run(f"\n\n{source}", "user.py", deals_df=deals_df, connect=connect, **names)
    return {(warning.filename, warning.lineno) for warning in record}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("fault", ["field catalog", "value"])
def test_read(read, fault, box, crm, tmp_path):
    """A field catalog or a value that cannot be read is reported at the line that made the public call."""
    resource, source = READS[read]
    if fault == "field catalog":
        box.script(FIELDS, *[ScriptedResponse(status=403)] * 9)
    else:
        page = {"Status": "success", "Data": {"data": [{"id": 1, "createdAt": "soon"}], "totalRows": 1}}
        box.script(f"/apis/{resource}/v4/search", *[ScriptedResponse(body=json.dumps(page).encode())] * 9)
    with contextlib.chdir(tmp_path):
        assert warned_at(source, "be read", crm=crm) == {("user.py", 3)}


def test_fields_df(box, crm):
    """A resource that the field catalog lacks is reported at the user's line."""
    box.script(FIELDS, ScriptedResponse(body=b'{"Status": "success", "Data": {}}'))
    assert warned_at("crm.fields_df()", "left out", crm=crm) == {("user.py", 3)}


def test_users_df(box, crm):
    """A user's value that cannot be read is reported at the user's line."""
    box.script(
        USERS, ScriptedResponse(body=b'{"Status": "success", "Data": [{"id": "x", "firstName": "A"}]}')
    )
    assert warned_at("crm.users_df()", "be read", crm=crm) == {("user.py", 3)}


def test_connect(box, tmp_path):
    """A damaged token file is reported at the line that connects."""
    settings = Settings(**{**box.settings, "token_cache": tmp_path / "tokens"})
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / "default.json").write_text("{damaged")
    assert warned_at("connect(settings)", "default", settings=settings) == {("user.py", 3)}
