"""The working database: its raw tables, and what can be said of them without dlt.

Nobody but the run that holds the lock opens this file (design §8): DuckDB lets one process in, and a reader
would stop the writer.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipelines.errors import CommandError, ConfigurationError, is_full
from pipelines.fingerprint import sum_of_rows
from pipelines.registry import PROVIDERS, Provider
from sources._shared.settings import Resource

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_TABLE = "raw_stocktake.format"
FORMAT = 1
"""Goes up when a version of Stocktake writes what older ones would misread."""


BROKEN = (duckdb.IOException, duckdb.InternalException, duckdb.FatalException)
"""What DuckDB raises in the midst of the work when the file is not what it was."""


OWN_TABLES = tuple(
    f"raw_stocktake.{name}" for name in ("accounts", "sync_log", "unreadable_records", "item_matches")
)
"""What is known of accounts beside their raw tables: every row has its account."""

LOAD_MEMORY = "300MB"
"""What DuckDB may take for a load, where the configuration says nothing and the machine has more.

300,000 records of 7 KB, and then all of them changed, were merged with it; given more, DuckDB takes more
for the same work and is no faster.
"""


@contextmanager
def open_warehouse(path: Path, memory_limit: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working database, created where it is missing. The session's zone is UTC.

    Args:
        memory_limit: what DuckDB may take before it goes to the disk; LOAD_MEMORY unless it is said.

    Raises:
        CommandError: the file is locked by another process, damaged, or no database this version can read.
        ConfigurationError: a newer version of Stocktake wrote it; it is left as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(str(path))
    except duckdb.Error as error:
        raise CommandError(cannot_open(path, error)) from None
    try:
        connection.execute("set TimeZone = 'UTC'")
        limit_memory(connection, memory_limit or LOAD_MEMORY)
        refuse_newer(path, connection)
        connection.execute("create schema if not exists raw_stocktake")
        connection.execute(f"create table if not exists {FORMAT_TABLE} as select {FORMAT} as number")
        yield connection
    except BROKEN as error:
        if is_full(error):
            raise
        raise CommandError(cannot_open(path, error)) from None
    finally:
        connection.close()


def limit_memory(connection: duckdb.DuckDBPyConnection, limit: str | None) -> None:
    """What DuckDB may take from now on; None for its own share of the machine, which no limit exceeds."""
    connection.execute("reset memory_limit")
    if limit is not None:
        least = "least(parse_formatted_bytes(?), parse_formatted_bytes(current_setting('memory_limit')))"
        found = connection.execute(f"select {least}", [limit]).fetchall()
        connection.execute(f"set memory_limit = '{found[0][0]}B'")


def refuse_newer(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Makes sure that what is in the file is understood here.

    Raises:
        ConfigurationError: a newer version of Stocktake wrote it.
    """
    try:
        row = connection.execute(f"select number from {FORMAT_TABLE}").fetchone()
    except duckdb.CatalogException:
        return  # it is new, or older than the number
    if row is not None and row[0] > FORMAT:
        raise ConfigurationError(
            f"{path} was written by a newer Stocktake (format {row[0]}; this one knows {FORMAT})."
            " Install that version, or set stocktake.home to another folder. Nothing was changed."
        )


def cannot_open(path: Path, error: duckdb.Error) -> str:
    """What to say of a working database that does not open."""
    words = str(error).splitlines()[0].rstrip(".")
    return (
        f"{path} cannot be opened: {words}. Close whatever else has it open (BI reads the published"
        " folder, never this file); if it is damaged, restore it or start anew with an empty home."
    )


def raw_table(provider: Provider, resource: Resource) -> str:
    """The qualified name of a resource's raw table."""
    return f"{provider.dataset}.{resource.name}"


def make_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates the raw tables of every registered provider that do not exist yet, empty.

    Models then build whatever is configured. dlt finds its own columns there and adds none.
    """
    for provider in PROVIDERS.values():
        connection.execute(f"create schema if not exists {provider.dataset}")
        # Stocktake 0.4 kept a copy of each table's last rows there.
        connection.execute(f"drop schema if exists {provider.dataset}_staging cascade")
        for resource in provider.resources:
            keys = "".join(f"{column} varchar not null, " for column in resource.key)
            connection.execute(
                f"create table if not exists {raw_table(provider, resource)} (account varchar not null,"
                f" {keys} updated_at timestamptz, payload varchar not null using compression zstd,"
                " row_hash varchar not null,"
                " asked_at timestamptz not null, _dlt_load_id varchar not null,"
                " _dlt_valid_from timestamptz, _dlt_valid_to timestamptz)"
            )


def current_rows(connection: duckdb.DuckDBPyConnection, provider: Provider, account: str) -> dict[str, int]:
    """How many current rows each resource of an account has."""
    return {
        resource.name: _count(
            connection,
            f"from {raw_table(provider, resource)} where account = ? and _dlt_valid_to is null",
            [account],
        )
        for resource in provider.resources
    }


def missing_keys(
    connection: duckdb.DuckDBPyConnection, provider: Provider, account: str, resource: str, came: "pa.Table"
) -> frozenset[tuple[str, ...]]:
    """The keys of an account's current rows of a resource that are not among those that came."""
    found = provider.resource(resource)
    keys = ", ".join(found.key)
    connection.register("came", came)
    rows = connection.execute(
        f"select {keys} from {raw_table(provider, found)} anti join came using ({keys})"
        " where account = ? and _dlt_valid_to is null",
        [account],
    ).fetchall()
    connection.unregister("came")
    return frozenset(rows)


def current_versions(
    connection: duckdb.DuckDBPyConnection,
    provider: Provider,
    account: str,
    resource: str,
    keys: Collection[tuple[str, ...]],
) -> "pa.Table":
    """The account's current rows of a resource that have one of the keys, as they were loaded."""
    found = provider.resource(resource)
    columns = ["account", *found.key, "updated_at", "payload", "row_hash", "asked_at"]
    values = list(zip(*keys, strict=True)) or [() for _ in found.key]
    wanted = ", ".join("unnest(?::varchar[])" for _ in found.key)
    return connection.sql(
        f"select {', '.join(columns)} from {raw_table(provider, found)}"
        f" where account = ? and _dlt_valid_to is null and ({', '.join(found.key)}) in (select {wanted})",
        params=[account, *(list(column) for column in values)],
    ).to_arrow_table()


def latest_version(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """When the last version began or ended, of all raw tables; None where there is none."""
    tables = " union all ".join(
        f"select max(_dlt_valid_from) as began, max(_dlt_valid_to) as ended from {raw_table(provider, one)}"
        for provider in PROVIDERS.values()
        for one in provider.resources
    )
    row = connection.execute(f"select max(greatest(began, ended)) from ({tables})").fetchone()
    return row[0] if row else None


def raw_contents(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """A fingerprint of each raw table's rows: any new, retired or dropped version changes it."""
    versions = sum_of_rows("row_hash, _dlt_valid_from, _dlt_valid_to")
    queries = {
        raw_table(provider, resource): f"select count(*), {versions} from {raw_table(provider, resource)}"
        for provider in PROVIDERS.values()
        for resource in provider.resources
    }
    for table in OWN_TABLES:
        queries[table] = f"select count(*), {sum_of_rows('held')} from {table} as held"
    return {table: str(connection.execute(query).fetchone()) for table, query in queries.items()}


def settings_signature(connection: duckdb.DuckDBPyConnection) -> str:
    """A fingerprint of what the models read of the accounts: it decides what the whole past means.

    Of the settings these are the ones that stg_stocktake__accounts reads.
    """
    rows = connection.execute(
        "select account, provider, timezone,"
        " settings ->> 'available_basis', settings ->> 'warehouse_available'"
        " from raw_stocktake.accounts order by account"
    ).fetchall()
    return hashlib.sha256(str(rows).encode()).hexdigest()


def _count(connection: duckdb.DuckDBPyConnection, query: str, values: Iterable[object]) -> int:
    row = connection.execute(f"select count(*) {query}", list(values)).fetchone()
    return int(row[0]) if row else 0
