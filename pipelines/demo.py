"""`stocktake demo` and `stocktake sandbox`: the product in one screen, with no credentials."""

import shutil
import time
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pendulum
from rich.console import Console
from rich.table import Table

from pipelines.config import Config, load_config
from pipelines.dlt_internals import stamped_by
from pipelines.errors import CommandError, ConfigurationError
from pipelines.init import CONFIG, SECRETS, write_accounts
from pipelines.log import Reporter
from pipelines.registry import PROVIDERS
from pipelines.run import RunResult, run
from pipelines.view import console_for_people, day_and_minute, near, plain, prose, summary_table, typed
from sandbox import SIZES, Sandbox
from sources._shared.clock import Clock, using

MARKER = ".stocktake-demo"
DAYS = 10

ON_HAND = """
    select provider, location_name, count(*) as products,
        count(*) filter (where quantity_available > 0) as available,
        count(*) filter (where quantity_available <= 0) as out,
        count(*) filter (where quantity_incoming > 0) as incoming
    from rpt_stock_on_hand
    group by provider, location_name
    order by provider, location_name nulls last
"""
DISAGREEMENTS = """
    select coalesce(sku, gtin) as item, {systems}, available_spread as spread
    from rpt_stock_consolidated
    where available_spread > 0
    order by available_spread desc, item
    limit 5
"""
FRESHNESS = """
    select account, resource, last_status as status, asked_through, newest_counted_at
    from rpt_freshness
    order by account, resource
"""


def demo(folder: Path, write_report: Callable[[Path, Path], object]) -> None:
    """A first load, ten simulated days with a load after each, and the reports.

    Args:
        write_report: writes the report of a published folder into a file.

    Raises:
        CommandError: the folder is there, and is not a demo's.
    """
    console = console_for_people(width_in_a_pipe=80)
    folder = _fresh_folder(folder)
    begin = pendulum.now("UTC").subtract(days=DAYS)
    with (
        Sandbox(start=begin.to_iso8601_string(), ticking=True) as sandbox,
        using(_SandboxClock(sandbox)),
        stamped_by(lambda: sandbox.clock.now().timestamp()),
    ):
        console.rule("1. Five systems hold the same stock")
        console.print(
            f"A sandbox serves {_titles(sandbox)} on {sandbox.url}: make-believe stock, real HTTP. Its clock"
            f" begins {DAYS} days ago."
        )
        _configure(folder, sandbox)
        config = replace(
            load_config(folder), sweep_every=timedelta(days=7)
        )  # or each day would be read whole

        console.rule("2. First load: everything, once")
        console.print(summary_table(_run(config, build=False).accounts))
        console.rule("3. Ten days pass, with a load after each: only what changed")
        for number in range(1, DAYS + 1):
            changed = sum(
                len(keys) for touched in sandbox.simulate_day().values() for keys in touched.values()
            )
            is_last = number == DAYS
            if is_last:
                console.rule("4. The last day, and the models")
            result = _run(config, build=is_last)
            rows = [row for account in result.accounts for row in account.rows]
            read, new = (sum(row[name] for row in rows) for name in ("rows_read", "rows_new"))
            console.print(
                f"{sandbox.clock.now():%a %d %b}: {changed} records changed; asked {len(rows)} times, read"
                f" {read}, kept {new} as new."
            )
        providers = sandbox.providers
        _explain(console, sandbox, result)
    console.rule("5. The reports")
    reporting = config.published / "reporting.duckdb"
    with duckdb.connect(str(reporting), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        systems = ", ".join(f"{name}_available as {name}" for name in providers)
        for title, query in (
            ("How many products are where? (rpt_stock_on_hand, counted)", ON_HAND),
            (
                "Available: where do systems disagree most? (rpt_stock_consolidated)",
                DISAGREEMENTS.format(systems=systems),
            ),
            ("How old are the numbers? (rpt_freshness)", FRESHNESS),
        ):
            console.print(_report(connection, title, query))
    console.rule("6. Yours")
    report = folder / "stocktake-report.html"
    write_report(config.published, report)
    for words, what in (
        ("Look at it in the browser", f"{typed()} dashboard -C {near(folder)}"),
        ("The same as one file", str(near(report))),
        ("Query it with any DuckDB from 1.1 on, while later runs go on", str(near(reporting))),
        ("Your own accounts, in a folder of their own", f"{typed()} init"),
    ):
        console.print(f"{words}:", f"  {what}", sep="\n", soft_wrap=True)  # to be copied as it is


def serve_sandbox(port: int, size: str, seed: int, config_folder: Path | None) -> None:
    """Serves the providers' APIs until stopped.

    Args:
        config_folder: where a `.dlt/` with the sandbox's accounts is written.

    Raises:
        CommandError: the port is taken, or the folder is somebody's project.
        ConfigurationError: there is no such size.
    """
    console = console_for_people()
    known = next((one for one in SIZES if one == size), None)
    if known is None:
        raise ConfigurationError(f"--size {size}: sizes are {', '.join(SIZES)}.")
    now = pendulum.now("UTC").to_iso8601_string()
    with ExitStack() as served:
        try:
            sandbox = served.enter_context(Sandbox(seed, known, now, ticking=True, port=port))
        except OSError as error:
            raise CommandError(
                f"--port {port} cannot be used: {error.strerror}. Choose another with --port, or --port 0 for"
                " a free one."
            ) from None
        if config_folder is not None:
            _write_config(config_folder, sandbox)
            prose(
                console,
                f"Its accounts are in {config_folder / '.dlt'}. In another terminal: {typed()} run -C"
                f" {config_folder}",
            )
        for provider in sandbox.providers:
            console.print(f"{PROVIDERS[provider].title}: base_url {sandbox.base_url(provider)}")
            for key, value in sandbox.settings(provider).items():
                console.print(f"  {key} {value}", soft_wrap=True)  # to be copied as it is
        console.print(f"Controls: {sandbox.url}/_sandbox/ (see sandbox/control.py). Stop with Ctrl-C.")
        while True:
            time.sleep(3600)


def _fresh_folder(folder: Path) -> Path:
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise CommandError(f"{folder} is not a demo's folder. Choose another with --folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARKER).touch()
    return folder


def _accounts(sandbox: Sandbox) -> dict[str, Any]:
    """A store per provider."""
    return {
        f"demo_{name}": (PROVIDERS[name], {"base_url": sandbox.base_url(name), **sandbox.settings(name)})
        for name in sandbox.providers
    }


def _configure(folder: Path, sandbox: Sandbox) -> None:
    """Writes a configuration as a user would."""
    write_accounts(folder, _accounts(sandbox))


def _write_config(folder: Path, sandbox: Sandbox) -> None:
    """Writes the two files anew: every sandbox has tokens of its own. What else is in them is somebody's."""
    files = [folder / ".dlt" / name for name in (CONFIG, SECRETS)]
    for file in files:
        document = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if {*document} - {"accounts"} or {*document.get("accounts", {})} - {*_accounts(sandbox)}:
            raise CommandError(
                f"{file} holds more than the sandbox's accounts. Choose another folder for --write-config."
            )
    for file in files:
        file.unlink(missing_ok=True)
    _configure(folder, sandbox)


class _SandboxClock(Clock):
    """The sandbox's days are ours: what is read and loaded in them is dated by them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def now(self) -> datetime:
        """The present moment in the sandbox."""
        return self._sandbox.clock.now()


def _run(config: Config, *, build: bool) -> RunResult:
    reporter = Reporter()
    reporter.at("starting")
    result = run(config, config.choose((), ()), reporter, build_models=build, publish_tables=build)
    if result.exit_code:
        raise CommandError("The demo's load did not go through; this should not happen. Please report it.")
    return result


def _explain(console: Console, sandbox: Sandbox, result: RunResult) -> None:
    for row in (row for account in result.accounts for row in account.rows if row["asked_from"]):
        held = len(sandbox.truth(row["provider"], row["resource"]))
        what = f"{PROVIDERS[row['provider']].title}, {row['resource'].replace('_', ' ')}"
        console.print(
            f"{what}: asked since {day_and_minute(row['asked_from'])}, got {row['rows_read']} of {held},"
            f" {row['rows_new']} new."
        )
    if result.build is not None and result.release is not None:
        console.print(
            f"Built {result.build.models} models, ran {result.build.tests} tests, published"
            f" {len(result.release.columns)} tables: {result.release.name}."
        )


def _titles(sandbox: Sandbox) -> str:
    *titles, last = (PROVIDERS[provider].title for provider in sandbox.providers)
    return f"{', '.join(titles)} and {last}"


def _report(connection: duckdb.DuckDBPyConnection, title: str, query: str) -> Table:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=name in ("item", "resource"))
    for row in cursor.fetchall():
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return day_and_minute(value)
    return plain(value)[:48]
