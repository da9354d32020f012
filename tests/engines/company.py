"""Three homes that ship, one that builds on Spark, and one on DuckDB that holds all accounts, to compare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import tomlkit

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
        self.build()

    def build(self) -> None:
        """Both build what is shipped."""
        at(self.builder, "build")
        at(self.builder, "publish")
        self._build_together()

    def differences(self) -> dict[str, str]:
        """The published tables that are not the same, with what is only in one of them."""
        found = {}
        with duckdb.connect(str(self.together.database)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            here = connection.execute(
                "select table_schema, table_name from information_schema.tables where table_schema in ?",
                [list(SCHEMAS)],
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
            if "://" in self.lake:
                connection.register_filesystem(fsspec.filesystem(self.lake.partition("://")[0]))
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


def company_in(folder: Path, sandbox: Sandbox, spark: Mapping[str, Any], **lake: str) -> Company:
    """Makes the homes, configured and empty.

    Args:
        spark: the values of [spark] at the home that builds.
        lake: what [stocktake] says of it; a folder beside the homes unless it says another.
    """
    lake = {"lake": str(folder / "lake"), **lake}

    def project(name: str, accounts: dict[str, Any], more: str = "", **stocktake: Any) -> Project:
        (folder / name).mkdir()
        found = Project(folder / name, sandbox)
        found.configure(accounts, **lake, **stocktake)
        config = found.folder / ".dlt" / "config.toml"
        config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
        return found

    of: Callable[[str], dict[str, Any]] = Project(folder, sandbox).account
    homes = [
        project(name, {f"{name}_{system}": of(system) for system in systems})
        for name, systems in HOMES.items()
    ]
    builder = project("builder", {}, f"\n{tomlkit.dumps({'spark': spark})}", engine="spark")
    together = Config(folder / "together", folder / "together" / "warehouse", {})
    give_statements(together.home)
    return Company(folder, lake["lake"], homes, builder, together)
