"""What BI opens: a file of views over the current release, the same as one file, and CSV.

Both files are made beside and replaced in one step. `serving.json` notes what they were made of, so that a
file which would say the same again is left alone: readers hold it open.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from pipelines.descriptions import described_tables, text_signature
from pipelines.fingerprint import row_hash
from pipelines.release import (
    CURRENT,
    MAKING,
    Columns,
    Content,
    Release,
    View,
    names,
    quoted,
    read_content,
    read_release,
    sync,
    text,
    workbench,
    write_json,
)

VIEWS = "reporting.duckdb"
COPY = "stocktake.duckdb"
NOTES = "serving.json"
VIEWS_STORAGE = "v1.0.0"  # DuckDB 1.1 and up open it
COPY_STORAGE = "v1.2.0"  # DuckDB 1.4 and up open it
PATH_VARIABLE = "stocktake_release"
MOST = 0.2
"""The share of a table's rows up to which they are replaced one by one."""


def switch(published: Path, current: Release | None, release: Release, serve_path: str | None) -> None:
    """Makes `release` what BI reads.

    Where columns come or go, the views first narrow to what both releases have, and widen after the pointer
    moved: whoever is killed in here leaves views that fit the release under them.
    """
    wanted = {table: content.columns for table, content in release.contents.items()}
    if current is None or current.name != release.name:
        if current is not None:
            shared = _shared(wanted, current)
            _serve_views(published, shared, _still_whole(shared, current), current, serve_path)
        link = published / f"{MAKING}{CURRENT}"
        link.symlink_to(Path("releases") / release.name)
        link.replace(published / CURRENT)
        sync(published)
    _serve_views(published, wanted, release.views, release, serve_path)
    _serve_copy(published, release)


def export_csv(published: Path, release: Release) -> list[Path]:
    """Writes a release's reports to `csv/`, one file each, and removes those of reports that are gone."""
    folder = published / "csv"
    folder.mkdir(exist_ok=True)
    files = {folder / f"{table}.csv": table for table in release.contents if table.startswith("rpt_")}
    with workbench() as bench:
        for file, table in files.items():
            making = folder / f"{MAKING}{file.name}"
            columns = _for_spreadsheets(release.contents[table].columns)
            rows = f"select {columns} from read_parquet({text(release.file(table))})"
            bench.execute(f"copy ({rows}) to {text(making)} (format csv, header)")
            making.replace(file)
    for leftover in set(folder.glob("rpt_*.csv")) - files.keys():
        leftover.unlink()
    return list(files)


def _for_spreadsheets(columns: Columns) -> str:
    """The columns as spreadsheets read them; the first name begins with the byte order mark Excel asks for.

    Numbers have no zeros that say nothing, instants are in UTC without saying so, and a text that a
    spreadsheet would run as a formula begins with an apostrophe.
    """
    written = []
    for place, (name, kind) in enumerate(columns):
        column = quoted(name)
        if kind == "VARCHAR":
            column = f"regexp_replace({column}, '^[=+@\\t\\r-]', '''\\0')"
        elif kind.startswith("DECIMAL") and not kind.endswith(",0)"):
            column = f"rtrim(rtrim(cast({column} as varchar), '0'), '.')"
        elif kind == "TIMESTAMP WITH TIME ZONE":
            column = f"strftime({column}, '%Y-%m-%d %H:%M:%S')"
        mark = "\ufeff" if place == 0 else ""
        written.append(f"{column} as {quoted(mark + name)}")
    return ", ".join(written)


def _shared(wanted: Mapping[str, Columns], current: Release) -> dict[str, Columns]:
    shared = {}
    for table, columns in wanted.items():
        known = dict(current.contents[table].columns) if table in current.contents else {}
        if kept := tuple((name, kind) for name, kind in columns if name in known):
            shared[table] = kept
    return shared


def _still_whole(shared: Mapping[str, Columns], current: Release) -> dict[str, View]:
    """The views that read no table that has narrowed."""
    narrow = {table for table, content in current.contents.items() if shared.get(table) != content.columns}
    return {name: view for name, view in current.views.items() if not view.reads(narrow)}


def _serve_views(
    published: Path,
    tables: Mapping[str, Columns],
    made_of_tables: Mapping[str, View],
    release: Release,
    serve_path: str | None,
) -> None:
    views = [
        f"create view served.main.{quoted(table)} as select {_cast(columns)}"
        f" from read_parquet({_address(published, table, serve_path)})"
        for table, columns in sorted(tables.items())
    ] + _views_of_tables(made_of_tables)
    made_of = sha256("\n".join([*views, text_signature()]).encode()).hexdigest()
    if _says(published, VIEWS, made_of):
        return
    commented = {**tables, **{name: view.columns for name, view in made_of_tables.items()}}
    views += [
        words for table, columns in sorted(commented.items()) for words in _comments("view", table, columns)
    ]
    with _replaced(published, VIEWS, VIEWS_STORAGE, made_of) as bench:
        bench.execute(f"set variable {PATH_VARIABLE} = {text(release.folder)}")
        bench.execute("begin")
        for view in views:
            bench.execute(view)
        bench.execute("commit")


def _views_of_tables(views: Mapping[str, View]) -> list[str]:
    return [f"create view served.main.{quoted(name)} as {view.select}" for name, view in views.items()]


def _comments(kind: str, table: str, columns: Columns) -> Iterator[str]:
    """What the models' YAML says of a table and its columns, as SQL that puts it there."""
    described = described_tables().get(table)
    if described is None:
        return
    yield f"comment on {kind} served.main.{quoted(table)} is {text(described.description)}"
    for name, _ in columns:
        words = described.columns.get(name, "Chosen by the setting custom_field_columns.")
        yield f"comment on column served.main.{quoted(table)}.{quoted(name)} is {text(words)}"


def _cast(columns: Columns) -> str:
    # A view goes on working while the file under it has, for a moment, the type of the other release.
    return ", ".join(f"cast({quoted(name)} as {kind}) as {quoted(name)}" for name, kind in columns)


def _address(published: Path, table: str, serve_path: str | None) -> str:
    """Where a view finds its rows, as SQL.

    DuckDB looks at the file when a view is made, never when its text is stored. A path that is only there for
    BI, or not any more because the folder was moved, therefore stands in the view as what holds unless this
    session's variable says otherwise.
    """
    folder = f"{published if serve_path is None else serve_path.rstrip('/')}/{CURRENT}"
    return f"coalesce(getvariable('{PATH_VARIABLE}'), {text(folder)}) || {text(f'/{table}.parquet')}"


def _serve_copy(published: Path, release: Release) -> None:
    """Goes on from the copy that is there: only what differs is written."""
    if _says(published, COPY, release.name):
        return
    before = _take_over(published, release)
    with _replaced(published, COPY, COPY_STORAGE, release.name) as bench:
        for (view,) in bench.execute(
            "select view_name from duckdb_views() where database_name = 'served' and not internal"
        ).fetchall():
            bench.execute(f"drop view served.main.{quoted(view)}")
        kept = {
            table
            for table, content in release.contents.items()
            if table in before
            and (before[table] == content or _refresh(bench, release, table, before[table]))
        }
        for (table,) in bench.execute(
            "select table_name from duckdb_tables() where database_name = 'served'"
        ).fetchall():
            if table not in kept:
                bench.execute(f"drop table served.main.{quoted(table)}")
        bench.execute("checkpoint served")  # so that the new tables take the room of the dropped ones
        for table in release.contents.keys() - kept:
            rows = f"from read_parquet({text(release.file(table))})"
            bench.execute(f"create table served.main.{quoted(table)} as {rows}")
        bare = bench.execute(
            "select table_name from duckdb_tables() where database_name = 'served' and comment is null"
        ).fetchall()
        bench.execute("begin")  # each by itself would cost as much as writing the tables
        for view in _views_of_tables(release.views):
            bench.execute(view)
        for name, view in release.views.items():
            for comment in _comments("view", name, view.columns):
                bench.execute(comment)
        for (table,) in bare:
            for comment in _comments("table", table, release.contents[table].columns):
                bench.execute(comment)
        bench.execute("commit")


def _refresh(bench: duckdb.DuckDBPyConnection, release: Release, table: str, before: Content) -> bool:
    """Replaces the rows of a table that differ, where they are few; says whether it is now as in the release.

    To write a table whole costs twice as much.
    """
    content, there = release.contents[table], f"served.main.{quoted(table)}"
    if before.columns != content.columns:
        return False
    rows = f"read_parquet({text(release.file(table))}, file_row_number = true)"
    hashed = row_hash(names(content.columns))
    gone = "from standing where row_hash not in (select row_hash from wanted)"
    come = "from wanted where row_hash not in (select row_hash from standing)"
    bench.execute("begin")
    bench.execute(
        f"create or replace temp table wanted as select file_row_number as number, {hashed} as row_hash"
        f" from {rows}"
    )
    bench.execute(
        f"create or replace temp table standing as select rowid as number, {hashed} as row_hash from {there}"
    )
    if bench.execute(f"select count(*) {gone}").fetchall()[0][0] <= MOST * content.rows:
        bench.execute(f"delete from {there} where rowid in (select number {gone})")
        bench.execute(
            f"insert into {there} by name select {names(content.columns)} from {rows}"
            f" where file_row_number in (select number {come})"
        )
        # Rows of which there are several alike are not told apart: then the table is written whole.
        if read_content(bench, there, content.schema, content.columns) == content:
            bench.execute("commit")
            return True
    bench.execute("rollback")
    return False


def _take_over(published: Path, release: Release) -> Mapping[str, Content]:
    """Copies the copy to where the next is made, and tells what each table in it holds.

    Without any that the release has too, as where somebody wrote into the file, nothing is copied.
    """
    name = _notes(published).get(COPY, {}).get("made_of")
    before = read_release(published, name) if name else None
    if before is None:
        return {}
    making = published / f"{MAKING}{COPY}"
    if not before.contents.keys().isdisjoint(release.contents) and _says(published, COPY, name):
        shutil.copyfile(published / COPY, making)
        if _says(published, COPY, name):  # nor did anybody while it was copied
            return before.contents
        making.unlink()
    return {}


@contextmanager
def _replaced(published: Path, file: str, storage: str, made_of: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database, attached as `served`, that takes the place of `file` in the end.

    It is new, or goes on from what was put where it is made.
    """
    making = published / f"{MAKING}{file}"
    with workbench() as bench:
        bench.execute(f"attach {text(making)} as served (storage_version '{storage}')")
        yield bench
        bench.execute("checkpoint served")
        bench.execute("detach served")
    sync(making)
    # A write-ahead log left by somebody who wrote into the old file would be played into the new one.
    (published / f"{file}.wal").unlink(missing_ok=True)
    making.replace(published / file)
    sync(published)
    notes = _notes(published)
    notes[file] = {"made_of": made_of, **_identity(published / file)}
    write_json(published / f"{MAKING}{NOTES}", notes)
    (published / f"{MAKING}{NOTES}").replace(published / NOTES)


def _says(published: Path, file: str, made_of: str) -> bool:
    """Whether the file was made of this, and nobody has written into it or put another in its place."""
    try:
        return bool(_notes(published).get(file) == {"made_of": made_of, **_identity(published / file)})
    except FileNotFoundError:
        return False


def _notes(published: Path) -> dict[str, Any]:
    try:
        notes = json.loads((published / NOTES).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}  # then both files are made anew, and so are the notes
    return notes if isinstance(notes, dict) else {}


def _identity(file: Path) -> dict[str, int]:
    facts = file.stat()
    return {"inode": facts.st_ino, "bytes": facts.st_size, "modified": facts.st_mtime_ns}
