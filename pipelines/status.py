"""`stocktake status`: per account and resource, how far it has been asked and how old its numbers are.

A command writes what it learns to `<home>/status.json`, step by step. `status` reads only that file, the lock
and the load packages on disk: it never opens the working database, so it never stands in a run's way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipelines.config import Config
from pipelines.errors import Exit
from pipelines.files import write_whole
from pipelines.lock import holder_of, is_locked
from pipelines.pending import pending_packages
from pipelines.registry import PROVIDERS
from pipelines.view import STYLES, day_and_minute, short_instant
from sources._shared.redaction import Redactor

if TYPE_CHECKING:
    import duckdb

COLUMNS = (
    "account",
    "provider",
    "resource",
    "mode",
    "status",
    "error_message",
    "asked_through",
    "last_success",
    "rows_repaired",
)
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

Outcome = Literal["done", "partly", "failed", "stopped"]


class Notes:
    """What `status` will tell of a command, written down step by step: whoever is killed leaves the last."""

    def __init__(self, config: Config, run_id: str, command: str) -> None:
        self._file = config.home / "status.json"
        self._facts = _read(self._file)
        self._facts["asked"] = {
            name: [resource.name for resource in account.resources]
            for name, account in config.accounts.items()
        }
        self._facts["run"] = {
            "run_id": run_id,
            "command": command,
            "started_at": _now().isoformat(),
            "finished_at": None,
            "outcome": None,
            "message": None,
        }
        self._write()

    def loaded(self, connection: duckdb.DuckDBPyConnection, *, is_newer: bool = True) -> None:
        """The warehouse holds something else than before, or has at least been told of failures."""
        rows = connection.execute(LATEST).fetchall()
        resources = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        for row in resources:
            row.update(_numbers(connection, row))
        self._facts["resources"] = resources
        if is_newer:
            self._facts["loaded_at"] = _now().isoformat()
        self._write()

    def built(self) -> None:
        """The models stand for what is loaded now."""
        self._facts["built"] = self._facts["loaded_at"]
        self._write()

    def published(self, release: str) -> None:
        """BI reads what was built last."""
        self._facts["published"] = {
            "release": release,
            "at": _now().isoformat(),
            "loaded_at": self._facts["built"],
        }
        self._write()

    def ended(self, outcome: Outcome, message: str | None = None) -> None:
        """The command is over. A disk that takes no more must not hide why."""
        self._facts["run"].update(finished_at=_now().isoformat(), outcome=outcome, message=message)
        with suppress(OSError):
            self._write()

    def _write(self) -> None:
        write_whole(self._file, json.dumps(self._facts, default=str))


@dataclass(frozen=True)
class Status:
    """How far everything is, as one object; times are ISO 8601 texts, ages are seconds."""

    facts: dict[str, Any]

    @property
    def exit_code(self) -> Exit:
        """Something is older than was asked for, or all is well."""
        return Exit.PARTLY if self.facts["too_old"] else Exit.DONE

    def as_dict(self) -> dict[str, Any]:
        """The status for machines."""
        return self.facts

    def print(self, console: Console, redactor: Redactor) -> None:
        """The status for people: one table, then whatever needs saying."""
        for line in _lines_before(self.facts):
            console.print(line)
        if self.facts["last_run"] is not None:
            console.print(status_table(self.facts))
        for line in _lines_after(self.facts):
            console.print(line)


def read_status(config: Config, fail_if_older: timedelta | None = None) -> Status:
    """Looks at what is there.

    Args:
        fail_if_older: how old what was read, and what BI reads, may be.
    """
    noted = _read(config.home / "status.json")
    now = _now()
    resources = _resources(config, noted)
    for row in resources:
        row["lag_seconds"] = _age(now, row["asked_through"])
        row["newest_number_age_seconds"] = _age(now, row["newest_updated_at"])
    release = _release(config)
    published = noted["published"] or {}
    if release is None or release["name"] != published.get("release"):
        published = {}  # of an older Stocktake, or gone back from
    is_running, holder = is_locked(config.home), holder_of(config.home)
    facts = {
        "accounts": {
            name: {"provider": account.provider.name, "pending_packages": pending_packages(config, name)}
            for name, account in config.accounts.items()
        },
        "problems": list(config.problems),
        "resources": resources,
        "last_run": noted["run"],
        "loaded_at": noted["loaded_at"],
        "published_at": published.get("at") or (release and release["created_at"]),
        "published_is_newest": None
        if release is None or noted["loaded_at"] is None
        else published.get("loaded_at") == noted["loaded_at"],
        "release": release and {"name": release["name"], "tables": release["tables"]},
        "running": holder if is_running else None,
        "interrupted": holder if holder and not is_running else None,
    }
    facts["too_old"] = [] if fail_if_older is None else _too_old(config, facts, published, now, fail_if_older)
    return Status(facts)


def _resources(config: Config, noted: dict[str, Any]) -> list[dict[str, Any]]:
    """What is known of every resource: of those that are asked for, also of those that never were."""
    known = {(row["account"], row["resource"]): row for row in noted["resources"]}
    for name, account in config.accounts.items():
        for resource in noted["asked"].get(name, ()):
            unknown: dict[str, Any] = dict.fromkeys((*COLUMNS, "newest_updated_at"))
            unknown.update(account=name, provider=account.provider.name, resource=resource)
            unknown.update(status="never loaded", rows=0, rows_repaired=0)
            known.setdefault((name, resource), unknown)
    return [{**row, "is_configured": row["account"] in config.accounts} for _, row in sorted(known.items())]


def _release(config: Config) -> dict[str, Any] | None:
    """The release BI reads. Its manifest is a small file; what else it says is for who publishes."""
    try:
        folder = (config.published / "current").resolve(strict=True)
        facts = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    tables = len(facts["tables"]) + len(facts.get("views", {}))
    return {"name": facts["release"], "tables": tables, "created_at": facts["created_at"]}


def _too_old(
    config: Config, facts: dict[str, Any], published: dict[str, Any], now: datetime, limit: timedelta
) -> list[str]:
    found = []
    for row in facts["resources"]:
        age = _age(now, row["last_success"])
        if row["is_configured"] and (age is None or age > limit.total_seconds()):
            when = "was never read" if age is None else f"was last read {_span(age)} ago"
            found.append(f"{row['account']}: {row['resource']} {when}.")
    seen = {row["account"] for row in facts["resources"]}
    found += [f"{name} was never read." for name in config.accounts if name not in seen]
    age = _age(now, published.get("loaded_at") or facts["published_at"])
    if age is None or age > limit.total_seconds():
        found.append(
            "Nothing is published." if age is None else f"What BI reads was loaded {_span(age)} ago."
        )
    return found


def status_table(status: dict[str, Any]) -> Table:
    """The status for people, a line per account and one per resource: 80 columns hold it."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    widest = max((len(row["resource"]) for row in status["resources"]), default=0) + 2
    table.add_column("account, resource", min_width=widest, max_width=max(widest, 21), overflow="fold")
    table.add_column("asked through", no_wrap=True)
    table.add_column("lag", justify="right", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("newest number", no_wrap=True)
    table.add_column("repaired", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    account = None
    for row in status["resources"]:
        if row["account"] != account:
            account = row["account"]
            table.add_row(Text(account, style="bold"))
        table.add_row(
            f"  {row['resource']}",
            day_and_minute(row["asked_through"]),
            _lag(row),
            str(row["rows"]),
            day_and_minute(row["newest_updated_at"]),
            str(row["rows_repaired"]),
            f"[{STYLES.get(row['status'], 'red') if row['is_configured'] else 'dim'}]{row['status']}[/]",
        )
    return table


def _numbers(connection: duckdb.DuckDBPyConnection, row: dict[str, Any]) -> dict[str, Any]:
    from pipelines.warehouse import raw_table

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
        found = {}
    nothing: dict[str, Any] = {"run": None, "asked": {}, "resources": []}
    return {**nothing, "loaded_at": None, "built": None, "published": None, **found}


def _now() -> datetime:
    return datetime.now(UTC)


def _age(now: datetime, moment: str | None) -> int | None:
    return None if moment is None else round((now - datetime.fromisoformat(moment)).total_seconds())


def _span(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    if abs(seconds) < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if abs(seconds) < 172_800 else f"{round(seconds / 86_400)} d"


def _lag(row: dict[str, Any]) -> str:
    """Yellow where a whole day was not asked for, of what is still to be asked."""
    words = _span(row["lag_seconds"])
    is_old = row["is_configured"] and row["lag_seconds"] is not None and row["lag_seconds"] > 86_400
    return f"[yellow]{words}[/]" if is_old else words


def _lines_before(status: dict[str, Any]) -> Iterator[str]:
    run = status["last_run"]
    for problem in status["problems"]:
        yield f"[yellow]{escape(problem)}[/yellow]"
    if status["running"]:
        yield f"A run is at work: {_holder(status['running'])}."
    elif status["interrupted"]:
        holder = _holder(status["interrupted"])
        yield f"[yellow]The last run died:[/] {holder}. The next run finishes its work."
    elif run is None:
        yield "Nothing has been loaded yet. Run stocktake run."
    elif run.get("outcome") in ("failed", "stopped"):
        when = f"stocktake {run['command']}, {short_instant(run['finished_at'])}"
        why = f": {escape(run['message'])}" if run["message"] else ". The next run finishes its work."
        what = "failed" if run["outcome"] == "failed" else "was stopped"
        yield f"[red]The last run {what}[/red] ({when}){why}"


def _lines_after(status: dict[str, Any]) -> Iterator[str]:
    for name, account in status["accounts"].items():
        if account["pending_packages"]:
            yield f"{name}: {account['pending_packages']} load packages wait; the next run loads them."
        if status["last_run"] and name not in {row["account"] for row in status["resources"]}:
            yield f"{name}: never loaded."
    for name in dict.fromkeys(row["account"] for row in status["resources"] if not row["is_configured"]):
        yield f"[dim]{name}: not configured any more; what was read of it stands still.[/]"
    for message in dict.fromkeys(row["error_message"] for row in status["resources"]):
        if message:
            yield f"[red]{escape(message)}[/red]"  # one error stops all of an account's resources
    if status["release"] is None:
        yield "Nothing is published yet."
    else:
        style = "yellow" if status["published_is_newest"] is False else "green"
        name = f"[{style}]{status['release']['name']}[/]"
        yield f"BI reads release {name}, of {short_instant(status['published_at'])}."
    if status["published_is_newest"] is False:
        yield (
            f"[yellow]What was loaded at {short_instant(status['loaded_at'])} is not published:[/yellow]"
            " stocktake build and stocktake publish do it, and so does the next run."
        )
    for words in status["too_old"]:
        yield f"[red]{escape(words)}[/red]"


def _holder(holder: dict[str, Any]) -> str:
    return f"stocktake {holder.get('command')}, process {holder.get('pid')}, since {holder.get('since')}"
