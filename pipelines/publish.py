"""Publishing: what the models built becomes what BI reads, whole or not at all.

A release is made in a hidden folder, checked by reading it back, then renamed; `current` is a symbolic link
that is replaced in one step. Whoever is killed in here leaves the old release or the new one, and the next
publish clears away the rest. Callers hold the run lock (pipelines/lock.py).
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import duckdb
import pendulum

from pipelines.months import write_months
from pipelines.release import (
    MAKING,
    Columns,
    Content,
    PublishError,
    Release,
    View,
    current_release,
    linked,
    names,
    quoted,
    read_content,
    read_release,
    sync,
    text,
    workbench,
    write_manifest,
)
from pipelines.serving import export_csv, switch

__all__ = ["PublishError", "Release", "current_release", "publish", "rollback", "write_csv"]

SCHEMAS = ("marts", "reporting")
# Level 1 costs two thirds of the usual one, for files that are 2 % larger.
HOW = "format parquet, compression zstd, compression_level 1"
TYPES_OLD_DRIVERS_LACK = ("VARIANT", "GEOMETRY")


@dataclass(frozen=True)
class Table:
    """A table of the working database, as far as it is published."""

    schema: str
    name: str
    columns: Columns
    build: str | None
    """Which build made it, by the models' macro `note_build`."""

    @property
    def relation(self) -> str:
        """Its name in SQL."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def order(self) -> str:
        """Rows lie item by item, or product by product: who asks for one reads a small part of the file."""
        columns = dict(self.columns)
        key = next((name for name in ("item_key", "product_key") if name in columns), None)
        return f" order by {key}" if key else ""


def publish(
    connection: duckdb.DuckDBPyConnection,
    published: Path,
    *,
    run_id: str,
    now: pendulum.DateTime,
    keep: int,
    serve_path: str | None = None,
) -> Release:
    """Publishes the tables of `marts` and `reporting` as they are now.

    Where nothing changed since the current release, that one is returned and no new one is made.

    Raises:
        PublishError: there is nothing to publish, or a table cannot be published as it is.
    """
    published = published.absolute()
    (published / "releases").mkdir(parents=True, exist_ok=True)
    _remove_half_made(published)
    current = current_release(published)
    tables = _tables(connection)
    contents = {table.name: _content(connection, table, current) for table in tables}
    changed = [
        table for table, content in contents.items() if not (current and current.holds(table, content))
    ]
    views = _views(connection)
    stands = current is not None and (
        not changed
        and current.contents.keys() == contents.keys()
        and current.views == views
        and current.has_parts()
    )
    if current is None or not stands:
        release = _make_release(connection, published, tables, contents, views, changed, current, run_id, now)
    else:
        release = current
    switch(published, current, release, serve_path)
    _remove_old(published, release, keep)
    return release


def rollback(published: Path, *, serve_path: str | None = None) -> Release:
    """Goes back to the release that the current one followed.

    Raises:
        PublishError: there is none.
    """
    published = published.absolute()
    current = current_release(published)
    if current is None:
        raise PublishError(f"Nothing is published in {published}, so there is no release to go back to.")
    previous = read_release(published, current.previous) if current.previous else None
    if previous is None:
        raise PublishError(
            f"There is no release before {current.name} in {published / 'releases'}: it was the first, or"
            " older ones were removed (setting `keep_releases`)."
        )
    _remove_half_made(published)
    switch(published, current, previous, serve_path)
    return previous


def write_csv(published: Path) -> list[Path]:
    """Writes the reports (`rpt_`) of the current release as CSV.

    Raises:
        PublishError: nothing is published.
    """
    release = current_release(published)
    if release is None:
        raise PublishError(f"Nothing is published in {published} yet: run `stocktake publish`.")
    return export_csv(published, release)


def _tables(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    rows = connection.execute(
        "select schema_name, table_name, any_value(tables.comment),"
        " list(column_name order by column_index), list(data_type order by column_index)"
        " from duckdb_columns() join duckdb_tables() as tables"
        " using (database_name, schema_name, table_name)"
        " where database_name = current_database() and schema_name in ?"
        " and not contains(table_name, '__dbt_')"  # what a build that was killed leaves behind
        " group by table_name, schema_name order by table_name, schema_name",
        [list(SCHEMAS)],
    ).fetchall()
    if not rows:
        raise PublishError("There are no tables to publish yet: run `stocktake build` first.")
    tables: dict[str, Table] = {}
    for schema, name, build, columns, types in rows:
        if name in tables:
            raise PublishError(
                f"{name} stands in marts and in reporting, and are published into one schema: rename one."
            )
        tables[name] = Table(schema, name, tuple(zip(columns, types, strict=True)), build)
    return list(tables.values())


def _views(connection: duckdb.DuckDBPyConnection) -> dict[str, View]:
    """The views of the same schemas: what they read is published, and stands in one schema there."""
    rows = connection.execute(
        "select schema_name, view_name, sql, list((column_name, data_type) order by column_index)"
        " from duckdb_columns() join duckdb_views() as views using (database_name, schema_name)"
        " where table_name = view_name and database_name = current_database() and schema_name in ?"
        " group by all order by view_name",
        [list(SCHEMAS)],
    ).fetchall()
    bare = re.compile(rf'\b(?:"?{re.escape(_database(connection))}"?\.)?"?(?:{"|".join(SCHEMAS)})"?\.')
    return {
        name: View(schema, tuple(columns), bare.sub("", sql.split(" AS ", 1)[1].strip().rstrip(";")))
        for schema, name, sql, columns in rows
    }


def _database(connection: duckdb.DuckDBPyConnection) -> str:
    return str(connection.execute("select current_database()").fetchall()[0][0])


def _content(connection: duckdb.DuckDBPyConnection, table: Table, current: Release | None) -> Content:
    """What the table holds: read only where no release says so of the same build of it."""
    if current and table.build and current.builds.get(table.name) == table.build:
        known = current.contents[table.name]
        rows = connection.execute(f"select count(*) from {table.relation}").fetchall()[0][0]
        if (known.schema, known.columns, known.rows) == (table.schema, table.columns, rows):
            return known
    return read_content(connection, table.relation, table.schema, table.columns)


def _make_release(
    connection: duckdb.DuckDBPyConnection,
    published: Path,
    tables: Sequence[Table],
    contents: Mapping[str, Content],
    views: Mapping[str, View],
    changed: Sequence[str],
    current: Release | None,
    run_id: str,
    now: pendulum.DateTime,
) -> Release:
    releases = published / "releases"
    name = _free_name(releases, run_id)
    making = releases / f"{MAKING}{name}"
    making.mkdir()
    file_bytes = {}
    with workbench() as bench:
        _check_views(bench, tables, views)
        for table in tables:
            file = making / f"{table.name}.parquet"
            if current is None or table.name in changed or not linked(current.file(table.name), file):
                _write(connection, bench, table, contents[table.name], file)
            file_bytes[table.name] = file.stat().st_size
        parts = write_months(bench, making, contents, views, current, HOW)
    release = Release(
        name=name,
        folder=releases / name,
        run_id=run_id,
        created_at=now.in_timezone("UTC"),
        previous=current.name if current else None,
        contents=contents,
        file_bytes=file_bytes,
        changed=tuple(changed),
        views=views,
        builds={table.name: table.build for table in tables},
        parts=parts,
    )
    write_manifest(making, release)
    sync(making)
    making.rename(release.folder)
    sync(releases)
    return release


def _write(
    connection: duckdb.DuckDBPyConnection,
    bench: duckdb.DuckDBPyConnection,
    table: Table,
    content: Content,
    file: Path,
) -> None:
    """Writes a table and reads it back: what BI will see is what was tested."""
    for column, kind in content.columns:
        if any(word in kind for word in TYPES_OLD_DRIVERS_LACK):
            raise PublishError(
                f"{table.name}.{column} is {kind}, which older DuckDB drivers cannot read: cast it."
            )
    rows = f"select {names(content.columns)} from {table.relation}{table.order}"
    connection.execute(f"copy ({rows}) to {text(file)} ({HOW})")
    sync(file)
    parquet = f"read_parquet({text(file)})"
    columns = tuple((row[0], row[1]) for row in bench.execute(f"describe from {parquet}").fetchall())
    for (column, kind), (_, kind_in_file) in zip(content.columns, columns, strict=True):
        if kind != kind_in_file:
            raise PublishError(
                f"{table.name}.{column} is {kind}, {kind_in_file} in Parquet: cast it in the model."
            )
    read_back = read_content(bench, parquet, content.schema, columns)
    if read_back != content:
        raise PublishError(
            f"{table.name} has {content.rows} rows, but its file was read back with {read_back.rows} rows or"
            " other values. Nothing was published: look at the disk, then run again."
        )


def _check_views(
    bench: duckdb.DuckDBPyConnection, tables: Sequence[Table], views: Mapping[str, View]
) -> None:
    """Makes sure that views read what is published and nothing else."""
    bench.execute("create schema checked")
    for table in tables if views else ():
        kinds = ", ".join(f"{quoted(name)} {kind}" for name, kind in table.columns)
        bench.execute(f"create table checked.{quoted(table.name)} ({kinds})")
    for name, view in views.items():
        try:
            bench.execute(f"create view checked.{quoted(name)} as {view.select}")
        except duckdb.Error as error:
            raise PublishError(
                f"{name} is a view of something that is not published: give its model materialized='table'"
                f" ({str(error).splitlines()[0]})."
            ) from None
    bench.execute("drop schema checked cascade")


def _free_name(releases: Path, run_id: str) -> str:
    """A release is named after its run; a run that publishes twice makes a second one."""
    taken = {folder.name for folder in releases.iterdir()}
    later = (f"{run_id}-{number}" for number in count(2))
    return next(name for name in chain([run_id], later) if name not in taken)


def _remove_half_made(published: Path) -> None:
    for leftover in [*published.glob(f"{MAKING}*"), *(published / "releases").glob(f"{MAKING}*")]:
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def _remove_old(published: Path, release: Release, keep: int) -> None:
    """Keeps the current release and the last it followed.

    One that was rolled back from, or never became current, is followed by none and goes too.
    """
    kept = [release.name]
    while release.previous and len(kept) < keep:
        before = read_release(published, release.previous)
        if before is None:
            break
        kept.append(before.name)
        release = before
    for folder in sorted((published / "releases").iterdir()):
        if folder.name not in kept:
            # Renamed first: a removal cut short must not leave half a release under a good name.
            doomed = folder.with_name(f"{MAKING}{folder.name}")
            folder.rename(doomed)
            shutil.rmtree(doomed)
