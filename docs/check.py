"""Check the built pages: links work, pictures have an alternative text, and nothing comes from elsewhere."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {"audio", "embed", "iframe", "img", "input", "link", "object", "script", "source", "track", "video"}
_LINKED_ONLY = {"canonical", "search", "index", "next", "prev", "author"}  # kinds of <link> that load nothing


class Page(HTMLParser):
    """The anchors of a page, what it links to, what it loads, and its pictures without a text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.undescribed: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of one element."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        addresses = [given[name] for name in ("href", "src", "data", "poster") if given.get(name)]
        addresses += [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]
        self.links += addresses
        if tag == "img" and given.get("alt", "") in {"", given.get("src", "")}:
            self.undescribed.append(given.get("src", ""))
        if tag in _LOADED and given.get("rel", "") not in _LINKED_ONLY:
            self.loaded += addresses


def problems(site: Path) -> list[str]:
    """Return what is wrong with the pages of a folder, a line each."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    found = [] if pages else [f"{site} has no pages"]
    for path, page in pages.items():
        name = path.relative_to(site)
        found += [f"{name} loads {address}" for address in page.loaded if urlsplit(address).netloc]
        found += [f"{name} shows {address} without an alternative text" for address in page.undescribed]
        for address in page.links:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file():
                found.append(f"{name} links to {address}: there is no such file")
            elif anchor and target in pages and anchor not in pages[target].anchors:
                found.append(f"{name} links to {address}: there is no such place")
    for path in (*site.rglob("*.css"), *site.rglob("*.js")):
        text = path.read_text(encoding="utf-8")
        if "url(http" in text or "url(//" in text or "@import" in text:
            found.append(f"{path.relative_to(site)} loads something from elsewhere")
    return found


if __name__ == "__main__":
    found = problems(Path(sys.argv[1]).resolve())
    print("\n".join(found) or "No link is broken, and nothing is loaded from elsewhere.")
    sys.exit(bool(found))
