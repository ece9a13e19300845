"""Plain words: retired ones are refused in messages, docstrings, comments and docs."""

from __future__ import annotations

import ast
import json
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "salesmate_nb").rglob("*.py"))
DOCS = [
    ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", ".env.example")
]
DOCS += sorted(path for path in (ROOT / "docs").rglob("*") if path.suffix in {".md", ".toml"})
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RETIRED = {  # what to write instead: the words that are refused
    "report, return, show, know from": r"tell|tells|telling|told",
    "timestamp, datetime, time": r"moments?",
    "again, from scratch": r"anew",
    "while": r"meanwhile",
    "transient, along the way": r"in\s+passing",
    "resume": r"(?:gone|goes|going|go)\s+on\s+with",
    "wait, timeout": r"patience",
    "front end": r"audience",
    "full read, page walk": r"sweeps?|sweeping|swept",
    "supported, accepted": r"(?:dis)?honou?r(?:ed|s|ing)?",
    "exchange the code": r"redeem(?:ed|s|ing)?",
    "redact": r"scrub(?:bed|s|bing)?",
    "use, take": r"spends?|spent|spending",
    "is stored in": r"lies\s+in",
    "non-printable character": r"unprintable",
    "field catalog": r"[Cc]atalogues?",
    "is not a (valid)": (
        r"(?<!here )(?:is|are|was|were|it's)\s+no\s+(?!(?:longer|more|less|reason|harm|need|such)\b)\w+"
    ),
    "character": r"(?<!dollar )(?<!percent )(?<!minus )(?<!plus )signs?(?!-|\s+(?:in|you\s+in|out|up)\b)",
    "if, when": r"Where\b[^.?:;]*,|(?<=Raises\n)[^:]*?\bWhere",
    "response": (
        r"(?:an|the|its|this|that|each|every|no|one|whole|good|bad|odd|empty|\w+'s)\s+answers?"
        r"|(?:Salesmate|server|API|endpoint)\s+answer(?:s|ed)"
    ),
}
PATTERNS = {
    better: re.compile(rf"(?<![-\w`.])(?:{words})(?![-\w`=])", re.IGNORECASE if words.islower() else 0)
    for better, words in RETIRED.items()
}


def texts_of(path):
    """Yield the line and the text of what a person reads: whole documents; strings and comments of code."""
    if path.suffix == ".ipynb":
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], 1):
            yield number, "".join(cell["source"])
    elif path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.lineno, node.value
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.COMMENT:
                    yield token.start[0], token.string
    else:
        yield 1, path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [*SOURCES, *DOCS, *NOTEBOOKS], ids=lambda path: str(path.relative_to(ROOT)))
def test_plain_words(path):
    """No retired word is left, and each that is found comes with what to write instead."""
    found = [
        f"{path.name}:{line + text[: match.start()].count(chr(10))}: {match[0].split()[-1]!r}: write {better}"
        for line, text in texts_of(path)
        for better, pattern in PATTERNS.items()
        for match in pattern.finditer(text)
    ]
    assert "\n".join(found) == ""
