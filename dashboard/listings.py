"""What a table of a page is made of: what it asks, what filters and sorts it, and how its columns look.

A listing knows no page and no address. It turns what somebody asked for into one question, so that the page,
its count, its CSV and the figure that leads to it are about the same rows.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from dashboard.reader import Reading, Row
from dashboard.words import searched

FILTERS = ("provider", "account", "location", "vendor")
"""What every link keeps."""
ROWS = 50
LAST_PAGE = 100_000
LONGEST_TEXT = 200

Kind = Literal[
    "product", "text", "system", "number", "out", "bar", "days", "day", "moment", "status", "elsewhere",
    "dots", "duration", "part", "recipe", "sides", "sum", "money", "share", "place",
]  # fmt: skip
"""How a cell looks; see templates/parts.html, which draws each."""
NUMERIC = {"number", "out", "bar", "days", "duration", "elsewhere", "sum", "money", "share"}


@dataclass(frozen=True)
class Column:
    """One column: its name in the answer, and how it looks."""

    name: str
    heading: str
    kind: Kind = "text"
    is_wide: bool = False
    """Whether it vanishes where there is little room."""
    is_sortable: bool = True

    @property
    def is_numeric(self) -> bool:
        """Whether it stands to the right, and is sorted from the greatest down."""
        return self.kind in NUMERIC


@dataclass(frozen=True)
class Option:
    """One way to narrow a listing."""

    value: str
    label: str
    condition: str = ""


@dataclass(frozen=True)
class Choice:
    """Ways to narrow a listing, of which one holds; the first is what holds when nothing is said."""

    name: str
    label: str
    options: tuple[Option, ...]

    def chosen(self, params: Mapping[str, str]) -> Option:
        """What holds."""
        said = params.get(self.name, "")
        return next((one for one in self.options if one.value == said), self.options[0])


@dataclass(frozen=True)
class Limit:
    """A number or a day that narrows a listing, where it is given."""

    name: str
    label: str
    condition: str
    kind: Literal["number", "date"] = "number"

    def value(self, params: Mapping[str, str]) -> str | None:
        """What was asked for, where it is a number or a day that can be compared."""
        said = params.get(self.name, "").strip()
        try:
            if self.kind == "date":
                return date.fromisoformat(said).isoformat()
            amount = Decimal(said)
        except (ValueError, InvalidOperation):
            return None
        return said if amount.is_finite() and abs(amount) < 10**15 and len(said) < 20 else None


@dataclass(frozen=True)
class Bars:
    """What is counted by day, above the rows."""

    day: str
    count: str
    told: str


@dataclass(frozen=True)
class Listing:
    """A table of a page."""

    name: str
    title: str
    table: str
    """The published table it shows, whose description stands beside it."""
    select: str
    source: str
    """Where its rows come from: a table and the name by which the rest calls it."""
    columns: tuple[Column, ...]
    order: str
    tie: str
    """What makes the order the same at every asking."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """A condition by the name of the filter it fulfils; the others do not apply here."""
    search: str = ""
    """A condition for one word, which is called {word}."""
    choices: tuple[Choice, ...] = ()
    limits: tuple[Limit, ...] = ()
    always: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)
    """What is counted above the rows. Counts, never sums: units do not add up."""
    empty: str = "Nothing here."
    advice: tuple[str, str] = ("", "")
    """A question that counts what rows are made of, and what is said where there is none of it."""
    note: str = ""
    """What has to be known to read it."""
    bars: Bars | None = None
    buckets: tuple[Option, ...] = ()
    """Parts of which every row is in one: shown above the rows, as links."""
    group: str = ""
    """The column whose values head groups of rows, when it is sorted by."""
    joins: str = ""
    """Left joins that bring more about a row and change no number of rows: done last, for the rows of a page,
    unless what is filtered or sorted by comes from them."""

    def asked(self, params: Mapping[str, str]) -> "Asked":
        """The question that somebody's wishes make of it."""
        conditions, values = [self.always], dict[str, Any]()
        for name, condition in self.filters.items():
            if wanted := params.get(name):
                conditions.append(condition)
                values[name] = wanted
        for number, word in enumerate(searched(params.get("q", "")) if self.search else []):
            conditions.append(self.search.format(word=f"$word_{number}"))
            values[f"word_{number}"] = word
        conditions += [choice.chosen(params).condition for choice in self.choices]
        for limit in self.limits:
            if (value := limit.value(params)) is not None:
                conditions.append(limit.condition)
                values[limit.name] = value
        kept = "\n    and ".join(f"({one})" for one in conditions if one)
        where = f"\nwhere {kept}" if kept else ""
        return Asked(self, where, values, self._order(params.get("sort", "")))

    def unapplied(self, params: Mapping[str, str]) -> list[str]:
        """Filters that are on and mean nothing here."""
        return [name for name in FILTERS if params.get(name) and name not in self.filters]

    def _order(self, sort: str) -> str:
        name = sort.removeprefix("-")
        if not any(column.name == name and column.is_sortable for column in self.columns):
            return f"{self.order}, {self.tie}"
        return f"{name} {'desc' if sort.startswith('-') else 'asc'} nulls last, {self.order}, {self.tie}"


@dataclass(frozen=True)
class Asked:
    """One question to one listing."""

    listing: Listing
    where: str
    values: Mapping[str, Any]
    order: str

    @property
    def all_rows(self) -> str:
        """The question for every row: what the CSV holds."""
        return self._question(f"\n{self.listing.joins}{self.where}")

    def page(self, number: int, size: int = ROWS) -> str:
        """The question for one page."""
        offset = f" offset {(number - 1) * size}" if number > 1 else ""
        limit = f"\nlimit {size}{offset}"
        if not self.listing.joins or self._joins_matter(self.where + self.order):
            return self.all_rows + limit
        alias = self.listing.source.split()[-1]
        first = f"select *\nfrom {self.listing.source}{self.where}\norder by {self.order}{limit}"
        return self._question(f"\n{self.listing.joins}", f"(\n{first}\n) as {alias}")

    def counted(self, select: str) -> str:
        """A question about all rows that gives one."""
        joins = f"\n{self.listing.joins}" if self._joins_matter(self.where + select) else ""
        return f"select\n    {select}\nfrom {self.listing.source}{joins}{self.where}"

    def counts(self, reading: Reading, *counts: str) -> list[int]:
        """Counts of all rows, in one question."""
        select = ",\n    ".join(f"{sql} as count_{number}" for number, sql in enumerate(counts))
        return [int(count) for count in reading.row(self.counted(select), self.values).values()]

    def _question(self, rest: str, source: str = "") -> str:
        listing = self.listing
        return f"select\n    {listing.select}\nfrom {source or listing.source}{rest}\norder by {self.order}"

    def _joins_matter(self, said: str) -> bool:
        """Whether something is named that is there only after the joins, or only under that name."""
        joins, select = self.listing.joins, self.listing.select
        aliases = "|".join(re.findall(r"^(?:left join|\)) .*?(\w+) on ", joins, re.MULTILINE)) or "(?!)"
        late = [*re.findall(rf"\b(?:{aliases})\.(\w+)", select), *re.findall(r" as (\w+)", select)]
        return re.search(rf"\b(?:{aliases})\.|\b(?:{'|'.join(late) or '(?!)'})\b", said) is not None


@dataclass(frozen=True)
class Answer:
    """One page of a listing, as it is shown."""

    listing: Listing
    rows: list[Row]
    figures: Mapping[str, int]
    total: int
    number: int
    size: int
    question: str
    """As it can be asked in reporting.duckdb."""
    unapplied: list[str]
    sort: str

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // self.size))

    @property
    def more(self) -> int:
        """Rows that are not shown."""
        return max(0, self.total - len(self.rows))


def answer(
    reading: Reading,
    listing: Listing,
    params: Mapping[str, str],
    size: int = ROWS,
    total: int | None = None,
) -> Answer:
    """One page of a listing; the last one where there are not so many.

    Args:
        total: how many rows there are, where that was counted already; then there are no figures.
    """
    asked = listing.asked(params)
    if total is None:
        total, *figures = asked.counts(reading, "count(*)", *listing.figures.values())
    else:
        listing, figures = replace(listing, figures={}), []
    number = min(page_number(params), max(1, -(-total // size)))
    question = asked.page(number, size)
    rows = reading.rows(question, asked.values) if total else []
    return Answer(
        listing,
        rows,
        dict(zip(listing.figures, figures, strict=True)),
        total,
        number,
        size,
        reading.shown(question, asked.values),
        listing.unapplied(params),
        params.get("sort", ""),
    )


def page_number(params: Mapping[str, str]) -> int:
    """Which page was asked for: the first where that is no number."""
    said = params.get("page", "")
    return min(max(int(said), 1), LAST_PAGE) if said.isascii() and said.isdigit() and len(said) < 10 else 1


def every_row(
    reading: Reading, listing: Listing, params: Mapping[str, str]
) -> Iterator[list[tuple[Any, ...]]]:
    """All rows of a listing, columns first, piece by piece."""
    asked = listing.asked(params)
    return reading.pieces(asked.all_rows, asked.values)
