"""The `stocktake` command (design §6)."""

import json
import signal
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import duckdb
import typer

from pipelines.config import Account, Config, load_config
from pipelines.doctor import Diagnosis, diagnose, print_diagnosis
from pipelines.errors import CommandError, ConfigurationError, Exit, words_of
from pipelines.log import LogFormat, Reporter, route_logs
from pipelines.notify import watched
from pipelines.run import RunResult, run
from pipelines.view import console_for_people, summary_table
from sources._shared.http import Redactor

app = typer.Typer(
    name="stocktake",
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

AccountOption = Annotated[list[str] | None, typer.Option("--account", help="Only this account; repeatable.")]
ProviderOption = Annotated[
    list[str] | None, typer.Option("--provider", help="Only this provider; repeatable.")
]
LogFormatOption = Annotated[LogFormat, typer.Option("--log-format", help="human, or json for machines.")]


@app.callback()
def stocktake(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """How much do we have, where, and how sure are we? Incremental inventory loads into DuckDB."""
    if version:
        sys.stdout.write(f"stocktake {metadata.version('stocktake')}\n")
        raise typer.Exit


@app.command("run")
def run_command(
    account: AccountOption = None,
    provider: ProviderOption = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="Read everything whole, whatever is due.")] = False,
    publish: Annotated[bool, typer.Option(help="Publish what was built.")] = True,
    log_format: LogFormatOption = "human",
) -> None:
    """Load what moved, build and test the models, publish."""
    _work("run", log_format, account, provider, sweep=sweep, publish_tables=publish)


@app.command("load")
def load_command(
    account: AccountOption = None,
    provider: ProviderOption = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="Read everything whole, whatever is due.")] = False,
    log_format: LogFormatOption = "human",
) -> None:
    """Load what moved; build and publish nothing."""
    _work("load", log_format, account, provider, sweep=sweep, build_models=False, publish_tables=False)


@app.command("sweep")
def sweep_command(
    account: AccountOption = None,
    provider: ProviderOption = None,
    confirm_drop: Annotated[
        bool, typer.Option("--confirm-drop", help="Retire what is gone, even below the floor.")
    ] = False,
    log_format: LogFormatOption = "human",
) -> None:
    """Read everything whole: retire what is gone, repair what was missed, then build and publish."""
    _work("sweep", log_format, account, provider, sweep=True, confirm_drop=confirm_drop)


@app.command("backfill")
def backfill_command(
    since: Annotated[str, typer.Option(help="Where the window starts: 2026-01-31 or 2026-01-31T08:00Z.")],
    until: Annotated[str, typer.Option(help="Where it ends; a day without a time means its start, in UTC.")],
    account: AccountOption = None,
    provider: ProviderOption = None,
    log_format: LogFormatOption = "human",
) -> None:
    """Read a window again, then build and publish; marks do not move."""

    def work(config: Config, reporter: Reporter) -> RunResult:
        window = (_moment("--since", since), _moment("--until", until))
        if window[0] >= window[1]:
            raise ConfigurationError(f"--since {since} is not before --until {until}.")
        chosen = config.choose(account or (), provider or ())
        windowed = [one for one in chosen if any(r.reading != "whole" for r in one.resources)]
        if not windowed:
            names = ", ".join(one.name for one in chosen)
            raise ConfigurationError(
                f"{names}: everything is read whole in every run, so there is no window to read again."
            )
        return run(config, windowed, reporter, command="backfill", backfill=window)

    _guarded(log_format, work)


@app.command("reset")
def reset_command(
    account: Annotated[str, typer.Option("--account", help="The account that starts anew.")],
    resource: Annotated[str | None, typer.Option("--resource", help="Only this resource.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really forget; without it nothing is done.")] = False,
    log_format: LogFormatOption = "human",
) -> None:
    """Forget marks and rows, so that the next run is a first run."""
    from pipelines.reset import reset
    from pipelines.run import opened

    def work(config: Config, reporter: Reporter) -> dict[str, Any]:
        (chosen,) = config.choose([account], ())
        known = {one.name: one for one in chosen.provider.resources}
        if resource is not None and resource not in known:
            raise ConfigurationError(f"--resource {resource}: {chosen.name} has {', '.join(known)}.")
        resources = [known[resource]] if resource else list(known.values())
        if not yes:
            raise ConfigurationError(
                f"This forgets all rows and history of {chosen.name}: {', '.join(r.name for r in resources)}."
                " Add --yes to do it."
            )
        with opened(config, "reset") as connection:
            dropped = reset(config, chosen, resources, connection, reporter)
        for name, count in dropped.items():
            reporter.say(f"{chosen.name}: {name}: forgot its mark and {count} versions.")
        return {"account": chosen.name, "dropped": dropped}

    _guarded(log_format, work)


@app.command("build")
def build_command(log_format: LogFormatOption = "human") -> None:
    """Build and test the models from what is loaded."""
    _work("build", log_format, load=False, publish_tables=False)


@app.command("publish")
def publish_command(
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the release before.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write the reports as CSV too.")] = False,
    to: Annotated[
        str | None, typer.Option("--to", help="Copy what is published into this dlt destination instead.")
    ] = None,
    dataset: Annotated[str, typer.Option("--dataset", help="With --to: the schema there.")] = "stocktake",
    log_format: LogFormatOption = "human",
) -> None:
    """Publish what was built, if it passed its tests; or go back one release; or copy it elsewhere."""
    from pipelines import publish as publishing
    from pipelines.lock import run_lock

    def work(config: Config, reporter: Reporter) -> RunResult | dict[str, Any]:
        if to is not None:
            return _publish_to(config, reporter, to, dataset, alone=not (rollback or csv))
        if not rollback:

            def publish_built() -> RunResult:
                return run(
                    config,
                    [],
                    reporter,
                    command="publish",
                    load=False,
                    build_models=False,
                    write_csv_files=csv,
                )

            return watched(config, "publish", reporter, publish_built)
        with run_lock(config.home, "publish --rollback"):
            release = publishing.rollback(config.published, serve_path=config.serve_path)
            files = publishing.write_csv(config.published) if csv else []
        reporter.say(f"BI reads release {release.name} again.")
        return {"release": release.name, "csv": [str(path) for path in files]}

    _guarded(log_format, work)


def _publish_to(config: Config, reporter: Reporter, to: str, dataset: str, *, alone: bool) -> dict[str, Any]:
    from pipelines.destination import publish_to

    if not alone:
        raise ConfigurationError("--to copies what is published: give --rollback or --csv a command before.")
    command = f"publish --to {to}"
    release = watched(config, command, reporter, lambda: publish_to(config, to, dataset, reporter))
    reporter.say(f"{to}: schema {dataset} holds release {release.name}, {len(release.tables)} tables.")
    return {"release": release.name, "destination": to, "dataset": dataset, "tables": release.tables}


@app.command("status")
def status_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """How far each resource has been asked, how old its numbers are, what BI reads."""
    from pipelines.status import print_status, read_status

    def work(config: Config, reporter: Reporter) -> None:
        status = read_status(config)
        if as_json:
            sys.stdout.write(json.dumps(status, ensure_ascii=False) + "\n")
            return
        print_status(status, console_for_people())

    _guarded("human", work)


@app.command("doctor")
def doctor_command(
    account: AccountOption = None,
    provider: ProviderOption = None,
    log_format: LogFormatOption = "human",
) -> None:
    """What stands in the way of the next run, and what to do about it; changes nothing."""

    def work(config: Config, reporter: Reporter) -> Diagnosis:
        return diagnose(config, config.choose(account or (), provider or ()))

    _guarded(log_format, work)


@app.command("sandbox")
def sandbox_command(
    port: Annotated[int, typer.Option(help="0 picks a free one.")] = 8765,
    size: Annotated[str, typer.Option(help="S, M or L.")] = "S",
    seed: Annotated[int, typer.Option(help="The same seed gives the same world.")] = 7,
) -> None:
    """Serve the providers' APIs on loopback, with make-believe stock."""
    from pipelines.demo import serve_sandbox

    _guarded("human", lambda: serve_sandbox(port, size, seed), needs_config=False)


@app.command("demo")
def demo_command(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its files; wiped first.")] = Path("demo"),
) -> None:
    """Two loads, a simulated day between them, and the reports: with no credentials."""
    from pipelines.demo import demo

    _guarded("human", lambda: demo(folder), needs_config=False)


def main() -> None:
    """The console script's entry."""
    signal.signal(signal.SIGTERM, _terminated)
    app()


def _work(
    command: str,
    log_format: LogFormat,
    account: list[str] | None = None,
    provider: list[str] | None = None,
    **steps: Any,
) -> None:
    def work(config: Config, reporter: Reporter) -> RunResult:
        chosen = config.choose(account or (), provider or ()) if steps.get("load", True) else []
        return watched(
            config, command, reporter, lambda: run(config, chosen, reporter, command=command, **steps)
        )

    _guarded(log_format, work)


def _guarded(log_format: LogFormat, work: Any, *, needs_config: bool = True) -> None:
    """Does the work and ends the process with the exit code it earned; never with a traceback of ours."""
    reporter = Reporter(log_format)
    try:
        if needs_config:
            config = load_config(Path.cwd())
            reporter.redactor = _redactor(config.accounts.values())
            route_logs(reporter)
            result = work(config, reporter)
        else:
            result = work()
    except CommandError as error:
        reporter.fail(str(error))
        raise typer.Exit(error.exit_code) from None
    except (OSError, duckdb.OperationalError) as error:
        reporter.fail(words_of(error))
        raise typer.Exit(Exit.FAILED) from None
    except KeyboardInterrupt:
        reporter.fail("Stopped. What was extracted is loaded by the next run.")
        raise typer.Exit(130) from None
    finally:
        reporter.pause()
    _show(result, log_format, reporter)
    if isinstance(result, (RunResult, Diagnosis)):
        raise typer.Exit(result.exit_code)


def _show(result: Any, log_format: LogFormat, reporter: Reporter) -> None:
    if result is None:
        return
    if log_format == "json":
        facts = result.as_dict() if isinstance(result, (RunResult, Diagnosis)) else result
        text = json.dumps(reporter.redactor.clean_all(facts), default=str, ensure_ascii=False)
        sys.stdout.write(text + "\n")
        return
    console = console_for_people()
    if isinstance(result, Diagnosis):
        print_diagnosis(result, console, reporter.redactor)
    if not isinstance(result, RunResult):
        return
    if result.accounts:
        console.print(summary_table(result))
    if result.build is not None:
        console.print(
            f"Built ({result.build.depth}): {result.build.models} models, {result.build.tests} tests,"
            f" {len(result.build.warnings)} warnings."
        )
    if result.release is not None:
        console.print(f"Published: {result.release.name}, {len(result.release.tables)} tables.")
    if result.csv:
        console.print(f"{len(result.csv)} CSV files are in {result.csv[0].parent}.")
    if any(account.failed for account in result.accounts):
        console.print("Some resources could not be read or were held by a guard; the rest is loaded.")
    if result.unread:
        console.print(
            f"{len(result.unread)} values or records cannot be read: they are in rpt_schema_drift, and sums"
            " over them are unknown. Everything else is as it should be."
        )


def _moment(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} {text}: this is no moment. Write 2026-01-31, or 2026-01-31T08:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _redactor(accounts: Any) -> Redactor:
    found: list[Account] = list(accounts)
    return Redactor(*(secret for account in found for secret in account.secrets))


def _terminated(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
