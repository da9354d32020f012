"""What a release is: a folder of Parquet files and a manifest that says what they hold."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pendulum

from pipelines.errors import CommandError
from pipelines.fingerprint import sum_of_rows

CURRENT = "current"
MANIFEST = "release.json"
MAKING = ".making-"  # names of files and folders that are not whole yet; the next publish removes leftovers

Columns = tuple[tuple[str, str], ...]


class PublishError(CommandError):
    """Nothing was switched: BI still reads what it read before."""


@dataclass(frozen=True)
class Content:
    """What one table holds, exactly enough to know it again."""

    schema: str
    columns: Columns
    rows: int
    hash: str


@dataclass(frozen=True)
class View:
    """What is worked out of published tables whenever it is asked for."""

    schema: str
    columns: Columns
    select: str
    """Its statement, in which every table stands by its bare name."""

    def reads(self, tables: Iterable[str]) -> set[str]:
        """Those of the tables that its statement names."""
        return set(tables) & set(re.findall(r"\w+", self.select))


@dataclass(frozen=True)
class Release:
    """A published state of all marts and reports."""

    name: str
    folder: Path
    run_id: str
    created_at: pendulum.DateTime
    previous: str | None
    contents: Mapping[str, Content]
    file_bytes: Mapping[str, int]
    changed: tuple[str, ...]
    views: Mapping[str, View] = field(default_factory=dict)
    builds: Mapping[str, str | None] = field(default_factory=dict)
    """Which build made each table, as the models' macro `note_build` wrote it; None where nobody did."""
    parts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Of each view that stands as files too, in a folder of its name: the files and their bytes."""

    @property
    def tables(self) -> dict[str, int]:
        """Rows per table."""
        return {table: content.rows for table, content in self.contents.items()}

    @property
    def columns(self) -> dict[str, Columns]:
        """The columns of every table and view."""
        held: dict[str, Content | View] = {**self.contents, **self.views}
        return {name: one.columns for name, one in held.items()}

    @property
    def selects(self) -> dict[str, str]:
        """What gives the rows of every table and view; made one after the other, they find each other."""
        tables = {table: f"from read_parquet({text(self.file(table))})" for table in self.contents}
        return tables | {name: view.select for name, view in self.views.items()}

    def file(self, table: str) -> Path:
        """Where a table's rows are: a file, or a folder of them."""
        return self.folder / f"{table}.parquet"

    def holds(self, table: str, content: Content) -> bool:
        """Whether this release has exactly this content, in a file nobody has cut short since."""
        try:
            size = self.file(table).stat().st_size
        except FileNotFoundError:
            return False
        return self.contents.get(table) == content and self.file_bytes[table] == size

    def has_parts(self) -> bool:
        """Whether the files of its views are there, and nobody has cut one short since."""
        for view, parts in self.parts.items():
            for part, size in parts.items():
                file = self.file(view) / part
                if not file.is_file() or file.stat().st_size != size:
                    return False
        return True


def current_release(published: Path) -> Release | None:
    """The release BI reads now. Reads one small file."""
    try:
        name = (published / CURRENT).readlink().name
    except FileNotFoundError:
        return None
    return read_release(published, name)


def read_release(published: Path, name: str) -> Release | None:
    """A release by its name; None where it is not there any more."""
    folder = published / "releases" / name
    try:
        facts = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as error:
        raise PublishError(
            f"{folder / MANIFEST} is not JSON ({error}): remove {folder} and publish again."
        ) from None
    tables = facts["tables"]
    return Release(
        name=facts["release"],
        folder=folder,
        run_id=facts["run_id"],
        created_at=pendulum.DateTime.fromisoformat(facts["created_at"]),
        previous=facts["previous"],
        contents={
            table: Content(fact["schema"], tuple(fact["columns"].items()), fact["rows"], fact["hash"])
            for table, fact in tables.items()
        },
        file_bytes={table: fact["file_bytes"] for table, fact in tables.items()},
        changed=tuple(facts["changed"]),
        views={
            name: View(fact["schema"], tuple(fact["columns"].items()), fact["select"])
            for name, fact in facts.get("views", {}).items()
        },
        builds={table: fact.get("build") for table, fact in tables.items()},
        parts={name: fact["files"] for name, fact in facts.get("views", {}).items() if "files" in fact},
    )


def write_manifest(folder: Path, release: Release) -> None:
    """Writes what `read_release` reads."""
    facts = {
        "release": release.name,
        "run_id": release.run_id,
        "created_at": release.created_at.isoformat(),
        "previous": release.previous,
        "changed": list(release.changed),
        "tables": {
            table: {
                "schema": content.schema,
                "rows": content.rows,
                "hash": content.hash,
                "build": release.builds.get(table),
                "file_bytes": release.file_bytes[table],
                "columns": dict(content.columns),
            }
            for table, content in release.contents.items()
        },
        "views": {
            name: {"schema": view.schema, "select": view.select, "columns": dict(view.columns)}
            | ({"files": release.parts[name]} if name in release.parts else {})
            for name, view in release.views.items()
        },
    }
    write_json(folder / MANIFEST, facts)


def read_content(
    connection: duckdb.DuckDBPyConnection, relation: str, schema: str, columns: Columns
) -> Content:
    """Counts and hashes a table's rows, in whatever order they stand."""
    row = connection.execute(f"select count(*), {sum_of_rows(names(columns))} from {relation}").fetchall()[0]
    return Content(schema, columns, int(row[0]), f"{int(row[1]):x}")


@contextmanager
def workbench() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, so that published files are never attached to the working database."""
    with duckdb.connect(":memory:") as bench:
        bench.execute("set TimeZone = 'UTC'")
        bench.execute("set enable_external_file_cache = false")  # each file is read once
        yield bench


def write_json(file: Path, value: Mapping[str, Any]) -> None:
    """Writes a small file for people and machines, and has it on the disk."""
    file.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    sync(file)


def sync(path: Path) -> None:
    """Makes sure that a file, or a folder's list of files, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def linked(source: Path, target: Path) -> bool:
    """Whether the file now stands in both places: not every file system knows hard links."""
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def names(columns: Iterable[tuple[str, str]]) -> str:
    """Columns as SQL lists them."""
    return ", ".join(quoted(name) for name, _ in columns)


def quoted(identifier: str) -> str:
    """An identifier for SQL."""
    escaped = identifier.replace('"', '""')
    return f'"{escaped}"'


def text(value: str | Path) -> str:
    """A text for SQL, where DuckDB takes no parameter."""
    escaped = str(value).replace("'", "''")
    return f"'{escaped}'"
