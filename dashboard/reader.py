"""One release as pages read it: opened once, shut in, and left when a new one is published.

Views over `current` could change between two questions of a page, so a page holds the release it began with.
What is asked often stands on a shelf: tables of the dashboard's own, each made of one question to published
tables, which is shown wherever the shelf was asked. Of a large release they are copied (copies.py) into a
folder for temporary files, so that it needs no more memory than a small one.
"""

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import duckdb

from dashboard.copies import Copies
from pipelines.errors import CommandError
from pipelines.release import CURRENT, Release, current_release, quoted, text

Row = dict[str, Any]
Values = Mapping[str, Any]
Kept = TypeVar("Kept")

MEMORY = "190MB"
"""What DuckDB may take; what needs more goes through files."""
KEPT = 200
"""Answers a release keeps; then it forgets the oldest."""
PIECE = 2000
LARGE = 20_000
"""Rows from which a table is worth a copy."""


@dataclass(frozen=True)
class Shelf:
    """What a dashboard asks again and again."""

    made: Mapping[str, str]
    """Tables of its own: a name, and the question that makes it."""
    published: tuple[str, ...]
    """Published tables of which pages want some rows out of many."""


class NothingPublishedError(CommandError):
    """There is no release to read."""


class OtherVersionError(CommandError):
    """The release lacks a table or a column that is asked for."""


class Reading:
    """What one page asks of one release, and what it asked."""

    def __init__(self, opened: "Opened") -> None:
        self.release = opened.release
        self.asked: list[str] = []
        self._opened = opened
        self._cursor = opened.database.cursor()

    def rows(self, question: str, values: Values | None = None) -> list[Row]:
        """Every row of the answer."""
        found = self._ask(question, values or {})
        columns = [column[0] for column in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def row(self, question: str, values: Values | None = None) -> Row:
        """The answer's only row."""
        (found,) = self.rows(question, values)
        return found

    def pieces(self, question: str, values: Values) -> Iterator[list[tuple[Any, ...]]]:
        """The answer piece by piece: first its columns, then its rows."""
        found = self._ask(question, values)
        yield [tuple(column[0] for column in found.description or ())]
        while some := found.fetchmany(PIECE):
            yield some

    def once(self, name: str, make: Callable[[], Kept]) -> Kept:
        """What `make` gives, worked out once per release; what it asked counts as asked every time."""

        def made() -> tuple[Kept, list[str]]:
            before = len(self.asked)
            return make(), self.asked[before:]

        kept, asked = self._opened.once(name, made)
        self.asked += [one for one in asked if one not in self.asked]
        return kept

    def columns(self, table: str) -> list[str]:
        """A published table's columns; none where the release does not have it."""
        return [name for name, _ in self.release.columns.get(table, ())]

    def shown(self, question: str, values: Values | None = None) -> str:
        """A question as reporting.duckdb can answer it: values written out, shelves as their questions."""
        return self._opened.shown(question, values or {})

    def _ask(self, question: str, values: Values) -> duckdb.DuckDBPyConnection:
        self.asked.append(self.shown(question, values))
        try:
            self._opened.fetch(question)
            return self._cursor.execute(question, {name: values[name] for name in _named(question)})
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise OtherVersionError(
                f"The release {self.release.name} was made by another version of Stocktake and lacks what is"
                f" asked for ({str(error).splitlines()[0]}): run `stocktake build`, then `stocktake publish`."
            ) from error


class Opened:
    """A release in a database of its own that reads the release's files and nothing else."""

    def __init__(self, release: Release, shelf: Shelf, large: int | None) -> None:
        self.release = release
        self.place = Path(tempfile.mkdtemp(prefix="stocktake-dashboard-"))
        spill = {"temp_directory": str(self.place / "spill")}
        self.database = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": MEMORY, **spill})
        self._made, self._there, self._lock = shelf.made, set[str](), Lock()
        self._kept: dict[str, Any] = {}
        self.copies = Copies(
            _worth_copying(release, shelf, large), release, self.place, self.database, self._lock
        )
        weakref.finalize(self, _cleared, self.copies, self.database, self.place)
        for setting in (
            "TimeZone = 'UTC'",
            "enable_progress_bar = false",
            "preserve_insertion_order = false",
        ):
            self.database.execute(f"set {setting}")
        for table, select in release.selects.items():
            self.database.execute(f"create view {quoted(table)} as {select}")
        # There is no SQL from outside; should there ever be, it reaches no file, no net and no setting.
        folders = f"[{text(release.folder)}, {text(self.place)}]"
        self.database.execute(f"set allowed_directories = {folders}")
        self.database.execute("set enable_external_access = false")
        self.database.execute("set lock_configuration = true")

    def fetch(self, question: str) -> None:
        """Has there what a question takes from the shelf."""
        for name in self._taken(question):
            with self._lock:
                if name not in self._there:
                    self.database.cursor().execute(f"create view if not exists {name} as {self._made[name]}")
                    self._there.add(name)

    def once(self, name: str, make: Callable[[], Kept]) -> Kept:
        """What `make` gives, kept for the release's life."""
        if name not in self._kept:
            made = make()
            with self._lock:
                while len(self._kept) >= KEPT:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[name] = made
            return made
        kept: Kept = self._kept[name]
        return kept

    def shown(self, question: str, values: Values) -> str:
        """See `Reading.shown`."""
        shelves = ",\n\n".join(f"{name} as (\n{self._made[name]}\n)" for name in self._taken(question))
        written = re.sub(r"\$(\w+)", lambda found: _literal(values[found[1]]), question)
        return f"with\n\n{shelves}\n\n{written}" if shelves else written

    def _taken(self, question: str) -> list[str]:
        return [name for name in self._made if re.search(rf"\b{name}\b", question)]


class Published:
    """The published folder: each reading is of the release that is current when it begins."""

    def __init__(self, folder: Path, shelf: Callable[[Release], Shelf], large: int | None = None) -> None:
        self.folder = folder
        self._shelf, self._large = shelf, large
        self.opened: Opened | None = None
        self._lock = Lock()
        # One page at a time: a question has every core, and two large ones at once would not fit the memory.
        self._turn = Lock()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """One release, for as long as a page asks.

        Raises:
            NothingPublishedError: there is none.
        """
        with self._turn:
            opened = self._open()
            yield Reading(opened)
            opened.copies.begin()

    def current(self) -> str | None:
        """The name of the release that is current; None where nothing is published."""
        try:
            return (self.folder / CURRENT).readlink().name
        except FileNotFoundError:
            return None

    def patiently(self, pieces: Iterator[Kept]) -> Iterator[Kept]:
        """Goes through what is read in pieces, and lets pages in between."""
        ended = object()
        while True:
            with self._turn:
                piece: Any = next(pieces, ended)
            if piece is ended:
                return
            yield piece

    def forget(self) -> None:
        """Lets go of what is open: its files are gone."""
        with self._lock:
            self.opened = None

    def leave(self) -> None:
        """Removes our temporary files, when a signal ends the process there and then."""
        if self.opened is not None:
            shutil.rmtree(self.opened.place, ignore_errors=True)

    def _open(self) -> Opened:
        with self._lock:
            name = self.current()
            if name is None:
                raise NothingPublishedError(
                    f"Nothing is published in {self.folder} yet: run `stocktake run`, then look again."
                )
            if self.opened is None or self.opened.release.name != name:
                release = current_release(self.folder)
                if release is None:
                    raise NothingPublishedError(
                        f"The release {name} is gone from {self.folder}: run `stocktake publish`."
                    )
                self.opened = Opened(release, self._shelf(release), self._large)
            return self.opened


def _worth_copying(release: Release, shelf: Shelf, large: int | None) -> dict[str, str]:
    """What is made of large tables, and those; nothing where copies are not wanted."""
    if large is None or all(rows < large for rows in release.tables.values()):
        return {}
    copied = (name for name in shelf.published if release.tables.get(name, 0) >= large)
    return {**shelf.made, **{name: f"from temp.{quoted(name)}" for name in copied}}


def _cleared(copies: Copies, database: duckdb.DuckDBPyConnection, place: Path) -> None:
    copies.stop()
    database.close()  # first: DuckDB ends the whole process where it cannot write down what it closes
    shutil.rmtree(place, ignore_errors=True)


def _named(question: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"\$(\w+)", question)))


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return text(str(value))
