"""The ledger: one row per run, account and resource, whatever came of it (design §4).

A row is written down as soon as its resource has been read, beside the load package and before that is
finished, and moved into the warehouse after the package is loaded: a run that dies in between leaves its
proof for the next one.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.config import Account, Config
from pipelines.errors import ConfigurationError
from pipelines.files import write_whole
from pipelines.registry import Provider
from pipelines.warehouse import raw_table
from sources._shared.mark import Outcome
from sources._shared.settings import Resource

COLUMNS: dict[str, str] = {
    "run_id": "varchar",
    "account": "varchar",
    "provider": "varchar",
    "resource": "varchar",
    "mode": "varchar",
    "asked_from": "timestamptz",
    "asked_through": "timestamptz",
    "mark_before": "timestamptz",
    "mark_after": "timestamptz",
    "requests": "bigint",
    "pages": "bigint",
    "retries": "bigint",
    "throttled_seconds": "double",
    "rows_promised": "bigint",
    "rows_read": "bigint",
    "rows_distinct": "bigint",
    "rows_unreadable": "bigint",
    "rows_new": "bigint",
    "rows_retired": "bigint",
    "rows_repaired": "bigint",
    "bytes_read": "bigint",
    "started_at": "timestamptz",
    "finished_at": "timestamptz",
    "status": "varchar",
    "error_class": "varchar",
    "error_message": "varchar",
}

BEFORE_0_4 = {"rows_unreadable": 0, "unreadable": (), "read_again": (), "reads_all_unreadable": False}
"""What lines do not say that an older version has left to be settled."""
NAMING = ("run_id", "account", "provider", "resource")
UNREADABLE = "raw_stocktake.unreadable_records"
"""The records that could not be read when they were last asked for."""


@dataclass(frozen=True)
class Entry:
    """One resource's outcome and the load packages that carry it."""

    run_id: str
    account: str
    provider: str
    outcome: Outcome
    load_ids: tuple[str, ...] | None = ()
    """None while the packages are still being made."""


def make_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates the ledger's tables where they are missing."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute("create schema if not exists raw_stocktake")
    connection.execute(
        f"create table if not exists raw_stocktake.sync_log ({columns},"
        " primary key (run_id, account, resource))"
    )
    connection.execute("alter table raw_stocktake.sync_log add column if not exists rows_unreadable bigint")
    connection.execute(
        f"create table if not exists {UNREADABLE} (run_id text, account text, provider text, resource text,"
        " record_key text, reason text, payload text, seen_at timestamptz)"
    )
    connection.execute(
        "create table if not exists raw_stocktake.accounts (account varchar primary key, provider varchar,"
        " timezone varchar, settings varchar, is_configured boolean)"
    )


def record_accounts(connection: duckdb.DuckDBPyConnection, config: Config, *, but: str | None = None) -> None:
    """Writes down which accounts are configured, and their settings that are no secrets.

    An account that is no longer configured stays, marked so: its rows are still there, and reports about now
    leave them out.

    Args:
        but: an account that is about to be forgotten: what the warehouse knows of it stands until then.

    Raises:
        ConfigurationError: an account's name stands for rows of another provider.
    """
    known = dict(connection.execute("select account, provider from raw_stocktake.accounts").fetchall())
    accounts = [account for account in config.accounts.values() if account.name != but]
    for account in accounts:
        if (before := known.get(account.name, account.provider.name)) != account.provider.name:
            raise ConfigurationError(
                f"accounts.{account.name}: this warehouse holds rows of that name from {before}, and the"
                f" configuration says {account.provider.name}: they would be mixed. Give the"
                f" new account another name, or forget the old one: stocktake reset --account {account.name}"
                " --yes"
            )
    connection.execute("begin")
    connection.execute("update raw_stocktake.accounts set is_configured = false where is_configured")
    for account in accounts:
        connection.execute(
            "insert or replace into raw_stocktake.accounts values (?, ?, ?, ?, true)",
            [
                account.name,
                account.provider.name,
                account.settings.get("timezone"),
                json.dumps(account.public_settings, sort_keys=True, ensure_ascii=False),
            ],
        )
    connection.execute("commit")


def unconfigured_accounts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The accounts that the warehouse knows and the configuration does not have any more."""
    found = connection.execute(
        "select account from raw_stocktake.accounts where not is_configured order by account"
    ).fetchall()
    return [name for (name,) in found]


def thin_log(connection: duckdb.DuckDBPyConnection, keep: timedelta) -> None:
    """Drops old lines of the sync log that say nothing which another one does not.

    Of lines on which nothing came, went or was repaired, the last of each day stays, per account, resource,
    mode and status: history tells by them on which days an account was looked at. All others stay for ever.
    """
    connection.execute(
        "delete from raw_stocktake.sync_log where (run_id, account, resource) in ("
        " select (run_id, account, resource) from raw_stocktake.sync_log"
        " where rows_new = 0 and rows_retired = 0 and rows_repaired = 0 and finished_at < now() - ?"
        " qualify row_number() over (partition by account, resource, mode, status,"
        " cast(timezone('UTC', finished_at) as date) order by finished_at desc, run_id desc) > 1)",
        [keep],
    )


def spool(folder: Path, entries: Iterable[Entry]) -> None:
    """Writes entries down beside the packages that are about to be loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        _write(folder / f"{entry.run_id}.{entry.outcome.resource}.json", asdict(entry))


def claim(folder: Path, account: str, load_ids: Sequence[str]) -> None:
    """Settles what became of entries whose run died while their packages were being made.

    Call before pending packages are loaded. They are of that run, which ended the one before first; where
    there are none, nothing of what it read is left.
    """
    for path in folder.glob("*.json"):
        entry = json.loads(path.read_text(encoding="utf-8"))
        if entry["load_ids"] is not None:
            continue
        outcome = entry["outcome"]
        entry["load_ids"] = list(load_ids)
        if not load_ids:
            outcome.update(
                status="failed",
                mark_after=outcome["mark_before"],
                error_class="Interrupted",
                error_message=f"{account}: {outcome['resource']}: the run died before what it had read was"
                " kept. The next run asked for it again.",
            )
        _write(path, entry)


def _write(path: Path, entry: dict[str, Any]) -> None:
    write_whole(path, json.dumps(entry, default=str))


def settle(connection: duckdb.DuckDBPyConnection, folder: Path, account: Account) -> list[dict[str, Any]]:
    """Moves spooled entries into the ledger, with what their packages changed, and returns the rows.

    Call when no package of the account is pending. Doing it twice changes nothing.
    """
    rows = []
    for path in sorted(folder.glob("*.json")):
        entry = json.loads(path.read_text(encoding="utf-8"))
        row = {**BEFORE_0_4, **entry, **entry["outcome"]}
        changes = _changes(
            connection,
            account.provider,
            account.provider.resource(row["resource"]),
            account.name,
            row["load_ids"],
            row,
        )
        row.update(changes)
        connection.execute(
            f"insert or replace into raw_stocktake.sync_log ({', '.join(COLUMNS)})"
            f" values ({', '.join('?' for _ in COLUMNS)})",
            [row[column] for column in COLUMNS],
        )
        _name_unreadable(connection, row)
        path.unlink()
        rows.append({column: row[column] for column in COLUMNS} | {"advice": row["error_advice"]})
    return rows


def unreadable_keys(connection: duckdb.DuckDBPyConnection, account: str) -> dict[str, set[str]]:
    """Per resource, the keys of the account's records that could not be read when last asked for."""
    found: dict[str, set[str]] = {}
    for resource, key in connection.execute(
        f"select resource, record_key from {UNREADABLE} where account = ? and record_key is not null",
        [account],
    ).fetchall():
        found.setdefault(resource, set()).add(key)
    return found


def _name_unreadable(connection: duckdb.DuckDBPyConnection, row: dict[str, Any]) -> None:
    """Makes the list of records that cannot be read true of now: with those that a read found, without those
    that it could read. A read of all there is knows them all."""
    place = [row["account"], row["resource"]]
    keys = [*row["read_again"], *(key for key, _, _ in row["unreadable"] if key is not None)]
    connection.execute("begin")
    connection.execute(
        f"delete from {UNREADABLE} where account = ? and resource = ?"
        " and (? or record_key in (select unnest(?::varchar[])))",
        [*place, row["reads_all_unreadable"], keys],
    )
    for key, reason, payload in row["unreadable"]:
        connection.execute(
            f"delete from {UNREADABLE} where account = ? and resource = ?"
            " and record_key is not distinct from ? and payload = ?",
            [*place, key, payload],
        )
        connection.execute(
            f"insert into {UNREADABLE} values (?, ?, ?, ?, ?, ?, ?, ?)",
            [*(row[name] for name in NAMING), key, reason, payload, row["finished_at"]],
        )
    connection.execute("commit")


def _changes(
    connection: duckdb.DuckDBPyConnection,
    provider: Provider,
    resource: Resource,
    account: str,
    load_ids: Sequence[str],
    row: dict[str, Any],
) -> dict[str, int]:
    """How many versions came, how many keys vanished, and how many versions a sweep had to repair.

    Repaired are new versions that a sweep found although their clock, or the lack of one, says that the
    incremental feed should have brought them, or never could.
    """
    table = raw_table(provider, resource)
    keys = ", ".join(resource.key)
    horizon = row["repair_horizon"]
    new, repaired = connection.execute(
        "select count(*), count(*) filter (where ?::timestamptz is not null"
        " and (updated_at is null or updated_at <= ?::timestamptz))"
        f" from {table} where account = ? and list_contains(?::varchar[], _dlt_load_id)",
        [horizon, horizon, account, list(load_ids)],
    ).fetchone() or (0, 0)
    (retired,) = connection.execute(
        f"select count(*) from (select {keys} from {table} where account = ?"
        f" and _dlt_valid_to >= ?::timestamptz except select {keys} from {table}"
        " where account = ? and _dlt_valid_to is null)",
        [account, _earliest(load_ids), account],
    ).fetchone() or (0,)
    return {"rows_new": new, "rows_repaired": repaired, "rows_retired": retired}


def _earliest(load_ids: Sequence[str]) -> datetime | None:
    """When the first of the packages was made, to the millisecond before: a load id is that moment."""
    if not load_ids:
        return None
    return datetime.fromtimestamp(math.floor(min(map(float, load_ids)) * 1000) / 1000, UTC)
