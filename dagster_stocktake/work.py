"""One step of Dagster: a run of Stocktake in a thread of its own, told as Dagster's events while it goes on.

All that is Dagster's happens in the thread that Dagster called: it waits for what the run says, and there
Dagster's own signal to stop arrives. The run then ends at its next page, model or step, and leaves what a
death leaves: the next one finishes that.
"""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NoReturn, TypeAlias

import dagster as dg
from rich.console import Console

from dagster_stocktake.graph import WAS_READ, Graph
from pipelines.config import Config, load_config
from pipelines.errors import CommandError, Exit, LockedError, TestsFailedError, is_trouble, words_of
from pipelines.log import Reporter, ReporterHandler
from pipelines.notify import watched
from pipelines.run import RunResult, run
from pipelines.sync_log import NAMING, Line
from pipelines.transform import Build
from sources._shared.redaction import Redactor

Context: TypeAlias = dg.AssetExecutionContext
Events: TypeAlias = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


class StoppedByDagsterError(BaseException):
    """The run goes no further. No error of the run: nothing that handles one may note it as such."""


@dataclass(frozen=True)
class Said:
    """A line for people."""

    level: int
    words: str


@dataclass(frozen=True)
class Ended:
    """The run is over: what it did, or why it could not go on."""

    result: RunResult | None = None
    error: BaseException | None = None


Told = Said | Line | Build | Ended
"""Besides what stands here: a resource's line of the sync log, and what was built."""


class QueueReporter(Reporter):
    """Puts what a run says where Dagster's thread finds it, and ends the run where it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.console = Console(stderr=True, force_terminal=False)  # no lines that move
        self.told: SimpleQueue[Told] = SimpleQueue()
        self.stop = threading.Event()

    def step(self, step: str, account: str | None = None) -> None:
        """A step begins, unless the run is to end."""
        self._go_on()
        super().step(step, account)

    def page(self, account: str, resource: str, pages: int, rows: int) -> None:
        """Another page came."""
        self._go_on()

    def model(self, number: int, count: int, name: str) -> None:
        """A model is about to be built."""
        self._go_on()

    def log(self, level: str, message: str) -> None:
        """What a library says: often that it will wait."""
        self._go_on()
        super().log(level, message)

    def resource(self, row: Line) -> None:
        """A resource was loaded, or could not be; of an earlier run, that is only said."""
        super().resource(row)
        if row["run_id"] == self._run_id:
            self.told.put(self.redactor.clean_all(row))

    def built(self, build: Build) -> None:
        """The models stand."""
        self.told.put(build)

    def say(self, words: str, style: str = "") -> None:
        """One line for people."""
        level = {"red": logging.ERROR, "yellow": logging.WARNING}.get(style, logging.INFO)
        self.told.put(Said(level, self.redactor.clean(words).strip()))

    def _go_on(self) -> None:
        if self.stop.is_set():
            raise StoppedByDagsterError


def work(context: Context, graph: Graph, folder: Path, retries: dg.RetryPolicy | None) -> Events:
    """Runs what is selected of a project, and yields what came of it.

    Raises:
        dagster.Failure: the exit code that the command would have ended with was not 0; why, in a sentence.
        dagster.RetryRequested: the same, and another try may find that it passed.
    """
    reporter = QueueReporter()
    thread = threading.Thread(
        target=_run, args=(reporter, folder, _selected(context), graph), name="stocktake"
    )
    thread.start()
    try:
        while not isinstance(told := reporter.told.get(), Ended):
            yield from _events(told, context, graph)
    except BaseException:
        reporter.stop.set()
        context.log.info("Stopping at the next page, model or step. The next run goes on from there.")
        thread.join()
        raise
    thread.join()
    yield from _ending(told, reporter, context, graph, retries)


def _selected(context: Context) -> set[dg.AssetKey]:
    return {*context.selected_asset_keys, *(check.asset_key for check in context.selected_asset_check_keys)}


def _run(reporter: QueueReporter, folder: Path, selected: set[dg.AssetKey], graph: Graph) -> None:
    """The run itself, in its own thread."""
    try:
        config = load_config(folder)
        reporter.redactor = Redactor(*config.secrets)
        with _heard(reporter):
            reporter.told.put(Ended(_run_selected(config, reporter, selected, graph)))
    except BaseException as error:
        reporter.told.put(Ended(error=error))


def _run_selected(
    config: Config, reporter: QueueReporter, selected: set[dg.AssetKey], graph: Graph
) -> RunResult:
    names = {account for (account, _), key in graph.resources.items() if key in selected}
    load, build = bool(names), not selected.isdisjoint(graph.models.values())
    publish = graph.release in selected
    # The command's own names: what `[notify]` told under one, it takes back under the same.
    alone = {(True, False, False): "load", (False, True, False): "build", (False, False, True): "publish"}
    command = alone.get((load, build, publish), "run")
    accounts = config.choose(names, ()) if load else []

    def run_steps() -> RunResult:
        return run(
            config,
            accounts,
            reporter,
            command=command,
            load=load,
            build_models=build,
            publish_tables=publish,
        )

    return watched(config, command, reporter, run_steps)


@contextmanager
def _heard(reporter: QueueReporter) -> Iterator[None]:
    """What our libraries log meanwhile goes to the reporter; Dagster's own logging is as it was, then too."""
    logger = logging.getLogger("sources")
    before = logger.handlers, logger.level, logger.propagate
    logger.handlers, logger.propagate = [ReporterHandler(reporter)], False
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.handlers, logger.level, logger.propagate = before


def _events(told: Said | Line | Build, context: Context, graph: Graph) -> Events:
    if isinstance(told, Said):
        context.log.log(told.level, told.words)
    elif isinstance(told, Build):
        for model, key in graph.models.items():  # Dagster wants parents first
            if model in told.made:
                yield from _materialized(key, {}, context)
        yield from _tested(told.tested, told.warnings, dg.AssetCheckSeverity.WARN, context, graph)
    else:
        yield from _read(told, graph.resources[told["account"], told["resource"]], context)


def _read(row: Line, key: dg.AssetKey, context: Context) -> Events:
    facts = {name: _value(value) for name, value in row.items() if name not in NAMING and value is not None}
    if row["status"] != "failed":
        yield from _materialized(key, facts, context)
    is_whole = row["status"] == "ok" and not row["rows_unreadable"]
    check = dg.AssetCheckKey(key, WAS_READ)
    yield from _checked(check, is_whole, dg.AssetCheckSeverity.ERROR, row["error_message"], context)


def _tested(
    tests: Iterable[str],
    found: Iterable[str],
    severity: dg.AssetCheckSeverity,
    context: Context,
    graph: Graph,
) -> Events:
    """The results of tests that were run; what was found begins with the test's name."""
    said = {words.partition(":")[0]: words for words in found}
    for test in sorted(set(tests) & graph.tests.keys()):
        yield from _checked(graph.tests[test], test not in said, severity, said.get(test), context)


def _materialized(key: dg.AssetKey, facts: Mapping[str, Any], context: Context) -> Events:
    """An asset that was made; also one that was not asked for, because an account or a build is one thing."""
    if key in context.selected_asset_keys:
        yield dg.MaterializeResult(asset_key=key, metadata=facts)
    else:
        context.log_event(dg.AssetMaterialization(asset_key=key, metadata=facts))


def _checked(
    check: dg.AssetCheckKey,
    has_passed: bool,
    severity: dg.AssetCheckSeverity,
    words: str | None,
    context: Context,
) -> Events:
    if check in context.selected_asset_check_keys:
        yield dg.AssetCheckResult(
            passed=has_passed,
            asset_key=check.asset_key,
            check_name=check.name,
            severity=severity,
            description=words,
        )


def _value(value: Any) -> Any:
    return dg.MetadataValue.timestamp(value) if isinstance(value, datetime) else value


def _ending(
    ended: Ended, reporter: QueueReporter, context: Context, graph: Graph, retries: dg.RetryPolicy | None
) -> Events:
    clean, error = reporter.redactor.clean, ended.error
    if isinstance(error, LockedError):
        context.log.warning(f"Nothing was done. {clean(str(error))}")
        return
    if isinstance(error, TestsFailedError):
        found = [clean(words) for words in error.found]
        names = {words.partition(":")[0] for words in found}
        yield from _tested(names, found, dg.AssetCheckSeverity.ERROR, context, graph)
    if isinstance(error, CommandError):
        _fail(clean(str(error)), context, retries if error.exit_code is Exit.FAILED else None)
    if error is not None and is_trouble(error):
        _fail(clean(words_of(error)), context, retries)
    if ended.result is None:
        raise error or AssertionError("a run ended with neither a result nor an error")
    result = ended.result
    if result.release is not None:
        facts = {"release": result.release.name, "folder": str(result.release.folder)}
        yield from _materialized(graph.release, facts, context)
    if result.exit_code is not Exit.DONE:
        rows = [row for account in result.accounts for row in account.rows if row["status"] != "ok"]
        sentences = [clean(str(row["error_message"])) for row in rows]
        if result.unread:
            sentences.append(f"{len(result.unread)} values or records cannot be read: see rpt_schema_drift.")
        if result.exit_code is Exit.PARTLY:
            sentences.append("Everything else is as it should be.")
        may_pass = rows or not result.unread
        _fail(" ".join(dict.fromkeys(sentences)), context, retries if may_pass else None)


def _fail(sentence: str, context: Context, retries: dg.RetryPolicy | None) -> NoReturn:
    """Fails the step, or has it tried again.

    Dagster's own retry policy would also take up a step that Dagster was told to stop.
    """
    failure, tried = dg.Failure(sentence), context.op_execution_context.retry_number
    if retries is None or tried >= retries.max_retries:
        raise failure
    context.log.error(sentence)
    raise dg.RetryRequested(retries.max_retries, retries.calculate_delay(tried + 1)) from failure
