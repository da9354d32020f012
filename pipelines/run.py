"""One command's work from lock to exit code: drain, extract, load, build, test, publish.

dlt and what it needs is imported only where something is loaded.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pendulum
from rich.console import Console
from rich.text import Text

from pipelines.accounts import Account
from pipelines.config import Config
from pipelines.errors import CommandError, Exit, words_of
from pipelines.lock import run_lock
from pipelines.log import Reporter
from pipelines.matches import write_matches
from pipelines.pending import journals_folder, match_warehouse, pipelines_folder, spool_folder
from pipelines.publish import Release, publish, write_csv
from pipelines.status import Notes, Outcome
from pipelines.stopping import last_words
from pipelines.sync_log import make_log_tables, record_accounts, thin_log, unconfigured_accounts
from pipelines.transform import Build, build, has_passed
from pipelines.unread import Unread, find_unread, tell_unread
from pipelines.view import in_words, prose, summary_table
from pipelines.warehouse import limit_memory, make_raw_tables, open_warehouse
from sources._shared.options import ReadOptions
from sources._shared.redaction import Redactor

if TYPE_CHECKING:
    from pipelines.load import AccountResult
    from pipelines.ship import Shipment

OUTCOMES: dict[Exit, Outcome] = {Exit.DONE: "done", Exit.PARTLY: "partly", Exit.FAILED: "failed"}
"""How a command that came to its end says so in `status`."""
PRIVATE = 0o077
"""The mask while a command is at work: DuckDB's log and its spill files hold raw rows too."""


@dataclass
class RunResult:
    """What a command did."""

    run_id: str
    exit_code: Exit = Exit.DONE
    accounts: list[AccountResult] = field(default_factory=list)
    build: Build | None = None
    unread: list[Unread] = field(default_factory=list)
    """What cannot be read of what the accounts say, and costs numbers."""
    release: Release | None = None
    csv: list[Path] = field(default_factory=list)
    shipment: Shipment | None = None

    def as_dict(self) -> dict[str, Any]:
        """The result for machines."""
        return {
            "run_id": self.run_id,
            "exit_code": int(self.exit_code),
            "resources": [row for account in self.accounts for row in account.rows],
            "build": None
            if self.build is None
            else {
                "models": self.build.models,
                "tests": self.build.tests,
                "warnings": self.build.warnings,
            },
            "unread": [unread.as_dict() for unread in self.unread],
            "release": None if self.release is None else self.release.name,
            "csv": [str(path) for path in self.csv],
            "shipment": None if self.shipment is None else self.shipment.as_dict(),
        }

    def print(self, console: Console, redactor: Redactor) -> None:
        """The result for people."""
        if self.accounts:
            console.print(summary_table(self.accounts))
        if self.build is not None:
            console.print(f"Built: {self.build.models} models, {self.build.tests} tests passed.")
            for warning in self.build.warnings:
                prose(console, Text(redactor.clean(in_words(warning)), style="yellow"))
        if self.release is not None:
            prose(
                console,
                f"Published: {self.release.name}, {len(self.release.columns)} tables. BI opens"
                f" {self.release.folder.parent.parent / 'reporting.duckdb'}",
            )
        if self.csv:
            prose(console, f"{len(self.csv)} CSV files are in {self.csv[0].parent}.")
        if self.shipment is not None:
            self.shipment.print(console, redactor)
        if any(account.failed for account in self.accounts):
            prose(console, "Some resources could not be read or were held by a guard; the rest is loaded.")
        if self.unread:
            prose(
                console,
                f"{len(self.unread)} values or records cannot be read: they are in rpt_schema_drift, and sums"
                " over them are unknown. Everything else is as it should be.",
            )


@contextmanager
def opened(
    config: Config, command: str, *, forgetting: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The locked home folder and its working database, with every raw table in place.

    Args:
        forgetting: an account that is about to be forgotten, whatever the configuration says of its name.
    """
    with (
        run_lock(config.home, command),
        _masked(PRIVATE),
        open_warehouse(config.database, config.memory_limit) as connection,
    ):
        make_log_tables(connection)
        make_raw_tables(connection)
        record_accounts(connection, config, but=forgetting)
        write_matches(connection, config.item_matches)
        match_warehouse(config, connection)
        _keep_private(config)
        yield connection


@contextmanager
def noted(
    config: Config, command: str, run_id: str, reporter: Reporter, *, forgetting: str | None = None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Notes]]:
    """The same, and what `status` will tell of the command: also if it fails, or a signal ends it."""
    with opened(config, command, forgetting=forgetting) as connection:
        notes = Notes(config, run_id, command)
        with last_words(lambda: notes.ended("stopped")):
            try:
                yield connection, notes
            except Exception as error:
                notes.ended("failed", reporter.redactor.clean(words_of(error)))
                raise
            except BaseException:  # whoever runs this in a process of theirs has stopped it
                notes.ended("stopped")
                raise


def new_run_id() -> str:
    """A name for a run: the moment it began, and something that no other has."""
    return f"{pendulum.now('UTC').format('YYYYMMDD[T]HHmmss')}-{uuid.uuid4().hex[:6]}"


def run(
    config: Config,
    accounts: Sequence[Account],
    reporter: Reporter,
    *,
    command: str = "run",
    load: bool = True,
    build_models: bool = True,
    publish_tables: bool = True,
    write_csv_files: bool = False,
    options: ReadOptions | None = None,
) -> RunResult:
    """Runs the asked-for steps.

    Args:
        options: how accounts are read; by default as it is configured.

    Raises:
        CommandError: the command cannot go on; its exit_code says why.
    """
    users_mask = _umask()
    result = RunResult(new_run_id())
    with noted(config, command, result.run_id, reporter) as (connection, notes):
        reporter.start(result.run_id, command)
        _tell_of_unconfigured(connection, reporter)
        if load:
            from pipelines.load import load_accounts

            thin_log(connection, config.keep_log, config.timezone)
            options = options or config.read_options()
            result.accounts = load_accounts(config, accounts, connection, options, result.run_id, reporter)
            result.exit_code = _judge(result.accounts)
            notes.loaded(connection, is_newer=result.exit_code is not Exit.FAILED)
        if load and config.ship and result.exit_code is not Exit.FAILED:
            from pipelines.ship import ship

            reporter.step("ship")
            try:
                result.shipment = ship(connection, config)
            except CommandError as error:  # the lake is behind; what is built here is as it should be
                reporter.log("error", str(error))
                result.exit_code = Exit.PARTLY
        if build_models and result.exit_code is not Exit.FAILED:
            reporter.step("build")
            limit_memory(connection, config.memory_limit)
            result.build = _build(connection, config, reporter)
            notes.built()
            reporter.built(result.build)
            result.unread = find_unread(connection)
            tell_unread(result.unread, reporter)
            if result.unread:
                result.exit_code = Exit.PARTLY
        if publish_tables and result.exit_code is not Exit.FAILED:
            reporter.step("publish")
            with _masked(users_mask):
                result.release = _publish(connection, config, result.run_id)
                notes.published(result.release.name)
                if write_csv_files or config.csv:
                    result.csv = write_csv(config.published)
        notes.ended(OUTCOMES[result.exit_code])
    reporter.finish(int(result.exit_code))
    return result


def _tell_of_unconfigured(connection: duckdb.DuckDBPyConnection, reporter: Reporter) -> None:
    for name in unconfigured_accounts(connection):
        reporter.log(
            "warning",
            f"{name}: is in the warehouse and not in the configuration any more. Its stock is left out of"
            " reports about now, and its history is kept. If it was renamed, give it its old name again, or"
            f" let the new one stand and forget this one: stocktake reset --account {name} --yes",
        )


@contextmanager
def _masked(umask: int) -> Iterator[None]:
    """Gives what is written meanwhile no right that the mask takes away."""
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


def _umask() -> int:
    """The user's own; it can only be read by setting it."""
    found = os.umask(PRIVATE)
    os.umask(found)
    return found


def _keep_private(config: Config) -> None:
    """Raw rows are the seller's own: only the published folder is for other users of the machine."""
    config.database.chmod(0o600)
    ours = (pipelines_folder(config), spool_folder(config), journals_folder(config), config.home / "logs")
    for folder in ours:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)


def _build(connection: duckdb.DuckDBPyConnection, config: Config, reporter: Reporter) -> Build:
    compiling = partial(reporter.step, "compile")
    if config.spark is None:
        return build(connection, config, reporter.model, compiling)
    from pipelines.spark import build_on_spark

    return build_on_spark(connection, config, config.spark, reporter.model, compiling)


def _publish(connection: duckdb.DuckDBPyConnection, config: Config, run_id: str) -> Release:
    if not has_passed(connection):
        raise CommandError(
            "Nothing is published: no build has passed its tests since the models were last touched."
            " Run stocktake build."
        )
    return publish(
        connection,
        config.published,
        run_id=run_id,
        now=pendulum.now("UTC"),
        keep=config.keep_releases,
        serve_path=config.serve_path,
    )


def _judge(results: Sequence[AccountResult]) -> Exit:
    if all(result.failed_wholly for result in results):
        return Exit.FAILED
    return Exit.PARTLY if any(result.failed for result in results) else Exit.DONE
