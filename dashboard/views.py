"""Pages as HTML: what was read, put into the templates. The server and the report show the same."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from dashboard import charts, words
from dashboard.listings import FILTERS, Answer, Listing, answer
from dashboard.pages import Page, choices, item, pages
from dashboard.pages import today as first
from dashboard.reader import Reading, Row
from pipelines.descriptions import Described, described_tables
from pipelines.release import Release, read_release

HERE = Path(__file__).parent
VERSION = metadata.version("stocktake")
FEW = 6
"""Rows of a list on Today."""
MONTH = 30
"""Days of cover that fill a bar."""
LEAST_DAYS = 3
"""Days of history below which there is nothing to draw."""
NEWS = tuple(first.SINCE_YESTERDAY.values())


@pass_context
def _moment(context: Context, value: datetime | None) -> str:
    """An instant; the year is said where it is not the release's."""
    made_at = context["view"].made_at
    return words.moment(value, made_at.year if made_at else None)


environment = Environment(
    loader=FileSystemLoader([HERE / "templates", HERE]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.filters |= {
    "number": words.number,
    "exact": words.exact,
    "day": words.day,
    "days": words.days,
    "moment": _moment,
    "moment_and_year": words.moment,
    "duration": words.duration,
    "system": words.system,
    "status": words.status,
    "plural": words.plural,
    "title": words.title_of,
    "unit": words.unit,
    "untracked": words.untracked,
    "shortened": words.is_shortened,
}


@dataclass(frozen=True)
class View:
    """What templates know beside the numbers: the page, its filters, the colour of an account."""

    path: str
    params: Mapping[str, str]
    is_static: bool = False
    release: str = ""
    made_at: datetime | None = None
    navigation: tuple[tuple[str, str], ...] = ()
    stale: Mapping[str, datetime | None] = field(default_factory=dict)
    """Accounts whose last read failed, and through when they are known."""
    colours: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Names of what can be filtered by, by their value."""

    filter_labels: ClassVar[Mapping[str, str]] = {
        "provider": "System",
        "account": "Account",
        "location": "Place",
        "vendor": "Vendor",
    }

    @property
    def kept(self) -> dict[str, str]:
        """The filters that every link keeps."""
        return {name: self.params[name] for name in FILTERS if self.params.get(name)}

    @property
    def chips(self) -> list[tuple[str, str]]:
        """Filters that are on, each with the address without it."""
        return [
            (
                f"{self.filter_labels[name]}: {self.labels.get(name, {}).get(value, value)}",
                self.here(**{name: None, "page": None}),
            )
            for name, value in self.kept.items()
        ]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the tab and the order was asked for."""
        return any(value for name, value in self.params.items() if name not in ("tab", "sort", "page"))

    def to(self, path: str, **more: Any) -> str:
        """Another page, with the filters kept; nowhere from a file."""
        return "" if self.is_static else _address(path, {**self.kept, **more})

    def here(self, **changes: Any) -> str:
        """This page, otherwise."""
        return _address(self.path, {**self.params, **changes})

    def bare(self, path: str, tab: str) -> str:
        """A page's tab without anything else."""
        return _address(path, {"tab": tab})

    def csv(self, path: str, tab: str) -> str:
        """The CSV of what is shown."""
        kept = {name: value for name, value in self.params.items() if name not in ("page", "tab")}
        return _address(f"{path}.csv", {**kept, "tab": tab})

    def item(self, item_key: str | None) -> str:
        """An item's page; nowhere where there is none."""
        return self.to(f"/item/{quote(item_key, safe='')}") if item_key else ""

    def colour(self, account: str | None) -> int:
        """The colour of an account's system."""
        return self.colours.get(account or "", 7) % charts.COLOURS

    def dots(self, quantities: list[Mapping[str, Any]]) -> Markup:
        """What the systems say, on a line."""
        return charts.dots(
            (one["account"], self.colour(one["account"]), one["quantity"]) for one in quantities
        )

    def shares(self, answered: Answer) -> Callable[[str, Any], int]:
        """How long a cell's bar is, against a number that few rows of the page are above."""
        scales: dict[str, Decimal] = {}
        for column in answered.listing.columns:
            if column.kind == "bar":
                known = sorted(abs(row[column.name]) for row in answered.rows if row[column.name] is not None)
                scales[column.name] = Decimal(known[len(known) * 9 // 10]) if known else Decimal(0)

        def share(name: str, value: Any) -> int:
            scale = scales.get(name) or Decimal(MONTH)
            return 0 if value is None else min(100, int(100 * max(value, 0) / scale))

        return share

    def explain(self, table: str, column: str) -> str:
        """What a column says, in the models' words."""
        told = _described().get(table)
        return told.columns.get(column, "") if told else ""

    def explain_table(self, table: str) -> str:
        """What a table holds, in the models' words."""
        told = _described().get(table)
        return told.description if told else ""


@cache
def _described() -> Mapping[str, Described]:
    return described_tables()


def view_of(reading: Reading, path: str, params: Mapping[str, str], is_static: bool = False) -> View:
    """What every page of a release shares."""
    trust = reading.once("trust", lambda: first.trust(reading))
    offered = reading.once("filters", lambda: choices.filters(reading))
    return View(
        path=path,
        params={name: value for name, value in params.items() if value},
        is_static=is_static,
        release=reading.release.name,
        made_at=reading.release.created_at,
        navigation=(("/", "Today"), *((page.path, page.title) for page in pages(reading.release))),
        stale={row["account"]: row["asked_through"] for row in reversed(trust["failed"])}
        | dict.fromkeys(trust["unasked"]),
        colours=reading.once("colours", lambda: choices.colours(reading)),
        labels={name: dict(options) for name, options in offered.items()},
    )


def render(template: str, view: View, **facts: Any) -> str:
    """A page's HTML."""
    return environment.get_template(template).render(view=view, **{"questions": [], **facts})


def message(heading: str, text: str) -> str:
    """A page that only says something."""
    return render("message.html", View(path="", params={}), heading=heading, words=text)


# Pages with a table


def listing_page(reading: Reading, page: Page, params: Mapping[str, str]) -> str:
    """A page with tabs."""
    view = view_of(reading, page.path, params)
    tab = page.tab(params)
    answered = answer(reading, tab, params)
    return render(
        "listing.html",
        view,
        page=page,
        answer=answered,
        filters=reading.once("filters", lambda: choices.filters(reading)),
        histogram=_histogram(reading, tab, params),
        bars=_bars(reading, tab, params),
        releases=_releases(reading) if tab.name == "resources" else [],
        advice=_advice(reading, tab),
        questions=[answered.question],
    )


def _histogram(reading: Reading, tab: Listing, params: Mapping[str, str]) -> list[dict[str, Any]]:
    if not tab.buckets:
        return []
    others = {name: value for name, value in params.items() if name not in ("state", "days")}
    counts = tab.asked(others).counts(
        reading, *(f"count(*) filter (where {bucket.condition})" for bucket in tab.buckets)
    )
    tones = {"out": "bad", "7": "warn", "14": "warn", "none": "soft", "unknown": "soft"}
    most = max(1, *counts)
    return [
        {
            "value": bucket.value,
            "label": bucket.label,
            "count": count,
            "share": round(100 * count / most),
            "tone": tones.get(bucket.value, ""),
            "is_here": params.get("state") == bucket.value,
        }
        for bucket, count in zip(tab.buckets, counts, strict=True)
    ]


def _bars(reading: Reading, tab: Listing, params: Mapping[str, str]) -> dict[str, str] | None:
    if tab.bars is None:
        return None
    asked = tab.asked(params)
    rows = reading.rows(
        asked.counted(f"{tab.bars.day} as on_day, cast({tab.bars.count} as bigint) as total")
        + "\ngroup by all\norder by on_day",
        asked.values,
    )
    counts = [(row["on_day"], row["total"]) for row in rows if row["on_day"] and row["total"] is not None]
    if len(counts) < 2:
        return None
    told = tab.bars.told
    return {
        "told": told,
        "wide": charts.bars(counts, told),
        "narrow": charts.bars(counts, told, charts.NARROW),
    }


def _releases(reading: Reading) -> list[Release]:
    found, published = [reading.release], reading.release.folder.parent.parent
    while (previous := found[-1].previous) and len(found) < 10:
        release = read_release(published, previous)
        if release is None:
            break
        found.append(release)
    return found


def _advice(reading: Reading, tab: Listing) -> str:
    """What an empty table may come from."""
    question, words_where_none = tab.advice
    return words_where_none if question and not reading.row(question)["total"] else ""


# Today


@dataclass(frozen=True)
class List:
    """A short list on Today, and where the whole of it is."""

    answer: Answer
    href: str


def today(reading: Reading, view: View, size: int = FEW) -> dict[str, Any]:
    """What Today and the report show: the same counts and the same first rows."""
    params = view.kept
    known = reading.once("trust", lambda: first.trust(reading))
    tiles = [_tile(reading, view, tile, params) for tile in first.TILES]
    counts = {tile["title"]: tile["count"] for tile in tiles}
    lists = [
        _list(reading, view, tile, title, size, counts[tile.title])
        for tile, title in (
            (first.SELLING_OUT, "Out, and selling"),
            (first.RUNNING_OUT, "Runs out next"),
            (first.APART_NOW, "Furthest apart"),
        )
    ]
    begins = first.history_begins(reading)
    has_yesterday = begins["first_day"] is not None and begins["first_day"] < begins["last_day"]
    news = [List(answer(reading, listing, params, size), "") for listing in NEWS] if has_yesterday else []
    return {
        "trust": known,
        "tiles": tiles,
        "lists": lists,
        "news": news,
        "systems": first.systems(reading, params),
        "counts": first.day_counts(reading, params) if has_yesterday else [],
        "counted": first.COUNTS,
        "since": _since(begins["first_day"], begins["last_day"], begins["timezone"] or "UTC"),
    }


def today_page(reading: Reading, params: Mapping[str, str]) -> str:
    """The first page."""
    view = view_of(reading, "/", params)
    facts = today(reading, view)
    return render("today.html", view, today=facts, questions=list(dict.fromkeys(reading.asked)))


def _tile(reading: Reading, view: View, tile: first.Tile, params: Mapping[str, str]) -> dict[str, Any]:
    count, parts = first.tile_counts(reading, tile, params)
    return {
        "title": tile.title,
        "count": count,
        "parts": parts,
        "note": tile.note,
        "tone": tile.tone if count else "good",
        "href": view.to(tile.path, **tile.params),
    }


COMPACT: Mapping[str, tuple[str, ...]] = {
    "Out, and selling": ("sku", "quantity_available", "quantity_sold", "available_elsewhere"),
    "Runs out next": ("sku", "quantity_available", "days_of_cover", "available_elsewhere"),
    "Furthest apart": ("sku", "left_quantity", "disagrees_since"),
}
"""Columns of a list that shares its row of the page with another."""


def _list(reading: Reading, view: View, tile: first.Tile, title: str, size: int, total: int) -> List:
    columns = {column.name: column for column in tile.listing.columns}
    short = replace(
        tile.listing,
        name=title.lower().replace(",", "").replace(" ", "-"),
        title=title,
        columns=tuple(columns[name] for name in COMPACT[title]),
    )
    return List(
        answer(reading, short, {**view.kept, **tile.params}, size, total), view.to(tile.path, **tile.params)
    )


def _since(first: date | None, last: date | None, zone: str) -> str:
    if first is None or last is None:
        return "There is no history yet."
    if first == last:
        return f"History begins {words.day(first)}: what was before is not known, and since means since then."
    return (
        f"History begins {words.day(first)}; the last day is {words.day(last)}; days end at midnight, {zone}."
    )


# One item


@dataclass(frozen=True)
class History:
    """An item's days: charts, the same as a table, or why there is nothing to draw."""

    drawn: list[charts.Chart]
    accounts: list[str]
    table: list[tuple[date, dict[str, charts.Point]]]
    has_gaps: bool
    words: str


def item_page(reading: Reading, item_key: str, params: Mapping[str, str]) -> str | None:
    """An item's page; None where the release has no such item."""
    view = view_of(reading, f"/item/{item_key}", params)
    reading.asked.clear()
    facts = item_facts(reading, view, item_key)
    if facts is None:
        return None
    return render("item.html", view, facts=facts, questions=list(dict.fromkeys(reading.asked)))


def item_facts(reading: Reading, view: View, item_key: str) -> dict[str, Any] | None:
    """What is shown of an item; None where the release has no such item."""
    facts = item.item(reading, item_key)
    return None if facts is None else {**facts, "history": history(view, facts)}


def history(view: View, facts: Mapping[str, Any]) -> History:
    """What there is to draw of an item."""
    rows: list[Row] = facts["days"]
    lines = [
        charts.Line(
            name,
            view.colour(name),
            [
                charts.Point(row["date_day"], row["quantity_available"], row["is_observed"])
                for row in rows
                if row["account"] == name
            ],
            [row["reorder_point"] for row in facts["low"] if _is_about_all(row) and row["account"] == name],
        )
        for name in dict.fromkeys(row["account"] for row in rows)
    ]
    by_day: dict[date, dict[str, charts.Point]] = {}
    for line in lines:
        for point in line.points:
            by_day.setdefault(point.on, {})[line.name] = point
    table = sorted(by_day.items(), reverse=True)
    is_drawn = len(by_day) >= LEAST_DAYS
    return History(
        charts.histories(lines) if is_drawn else [],
        [line.name for line in lines],
        table,
        is_drawn and any(not row["is_observed"] for row in rows),
        _too_short([on for on, _ in table], facts["changes"]),
    )


def _is_about_all(low: Row) -> bool:
    """Whether a reorder point is one of all places together, as the lines are."""
    return low["location_key"] is None and bool(low["is_additive"])


def _too_short(days: list[date], changes: list[Row]) -> str:
    if not days:
        return "No history of its available quantity is known."
    told = words.plural(len(days), "day") + (" is" if len(days) == 1 else " are")
    then = " The changes below are to the minute." if changes else ""
    return f"{told} known so far, since {words.day(min(days))}; lines are drawn from the third day on.{then}"


def item_days(facts: Mapping[str, Any]) -> Iterator[list[tuple[Any, ...]]]:
    """The days of an item as CSV rows."""
    names = ("date_day", "provider", "account", "quantity_available", "is_observed")
    yield [names]
    yield [tuple(row[name] for name in names) for row in facts["days"]]


def _address(path: str, params: Mapping[str, Any]) -> str:
    said = urlencode({name: value for name, value in params.items() if value not in (None, "")})
    return f"{path}?{said}" if said else path
