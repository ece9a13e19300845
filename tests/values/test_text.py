"""Text compared as a reader does, what was probably meant, and long lists in a sentence."""

from __future__ import annotations

import re

import pytest

from salesmate_nb._values.text import closest, comparable, enumerate_texts


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Negotiation ", "negotiation"),
        ("\u00a0Won\t", "WON"),
        ("Won  deal", "Won\u00a0deal"),
        ("Jose\u0301", "José"),
        ("STRASSE", "Straße"),
        ("Won\u200b", "Wo\u00adn"),
        ("\u202aWon\u202c", "Won\ufeff\u200e"),
        ("Won\u200d", "W\u200con\x00"),
        ("\u0390", "\u03b9\u0308\u0301"),  # casefold alone leaves them apart
    ],
)
def test_comparable(left, right):
    """Spaces, case, invisible characters and the way in which an accent is stored make no difference."""
    assert comparable(left) == comparable(right)


def test_not_comparable():
    """An accent, a space between words, and a joiner that changes what a reader sees make a difference."""
    words = ("Jose", "José", "New deal", "Newdeal")
    joined = (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\U0001f468\u200d\U0001f469",
    )
    assert len({comparable(text) for text in words}) == 4
    assert all(comparable(text) != comparable(re.sub("[\u200c\u200d]", "", text)) for text in joined)


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("Wonn", ["Won"]),
        ("jose\u0301", ["José Núñez"]),
        ("Joana", ["Joanna Li"]),
        ("ann zola", ["Ann Maria Zola"]),
        ("Ann", ["Ann Berg", "Ann Weber", "Ann Xu"]),
        ("zzz", []),
        ("", []),
    ],
)
def test_closest(wanted, meant):
    """A word of a name means each one that has it, at most three; else the one that is spelled alike."""
    there_are = ["Won", "José Núñez", "Joanna Li", "Ann Berg", "Ann Weber", "Ann Xu", "Ann Maria Zola"]
    assert closest(wanted, there_are) == meant


def test_enumerate_texts():
    """Texts are sorted as a reader does it; the rest of many is counted; none can steer a terminal."""
    assert enumerate_texts(["b", "A", "c"]) == "A, b, c"
    assert enumerate_texts(["red \x1b[31m", "x" * 99]) == f"red [31m, {'x' * 60}"
    assert enumerate_texts([str(number) for number in range(1_011)]).endswith(" and 1,001 more")
