"""Redaction: secrets that a server repeats, whole or in part, become ``***``."""

from __future__ import annotations

import html
import json
import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import SHOWN, Secret

_PART = 6  # characters of a secret that are hidden wherever they stand; servers show the last four of a card
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)  # as long as the text, unlike lower()


@sealed
def redact(text: str, secrets: Iterable[Secret | None]) -> str:
    """Return `text` with ``***`` for each secret in it, and for each part of one of six or more characters.

    They are found in any case, plain, percent-encoded, in base64, as hexadecimal digits, and as JSON and HTML
    escape them.

    Examples
    --------
    >>> redact("code c0de-1234 is used up, see ...0de-12...", [Secret("c0de-1234"), None])
    'code *** is used up, see ...***...'
    """
    forms = {form for secret in secrets if secret for form in _forms(secret.reveal())}
    parts = {form[start : start + _PART] for form in forms for start in range(max(len(form) - _PART, 0) + 1)}
    sought, shown, end = text.translate(_LOWER), [], 0
    lengths = sorted({len(part) for part in parts}, reverse=True)
    for start in range(len(text)):
        length = next((length for length in lengths if sought[start : start + length] in parts), 0)
        if start >= end:
            shown.append(SHOWN if length else text[start])
        end = max(end, start + length)
    return "".join(shown)


def _forms(plain: str) -> Iterator[str]:
    """Yield a text in lower case, as it may be written."""
    encoded = plain.encode(errors="surrogatepass")
    in_json = json.dumps(plain)[1:-1]
    forms = [plain, quote(plain, safe="", errors="surrogatepass"), html.escape(plain), encoded.hex(), in_json]
    forms += [in_json.replace("/", "\\/"), quote_plus(plain, errors="surrogatepass")]
    for before in range(3):  # where it begins within three bytes, since other text may be before it
        shifted = bytes(before) + encoded
        start = -(-before * 8 // 6)  # of the first digit that depends on this text alone
        forms += [encode(shifted)[start:].decode() for encode in (b64encode, urlsafe_b64encode)]
    for form in forms:
        yield form.translate(_LOWER)
