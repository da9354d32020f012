"""A lake with Iceberg tables: they have what the manifests name, whoever dies, and files are written once."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import ship as shipping
from pipelines.errors import CommandError, ConfigurationError
from pipelines.iceberg import IcebergTables
from pipelines.iceberg_settings import Iceberg
from pipelines.ship import Lake
from pipelines.spark_session import connected
from pipelines.spark_settings import Spark
from pipelines.warehouse import OWN_TABLES
from sandbox import Sandbox
from tests.conftest import Project
from tests.engines.company import at
from tests.pipelines.conftest import Die, die_in  # noqa: F401
from tests.pipelines.test_ship import LOCATIONS, STEPS, DeathError, Home, dying, in_lake

catalogues = pytest.importorskip("pyiceberg.catalog", reason="make test-engines brings it")

TABLES = (LOCATIONS, "raw_stocktake.sync_log")


@pytest.fixture
def lake(tmp_path: Path) -> str:
    (tmp_path / "lake").mkdir()
    return str(tmp_path / "lake")


@pytest.fixture
def properties(lake: str) -> dict[str, str]:
    """Of the catalogue that is made where none is named."""
    return {"type": "sql", "uri": f"sqlite:///{lake}/iceberg.db", "warehouse": f"file://{lake}/iceberg"}


def with_iceberg(home: Home, properties: Mapping[str, str]) -> Home:
    home.config = replace(home.config, iceberg=Iceberg(properties=properties))
    return home


@pytest.fixture
def home(tmp_path: Path, lake: str, properties: dict[str, str]) -> Home:
    return with_iceberg(Home(tmp_path / "one", lake, "east", "west"), properties)


class Catalogue:
    """What others see."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        self._opened = catalogues.load_catalog("stocktake", **properties)

    def rows(self, name: str = LOCATIONS) -> list[Any]:
        if not self._opened.table_exists(name):
            return []
        found = self._opened.load_table(name).scan().to_arrow().to_pylist()
        return sorted((tuple(row.values()) for row in found), key=str)

    def snapshots(self) -> list[Any]:
        names = [one for space in self._opened.list_namespaces() for one in self._opened.list_tables(space)]
        return [(name, self._opened.load_table(name).metadata_location) for name in sorted(names)]


@pytest.fixture
def catalogue(properties: dict[str, str]) -> Catalogue:
    return Catalogue(properties)


def at_home(home: Home, table: str = LOCATIONS) -> list[Any]:
    return sorted(home.rows(table), key=str)


def test_tables_have_what_is_at_home(home: Home, lake: str, catalogue: Catalogue) -> None:
    home.ship()
    for table in (LOCATIONS, *OWN_TABLES):
        assert catalogue.rows(table) == at_home(home, table) == sorted(in_lake(lake, table), key=str)
    assert not list(Path(lake, "iceberg").rglob("*.parquet")), "files are written once"


def test_what_did_not_change_makes_no_snapshot(home: Home, catalogue: Catalogue) -> None:
    home.ship()
    before = catalogue.snapshots()
    home.ship()
    assert catalogue.snapshots() == before
    home.put("east", "1", name="Dock 2")
    home.ship()
    assert len(set(catalogue.snapshots()) - set(before)) == 1, "one table moved"
    assert catalogue.rows() == at_home(home)


@pytest.mark.parametrize(
    "change",
    [
        f"delete from {LOCATIONS} where account = 'east'",
        "alter table raw_stocktake.accounts add column more text",
        f"update {LOCATIONS} set _dlt_valid_to = now() where account = 'east'",
        f"update {LOCATIONS} set _dlt_valid_to = now()",
    ],
    ids=["no rows", "a new column", "an end", "ends everywhere"],
)
def test_tables_follow_every_change(home: Home, catalogue: Catalogue, change: str) -> None:
    home.ship()
    home.execute(change)
    home.ship()
    for table in (LOCATIONS, *OWN_TABLES):
        assert catalogue.rows(table) == at_home(home, table)


@pytest.mark.parametrize("number", range(1, 13))
def test_whatever_dies_leaves_a_table_as_it_was_or_as_it_is(
    home: Home, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    home.ship()
    home.put("east", "1", name="Dock 2")
    home.execute("insert into raw_stocktake.sync_log (run_id, account, resource) values ('r', 'east', 'x')")
    home.put("west", "2", name="Yard")
    monkeypatch.setattr(shipping, "KEEP", timedelta(0))

    def state(account: str, table: str) -> list[Any]:
        return [row for row in catalogue.rows(table) if account in row]

    parts = [(account, table) for account in ("east", "west") for table in TABLES]
    before = {part: state(*part) for part in parts}
    steps = iter(range(1, 100))
    with monkeypatch.context() as patch:
        for name in STEPS:
            patch.setattr(Lake, name, dying(getattr(Lake, name), steps, number))
        patch.setattr(IcebergTables, "switch", dying(IcebergTables.switch, steps, number))
        with pytest.raises(DeathError):
            home.ship()
    now = {(account, table): [r for r in at_home(home, table) if account in r] for account, table in parts}
    for part in parts:
        assert state(*part) in (before[part], now[part])
    home.ship()
    assert {part: state(*part) for part in parts} == now
    home.put("east", "1", name="Dock 3")
    home.ship()
    assert catalogue.rows() == at_home(home), "no file that a table names was removed"


@pytest.mark.providers("square")
def test_a_ship_that_is_killed_leaves_what_was_there(
    project: Project,
    sandbox: Sandbox,
    die_in: Die,  # noqa: F811
) -> None:
    project.configure(lake="lake", lake_format="iceberg")
    at(project, "load")
    at(project, "ship")
    lake = project.folder / "lake"
    catalogue = Catalogue({"uri": f"sqlite:///{lake}/iceberg.db", "warehouse": f"file://{lake}/iceberg"})
    counts = "raw_square.inventory_counts"
    before = catalogue.rows(counts)
    sandbox.change(15)
    at(project, "load")
    die_in(project.folder, "pipelines.iceberg:IcebergTables.switch", "before", "ship")
    assert catalogue.rows(counts) == before
    at(project, "ship")
    now = sorted(project.query(f"select * from {counts}"), key=str)
    assert catalogue.rows(counts) == now != before


def test_homes_side_by_side_are_in_one_table(
    home: Home, lake: str, tmp_path: Path, properties: dict[str, str], catalogue: Catalogue
) -> None:
    others = [with_iceberg(Home(tmp_path / name, lake, name), properties) for name in ("north", "south")]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(Home.ship, (home, *others)))
    assert catalogue.rows() == sorted([row for one in (home, *others) for row in one.rows()], key=str)


def test_a_second_homes_account_is_refused(
    home: Home, lake: str, tmp_path: Path, properties: dict[str, str], catalogue: Catalogue
) -> None:
    home.ship()
    other = with_iceberg(Home(tmp_path / "two", lake, "west"), properties)
    with pytest.raises(ConfigurationError, match=r"west: another home ships this account"):
        other.ship()
    assert catalogue.rows() == at_home(home)


def test_an_account_that_is_forgotten_leaves_the_tables(home: Home, catalogue: Catalogue) -> None:
    home.ship()
    home.execute(f"delete from {LOCATIONS} where account = 'west'")
    home.execute("delete from raw_stocktake.accounts where account = 'west'")
    home.ship()
    assert {row[0] for row in catalogue.rows()} == {"east"}


def test_a_lake_that_had_no_tables_gets_all(home: Home, catalogue: Catalogue) -> None:
    iceberg = home.config.iceberg
    home.config = replace(home.config, iceberg=None)
    home.ship()
    home.config = replace(home.config, iceberg=iceberg)
    home.ship()
    assert catalogue.rows() == at_home(home)


def test_old_snapshots_go_with_their_files(
    home: Home, catalogue: Catalogue, properties: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home.ship()
    monkeypatch.setattr(shipping, "KEEP", timedelta(0))
    for number in range(3):
        home.put("east", "1", name=f"Dock {number}")
        home.ship()
    table = catalogues.load_catalog("stocktake", **properties).load_table(LOCATIONS)
    for snapshot in table.snapshots():
        table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()
    assert len(table.snapshots()) < 5


def test_a_catalogue_that_does_not_answer_is_told_and_files_are_shipped(home: Home, lake: str) -> None:
    broken = {"type": "sql", "uri": "sqlite:////nowhere/at/all.db"}
    home.config = replace(home.config, iceberg=Iceberg(properties=broken))
    with pytest.raises(CommandError, match=r"The Iceberg catalogue stocktake: .*unable to open database"):
        home.ship()
    assert [row[0] for row in in_lake(lake)] == ["east"], "the accounts after it wait"
    manifest = json.loads((Path(lake) / "manifests" / "east.json").read_text(encoding="utf-8"))
    assert manifest["in_iceberg"] == {}


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # Spark's, one a collect
def test_spark_reads_the_tables(home: Home, properties: dict[str, str], tmp_path: Path) -> None:
    jars = pytest.importorskip("snowpark_connect_deps_iceberg", reason="make test-spark-cluster brings it")
    home.ship()
    home.put("east", "1", name="Dock 2")
    home.ship()
    conf = {
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.jars": str(jars.get_jar_path("iceberg-spark-runtime-3.5_2.12-1.10.2.jar")),
        "spark.sql.defaultCatalog": "ice",
        "spark.sql.catalog.ice": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.ice.type": "hadoop",
        "spark.sql.catalog.ice.warehouse": str(tmp_path / "tables"),
    }
    table = catalogues.load_catalog("stocktake", **properties).load_table(LOCATIONS)
    with connected(Spark("local[1]", conf=conf), tmp_path / "spark.log") as session:
        found = session.read.format("iceberg").load(table.metadata_location).collect()
    names = table.schema().column_names
    here = [dict(zip(names, row, strict=True)) for row in home.rows()]
    assert sorted((row["account"], row["payload"], row["row_hash"]) for row in found) == sorted(
        (row["account"], row["payload"], row["row_hash"]) for row in here
    )
