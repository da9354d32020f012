"""The models, built by Spark of what all homes shipped, and the tables that are published brought home.

dbt compiles the same models for Spark (pipelines/statements.py), and a session (pipelines/spark_session.py)
runs the statements. Every build is whole: each model is made again from the files that manifests name when it
begins.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow

from pipelines.config import Config
from pipelines.errors import CommandError, TestsFailedError
from pipelines.files import write_whole
from pipelines.publish import SCHEMAS
from pipelines.registry import PROVIDERS
from pipelines.ship import Lake, shipped_files
from pipelines.spark_session import connected, spark_errors, words_of_spark
from pipelines.spark_settings import Spark
from pipelines.statements import Node, compiled
from pipelines.transform import Build, Told, one_build, unheard
from pipelines.warehouse import OWN_TABLES, raw_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TYPES = {"varchar": "string", "json": "string", "timestamp with time zone": "timestamp"}
"""DuckDB's names of types, in Spark's words where these differ."""


def build_on_spark(
    connection: duckdb.DuckDBPyConnection,
    config: Config,
    spark: Spark,
    told: Told = unheard,
    compiling: Callable[[], object] = lambda: None,
) -> Build:
    """Builds and tests all models on Spark, then brings what is published into the working database.

    Args:
        told: told before every model its number, how many there are, and its name.
        compiling: told before models are compiled, where they are not yet.

    Raises:
        TestsFailedError: the data broke a promise the models make; nothing may be published.
        CommandError: Spark cannot be reached, or a model could not be built.
    """
    files = shipped_files(Lake(str(config.lake)))
    if not files:
        raise CommandError(
            f"{config.lake}: no home has shipped anything there yet. Run stocktake ship in each."
        )
    log = config.home / "logs" / "spark.log"
    with one_build(connection), connected(spark, log) as session:
        variables = {**config.model_vars, "schema_prefix": spark.schema_prefix}
        nodes = compiled(config.home, config.database.name, variables, engine="spark", compiling=compiling)
        show_raw_tables(session, files, raw_columns(connection))
        building = Building(session, spark.table_format, config.home / "logs" / "failed.sql")
        result = building.build(nodes, told)
        bring_home(session, connection, nodes, spark.schema_prefix)
    return result


def raw_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, Mapping[str, str]]:
    """The columns of every raw table, with their types in Spark: models read those that nobody ships, too."""
    names = [raw_table(one, resource) for one in PROVIDERS.values() for resource in one.resources]
    return {
        table: {
            name: spark_type(type_) for name, type_, *_ in connection.execute(f"describe {table}").fetchall()
        }
        for table in (*names, *OWN_TABLES)
    }


def spark_type(type_: str) -> str:
    """A type in Spark's words."""
    return TYPES.get(type_.lower(), type_.lower())


def show_raw_tables(
    session: "SparkSession", files: Mapping[str, Sequence[str]], columns: Mapping[str, Mapping[str, str]]
) -> None:
    """Makes a view of each raw table over exactly these files, for this session."""
    for table, types in columns.items():
        try:
            if table in files:
                shown = session.read.parquet(*files[table]).selectExpr(
                    *(f"cast(`{name}` as {type_}) as `{name}`" for name, type_ in types.items())
                )
            else:
                nulls = ", ".join(f"cast(null as {type_}) as `{name}`" for name, type_ in types.items())
                shown = session.sql(f"select * from (select {nulls}) where false")
            shown.createOrReplaceTempView(table.replace(".", "__"))
        except spark_errors() as error:
            raise CommandError(
                f"Spark cannot read {table} in the lake: {words_of_spark(error)}. All machines of Spark have"
                " to reach the lake by the address that stocktake.lake says."
            ) from None


class Building:
    """A build under way."""

    def __init__(self, session: "SparkSession", format_: str, failed_sql: Path) -> None:
        """Does nothing yet."""
        self.result = Build()
        self._session = session
        self._format = format_
        self._failed_sql = failed_sql
        self._failed: list[str] = []
        self._broken: set[str] = set()

    def build(self, nodes: Sequence[Node], told: Told = unheard) -> Build:
        """Makes all models, parents before children, and runs all tests.

        Raises:
            TestsFailedError: a test failed; nothing that reads its models was made.
            CommandError: a model could not be built.
        """
        models = [node for node in nodes if node.kind != "test"]
        for schema in sorted({node.schema for node in models}):
            self._session.sql(f"create schema if not exists {schema}")
        number = 0
        for node in nodes:
            if node.kind != "test":
                number += 1
                told(number, len(models), node.name)
            if not self._broken.isdisjoint({*node.parents, *node.after}):
                self._broken.add(node.name)
            elif node.kind == "test":
                self._run_test(node)
            else:
                self.make(node)
        if self._failed:
            raise TestsFailedError(
                f"{len(self._failed)} of {self.result.tests} tests failed and nothing was published:"
                f" {self._failed[0]}. The last release stands; the test's statement is in"
                f" {self._failed_sql}.",
                self._failed,
            )
        return self.result

    def make(self, node: Node) -> None:
        """Makes a model's table. Spark works a view out again for each that reads it, so there are none."""
        columns = ", ".join(
            f"cast(`{name}` as {spark_type(type_)}) as `{name}`" for name, type_ in node.columns
        )
        query = f"select {columns} from (\n{node.sql}\n)" if columns else node.sql
        relation = f"{node.schema}.{node.name}"
        try:
            if self._format == "parquet":  # tables of this format cannot be replaced
                self._session.sql(f"drop table if exists {relation}")
                self._session.sql(f"create table {relation} using parquet as\n{query}")
            else:
                self._session.sql(f"create or replace table {relation} using {self._format} as\n{query}")
        except spark_errors() as error:
            write_whole(self._failed_sql, node.sql)
            raise CommandError(
                f"The models cannot be built: {node.name}: {words_of_spark(error)}. Its statement is in"
                f" {self._failed_sql}."
            ) from None
        self.result.made.add(node.name)

    def _run_test(self, node: Node) -> None:
        self.result.tested |= node.tests
        asked = self._suspected(node) if node.parts else [(node.name, node.sql)]
        found = {words: sql for name, sql in asked if (words := self._found(name, sql))}
        if found and node.is_warning:
            self.result.warnings += found
        elif found:
            if not self._failed:
                write_whole(self._failed_sql, next(iter(found.values())))
            self._failed += found
            self._broken.add(node.name)

    def _suspected(self, node: Node) -> list[tuple[str, str]]:
        (prechecks,) = self._ask(node.name, node.sql)
        return [part for part, is_suspected in zip(node.parts, prechecks, strict=True) if is_suspected]

    def _found(self, name: str, sql: str) -> str:
        rows = self._ask(
            name, f"select count(*) over () as rows_found, found.* from (\n{sql}\n) as found limit 1"
        )
        if not rows:
            return ""
        count, *values = rows[0]
        columns = rows[0].__fields__[1:]
        example = ", ".join(f"{one} {str(value)[:60]}" for one, value in zip(columns, values, strict=True))
        return f"{name}: {count} {'row' if count == 1 else 'rows'}, such as {example}"

    def _ask(self, name: str, sql: str) -> list[Any]:
        try:
            return list(self._session.sql(sql).collect())
        except spark_errors() as error:
            write_whole(self._failed_sql, sql)
            raise CommandError(
                f"The test {name} cannot be run: {words_of_spark(error)}. Its statement is in"
                f" {self._failed_sql}."
            ) from None


def bring_home(
    session: "SparkSession", connection: duckdb.DuckDBPyConnection, nodes: Sequence[Node], schema_prefix: str
) -> None:
    """Puts the tables that are published into the working database, where publishing finds them."""
    note = f"build {uuid.uuid4()}"
    for schema in SCHEMAS:
        connection.execute(f"drop schema if exists {schema} cascade")
        connection.execute(f"create schema {schema}")
    for node in nodes:
        schema = node.schema.removeprefix(schema_prefix)
        if node.kind == "test" or schema not in SCHEMAS:
            continue
        connection.register("fetched", _fetched(session.table(f"{node.schema}.{node.name}")))
        promised = ", ".join(f'cast("{name}" as {type_}) as "{name}"' for name, type_ in node.columns)
        connection.execute(f'create table {schema}."{node.name}" as select {promised or "*"} from fetched')
        connection.execute(f"""comment on table {schema}."{node.name}" is '{note}'""")
        connection.unregister("fetched")


def _fetched(table: "DataFrame") -> pyarrow.Table:
    if hasattr(table, "toArrow"):
        return table.toArrow()
    from pyspark.sql.pandas.types import to_arrow_schema

    batches = table._collect_as_arrow()  # what toArrow calls, which Spark has from 4.0 on
    return pyarrow.Table.from_batches(batches) if batches else to_arrow_schema(table.schema).empty_table()
