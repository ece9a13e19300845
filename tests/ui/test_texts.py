"""The texts that the login panel and the prompt show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from salesmate_nb._ui import texts

TEXTS = {name: text for name, text in vars(texts).items() if name.isupper()}
SOURCES = [path.read_text(encoding="utf-8") for path in Path(texts.__file__).parent.rglob("*.py")]


@pytest.mark.parametrize("name", TEXTS)
def test_one_word_for_the_login_link(name):
    """Texts call the link to the consent page "login link" everywhere."""
    assert not re.search(r"(?<!login )\blink\b", TEXTS[name])


def test_sentences_live_in_texts_only():
    """The panel and the prompt hold no sentence of their own."""
    panel_and_prompt = [source for source in SOURCES if "from salesmate_nb._ui import texts" in source]
    assert len(panel_and_prompt) >= 7
    for source in panel_and_prompt:
        code = re.sub(r'"""(.|\n)*?"""|#.*', "", source)
        assert re.findall(r'"[A-Z][a-z]+ [a-z ]+.*?"', code) == []
