"""Extract and load: one dlt pipeline per account, read side by side, loaded one at a time."""

import shutil
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import dlt
import duckdb
import pyarrow as pa
from dlt.extract import DltResource, DltSource
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.accounts import Account
from pipelines.config import Config
from pipelines.dlt_internals import (
    OneTransaction,
    drop_half_made,
    drop_loaded,
    drop_normalized_twice,
    go_on_after,
    let_dlt_read,
    sync,
)
from pipelines.errors import cause_of, words_of
from pipelines.log import Reporter, account_at_work
from pipelines.pending import journals_folder, pipelines_folder, spool_folder
from pipelines.sync_log import Line, compare_notes, line_of, note_line, put_into_package, unreadable_keys
from pipelines.warehouse import current_rows, current_versions, latest_version, missing_keys
from sources._shared import clock
from sources._shared.errors import SourceError
from sources._shared.journal import journal_of
from sources._shared.options import Known, ReadOptions
from sources._shared.redaction import Redactor
from sources._shared.result import ReadResult


@dataclass
class AccountResult:
    """What came of one account: lines of the sync log, and why it failed where it did."""

    account: Account
    rows: list[Line] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether any of its resources could not be read, not all of its records, or a guard held a sweep."""
        return any(row["status"] != "ok" or row["rows_unreadable"] for row in self.rows)

    @property
    def failed_wholly(self) -> bool:
        """Whether nothing of it could be read."""
        return bool(self.rows) and all(row["status"] == "failed" for row in self.rows)


def load_accounts(
    config: Config,
    accounts: Sequence[Account],
    connection: duckdb.DuckDBPyConnection,
    options: ReadOptions,
    run_id: str,
    reporter: Reporter,
) -> list[AccountResult]:
    """Reads and loads the accounts. One account's failure never stops another."""
    prepare_dlt(config, connection)
    # The first table of Arrow imports pandas, where there is one. In an account's thread, DuckDB in another
    # would take it half imported, and that account would fail.
    pa.table({"a number": [1]})
    warehouse = threading.Lock()
    workers = min(config.accounts_at_once, len(accounts))
    with ThreadPoolExecutor(workers, thread_name_prefix="account") as pool:
        futures = [
            pool.submit(
                _load_account, config, account, connection.cursor(), warehouse, options, run_id, reporter
            )
            for account in accounts
        ]
        return [future.result() for future in as_completed(futures)]


def prepare_dlt(config: Config, connection: duckdb.DuckDBPyConnection) -> None:
    """Before any pipeline: dlt reads this project's settings, and dates nothing before what is known."""
    let_dlt_read(config.folder)
    go_on_after(latest_version(connection))


def pipeline_of(config: Config, account: Account) -> dlt.Pipeline:
    """The account's dlt pipeline. Its state is kept in the warehouse too, and comes back from there."""
    return dlt.pipeline(
        pipeline_name=account.name,
        pipelines_dir=str(pipelines_folder(config)),
        destination=OneTransaction(str(config.database)),
        dataset_name=account.provider.dataset,
    )


def _load_account(
    config: Config,
    account: Account,
    cursor: duckdb.DuckDBPyConnection,
    warehouse: threading.Lock,
    options: ReadOptions,
    run_id: str,
    reporter: Reporter,
) -> AccountResult:
    came = AccountResult(account)
    account_at_work.set(account.name)
    notes = spool_folder(config) / account.name
    pipeline = pipeline_of(config, account)
    rows_folder = Path(pipeline.working_dir) / "rows"
    journals = journals_folder(config) / account.name
    results: dict[str, ReadResult] = {}

    def ended(result: ReadResult) -> None:
        results[result.resource] = result
        _tell(notes, account, run_id, result)

    try:
        with warehouse:
            drain(pipeline, account, cursor, notes, reporter)
            options = replace(
                options,
                base_url=str(account.settings.get("base_url", "")),
                known=_known(cursor, account),
                journals=journals,
                rows_folder=rows_folder,
                raise_errors=False,
                came=lambda result: reporter.page(
                    account.name, result.resource, result.pages, result.rows_read
                ),
                ended=ended,
            )
        reporter.step("extract", account.name)
        pipeline.extract(account.provider.source(account=account.name, options=options, **account.settings))
        shutil.rmtree(rows_folder, ignore_errors=True)  # the package is linked to what was in it
        for result in results.values():
            if result.status != "failed":
                journal_of(journals, result.resource).remove()
        reporter.step("normalize", account.name)
        pipeline.normalize()
        with warehouse:
            reporter.step("load", account.name)
            pipeline.load()
            came.rows = compare_notes(cursor, notes, account.name)
        drop_loaded(Path(pipeline.working_dir))
    except Exception as error:
        with warehouse:
            came.rows = _record_failure(error, account, results, run_id, cursor, notes)
    finally:
        cursor.close()
    for row in came.rows:
        reporter.resource(row)
    return came


def _known(cursor: duckdb.DuckDBPyConnection, account: Account) -> Known:
    return Known(
        current_rows(cursor, account.provider, account.name),
        partial(missing_keys, cursor, account.provider, account.name),
        partial(current_versions, cursor, account.provider, account.name),
        unreadable_keys(cursor, account.name),
    )


def drain(
    pipeline: dlt.Pipeline,
    account: Account,
    cursor: duckdb.DuckDBPyConnection,
    notes: Path,
    reporter: Reporter,
) -> None:
    """Finishes what an earlier run extracted before anything is asked: what is known of the warehouse is all
    that was read then, and dlt normalizes no two runs together, under the schema of the later one."""
    sync(pipeline, cursor)
    folder = Path(pipeline.working_dir)
    drop_half_made(folder)
    if pipeline.has_pending_data:
        reporter.step("drain", account.name)
        drop_normalized_twice(folder)
        pipeline.normalize()
        pipeline.load()
    for line in compare_notes(cursor, notes, account.name):
        reporter.resource(line)
    drop_loaded(folder)


def _tell(notes: Path, account: Account, run_id: str, result: ReadResult) -> None:
    """Puts a result into the package that is being made, and notes it beside, so that a death before there
    is one hides no line."""
    line = line_of(run_id, account, result)
    note_line(notes, line)
    put_into_package(dlt.current.destination_state(), line)


def source_of(name: str, resources: list[DltResource]) -> DltSource:
    """Resources of ours as a source, under the name whose state they belong to."""

    @dlt.source(name=name, max_table_nesting=0)
    def ours() -> list[DltResource]:
        return resources

    return ours()


def _record_failure(
    error: Exception,
    account: Account,
    results: Mapping[str, ReadResult],
    run_id: str,
    cursor: duckdb.DuckDBPyConnection,
    notes: Path,
) -> list[Line]:
    """Writes the account's failure into the sync log, a line per resource, without secrets.

    Where what it read is a package all the same, the next run loads that, and its lines with it.
    """
    cause = cause_of(error.exception if isinstance(error, PipelineStepFailed) else error)
    message = Redactor(*account.secrets).clean(words_of(cause))
    for resource in account.resources:
        result = results.get(resource.name) or ReadResult(resource.name, "incremental", clock.now())
        if result.status != "failed":
            result.fail(cause)
            if isinstance(cause, SourceError):
                result.error_advice = cause.advice
            else:
                result.error_message = f"{account.name}: {message}"
        result.finished_at = clock.now()
        note_line(notes, line_of(run_id, account, result))
    return compare_notes(cursor, notes, account.name, run_id)
