"""The models: dbt, called in process on the working database.

Three depths, from what has changed since the last good build: everything from nothing (the models changed, or
a setting that decides what the past means), the usual build, or only the models that read the ledger (a run
that found nothing new, on a day that was looked at before, touches no table that holds numbers).
"""

import hashlib
import json
import logging
import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import duckdb

from pipelines.config import Config
from pipelines.errors import CommandError, TestsFailedError
from pipelines.matches import write_matches
from pipelines.warehouse import raw_signature, settings_signature

PROJECT = Path(__file__).resolve().parent.parent / "dbt_models"
LEDGER_MODELS = "tag:ledger"


class Depth(StrEnum):
    """How much is built."""

    WHOLE = "whole"
    CHANGES = "changes"
    LEDGER = "ledger"


@dataclass
class Build:
    """What a build did."""

    depth: Depth
    models: int = 0
    tests: int = 0
    warnings: list[str] = field(default_factory=list)
    relations: set[tuple[str, str]] = field(default_factory=set)
    """Schema and name of every model that was built."""


def build(connection: duckdb.DuckDBPyConnection, config: Config) -> Build:
    """Builds and tests the models, as deep as needed.

    Raises:
        TestsFailedError: the data broke a promise the models make; nothing may be published.
        CommandError: a model could not be built.
    """
    raw, models = (
        raw_signature(connection, config.timezone),
        _project_signature() + settings_signature(connection) + _users_signature(config),
    )
    write_matches(connection, config.item_matches)
    depth = _depth(connection, raw, models)
    connection.execute("update raw_stocktake.build_state set has_passed = false")
    result = _run_dbt(config, depth)
    if depth is Depth.WHOLE:
        _drop_retired(connection, result)
    connection.execute("begin")
    connection.execute("delete from raw_stocktake.build_state")
    connection.execute("insert into raw_stocktake.build_state values (?, ?, true)", [raw, models])
    connection.execute("commit")
    return result


def has_passed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the models stand as a build left them that passed all its tests."""
    _make_state(connection)
    row = connection.execute("select has_passed from raw_stocktake.build_state").fetchone()
    return row is not None and bool(row[0])


def _depth(connection: duckdb.DuckDBPyConnection, raw: str, models: str) -> Depth:
    _make_state(connection)
    row = connection.execute("from raw_stocktake.build_state").fetchone()
    if row is None or row[1] != models:
        return Depth.WHOLE
    return Depth.LEDGER if row[0] == raw and row[2] else Depth.CHANGES


def _drop_retired(connection: duckdb.DuckDBPyConnection, result: Build) -> None:
    """Drops tables that no model makes any more, so that they are not published for ever."""
    schemas = sorted({schema for schema, _ in result.relations})
    found = connection.execute(
        "select table_schema, table_name, table_type from information_schema.tables"
        " where list_contains(?::varchar[], table_schema)",
        [schemas],
    ).fetchall()
    for schema, name, kind in found:
        if (schema, name) not in result.relations:
            connection.execute(f'drop {"view" if kind == "VIEW" else "table"} "{schema}"."{name}"')


def _make_state(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create table if not exists raw_stocktake.build_state"
        " (raw_signature varchar, models_signature varchar, has_passed boolean)"
    )


def _project_signature() -> str:
    """A fingerprint of the models' text: a changed model is built from nothing, over the whole past."""
    digest = hashlib.sha256()
    for path in sorted(PROJECT.rglob("*")):
        if path.suffix in {".sql", ".yml", ".csv"}:
            digest.update(path.relative_to(PROJECT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _users_signature(config: Config) -> str:
    """A fingerprint of what the user set for the models."""
    return hashlib.sha256(json.dumps([config.model_vars, config.item_matches]).encode()).hexdigest()


def _run_dbt(config: Config, depth: Depth) -> Build:
    from dbt.cli.main import dbtRunner  # a second to import: only a build pays for it

    os.environ["STOCKTAKE_WORKING_DATABASE"] = str(config.database)
    logs = config.home / "logs"
    arguments = [
        "build", "--quiet", "--no-use-colors", "--log-level", "none", "--log-level-file", "info",
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(config.home / "models"), "--log-path", str(logs),
        # They judge the models' text, not the data: `make test` runs them.
        "--exclude-resource-type", "unit_test",
        "--vars", json.dumps(config.model_vars),
        "--no-write-json",  # nobody reads it, and it takes longer to write than a hundred tests to run
    ]  # fmt: skip
    if depth is Depth.WHOLE:
        arguments.append("--full-refresh")
    elif depth is Depth.LEDGER:
        arguments += ["--select", LEDGER_MODELS]
    try:
        outcome = dbtRunner().invoke(arguments)
    finally:
        for handler in logging.getLogger("file_log").handlers:  # dbt leaves its log file open
            handler.close()
    if outcome.result is None or not hasattr(outcome.result, "results"):
        raise CommandError(
            f"The models cannot be built: {outcome.exception or 'dbt gave no result'}."
            f" See {logs / 'dbt.log'}."
        )
    result = Build(depth)
    broken: list[str] = []
    failed: list[str] = []
    for node in outcome.result.results:
        kind, status = str(node.node.resource_type), str(node.status)
        if kind == "model":
            result.models += 1
            result.relations.add((str(node.node.schema), str(node.node.name)))
        result.tests += kind == "test"
        if status == "error":
            (broken if kind == "model" else failed).append(_words(node))
        elif status == "fail":
            failed.append(_words(node))
        elif status == "warn":
            result.warnings.append(_words(node))
    if broken:
        raise CommandError(f"The models cannot be built: {broken[0]}. See {logs / 'dbt.log'}.")
    if failed:
        raise TestsFailedError(
            f"Loaded, but {len(failed)} of {result.tests} tests failed and nothing was published:"
            f" {failed[0]}. The last release stands; see {logs / 'dbt.log'}."
        )
    return result


def _words(node: Any) -> str:
    message = " ".join(str(node.message or "").split())
    return f"{node.node.name}: {message}" if message else str(node.node.name)
