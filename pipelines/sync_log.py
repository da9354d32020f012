"""The sync log: one row per run, account and resource, whatever came of it (design §4).

A line travels in the load package of what it tells, and is written in the same transaction. It is noted
beside the package too, as soon as its resource has been read: a run that dies before there is a package
leaves its proof for the next one.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.accounts import Account
from pipelines.config import Config
from pipelines.errors import ConfigurationError
from pipelines.files import write_whole
from pipelines.registry import PROVIDERS
from pipelines.warehouse import raw_table
from sources._shared.result import ReadResult

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

NAMING = ("run_id", "account", "provider", "resource")
UNREADABLE = "raw_stocktake.unreadable_records"
"""The records that could not be read when they were last asked for."""


Line = dict[str, Any]
"""One row of the sync log as JSON has it, and what else a read found out."""


def make_log_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates the sync log's tables where they are missing."""
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
    connection.execute(
        "create table if not exists raw_stocktake.item_matches (provider varchar, account varchar,"
        " product_id varchar, item_code varchar)"
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


def thin_log(connection: duckdb.DuckDBPyConnection, keep: timedelta, timezone: str) -> None:
    """Drops old lines of the sync log that say nothing which another one does not.

    Of lines on which nothing came, went or was repaired, the last of each business day stays, per account,
    resource, mode and status: history tells by them on which days an account was looked at. All others stay
    for ever.
    """
    connection.execute(
        "delete from raw_stocktake.sync_log where (run_id, account, resource) in ("
        " select (run_id, account, resource) from raw_stocktake.sync_log"
        " where rows_new = 0 and rows_retired = 0 and rows_repaired = 0 and finished_at < now() - ?"
        " qualify row_number() over (partition by account, resource, mode, status,"
        " cast(timezone(?, finished_at) as date) order by finished_at desc, run_id desc) > 1)",
        [keep, timezone],
    )


def line_of(run_id: str, account: Account, result: ReadResult) -> Line:
    """What is said of one resource's read."""
    told = {"run_id": run_id, "account": account.name, "provider": account.provider.name, **asdict(result)}
    told |= {"rows_new": 0, "rows_retired": 0, "rows_repaired": 0}
    line: Line = json.loads(json.dumps(told, default=str))
    return line


def note_line(folder: Path, line: Line) -> None:
    """Notes a line beside the packages."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{line['run_id']}.{line['resource']}.json", json.dumps(line))


def put_into_package(state: dict[str, Any], line: Line) -> None:
    """Lets a line travel in the package whose destination state this is."""
    state.setdefault("lines", []).append(line)


def write_lines(
    connection: duckdb.DuckDBPyConnection, state: Mapping[str, Any], load_id: str, moment: datetime
) -> None:
    """Writes the lines of a package whose rows were merged in this transaction, with what these changed.

    Args:
        moment: when the first of the package's versions begin.
    """
    for line in state.get("lines", ()):
        _write(connection, line | _changes(connection, line, load_id, moment))
        _name_unreadable(connection, line)


def compare_notes(
    connection: duckdb.DuckDBPyConnection, folder: Path, account: str, run_id: str = "*"
) -> list[Line]:
    """Compares notes with the sync log, and returns the lines that they stand for.

    Call when no package of the account is pending. A line that came in no package is written now: its
    resource failed, or its run died before what it had read was kept. Doing it twice changes nothing.

    Args:
        run_id: the run whose notes are meant.
    """
    lines = []
    for path in sorted(folder.glob(f"{run_id}.*.json")):
        noted = json.loads(path.read_text(encoding="utf-8"))
        line = _written(connection, noted)
        if line is None:
            if noted["status"] != "failed":
                noted |= {
                    "status": "failed",
                    "mark_after": noted["mark_before"],
                    "error_class": "Interrupted",
                    "error_message": f"{account}: {noted['resource']}: the run died before what it had read"
                    " was kept. The next run asked for it again.",
                }
            _write(connection, noted)
            line = _written(connection, noted) or {}
        lines.append(line | {"advice": noted["error_advice"]})
        path.unlink()
    return lines


def _write(connection: duckdb.DuckDBPyConnection, line: Line) -> None:
    connection.execute(
        f"insert or replace into raw_stocktake.sync_log ({', '.join(COLUMNS)})"
        f" values ({', '.join('?' for _ in COLUMNS)})",
        [line[column] for column in COLUMNS],
    )


def _written(connection: duckdb.DuckDBPyConnection, noted: Line) -> Line | None:
    """The line of the log that a note stands for; None where it is not there."""
    rows = connection.execute(
        f"select {', '.join(COLUMNS)} from raw_stocktake.sync_log"
        " where run_id = ? and account = ? and resource = ?",
        [noted["run_id"], noted["account"], noted["resource"]],
    ).fetchall()
    return dict(zip(COLUMNS, rows[0], strict=True)) if rows else None


def unreadable_keys(connection: duckdb.DuckDBPyConnection, account: str) -> dict[str, set[str]]:
    """Per resource, the keys of the account's records that could not be read when last asked for."""
    found: dict[str, set[str]] = {}
    for resource, key in connection.execute(
        f"select resource, record_key from {UNREADABLE} where account = ? and record_key is not null",
        [account],
    ).fetchall():
        found.setdefault(resource, set()).add(key)
    return found


def _name_unreadable(connection: duckdb.DuckDBPyConnection, line: Line) -> None:
    """Makes the list of records that cannot be read true of now: with those that a read found, without those
    that it could read. A read of all there is knows them all."""
    place = [line["account"], line["resource"]]
    keys = [*line["read_again"], *(key for key, _, _ in line["unreadable"] if key is not None)]
    connection.execute(
        f"delete from {UNREADABLE} where account = ? and resource = ?"
        " and (? or record_key in (select unnest(?::varchar[])))",
        [*place, line["reads_all_unreadable"], keys],
    )
    for key, reason, payload in line["unreadable"]:
        connection.execute(
            f"delete from {UNREADABLE} where account = ? and resource = ?"
            " and record_key is not distinct from ? and payload = ?",
            [*place, key, payload],
        )
        connection.execute(
            f"insert into {UNREADABLE} values (?, ?, ?, ?, ?, ?, ?, ?)",
            [*(line[name] for name in NAMING), key, reason, payload, line["finished_at"]],
        )


def _changes(
    connection: duckdb.DuckDBPyConnection, line: Line, load_id: str, moment: datetime
) -> dict[str, int]:
    """How many versions came, how many keys vanished, and how many versions a sweep had to repair.

    Repaired are new versions that a sweep found although their clock, or the lack of one, says that the
    incremental feed should have brought them, or never could.
    """
    provider = PROVIDERS[line["provider"]]
    resource = provider.resource(line["resource"])
    table, account, horizon = raw_table(provider, resource), line["account"], line["repair_horizon"]
    keys = ", ".join(resource.key)
    new, repaired = connection.execute(
        "select count(*), count(*) filter (where ?::timestamptz is not null"
        " and (updated_at is null or updated_at <= ?::timestamptz))"
        f" from {table} where account = ? and _dlt_load_id = ?",
        [horizon, horizon, account, load_id],
    ).fetchall()[0]
    (retired,) = connection.execute(
        f"select count(*) from (select {keys} from {table} where account = ? and _dlt_valid_to >= ?"
        f" except select {keys} from {table} where account = ? and _dlt_valid_to is null)",
        [account, moment, account],
    ).fetchall()[0]
    return {"rows_new": new, "rows_repaired": repaired, "rows_retired": retired}
