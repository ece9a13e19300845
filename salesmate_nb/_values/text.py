"""Text that a person writes, compared with text that the server sends."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

_MOST_LISTED = 10
_MOST_CLOSE = 3
_MOST_CHARACTERS = 60  # of each text in a sentence
# Controls other than spaces, and Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt) without
# what can be seen: the tags (U+E0020 to E007F) that make the flags of England and Scotland differ, and the
# joiners between two letters that are not ASCII, as in Persian, Hindi and emoji.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e0fff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_JOINERS = re.compile(r"(?<![^\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f])")


def visible(text: str) -> str:
    r"""Return text without invisible characters, spaces at its ends, and more than one in between.

    Examples
    --------
    >>> visible(" Won\u200b  deal\ufeff")
    'Won deal'
    """
    return " ".join(_JOINERS.sub("", _INVISIBLE.sub("", text)).split())


def is_unicode(text: str) -> bool:
    r"""Return whether text can be stored: half of a surrogate pair, as JSON may hold, is not a character.

    Examples
    --------
    >>> is_unicode("\U0001f600"), is_unicode("\ud83d")
    (True, False)
    """
    return _SURROGATE.search(text) is None


def in_encoding_of(stream: object, text: str) -> str:
    r"""Return text that a stream can write, with a code in place of what its encoding lacks.

    Examples
    --------
    >>> import io
    >>> in_encoding_of(io.TextIOWrapper(io.BytesIO(), "ascii"), "Łódź")
    '\\u0141\\xf3d\\u017a'
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def comparable(text: str) -> str:
    r"""Return what two texts have in common if they are the same to a reader.

    Spaces at the ends, the number of those in between, invisible characters, upper case, and whether an
    accent is a character of its own make no difference (canonical caseless matching: Unicode Standard,
    section 3.13).

    Examples
    --------
    >>> comparable("Negotiation ") == comparable("negotiation")
    True
    >>> comparable("Jose\u0301") == comparable("José")
    True
    """
    folded = unicodedata.normalize("NFD", visible(text)).casefold()
    return unicodedata.normalize("NFC", folded)


def closest(wanted: str, there_are: Iterable[str]) -> list[str]:
    """Return the texts that were probably meant, at most three: with the same words, or spelled alike.

    Examples
    --------
    >>> closest("Wonn", ["Lost", "Open", "Won"]), closest("ann", ["Ann Weber", "Bo Hansen", "Joanna Li"])
    (['Won'], ['Ann Weber'])
    """
    key = comparable(wanted)
    by_word: dict[str, list[str]] = {}
    for text in there_are:
        whole = comparable(text)
        if key and set(key.split()) <= set(whole.split()):
            by_word.setdefault(key, []).append(text)
        for word in {whole, *whole.split()}:
            by_word.setdefault(word, []).append(text)
    close = difflib.get_close_matches(key, by_word, n=1)
    return list(dict.fromkeys(by_word[close[0]]))[:_MOST_CLOSE] if close else []


def enumerate_texts(texts: Collection[str]) -> str:
    """Return texts in a sentence, sorted, and cut if there are many; safe to show in a terminal.

    Examples
    --------
    >>> enumerate_texts(["Won", "Lost"]), enumerate_texts([f"S{number:02}" for number in range(44)])
    ('Lost, Won', 'S00, S01, S02, S03, S04, S05, S06, S07, S08, S09 and 34 more')
    """
    shown = sorted(texts, key=lambda text: (comparable(text), text))
    more = len(shown) - _MOST_LISTED
    return ", ".join(map(_printable, shown[:_MOST_LISTED])) + (f" and {more:,} more" if more > 0 else "")


def enumerate_counts(counts: Mapping[str, int]) -> str:
    """Return in a sentence how many values of which column.

    Examples
    --------
    >>> enumerate_counts({"deal_value": 1200, "closed_date": 1})
    '1 in closed_date, 1,200 in deal_value'
    """
    return ", ".join(f"{count:,} in {name}" for name, count in sorted(counts.items()))


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:_MOST_CHARACTERS]
