"""Everything of dlt that its pages do not document, and why we touch it. tests/pipelines/test_dlt_canary.py
tries each touch, and pyproject.toml keeps dlt below its next minor version.

The destination is dlt's own for DuckDB, in which all of a load package becomes visible in one transaction:
rows, watermarks and the lines of the sync log, or nothing of them. dlt runs as always, with its packages,
state, schemas and trace. Only: a job notes that its file is there, and `complete_load`, which dlt calls when
all jobs are done, and again in every run until it has succeeded, loads the files. There is no staging dataset
and no package that is half loaded.

The rest reads settings as dlt does, and mends what dlt 1.31 leaves behind when it dies, and its clock.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import dlt.common.time
import duckdb
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers.toml import TomlProviderReadException
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.client import LoadJob, RunnableLoadJob
from dlt.common.destination.typing import PreparedTableSchema
from dlt.common.runtime.run_context import switch_context
from dlt.common.storages import load_package
from dlt.common.storages.load_package import LoadPackageStateInjectableContext, PackageStorage
from dlt.common.time import LockedMonotonicPreciseTime
from dlt.destinations import duckdb as duckdb_destination
from dlt.destinations.impl.duckdb.duck import DuckDbClient

from pipelines.errors import ConfigurationError, words_of
from pipelines.merge import append, merge_versions
from pipelines.pending import EXTRACTED, NORMALIZED, packages_in
from pipelines.sync_log import write_lines
from sources._shared.handover import ROWS_FORMAT, told_of

LOADED = Path("load", "loaded")
LONGEST_LEAD = timedelta(days=7)
"""How far ahead of this machine's clock the last version may lie for the next ones to follow it."""

_now = dlt.common.time.precise_time
_MILLISECOND = 0.001


class Noted(RunnableLoadJob):
    """A file that `complete_load` will load. dlt's FinalizedLoadJob would do, but lets its loader sleep."""

    def run(self) -> None:
        """Does nothing: dlt moves the file to the completed ones."""


class OneTransactionClient(DuckDbClient):
    """Loads a package in one transaction. Schemas are still updated before: an empty column harms nobody."""

    def should_load_data_to_staging_dataset(self, table_name: str) -> bool:
        """Never: files are merged from where they lie."""
        return False

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """Notes Parquet files. Merges of a package that Stocktake 0.4 left are not needed any more; rows of
        dlt's own tables in it are in another format, and appended as ever."""
        if file_path.endswith((f".{ROWS_FORMAT}", ".sql")):
            return Noted(file_path)
        return super().create_load_job(table, file_path, load_id, restore)

    def complete_load(self, load_id: str) -> None:
        """Loads all of the package, once."""
        moment = datetime.fromtimestamp(float(load_id), UTC)
        state = dlt.current.load_package_state()["state"].get("destination_state", {})
        loads = self.sql_client.make_qualified_table_name(self.schema.loads_table_name)
        with self.sql_client.begin_transaction():
            connection = self.sql_client.native_connection
            if connection.execute(f"select 1 from {loads} where load_id = ?", [load_id]).fetchall():
                return  # the process died after the commit and before dlt noted it
            for name, files in _files(load_id).items():
                target = self.sql_client.make_qualified_table_name(name)
                if self.prepare_load_table(name)["write_disposition"] == "merge":
                    merge_versions(connection, target, files, load_id, moment, told_of(state, name))
                else:
                    append(connection, target, files)
            write_lines(connection, state, load_id, moment)
            super().complete_load(load_id)


class OneTransaction(duckdb_destination):
    """dlt's destination for DuckDB with that client. dlt keeps this class's import path in its state."""

    def __init__(self, credentials: Any = None, **more: Any) -> None:
        if isinstance(credentials, str):  # a path alone is parsed as an address of SQLAlchemy's, each time
            credentials = {"database": credentials}
        formats: Any = {
            "preferred_loader_file_format": ROWS_FORMAT,
            "supported_loader_file_formats": [ROWS_FORMAT, "insert_values"],
        }
        super().__init__(credentials, **formats, **more)

    def capabilities(self, config: Any = None, naming: Any = None) -> DestinationCapabilitiesContext:
        """DuckDB's depend on no configuration. dlt resolves it for them some twelve times a load, which was
        a tenth of what a load costs in which nothing moved."""
        return super().capabilities(config or self.spec(), naming)

    @property
    def client_class(self) -> type[DuckDbClient]:
        """What dlt asks to load a package."""
        return OneTransactionClient


OneTransaction.register()


def let_dlt_read(folder: Path) -> None:
    """Makes dlt work by the settings of this project, and of no folder that it was in before.

    Raises:
        ConfigurationError: it cannot read them.
    """
    quiet_dlt()
    try:
        switch_context(str(folder))
    except TomlProviderReadException as error:
        raise ConfigurationError(f"{folder / '.dlt'}: a file cannot be read as TOML. {error}") from None
    except OSError as error:
        raise ConfigurationError(f"{folder / '.dlt'}: {words_of(error)}") from None


def quiet_dlt() -> None:
    """dlt's own defaults where they do not suit us; whoever sets them in the environment is obeyed."""
    for name, value in {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        # One resource after the other: a cursor that waits for its turn among others dies.
        "EXTRACT__NEXT_ITEM_MODE": "fifo",
        "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
    }.items():
        os.environ.setdefault(name, value)


def documents_of_dlt() -> list[tuple[str, Mapping[str, Any]]]:
    """The files that dlt read, whole: by its own calls one can only ask for keys that one knows."""
    found = [(one.name, getattr(one, "_config_doc", None)) for one in dlt.config.config_providers]
    return [(name, document) for name, document in found if document and isinstance(document, Mapping)]


def value_of_dlt(path: str) -> Any:
    """A key's value, wherever dlt finds it; None where it is nowhere."""
    return dlt.config.get(path, Any)


def sync(pipeline: dlt.Pipeline, cursor: duckdb.DuckDBPyConnection) -> None:
    """Takes the pipeline's state and schemas from the warehouse, where they are not those that it has.

    dlt's own `sync_destination` comes to the same, and first resolves the destination and compares all of it:
    a seventh of a load in which nothing moved.
    """
    with suppress(duckdb.CatalogException):  # nothing is loaded yet
        kept = cursor.execute(
            f"select version_hash from {pipeline.dataset_name}._dlt_pipeline_state where pipeline_name = ?"
            " order by _dlt_load_id desc limit 1",
            [pipeline.pipeline_name],
        ).fetchone()
        if kept == (pipeline.state.get("_version_hash"),):
            return
    pipeline.sync_destination()


def _files(load_id: str) -> dict[str, list[str]]:
    """The rows of a package, by table. dlt has moved all of its files to the completed ones."""
    found: dict[str, list[str]] = {}
    # dlt.current.pipeline() would know too, and costs a third of a load in which nothing moved.
    packages = Container()[LoadPackageStateInjectableContext].storage
    for place, job in packages.list_all_jobs_with_states(load_id):
        path = packages.storage.make_full_path(packages.get_job_file_path(load_id, place, job.file_name()))
        if place != PackageStorage.COMPLETED_JOBS_FOLDER:
            raise AssertionError(f"{path} of load package {load_id} is among its {place}")
        if job.file_format == ROWS_FORMAT:
            found.setdefault(job.table_name, []).append(path)
    return found


@contextmanager
def stamped_by(clock: Callable[[], float]) -> Iterator[None]:
    """Lets what is loaded meanwhile be dated by another clock, in seconds since 1970: by the demo's days."""
    global _now
    package: Any = load_package
    before = _now, package.increasing_precise_time
    _now = dlt.common.time.precise_time = clock
    # dlt's own never goes back behind the moment in which dlt was imported.
    package.increasing_precise_time = LockedMonotonicPreciseTime(strictly_increasing=True)
    try:
        yield
    finally:
        _now, package.increasing_precise_time = before
        go_on_after(None)


def go_on_after(latest: datetime | None) -> None:
    """Lets dlt's clock stand after the last version that is known, also where this machine's lies behind.

    dlt 1.31 names a package by this machine's clock, and versions begin and end at that moment. After the
    clock was set back, versions would end before they begin, and history would stand in the wrong order. A
    moment further ahead than LONGEST_LEAD is not followed: every day of history until then would miss its
    changes.
    """
    behind = 0.0 if latest is None else latest.timestamp() + _MILLISECOND - _now()
    is_followed = 0 < behind <= LONGEST_LEAD.total_seconds()
    dlt.common.time.precise_time = (lambda: _now() + behind) if is_followed else _now


def drop_half_made(folder: Path) -> None:
    """Drops packages whose making was broken off: dlt 1.31 makes each in a new folder, and forgets those."""
    for place in (folder / EXTRACTED.parent).glob("*/"):
        if place.name != EXTRACTED.name:
            shutil.rmtree(place)


def drop_normalized_twice(folder: Path) -> None:
    """Drops extracted packages whose normalized form is there already.

    dlt 1.31 moves the normalized package into place and removes the extracted one after. A process that dies
    in between leaves both, and every later normalize stops at the package that is in its way.
    """
    for package in packages_in(folder / EXTRACTED):
        if (folder / NORMALIZED / package.name).is_dir():
            shutil.rmtree(package)


def drop_loaded(folder: Path) -> None:
    """Drops packages that were loaded: dlt 1.31 keeps them for ever. One with a job that failed is kept.

    Its setting `delete_completed_jobs` leaves half of their files, and those of earlier runs.
    """
    for package in packages_in(folder / LOADED):
        if not any((package / PackageStorage.FAILED_JOBS_FOLDER).glob("*")):
            shutil.rmtree(package)
