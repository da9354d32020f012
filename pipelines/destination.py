"""`stocktake publish --to`: the published release's tables in another database, by any of dlt's destinations.

It reads the release's files and never the working database, so it stands in no run's way. Postgres gets all
tables in one transaction (pipelines/postgres.py); elsewhere dlt replaces them, each in the best way that the
destination has. Nothing of dlt's is kept from one time to the next: what a death leaves here is removed, and
everything is sent anew.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dlt
import pendulum
import pyarrow as pa
import pyarrow.parquet as pq
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
    LookupTraces,
)
from dlt.common.configuration.specs.base_configuration import is_secret_hint
from dlt.common.destination import Destination
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.schema.typing import TColumnSchema
from dlt.extract import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines import postgres
from pipelines.config import Config
from pipelines.descriptions import Described, described_tables
from pipelines.dlt_internals import let_dlt_read
from pipelines.environment import variable
from pipelines.errors import CommandError, ConfigurationError, words_of
from pipelines.lock import run_lock
from pipelines.log import Reporter
from pipelines.release import PublishError, Release, current_release, quoted, text, workbench
from sources._shared.redaction import Redactor

POSTGRES = "dlt.destinations.postgres"

NOTES = "stocktake_tables"
"""A table beside the published ones: which they are, from which release, and how many rows each has."""

ROWS_AT_ONCE = 200_000
"""What is sent at once is in memory at once."""

STRATEGIES = ("staging-optimized", "insert-from-staging")
"""dlt's ways of replacing a table whole, the best first; where a destination has neither, it chooses."""

NOTES_DESCRIBED = Described(
    "One row per published table: what `stocktake publish --to` wrote, and from which release.",
    {
        "table_name": "The table.",
        "row_count": "How many rows it has.",
        "release": "The release it was copied from.",
        "released_at": "When that release was made.",
        "copied_at": "When it was copied here.",
    },
    frozenset({"table_name", "row_count", "release", "released_at", "copied_at"}),
    (("table_name",),),
)


def publish_to(config: Config, name: str, dataset: str, reporter: Reporter) -> Release:
    """Copies the published release into the destination that `.dlt` configures under this name.

    Raises:
        ConfigurationError: there is no such destination, or its configuration lacks something.
        PublishError: nothing is published yet, or the destination did not take it.
    """
    for option, word in (("--to", name), ("--dataset", dataset)):
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", word):
            raise ConfigurationError(
                f"{option} {word}: such a name has lower-case letters, digits and underscores, at most 40."
            )
    release = current_release(config.published)
    if release is None:
        raise PublishError(f"Nothing is published in {config.published} yet: run `stocktake publish`.")
    let_dlt_read(config.folder)
    folder = config.home / "elsewhere" / name
    with run_lock(folder, f"publish --to {name}"), _empty(folder / "pipeline") as working:
        destination = _destination(name)
        is_postgres = destination.destination_type == POSTGRES
        pipeline = dlt.pipeline(
            "stocktake",
            pipelines_dir=str(working),
            destination=destination,
            dataset_name=f"stocktake_next_{dataset}" if is_postgres else dataset,
        )
        _check(pipeline, name, reporter.redactor)
        reporter.step("publish")
        described = {**described_tables(), NOTES: NOTES_DESCRIBED}
        files, rows = _worked_out(release, working)
        files[NOTES] = _notes(release, rows, working / f"{NOTES}.parquet")
        rows[NOTES] = len(rows)
        try:
            if is_postgres:
                with pipeline.sql_client() as client:
                    postgres.make_room(client)
                files = postgres.storable(files, working, reporter)
            _load(pipeline, files, working, {} if is_postgres else described)
            if is_postgres:
                with pipeline.sql_client() as client:
                    postgres.switch(client, dataset, rows, described, NOTES, reporter)
        except CommandError:
            raise
        except Exception as error:  # every driver has errors of its own
            raise _sorry(error, name, is_postgres) from error
    return release


@contextmanager
def _empty(folder: Path) -> Iterator[Path]:
    """A folder that is empty now, and gone afterwards; only this user may look into it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _destination(name: str) -> Destination[Any, Any]:
    """The destination of that name, set to replace tables in the best way it has."""
    extra = f"dlt[{name}]"
    try:
        found: Any = Destination.from_reference(name)
        if found.destination_type == POSTGRES:
            extra = "stocktake[postgres]"
            if find_spec("adbc_driver_postgresql") is None:
                raise ImportError("dlt would write row by row without adbc_driver_postgresql")
        found.client_class.__name__  # noqa: B018  # it imports what the destination stands on
    except UnknownDestinationModule:
        raise ConfigurationError(
            f"--to {name}: dlt has no destination of this name. Name one of dlt's, such as postgres, or one"
            f" of your own, with its destination_type under [destination.{name}] in .dlt/config.toml."
        ) from None
    except ImportError as error:
        raise ConfigurationError(
            f"--to {name}: this destination needs packages that are not installed"
            f" ({words_of(error).rstrip('.')}). Install them with pip install '{extra}'."
        ) from None
    known = found.capabilities().supported_replace_strategies or ()
    strategy = next((one for one in STRATEGIES if one in known), None)
    if found.destination_type != POSTGRES and "replace_strategy" in found.spec.get_resolvable_fields():
        found.config_params["replace_strategy"] = strategy
    return found  # type: ignore[no-any-return]


def _check(pipeline: dlt.Pipeline, name: str, redactor: Redactor) -> None:
    """Reads the destination's configuration, and hides its secrets from whatever is said from here on."""
    try:
        config = pipeline.destination_client().config
    except ConfigFieldMissingException as error:
        raise ConfigurationError(
            f"destination.{name} lacks {', '.join(_lacking(error.traces))}. Looked in the environment"
            f" (DESTINATION__{name.upper()}__CREDENTIALS), .dlt/secrets.toml and .dlt/config.toml under"
            f" [destination.{name}]."
        ) from None
    except ConfigurationException as error:  # dlt names no value in it
        raise ConfigurationError(
            f"destination.{name} cannot be read: {words_of(error)} Correct it in .dlt/secrets.toml."
        ) from None
    for part in (config, config.credentials):
        for field, hint in part.get_resolvable_fields().items() if part else ():
            if is_secret_hint(hint) and isinstance(value := getattr(part, field), str):
                redactor.hide(value)


def _lacking(traces: Mapping[str, Any]) -> Iterator[str]:
    for field, tried in traces.items():
        inner = {name for one in tried if isinstance(one, LookupTraces) for name in one.traces}
        if inner:
            yield from sorted(f"{field}.{name}" for name in inner)
        elif field not in ("dataset_name", "local_dir"):  # dlt's own, which it finds later
            yield field


def _load(
    pipeline: dlt.Pipeline, files: Mapping[str, Path], working: Path, described: Mapping[str, Described]
) -> None:
    schema = dlt.Schema("stocktake")
    takes_parquet = "parquet" in (pipeline.destination.capabilities().supported_loader_file_formats or ())
    tables = [
        _table(name, file, working, schema, described.get(name), takes_parquet)
        for name, file in files.items()
    ]
    # Our raw tables have one beside every row; without it, dlt passes the files on as they are.
    with variable("NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID", "false"):
        pipeline.sync_destination()
        pipeline.extract(tables, schema=schema)
        pipeline.normalize()
        pipeline.load(workers=1, raise_on_failed_jobs=True)


def _table(
    name: str,
    file: Path,
    working: Path,
    schema: dlt.Schema,
    described: Described | None,
    takes_parquet: bool,
) -> DltResource:
    fields, count = pq.read_schema(file).remove_metadata(), pq.read_metadata(file).num_rows
    for word in (name, *fields.names):
        if schema.naming.normalize_identifier(word) != word:
            raise PublishError(f"{name}: {word} cannot keep its name there. Rename it in the model.")
    hints = {field.name: _hint(field, described) for field in fields}

    def rows() -> Iterator[Any]:
        nothing = fields.empty_table()
        if count == 0:
            yield nothing  # dlt leaves a file without rows out, and the table with it
        elif count <= ROWS_AT_ONCE:
            yield dlt.mark.with_file_import(str(file), "parquet", count, nothing)
        else:
            for number, batch in enumerate(pq.ParquetFile(file).iter_batches(ROWS_AT_ONCE)):
                part = working / f"{name}.{number}.parquet"
                pq.write_table(pa.Table.from_batches([batch], fields), part)
                yield dlt.mark.with_file_import(str(part), "parquet", batch.num_rows, nothing)

    return dlt.resource(
        rows,
        name=name,
        write_disposition="replace",
        columns=hints,
        file_format="parquet" if takes_parquet and count else "preferred",
    ).apply_hints(additional_table_hints={"description": described.description if described else None})


def _hint(field: pa.Field, described: Described | None) -> TColumnSchema:
    """What dlt is told of a column: without a description, what the file says, which then goes as it is."""
    if described is None:
        return {"name": field.name, "nullable": field.nullable}
    hint: TColumnSchema = {"name": field.name, "nullable": field.name not in described.not_null}
    if description := described.columns.get(field.name):
        hint["description"] = description
    if field.name in (described.primary_key or ()):
        hint["primary_key"] = True
    return hint


def _worked_out(release: Release, working: Path) -> tuple[dict[str, Path], dict[str, int]]:
    """The file of every table, and of every view, which becomes one; and how many rows each has."""
    files, rows = {table: release.file(table) for table in release.contents}, release.tables
    with workbench() as bench:
        for name, select in release.selects.items() if release.views else ():
            bench.execute(f"create view {quoted(name)} as {select}")
        for name in release.views:
            files[name] = working / f"{name}.parquet"
            found = bench.execute(f"copy {quoted(name)} to {text(files[name])} (format parquet)").fetchall()
            rows[name] = int(found[0][0])
    return files, rows


def _notes(release: Release, rows: Mapping[str, int], file: Path) -> Path:
    """What is delivered, as one more table."""
    now = pendulum.now("UTC")
    noted = [
        {
            "table_name": table,
            "row_count": count,
            "release": release.name,
            "released_at": release.created_at,
            "copied_at": now,
        }
        for table, count in rows.items()
    ]
    instant = pa.timestamp("us", "UTC")
    schema = pa.schema(
        [
            ("table_name", pa.string()),
            ("row_count", pa.int64()),
            ("release", pa.string()),
            ("released_at", instant),
            ("copied_at", instant),
        ]
    )
    pq.write_table(pa.Table.from_pylist(noted, schema), file)
    return file


def _sorry(error: Exception, name: str, is_postgres: bool) -> PublishError:
    """The failure in one sentence or two, with what readers see there now."""
    cause: BaseException = error
    while isinstance(cause, PipelineStepFailed):
        cause = cause.exception
    said = getattr(cause, "failed_message", None) or str(cause)
    if "Traceback (most recent call last)" in said:  # dlt passes a job's failure on as text
        said = re.split(r"\n(?=\S)", said.strip())[-1] if "\n" in said else said
    reads = (
        "Readers there see what they saw before."
        if is_postgres
        else "Some tables there may be new and others not: publish again."
    )
    return PublishError(f"--to {name}: {words_of(RuntimeError(said)).rstrip('.')}. {reads}")
