"""Reading a page as a test does: its tables by their anchors, its links, its text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser

TABS = [
    ("/stock", "items"),
    ("/stock", "products"),
    ("/stock", "places"),
    ("/low", "reorder"),
    ("/low", "out"),
    ("/low", "ended"),
    ("/low", "promised"),
    ("/cover", "cover"),
    ("/sold", "sold"),
    ("/value", "places"),
    ("/value", "products"),
    ("/kits", "kits"),
    ("/kits", "places"),
    ("/kits", "parts"),
    ("/disagreements", "items"),
    ("/disagreements", "pairs"),
    ("/disagreements", "codes"),
    ("/freshness", "resources"),
    ("/freshness", "runs"),
    ("/freshness", "drift"),
]
ADDRESSES = ["/", *(f"{path}?tab={tab}" for path, tab in TABS)]
"""Every page and its tabs."""

THIN, MINUS = "\u202f", "\u2212"


@dataclass
class Look(HTMLParser):
    """What stands in a page. Text in attributes and in text is unescaped, as a browser would show it."""

    text: str
    links: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    _cell: list[str] | None = None
    _exact: str | None = None
    _depth: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = dict(attributes)
        self.tags.append((tag, said))
        if tag == "a":
            self.links.append(said.get("href") or "")
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self._cell, self._exact = [], None
        if tag == "data" and self._exact is None:
            self._exact = said.get("value")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append(self._exact or _plain("".join(self._cell)))
            self._cell = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._cell is not None:
            self._cell.append(data)

    @property
    def said(self) -> str:
        """Everything that is to be read."""
        return _plain(" ".join(self.words))

    def inside(self) -> Iterator[str]:
        """Links to our own pages."""
        return (link for link in self.links if link.startswith("/"))


def _plain(text: str) -> str:
    """Without a page's line breaks; the thin space inside a number is no break."""
    return re.sub(r"[ \r\n\t]+", " ", text).strip()


def amount(cell: str) -> Decimal | None:
    """A number as it is shown, without what stands beside it."""
    first = (
        cell.replace("▼ ", "").replace("▼", "").strip().replace(THIN, "").replace(MINUS, "-").split(" ")[0]
    )
    try:
        return Decimal(first)
    except InvalidOperation:
        return None
