"""What a server supports is remembered beside the login, and forgotten when it is old or damaged."""

from __future__ import annotations

import json

import pytest

from salesmate_nb._reading.server_profile import ServerProfile, Support
from tests.helpers import is_private

HOST = "https://acme.salesmate.io"
DAY = 24 * 3600.0
LEARNED = Support(strategy="ranges", unsupported=["offsets"], needs_epoch=True)


def profile(folder, *, host=HOST, api="v4", now=1_800_000_000.0):
    return ServerProfile(folder, host, api, clock=lambda: now)


def test_round_trip(tmp_path):
    """Another process reads what this one learned."""
    profile(tmp_path).save("deals", LEARNED)
    found = profile(tmp_path).load("deals")
    assert (found.strategy, found.unsupported, found.needs_epoch) == ("ranges", ["offsets"], True)
    assert profile(tmp_path).load("contacts") == Support()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("refused_rules", ["status", "createdAt+status"]),
        ("fields_path", "v1"),
        ("record_fields", ["title", "textCustomField1"]),
        ("uncounted_pages", 5),
    ],
)
def test_each_field(name, value, tmp_path):
    """Another process reads everything that this one learned; a value of another type is damage."""
    profile(tmp_path).save("deals", Support(**{name: value}))
    remembers = profile(tmp_path)
    assert getattr(remembers.load("deals"), name) == value
    content = json.loads(remembers.path.read_text())
    content["resources"]["deals"][name] = [7]
    remembers.path.write_text(json.dumps(content))
    assert remembers.load("deals") == Support()


def test_private_file(tmp_path):
    """The file is for this user alone, and holds names of strategies only."""
    remembers = profile(tmp_path)
    remembers.save("deals", LEARNED)
    assert is_private(remembers.path)
    content = json.loads(remembers.path.read_text())
    assert content["resources"]["deals"] == {
        "strategy": "ranges",
        "unsupported": ["offsets"],
        "needs_epoch": True,
        "learned_at": 1_800_000_000.0,
    }
    assert set(content) == {"version", "host", "api", "resources"}


def test_several_resources(tmp_path):
    """Each resource is remembered on its own."""
    profile(tmp_path).save("deals", LEARNED)
    profile(tmp_path).save("contacts", Support(strategy="offsets"))
    assert list(profile(tmp_path).describe()) == ["contacts", "deals"]


@pytest.mark.parametrize(("days", "is_known"), [(29, True), (31, False), (-1, False)])
def test_age(tmp_path, days, is_known):
    """After a month everything is learned again, also if it was confirmed every day."""
    profile(tmp_path).save("deals", LEARNED)
    profile(tmp_path, now=1_800_000_000.0 + 0.9 * days * DAY).save("deals", LEARNED)
    found = profile(tmp_path, now=1_800_000_000.0 + days * DAY).load("deals")
    assert bool(found.strategy) is is_known


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 200_000,
        b'{"version": 1, "host": "https://acme.salesmate.io", "api": "v4"}',
        b'{"version": 1, "host": "https://acme.salesmate.io", "api": "v4", "resources": {"deals": 7}}',
        b'{"version": 1, "host": "https://acme.salesmate.io", "api": "v4", "resources": {"deals": {"x": 1}}}',
    ],
)
def test_damage(tmp_path, text):
    """A damaged file is ignored, and replaced by the next read."""
    remembers = profile(tmp_path)
    remembers.path.parent.mkdir(parents=True)
    remembers.path.write_bytes(text)
    assert remembers.load("deals") == Support()
    remembers.save("deals", LEARNED)
    assert profile(tmp_path).load("deals").strategy == "ranges"


@pytest.mark.parametrize(("host", "api"), [("https://other.salesmate.io", "v4"), (HOST, "v1")])
def test_other_server(tmp_path, host, api):
    """What was learned of another host or API is not used."""
    profile(tmp_path).save("deals", LEARNED)
    other = profile(tmp_path, host=host, api=api)
    other.path.parent.mkdir(parents=True, exist_ok=True)
    other.path.write_bytes(profile(tmp_path).path.read_bytes())
    assert other.load("deals") == Support()


def test_no_folder():
    """Without a folder it is remembered in this process."""
    remembers = profile(None)
    remembers.save("deals", LEARNED)
    assert remembers.load("deals").strategy == "ranges"
    assert remembers.path is None


def test_disk_refuses(tmp_path):
    """If the disk refuses, this process remembers on its own."""
    (tmp_path / "servers").write_text("a file, not a folder")
    remembers = profile(tmp_path)
    remembers.save("deals", LEARNED)
    assert remembers.load("deals").strategy == "ranges"


def test_loaded_is_a_copy():
    """A read that fails changes nothing of what is remembered."""
    remembers = profile(None)
    remembers.save("deals", LEARNED)
    remembers.load("deals").reject("ranges")
    assert remembers.load("deals").strategy == "ranges"


def test_reject():
    """If what was known to work is not supported, everything is learned again."""
    support = Support(strategy="keyset", unsupported=["offsets"])
    support.reject("windows")
    assert support.unsupported == ["offsets", "windows"]
    support.reject("keyset")
    assert (support.strategy, support.unsupported) == ("", ["keyset"])


def test_refused_rules():
    """Filters that were refused together are refused beside others too, but each alone may be supported."""
    support = Support()
    support.refuse_rules(["status", "createdAt"])
    assert support.refuses_rules(["createdAt", "lastModifiedAt", "status"])
    assert not support.refuses_rules(["status"])
    support.refuse_rules(["status"])
    support.refuse_rules(["status", "lastModifiedAt"])
    assert support.refused_rules == ["createdAt+status", "status"]


@pytest.mark.parametrize(("days", "age"), [(0, "today"), (1.5, "yesterday"), (20, "20 days ago")])
def test_describe(tmp_path, days, age):
    """Status and doctor show in words what is known and how old it is; of one page, nothing is known."""
    profile(tmp_path).save("deals", LEARNED)
    profile(tmp_path).save("contacts", Support())
    assert profile(tmp_path, now=1_800_000_000.0 + days * DAY).describe() == {
        "deals": f"read by ranges, learned {age}; refuses an empty list of rules; not supported: offsets"
    }
