"""Three homes ship, and a build on Spark publishes what one DuckDB home that holds all accounts would."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.config import Config
from pipelines.fingerprint import sum_of_rows
from pipelines.publish import SCHEMAS
from pipelines.ship import Lake, shipped_files
from pipelines.sync_log import make_log_tables
from pipelines.transform import build
from pipelines.warehouse import make_raw_tables, open_warehouse
from sandbox import Sandbox
from tests.compiled_models import give_statements
from tests.conftest import Project

HOMES = {
    "north": ("sellercloud", "square"),
    "south": ("shipstream", "square"),
    "west": ("augno", "ventmere_s2"),
}
"""The systems of each home's two accounts."""


@dataclass
class Company:
    """Three homes that load and ship, one that builds on Spark, and one on DuckDB to compare it with."""

    folder: Path
    lake: str
    homes: list[Project]
    builder: Project
    together: Config

    def round(self) -> None:
        """All homes load and ship, and both builds follow."""
        for home in self.homes:
            at(home, "load", "--sweep")
            at(home, "ship")
        at(self.builder, "build")
        at(self.builder, "publish")
        self._build_together()

    def differences(self) -> dict[str, str]:
        """The published tables that are not the same, with what is only in one of them."""
        found = {}
        with duckdb.connect(str(self.together.database)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            here = connection.execute(
                "select schema_name, table_name from duckdb_tables() where schema_name in ?", [list(SCHEMAS)]
            ).fetchall()
            files = {file.stem: file for file in (self.builder.published / "current").glob("*.parquet")}
            assert files.keys() == {name for _, name in here}
            for schema, name in here:
                there = f"read_parquet('{files[name]}')"
                names = ", ".join(row[0] for row in connection.execute(f"describe from {there}").fetchall())
                sides = [f"(select {names} from {one})" for one in (f"{schema}.{name}", there)]
                first, second = (
                    connection.execute(
                        f"select count(*), {sum_of_rows('side')} from {one} as side"
                    ).fetchall()
                    for one in sides
                )
                if first != second:
                    only = [
                        connection.execute(f"from {one} except all from {other} limit 2").fetchall()
                        for one, other in (sides, sides[::-1])
                    ]
                    found[name] = f"{first} and {second}; only on DuckDB {only[0]}; only on Spark {only[1]}"
        return found

    def _build_together(self) -> None:
        with open_warehouse(self.together.database) as connection:
            make_log_tables(connection)
            make_raw_tables(connection)
            for table, files in shipped_files(Lake(self.lake)).items():
                connection.execute(f"delete from {table}")
                connection.execute(
                    f"insert into {table} by name from read_parquet(?, hive_partitioning = false)", [files]
                )
            build(connection, self.together)


def at(project: Project, *arguments: str) -> None:
    project.stocktake("-C", str(project.folder), *arguments)


@pytest.fixture
def sandbox() -> Any:
    with Sandbox() as served:
        yield served


@pytest.fixture(params=["parquet"])
def company(tmp_path: Path, sandbox: Sandbox, spark_address: str, request: pytest.FixtureRequest) -> Company:
    lake = str(tmp_path / "lake")

    def project(name: str, accounts: dict[str, Any], more: str = "", **stocktake: Any) -> Project:
        (tmp_path / name).mkdir()
        found = Project(tmp_path / name, sandbox)
        found.configure(accounts, lake=lake, **stocktake)
        config = found.folder / ".dlt" / "config.toml"
        config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
        return found

    of: Callable[[str], dict[str, Any]] = Project(tmp_path, sandbox).account
    homes = [
        project(name, {f"{name}_{system}": of(system) for system in systems})
        for name, systems in HOMES.items()
    ]
    spark = f'[spark]\nremote = "{spark_address}"\ntable_format = "{request.param}"\n'
    builder = project("builder", {}, f"\n{spark}", engine="spark")
    together = Config(tmp_path / "together", tmp_path / "together" / "warehouse", {})
    give_statements(together.home)
    return Company(tmp_path, lake, homes, builder, together)


def test_tables_of_spark_are_those_of_duckdb_after_every_round(company: Company, sandbox: Sandbox) -> None:
    company.round()
    assert company.differences() == {}

    sandbox.clock.advance(hours=26)
    sandbox.change(15)
    gone = {provider: sandbox.remove(provider) for provider in sandbox.providers}
    company.round()
    assert company.differences() == {}

    sandbox.clock.advance(hours=26)
    for provider in gone:
        sandbox.bring_back(provider)
    sandbox.change(5)
    company.round()
    assert company.differences() == {}

    sandbox.clock.advance(hours=26)
    sandbox.simulate_day()
    company.round()
    assert company.differences() == {}


@pytest.mark.parametrize("company", ["delta"], indirect=True)
def test_so_are_tables_of_another_format(company: Company) -> None:
    company.round()
    assert company.differences() == {}
