"""All tables of a release at once in Postgres, for readers who hold views, grants and connections there.

Rows are loaded into a schema of their own. Then one transaction empties and fills every table in place:
whoever reads meanwhile, however long and over however many tables, sees the old rows or the new ones. Tables
are never dropped while the release has them, so what people granted on them and built on them stays.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.descriptions import Described
from pipelines.log import Reporter
from pipelines.release import PublishError, quoted, text, workbench

TOO_LONG_FOR_A_KEY = "54000"
"""Postgres' code for a row that no index can hold."""

NOTHING_SAID = Described("", {}, frozenset(), ())

Client = Any
"""dlt's connection to Postgres, whose statements go to the schema where rows are loaded."""

COLUMNS = """
select attname, format_type(atttypid, atttypmod), attnotnull
from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
"""
KEYS = """
select pg_get_constraintdef(oid), conname
from pg_constraint where conrelid = to_regclass(%s) and contype in ('p', 'u')
"""
TAKEN = """
select relname from pg_class
where relnamespace = to_regnamespace(%s) and relkind in ('r', 'p', 'v', 'm', 'f') and relname = any(%s)
"""


def storable(files: Mapping[str, Path], working: Path, reporter: Reporter) -> dict[str, Path]:
    """The files, or copies without the one character that Postgres cannot hold in a text."""
    found = dict(files)
    with workbench() as bench:
        for table, file in files.items():
            rows = f"from read_parquet({text(file)})"
            texts = [c for c, kind, *_ in bench.execute(f"describe {rows}").fetchall() if kind == "VARCHAR"]
            counts = ", ".join(f"count(*) filter (contains({quoted(c)}, chr(0)))" for c in texts)
            held = bench.execute(f"select {counts} {rows}").fetchall()[0] if texts else ()
            touched = [column for column, count in zip(texts, held, strict=True) if count]
            if not touched:
                continue
            reporter.say(
                f"{table}: {sum(held)} texts in {', '.join(touched)} hold the character U+0000, which"
                " Postgres cannot store; it was left out there.",
                style="yellow",
            )
            cleaned = ", ".join(f"replace({quoted(c)}, chr(0), '') as {quoted(c)}" for c in touched)
            found[table] = working / f"{table}.parquet"
            bench.execute(
                f"copy (select * replace ({cleaned}) {rows}) to {text(found[table])} (format parquet)"
            )
    return found


def make_room(client: Client) -> None:
    """Removes what an earlier try left where rows are loaded."""
    client.execute_sql(f"drop schema if exists {client.fully_qualified_dataset_name()} cascade")


def switch(
    client: Client,
    dataset: str,
    rows: Mapping[str, int],
    described: Mapping[str, Described],
    notes: str,
    reporter: Reporter,
) -> None:
    """Makes what was loaded what is read in the schema `dataset`.

    Args:
        rows: how many rows each table must have.
        notes: the table that says which tables are ours.

    Raises:
        PublishError: a table there is somebody else's, or rows are missing.
    """
    ask, loaded, served = client.execute_sql, client.fully_qualified_dataset_name(), quoted(dataset)
    for table in rows:
        _promise(client, loaded, table, described.get(table, NOTHING_SAID), reporter)
    with client.begin_transaction():
        ask("select pg_advisory_xact_lock(hashtext(%s))", f"stocktake {dataset}")
        ask(f"create schema if not exists {served}")
        known = ask("select to_regclass(%s) is not null", f"{served}.{quoted(notes)}")[0][0]
        ours = {row[0] for row in ask(f"select table_name from {served}.{quoted(notes)}")} if known else set()
        taken = {row[0] for row in ask(TAKEN, served, list(rows))} - ours - ({notes} if known else set())
        if taken:
            raise PublishError(
                f"{dataset} already has {', '.join(sorted(taken))}, which Stocktake did not make. Nothing was"
                " changed there: choose another schema with --dataset."
            )
        for table in sorted(ours - rows.keys()):
            ask(f"drop table if exists {served}.{quoted(table)}")
        for table, count in rows.items():
            _fill(client, f"{loaded}.{quoted(table)}", f"{served}.{quoted(table)}")
            _describe(client, f"{served}.{quoted(table)}", described.get(table, NOTHING_SAID))
            arrived = ask(f"select count(*) from {served}.{quoted(table)}")[0][0]
            if arrived != count:
                raise PublishError(f"{dataset}.{table}: {arrived} of {count} rows arrived. Publish again.")
        ask(f"drop schema {loaded} cascade")


def _promise(client: Client, schema: str, table: str, described: Described, reporter: Reporter) -> None:
    """Has Postgres hold what the models' tests found: what is never null, and what is unique."""
    loaded = f"{schema}.{quoted(table)}"
    there = [name for name, *_ in client.execute_sql(COLUMNS, loaded)]
    nulls = (f"{'set' if c in described.not_null else 'drop'} not null" for c in there)
    changes = (f"alter column {quoted(c)} {change}" for c, change in zip(there, nulls, strict=True))
    client.execute_sql(f"alter table {loaded} {', '.join(changes)}")
    for key in (key for key in described.keys if set(key) <= set(there)):
        kind = "primary key" if key == described.primary_key else "unique"
        try:
            client.execute_sql(f"alter table {loaded} add {kind} ({', '.join(map(quoted, key))})")
        except Exception as error:
            if getattr(getattr(error, "dbapi_exception", None), "pgcode", None) != TOO_LONG_FOR_A_KEY:
                raise
            reporter.say(
                f"{table}: a value in {', '.join(key)} is too long for an index of Postgres, so this key is"
                " left out there.",
                style="yellow",
            )


def _fill(client: Client, loaded: str, served: str) -> None:
    """Gives a table the shape and the rows of the loaded one."""
    ask = client.execute_sql
    columns = {name: (kind, not_null) for name, kind, not_null in ask(COLUMNS, loaded)}
    before = {name: (kind, not_null) for name, kind, not_null in ask(COLUMNS, served)}
    keys = dict(ask(KEYS, loaded))
    if before:
        ask(f"delete from {served}")
        for definition, name in ask(KEYS, served):
            if definition not in keys:
                ask(f"alter table {served} drop constraint {quoted(name)}")
        _reshape(client, served, before, columns)
    else:
        ask(f"create table {served} (like {loaded} including all)")
    listed = ", ".join(map(quoted, columns))
    ask(f"insert into {served} ({listed}) select {listed} from {loaded}")
    for definition in keys.keys() - dict(ask(KEYS, served)).keys():
        ask(f"alter table {served} add {definition}")


def _describe(client: Client, served: str, described: Described) -> None:
    client.execute_sql(f"comment on table {served} is %s", described.description or None)
    for column, *_ in client.execute_sql(COLUMNS, served):
        about = described.columns.get(column)
        client.execute_sql(f"comment on column {served}.{quoted(column)} is %s", about)


def _reshape(
    client: Client,
    served: str,
    before: Mapping[str, tuple[str, bool]],
    columns: Mapping[str, tuple[str, bool]],
) -> None:
    changes = [f"drop column {quoted(name)}" for name in before if name not in columns]
    for name, (kind, not_null) in columns.items():
        column = quoted(name)
        kind_before, not_null_before = before.get(name, (None, False))
        if kind_before is None:
            changes.append(f"add column {column} {kind}")
        elif kind_before != kind:
            changes.append(f"alter column {column} type {kind} using null")
        if not_null != not_null_before:
            changes.append(f"alter column {column} {'set' if not_null else 'drop'} not null")
    if changes:
        client.execute_sql(f"alter table {served} {', '.join(changes)}")
