"""`stocktake demo` and `stocktake sandbox`: the product in one screen, with no credentials."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import duckdb
import pendulum
from rich.console import Console
from rich.table import Table

from pipelines.config import Config, load_config
from pipelines.errors import CommandError, ConfigurationError
from pipelines.log import Reporter
from pipelines.registry import PROVIDERS
from pipelines.run import RunResult, run
from pipelines.view import console_for_people, summary_table
from sandbox import SIZES, Sandbox

MARKER = ".stocktake-demo"

ON_HAND = """
    select provider, location_name, count(*) as products, sum(quantity_on_hand) as on_hand,
        sum(quantity_available) as available, sum(quantity_incoming) as incoming
    from rpt_stock_on_hand
    group by provider, location_name
    order by provider, location_name nulls last
"""
DISAGREEMENTS = """
    select coalesce(sku, gtin) as item, name, match_rule as matched_by, {systems}, available_spread as spread
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


def demo(folder: Path) -> None:
    """Two loads with a simulated day between them, and the reports.

    Raises:
        CommandError: the folder is there, and is not a demo's.
    """
    console = console_for_people()
    folder = _fresh_folder(folder)
    yesterday = pendulum.now("UTC").subtract(hours=24).to_iso8601_string()
    with Sandbox(start=yesterday, ticking=True) as sandbox:
        console.rule("1. Five systems hold the same stock")
        console.print(
            f"A sandbox serves {_titles(sandbox)} on {sandbox.url}: make-believe stock, real HTTP. Its clock"
            " is a day behind, so that a day can pass; each account warns of that."
        )
        _configure(folder, sandbox)
        config = load_config(folder)

        console.rule("2. First load: everything, once")
        _load(config, console)
        console.rule("3. A day passes in all of them")
        for provider, touched in sandbox.simulate_day().items():
            changed = ", ".join(f"{len(keys)} {name.replace('_', ' ')}" for name, keys in touched.items())
            console.print(f"Changed in {PROVIDERS[provider].title}: {changed}.")
        sandbox.requests.clear()

        providers = sandbox.providers
        console.rule("4. Second load: only what changed")
        result = _load(config, console)
        _explain(console, sandbox, result)
    console.rule("5. The reports")
    reporting = config.published / "reporting.duckdb"
    with duckdb.connect(str(reporting), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        systems = ", ".join(f"{name}_available as {name}" for name in providers)
        for title, query in (
            ("What is where? (rpt_stock_on_hand, summed up)", ON_HAND),
            (
                "Available in each system: where do they disagree most? (rpt_stock_consolidated)",
                DISAGREEMENTS.format(systems=systems),
            ),
            ("How old are the numbers? (rpt_freshness)", FRESHNESS),
        ):
            console.print(_report(connection, title, query))
    console.rule("6. Yours to query")
    console.print(f"{reporting} stays valid while later runs go on. Open it with any DuckDB from 1.1 on:")
    console.print(
        f"  .venv/bin/python -c \"import duckdb; duckdb.connect('{reporting}', read_only=True)"
        ".sql('from rpt_stock_on_hand').show()\"",
        soft_wrap=True,  # to be copied as it is
    )
    console.print(
        f"The same as one file to copy: {config.published / 'stocktake.duckdb'}."
        f" The demo's configuration: {folder / '.dlt'}."
    )


def serve_sandbox(port: int, size: str, seed: int) -> None:
    """Serves the providers' APIs until stopped.

    Raises:
        CommandError: the port is taken.
        ConfigurationError: there is no such size.
    """
    console = console_for_people()
    known = next((one for one in SIZES if one == size), None)
    if known is None:
        raise ConfigurationError(f"--size {size}: sizes are {', '.join(SIZES)}.")
    now = pendulum.now("UTC").to_iso8601_string()
    try:
        sandbox = Sandbox(seed, known, now, ticking=True, port=port)
    except OSError as error:
        raise CommandError(f"--port {port} cannot be used: {error.strerror}. Choose another, or 0.") from None
    with sandbox:
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
    (folder / ".dlt").mkdir(parents=True)
    (folder / MARKER).touch()
    return folder


def _configure(folder: Path, sandbox: Sandbox) -> None:
    """Writes a configuration as a user would, a store per provider."""
    config, secrets = ["[stocktake]", 'home = "warehouse"'], []
    for provider in sandbox.providers:
        table = f"[accounts.demo_{provider}]"
        secret = {setting.name for setting in PROVIDERS[provider].settings if setting.secret}
        settings = sandbox.settings(provider)
        config += ["", table, f'provider = "{provider}"', f'base_url = "{sandbox.base_url(provider)}"']
        config += [f"{key} = {json.dumps(value)}" for key, value in settings.items() if key not in secret]
        secrets += [
            "",
            table,
            *(f"{key} = {json.dumps(value)}" for key, value in settings.items() if key in secret),
        ]
    (folder / ".dlt" / "config.toml").write_text("\n".join(config) + "\n", encoding="utf-8")
    (folder / ".dlt" / "secrets.toml").write_text("\n".join(secrets) + "\n", encoding="utf-8")


def _load(config: Config, console: Console) -> RunResult:
    result = run(config, config.choose((), ()), Reporter())
    console.print(summary_table(result.accounts))
    if result.build is not None and result.release is not None:
        console.print(
            f"Built {result.build.models} models, {result.build.tests} tests,"
            f" published {len(result.release.tables)} tables as release {result.release.name}."
        )
    if result.exit_code:
        raise CommandError("The demo's load did not go through; this should not happen. Please report it.")
    return result


def _explain(console: Console, sandbox: Sandbox, result: RunResult) -> None:
    for row in (row for account in result.accounts for row in account.rows if row["asked_from"]):
        held = len(sandbox.truth(row["provider"], row["resource"]))
        what = f"{PROVIDERS[row['provider']].title}, {row['resource'].replace('_', ' ')}"
        console.print(
            f"{what}: asked for what changed after {str(row['asked_from'])[:19]}Z, got {row['rows_read']} of"
            f" {held} records; {row['rows_new']} were new or changed."
        )


def _titles(sandbox: Sandbox) -> str:
    *titles, last = (PROVIDERS[provider].title for provider in sandbox.providers)
    return f"{', '.join(titles)} and {last}"


def _report(connection: duckdb.DuckDBPyConnection, title: str, query: str) -> Table:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in cursor.fetchall():
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%MZ"))
    text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return (text.rstrip("0").rstrip(".") or "0") if "." in text and hasattr(value, "as_tuple") else text[:48]
