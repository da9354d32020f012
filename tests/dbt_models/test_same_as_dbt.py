"""`stocktake build` runs what dbt compiled; dbt is what analysts run. Both give the same tables."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from working_database import WorkingDatabase

from tests.conftest import Project

SCHEMAS = ("seeds", "staging", "intermediate", "marts", "reporting")


@pytest.fixture
def other(tmp_path: Path) -> WorkingDatabase:
    (tmp_path / "other").mkdir()
    return WorkingDatabase(tmp_path / "other")


def take_over_raw(project: Project, other: WorkingDatabase) -> None:
    other.query(f"attach '{project.home / 'working.duckdb'}' as theirs (read_only)")
    tables = other.query(
        "select schema_name, table_name from duckdb_tables()"
        " where database_name = 'theirs' and schema_name like 'raw_%'"
        " and not contains(table_name, '_dlt') and not contains(schema_name, '_staging')"
    )
    for schema, table in tables:
        other.query(f"create or replace table {schema}.{table} as from theirs.{schema}.{table}")
    other.query("detach theirs")


def tables(file: Path) -> dict[str, Any]:
    """What every table and view holds: its columns with their types, and a hash of its rows."""
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where list_contains(?, table_schema) order by 1",
            [list(SCHEMAS)],
        ).fetchall()
        return {
            name: (
                connection.execute(f"select column_name, column_type from (describe {name})").fetchall(),
                connection.execute(f"select count(*), sum(hash(hash(held))) from {name} as held").fetchall(),
            )
            for (name,) in names
        }


@pytest.mark.providers("sellercloud", "shipstream", "square", "augno", "ventmere_s2")
def test_a_history_of_changes_gives_the_tables_that_dbt_gives(
    project: Project, other: WorkingDatabase
) -> None:
    def build() -> None:
        project.load()
        project.stocktake("build")
        take_over_raw(project, other)
        other.dbt("run")
        other.close()
        ours, theirs = tables(project.home / "working.duckdb"), tables(other.path)
        assert ours.keys() == theirs.keys()
        assert [name for name in ours if ours[name] != theirs[name]] == []

    build()
    project.sandbox.clock.advance(hours=30)
    project.sandbox.change(5)
    project.stocktake("reset", "--account", "augno", "--yes")
    build()
