"""`stocktake report`: what the dashboard shows, as one file that asks nobody anything.

The counts, rows and charts come from the same questions through the same templates, so the file can say
nothing else than the pages do. It has no script, no address but anchors, and keeps its numbers for ever.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dashboard import views
from dashboard.listings import Listing, answer
from dashboard.pages.choices import filters
from dashboard.pages.freshness import RESOURCES, RUNS
from dashboard.pages.item import items_of_sku
from dashboard.pages.kits import KITS
from dashboard.pages.low import PROMISED, REORDER
from dashboard.pages.shelf import shelf
from dashboard.reader import Published, Reading
from pipelines.errors import CommandError, ConfigurationError

WORST = 5
"""Items whose days are drawn without being asked for."""
MOST_ROWS = 100_000
MAKING = ".making-"


@dataclass(frozen=True)
class Report:
    """A file that was written."""

    file: Path
    size: int
    release: str
    counts: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For `--log-format json`: enough for the plain text of a mail that has the file attached."""
        return {
            "file": str(self.file),
            "bytes": self.size,
            "release": self.release,
            "counts": dict(self.counts),
        }

    def print(self, console: Any, redactor: Any) -> None:
        """For people: where it is."""
        console.print(f"{self.file}: {self.size // 1024} KB, of release {self.release}.", soft_wrap=True)


def write_report(
    folder: Path,
    file: Path,
    *,
    account: str | None = None,
    provider: str | None = None,
    items: Sequence[str] = (),
    rows: int = 25,
) -> Report:
    """Writes the report of the current release, beside and then in its place.

    Raises:
        ConfigurationError: an account, provider or SKU that the release does not know.
        CommandError: nothing is published, or there is no folder for the file.
    """
    if not 1 <= rows <= MOST_ROWS:
        raise ConfigurationError(f"--rows {rows}: choose from 1 to {MOST_ROWS}.")
    if not file.absolute().parent.is_dir():
        raise CommandError(f"--out {file}: there is no folder {file.absolute().parent}. Make it first.")
    with Published(folder, shelf).reading() as reading:
        params = _params(reading, account, provider)
        keys = [_key_of(reading, sku) for sku in items]
        html, counts = html_of(reading, params, keys, rows)
        release = reading.release.name
    making = file.with_name(f"{MAKING}{os.getpid()}-{file.name}")
    making.write_text(html, encoding="utf-8")
    making.replace(file)
    return Report(file, len(html.encode()), release, counts)


def html_of(
    reading: Reading, params: Mapping[str, str], keys: Sequence[str], rows: int
) -> tuple[str, dict[str, int]]:
    """The report's text, and its counts by what they count."""
    view = views.view_of(reading, "", params, is_static=True)
    today = views.today(reading, view, rows)
    sections = [
        answer(reading, replace(listing, title=title, name=name), {**params, **more}, rows)
        for title, name, listing, more in SECTIONS
    ]
    worst = [row["item_key"] for found in today["lists"][:2] for row in found.answer.rows if row["item_key"]]
    drawn = list(dict.fromkeys([*keys, *worst[:WORST]]))
    html = views.render(
        "report.html",
        view,
        today=today,
        sections=sections,
        drawn=[facts for key in drawn if (facts := views.item_facts(reading, view, key))],
    )
    return html, {tile["title"]: tile["count"] for tile in today["tiles"]}


SECTIONS: tuple[tuple[str, str, Listing, Mapping[str, str]], ...] = (
    ("At or below reorder point", "reorder", REORDER, {}),
    ("Promised twice", "promised", PROMISED, {}),
    ("Kits", "kits", KITS, {}),
    ("What was asked", "freshness", RESOURCES, {}),
    ("Last runs", "runs", RUNS, {}),
)
"""Tables that Today does not have: title, anchor, listing, and how it is narrowed."""


def _params(reading: Reading, account: str | None, provider: str | None) -> dict[str, str]:
    offered = filters(reading)
    wanted = {"account": account, "provider": provider}
    for name, value in wanted.items():
        known = [one for one, _ in offered[name]]
        if value is not None and value not in known:
            raise ConfigurationError(
                f"--{name} {value}: the release {reading.release.name} knows {', '.join(known) or 'none'}."
            )
    return {name: value for name, value in wanted.items() if value is not None}


def _key_of(reading: Reading, sku: str) -> str:
    found = items_of_sku(reading, sku)
    if not found:
        raise ConfigurationError(
            f"--item {sku}: no product of the release {reading.release.name} has this SKU, barcode or id."
        )
    return found[0]
