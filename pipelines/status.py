"""`stocktake status`: per account and resource, how far it has been asked and how old its numbers are.

What a command learned is written to `<home>/status.json` at its end. `status` reads only that file, the lock
and the load packages on disk: it never opens the working database, so it never stands in a run's way.
"""

import json
from pathlib import Path
from typing import Any

import duckdb
import pendulum
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.config import Config
from pipelines.files import write_whole
from pipelines.load import pending_packages
from pipelines.lock import holder_of, is_locked
from pipelines.publish import current_release
from pipelines.registry import PROVIDERS
from pipelines.view import short_instant
from pipelines.warehouse import raw_table

LATEST = """
with ranked as (
    select *, row_number() over (partition by account, resource order by started_at desc, run_id desc) as rank
    from raw_stocktake.sync_log
)
select
    latest.account, latest.provider, latest.resource, latest.mode, latest.status, latest.error_message,
    latest.mark_after as asked_through,
    (select max(finished_at) from raw_stocktake.sync_log as log
        where log.account = latest.account and log.resource = latest.resource and log.status <> 'failed'
    ) as last_success,
    (select coalesce(sum(rows_repaired), 0) from raw_stocktake.sync_log as log
        where log.account = latest.account and log.resource = latest.resource) as rows_repaired
from ranked as latest
where rank = 1
order by account, resource
"""


def write_status(connection: duckdb.DuckDBPyConnection, config: Config, run: dict[str, Any]) -> None:
    """Writes down what `stocktake status` shows, whole or not at all."""
    cursor = connection.execute(LATEST)
    names = [column[0] for column in cursor.description or ()]
    resources = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in resources:
        row.update(_numbers(connection, row))
    write_whole(config.home / "status.json", json.dumps({"run": run, "resources": resources}, default=str))


def read_status(config: Config) -> dict[str, Any]:
    """The status as one object; times as ISO 8601 texts, ages in seconds."""
    status = _read(config.home / "status.json")
    now = pendulum.now("UTC")
    for row in status["resources"]:
        row["lag_seconds"] = _age(now, row["asked_through"])
        row["newest_number_age_seconds"] = _age(now, row["newest_updated_at"])
    release = current_release(config.published)
    configured = {
        name: {"provider": account.provider.name, "pending_packages": pending_packages(config, name)}
        for name, account in config.accounts.items()
    }
    running = is_locked(config.home)
    holder = holder_of(config.home)
    return {
        "accounts": configured,
        "resources": status["resources"],
        "last_run": status["run"],
        "release": None if release is None else {"name": release.name, "tables": len(release.tables)},
        "running": holder if running else None,
        "interrupted": holder if holder and not running else None,
    }


def status_table(status: dict[str, Any]) -> Table:
    """The status as a table for people."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (
        "account",
        "resource",
        "asked through",
        "lag",
        "rows",
        "newest number",
        "repaired",
        "state",
    ):
        table.add_column(heading, justify="right" if heading in ("lag", "rows", "repaired") else "left")
    for row in status["resources"]:
        table.add_row(
            row["account"],
            row["resource"],
            short_instant(row["asked_through"]),
            _span(row["lag_seconds"]),
            str(row["rows"]),
            short_instant(row["newest_updated_at"]),
            str(row["rows_repaired"]),
            "ok" if row["status"] == "ok" else f"[red]{row['status']}[/red]",
        )
    return table


def _numbers(connection: duckdb.DuckDBPyConnection, row: dict[str, Any]) -> dict[str, Any]:
    provider = PROVIDERS[row["provider"]]
    resource = provider.resource(row["resource"])
    counted = connection.execute(
        f"select count(*), max(updated_at) from {raw_table(provider, resource)}"
        " where account = ? and _dlt_valid_to is null",
        [row["account"]],
    ).fetchone()
    rows, newest = counted or (0, None)
    return {"rows": rows, "newest_updated_at": newest}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = {"run": None, "resources": []}
    return dict(found)


def _age(now: pendulum.DateTime, moment: str | None) -> int | None:
    return None if moment is None else round((now - pendulum.parse(moment)).total_seconds())  # type: ignore[operator,union-attr]


def _span(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    if abs(seconds) < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if abs(seconds) < 172_800 else f"{round(seconds / 86_400)} d"


def print_status(status: dict[str, Any], console: Console) -> None:
    """The status for people: one table, then whatever needs saying."""
    if status["running"]:
        console.print(f"A run is at work: {_holder(status['running'])}.")
    if status["interrupted"]:
        console.print(f"The last run died: {_holder(status['interrupted'])}. The next run finishes its work.")
    if status["last_run"] is None:
        console.print("Nothing has been loaded yet. Run stocktake run.")
    else:
        console.print(status_table(status))
    seen = {row["account"] for row in status["resources"]}
    for name, account in status["accounts"].items():
        if account["pending_packages"]:
            console.print(
                f"{name}: {account['pending_packages']} load packages wait; the next run loads them."
            )
        if name not in seen and status["last_run"] is not None:
            console.print(f"{name}: never loaded.")
    for row in status["resources"]:
        if row["error_message"]:
            console.print(f"[red]{escape(row['error_message'])}[/red]")
    release = status["release"]
    console.print("Nothing is published yet." if release is None else f"BI reads release {release['name']}.")


def _holder(holder: dict[str, Any]) -> str:
    return f"stocktake {holder.get('command')}, process {holder.get('pid')}, since {holder.get('since')}"
