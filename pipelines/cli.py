"""The `stocktake` command (design §6).

What only some commands need is imported where they use it: `--help` and `status` answer at once.
"""

from __future__ import annotations

import json
import sys
import termios
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from pipelines.errors import CommandError, ConfigurationError, Exit, is_trouble, words_of
from pipelines.log import LogFormat, Reporter, route_logs
from pipelines.stopping import SENTENCE, last_words
from pipelines.view import console_for_people, counted, prose
from sources._shared.redaction import Redactor

if TYPE_CHECKING:
    from dashboard.report import Report
    from pipelines.config import Config
    from pipelines.doctor import Diagnosis
    from pipelines.run import RunResult
    from pipelines.ship import Shipment
    from pipelines.status import Status


def _without_types_of_flags(parameters: list[Any]) -> list[Any]:
    for one in parameters:
        if getattr(one, "is_flag", False):
            one.metavar = ""  # typer 0.29 shows <bool> beside every flag, as if it took a value
    return parameters


class Commands(TyperGroup):
    """The commands, with a help that says of a flag only what it does."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The options of `stocktake` itself."""
        return _without_types_of_flags(super().get_params(ctx))


class Command(TyperCommand):
    """The same for one command."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its options."""
        return _without_types_of_flags(super().get_params(ctx))


app = typer.Typer(
    name="stocktake",
    cls=Commands,
    no_args_is_help=True,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
command = partial(app.command, cls=Command)

_project: ContextVar[Path | None] = ContextVar("_project", default=None)


def _remember_project(context: typer.Context, folder: Path | None) -> None:
    """Keeps what -C says, before the command's name or after it."""
    if folder is not None or context.parent is None:
        _project.set(folder)


AccountOption = Annotated[
    list[str] | None, typer.Option("--account", metavar="NAME", help="Only this account; repeatable.")
]
ProviderOption = Annotated[
    list[str] | None, typer.Option("--provider", metavar="NAME", help="Only this provider; repeatable.")
]
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "-C",
        "--project-dir",
        metavar="DIR",
        help="The project's folder, or one below it; else this one.",
        callback=_remember_project,
        expose_value=False,
    ),
]
LogFormatOption = Annotated[LogFormat, typer.Option("--log-format", help="human, or json for machines.")]


@app.callback()
def stocktake(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    project_dir: ProjectOption = None,
) -> None:
    """How much do we have, where, and how sure are we? Incremental inventory loads into DuckDB."""
    if version:
        from importlib import metadata

        sys.stdout.write(f"stocktake {metadata.version('stocktake')}\n")
        raise typer.Exit


@command("run")
def run_command(
    account: AccountOption = None,
    provider: ProviderOption = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="Read everything whole, whatever is due.")] = False,
    publish: Annotated[bool, typer.Option(help="Publish what was built.")] = True,
    project_dir: ProjectOption = None,
    log_format: LogFormatOption = "human",
) -> None:
    """Load what changed, build and test the models, publish."""
    _work("run", log_format, account, provider, sweep=sweep, publish_tables=publish)


@command("load")
def load_command(
    account: AccountOption = None,
    provider: ProviderOption = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="Read everything whole, whatever is due.")] = False,
    project_dir: ProjectOption = None,
    log_format: LogFormatOption = "human",
) -> None:
    """Load what changed; build and publish nothing."""
    _work("load", log_format, account, provider, sweep=sweep, build_models=False, publish_tables=False)


@command("sweep")
def sweep_command(
    account: AccountOption = None,
    provider: ProviderOption = None,
    confirm_drop: Annotated[
        bool, typer.Option("--confirm-drop", help="Retire what is gone, even below the floor.")
    ] = False,
    project_dir: ProjectOption = None,
    log_format: LogFormatOption = "human",
) -> None:
    """Read everything whole: retire what is gone, repair what was missed, then build and publish."""
    _work("sweep", log_format, account, provider, sweep=True, confirm_drop=confirm_drop)


@command("backfill")
def backfill_command(
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Where the window starts: 2026-01-31 or 2026-01-31T08:00Z.")
    ],
    until: Annotated[
        str, typer.Option(metavar="TIME", help="Where it ends; a day without a time means its start, in UTC.")
    ],
    account: AccountOption = None,
    provider: ProviderOption = None,
    project_dir: ProjectOption = None,
    log_format: LogFormatOption = "human",
) -> None:
    """Read a window again, then build and publish; marks do not move."""

    def work(config: Config, reporter: Reporter) -> RunResult:
        from pipelines.run import run

        window = (_moment("--since", since), _moment("--until", until))
        if window[0] >= window[1]:
            raise ConfigurationError(f"--since {since} is not before --until {until}.")
        chosen = config.choose(account or (), provider or ())
        windowed = [one for one in chosen if any(r.reading != "snapshot" for r in one.resources)]
        if not windowed:
            names = ", ".join(one.name for one in chosen)
            raise ConfigurationError(
                f"{names}: everything is read whole in every run, so there is no window to read again."
            )
        options = config.read_options(backfill=window)
        return run(config, windowed, reporter, command="backfill", options=options)

    _guarded(log_format, work)


@command("reset")
def reset_command(
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="The account that starts anew.")],
    resource: Annotated[
        str | None, typer.Option("--resource", metavar="NAME", help="Only this resource.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really forget; without it nothing is done.")] = False,
    project_dir: ProjectOption = None,
    log_format: LogFormatOption = "human",
) -> None:
    """Forget marks and rows, so that the next run is a first run."""

    def work(config: Config, reporter: Reporter) -> dict[str, Any]:
        from pipelines.reset import reset_account

        dropped = reset_account(config, account, resource, reporter, is_sure=yes)
        for name, count in dropped.items():
            reporter.say(f"{account}: {name}: forgot its mark and {count} versions.")
        return {"account": account, "dropped": dropped}

    _guarded(log_format, work)


@command("build")
def build_command(project_dir: ProjectOption = None, log_format: LogFormatOption = "human") -> None:
    """Build and test the models from what is loaded."""
    _work("build", log_format, load=False, publish_tables=False)


@command("publish")
def publish_command(
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the release before.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write the reports as CSV too.")] = False,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="DESTINATION", help="Copy what is published into this dlt destination instead."
        ),
    ] = None,
    dataset: Annotated[
        str, typer.Option("--dataset", metavar="NAME", help="With --to: the schema there.")
    ] = "stocktake",
    project_dir: ProjectOption = None,
    log_format: LogFormatOption = "human",
) -> None:
    """Publish what was built, if it passed its tests; or go back one release; or copy it elsewhere."""

    def work(config: Config, reporter: Reporter) -> RunResult | dict[str, Any]:
        from pipelines import publish as publishing
        from pipelines.lock import run_lock
        from pipelines.notify import watched
        from pipelines.run import run

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
    from pipelines.notify import watched

    if not alone:
        raise ConfigurationError(
            "--to copies the published release: run --rollback or --csv as a command of its own before."
        )
    command = f"publish --to {to}"
    release = watched(config, command, reporter, lambda: publish_to(config, to, dataset, reporter))
    reporter.say(f"{to}: schema {dataset} holds release {release.name}, {len(release.columns)} tables.")
    return {"release": release.name, "destination": to, "dataset": dataset, "tables": release.tables}


@command("ship")
def ship_command(
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Go on in the place of a home that is gone.")
    ] = False,
    log_format: LogFormatOption = "human",
    project_dir: ProjectOption = None,
) -> None:
    """Put the raw versions that changed into the lake, where one build reads those of many homes."""

    def work(config: Config, reporter: Reporter) -> Shipment:
        from pipelines.run import new_run_id, noted
        from pipelines.ship import ship

        with noted(config, "ship", new_run_id(), reporter) as (connection, notes):
            shipment = ship(connection, config, take_over=take_over)
            notes.ended("done")
        return shipment

    _guarded(log_format, work)


@command("status")
def status_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    fail_if_older: Annotated[
        str | None,
        typer.Option(
            metavar="AGE", help="End with 3 where what was read, or what BI reads, is older, such as 2h."
        ),
    ] = None,
    project_dir: ProjectOption = None,
) -> None:
    """How far each resource has been asked, how old its numbers are, what BI reads."""

    def work(config: Config, reporter: Reporter) -> Status:
        from pipelines.status import read_status

        return read_status(config, None if fail_if_older is None else _span("--fail-if-older", fail_if_older))

    _guarded("json" if as_json else "human", work, lenient=True)


@command("dashboard")
def dashboard_command(
    port: Annotated[int, typer.Option(metavar="NUMBER", help="0 picks a free one.")] = 8766,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Another one lets others in: there is no login.")
    ] = "127.0.0.1",
    open_browser: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    project_dir: ProjectOption = None,
) -> None:
    """Serve pages over what is published: what needs you, what is where, how sure we are."""

    def work(config: Config, reporter: Reporter) -> None:
        import webbrowser

        from dashboard.server import serve

        reporter.pause()
        serve(
            config.published, host, port, console_for_people().print, webbrowser.open if open_browser else str
        )

    _guarded("human", work, lenient=True, stopped="Stopped.")


@command("report")
def report_command(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")] = Path(
        "stocktake-report.html"
    ),
    account: Annotated[
        str | None, typer.Option("--account", metavar="NAME", help="Only this account.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="NAME", help="Only this provider.")
    ] = None,
    item: Annotated[
        list[str] | None,
        typer.Option("--item", metavar="WORDS", help="Draw this item too: SKU, barcode or id; repeatable."),
    ] = None,
    rows: Annotated[int, typer.Option(metavar="NUMBER", help="Rows of each list.")] = 25,
    project_dir: ProjectOption = None,
    log_format: LogFormatOption = "human",
) -> None:
    """Write what the dashboard shows into one file, to be sent or kept."""

    def work(config: Config, reporter: Reporter) -> Report:
        from dashboard.report import write_report

        return write_report(
            config.published, out, account=account, provider=provider, items=item or (), rows=rows
        )

    _guarded(log_format, work, lenient=True, stopped="Stopped.")


@command("init")
def init_command(
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="NAME", help="Whose API; asked for if left out.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="NAME", help="Your own name for this account.")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting that is no secret; repeatable."),
    ] = None,
    try_it: Annotated[
        bool | None, typer.Option("--try/--no-try", help="Ask the account whether it answers.")
    ] = None,
    project_dir: ProjectOption = None,
) -> None:
    """Add an account: asks what it needs, writes .dlt/config.toml and .dlt/secrets.toml, tries it."""

    def work(reporter: Reporter) -> Diagnosis | None:
        from pipelines.init import init, tried

        say = partial(prose, console_for_people())
        ask = _ask if sys.stdin.isatty() else None
        made = init(_start(), provider, account, given or (), ask, say)
        reporter.redactor = Redactor(*made.account.secrets)
        say(f"{made.account.name} is in {made.folder / '.dlt'}; secrets.toml is for you alone.")
        return tried(made, try_it, ask, say, reporter.at)

    _ended("human", work, "Stopped.")


def _ask(words: str, is_hidden: bool) -> str:
    before = termios.tcgetattr(sys.stdin)
    try:
        with last_words(lambda: termios.tcsetattr(sys.stdin, termios.TCSANOW, before)):
            return (getpass(words) if is_hidden else input(words)).strip()
    except EOFError:
        raise CommandError("Nothing more to read, so nothing was written.") from None


@command("doctor")
def doctor_command(
    account: AccountOption = None,
    provider: ProviderOption = None,
    project_dir: ProjectOption = None,
    log_format: LogFormatOption = "human",
) -> None:
    """What stands in the way of the next run, and what to do about it; changes nothing."""

    def work(config: Config, reporter: Reporter) -> Diagnosis:
        from pipelines.doctor import diagnose

        alone = config.spark is not None and not config.accounts  # it builds what other homes loaded
        accounts = [] if alone else config.choose(account or (), provider or ())
        reporter.at(f"looking around, and asking {counted(len(accounts), 'account')}")
        return diagnose(config, accounts)

    _guarded(log_format, work)


@command("sandbox")
def sandbox_command(
    port: Annotated[int, typer.Option(metavar="NUMBER", help="0 picks a free one.")] = 8765,
    size: Annotated[str, typer.Option(metavar="S|M|L", help="How much stock.")] = "S",
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="The same seed gives the same world.")] = 7,
    write_config: Annotated[
        Path | None,
        typer.Option("--write-config", metavar="DIR", help="Make DIR a project that reads this sandbox."),
    ] = None,
) -> None:
    """Serve the providers' APIs on loopback, with make-believe stock."""

    def work(reporter: Reporter) -> None:
        from pipelines.demo import serve_sandbox

        serve_sandbox(port, size, seed, write_config)

    _ended("human", work, "Stopped.")


@command("demo")
def demo_command(
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the demo keeps its files; wiped first.")
    ] = Path("demo"),
) -> None:
    """Ten simulated days of five systems, loaded day by day, and the reports: with no credentials."""

    def work(reporter: Reporter) -> None:
        from dashboard.report import write_report
        from pipelines.demo import demo

        demo(folder, write_report)

    _ended("human", work, "Stopped.")


def main() -> None:
    """As the console script's entry, which is prepared for signals before this module is imported."""
    from pipelines.main import main

    main()


def _work(
    command: str,
    log_format: LogFormat,
    account: list[str] | None = None,
    provider: list[str] | None = None,
    *,
    sweep: bool = False,
    confirm_drop: bool = False,
    **steps: Any,
) -> None:
    def work(config: Config, reporter: Reporter) -> RunResult:
        from pipelines.notify import watched
        from pipelines.run import run

        chosen = config.choose(account or (), provider or ()) if steps.get("load", True) else []
        options = config.read_options(sweep=sweep, confirm_drop=confirm_drop)

        def work_steps() -> RunResult:
            return run(config, chosen, reporter, command=command, options=options, **steps)

        return watched(config, command, reporter, work_steps)

    _guarded(log_format, work)


def _guarded(
    log_format: LogFormat,
    work: Callable[[Config, Reporter], Any],
    *,
    lenient: bool = False,
    stopped: str = SENTENCE,
) -> None:
    """Does the work in this folder, and ends the process with the exit code it earned."""

    def configured(reporter: Reporter) -> Any:
        reporter.at("starting")
        from pipelines.config import load_config

        config = load_config(_start(), lenient=lenient)
        reporter.redactor = Redactor(*config.secrets)
        route_logs(reporter)
        return work(config, reporter)

    _ended(log_format, configured, stopped)


def _start() -> Path:
    """Where the project is looked for."""
    folder = _project.get() or Path()
    if not folder.is_dir():
        raise ConfigurationError(f"-C {folder}: there is no such folder.")
    return folder.resolve()


def _ended(log_format: LogFormat, work: Callable[[Reporter], Any], stopped: str) -> None:
    """Does any work; whatever becomes of it is an exit code and a sentence, never a traceback of ours.

    Args:
        stopped: what is said if a signal ends it.
    """
    reporter = Reporter(log_format)
    try:
        with last_words(lambda: reporter.fail(stopped)):
            result = work(reporter)
    except CommandError as error:
        reporter.fail(str(error))
        raise typer.Exit(error.exit_code) from None
    except Exception as error:
        if not is_trouble(error):
            raise
        reporter.fail(words_of(error))
        raise typer.Exit(Exit.FAILED) from None
    finally:
        reporter.pause()
    if result is not None:
        _show(result, log_format, reporter)
    raise typer.Exit(getattr(result, "exit_code", Exit.DONE))


def _show(result: Any, log_format: LogFormat, reporter: Reporter) -> None:
    if log_format == "json":
        facts = result.as_dict() if hasattr(result, "as_dict") else result
        text = json.dumps(reporter.redactor.clean_all(facts), default=str, ensure_ascii=False)
        sys.stdout.write(f"{text}\n")
    elif hasattr(result, "print"):
        result.print(console_for_people(), reporter.redactor)


def _span(option: str, text: str) -> timedelta:
    from pipelines.own_settings import duration

    try:
        return duration(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} {text}: this is not a duration. Write a number and s, m, h or d, such as 2h."
        ) from None


def _moment(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} {text}: this is not a date or time. Write 2026-01-31, or 2026-01-31T08:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
