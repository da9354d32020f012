"""What homes ship is in the lake as it is at home: whole or not at all, an account from one home only."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import ship as shipping
from pipelines.config import Config
from pipelines.errors import CommandError, ConfigurationError
from pipelines.matches import Match
from pipelines.run import opened
from pipelines.ship import Lake, Shipment, ship, shipped_files
from pipelines.sync_log import make_log_tables
from pipelines.warehouse import OWN_TABLES, make_raw_tables, open_warehouse
from tests.conftest import Project

LOCATIONS = "raw_square.locations"


class Home:
    """A home with rows as a load leaves them."""

    def __init__(self, folder: Path, lake: str, *accounts: str) -> None:
        self.config = Config(folder, folder / "warehouse", {}, lake=lake)
        with self.opened() as connection:
            make_log_tables(connection)
            make_raw_tables(connection)
            for account in accounts:
                connection.execute(
                    "insert into raw_stocktake.accounts values (?, 'square', 'UTC', '{}', true)", [account]
                )
        for account in accounts:
            self.put(account, "1", name="Dock")

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_warehouse(self.config.database) as connection:
            yield connection

    def put(self, account: str, key: str, **record: Any) -> None:
        """A new version of a location, which ends the one before."""
        with self.opened() as connection:
            connection.execute(
                f"update {LOCATIONS} set _dlt_valid_to = now()"
                " where account = ? and location_id = ? and _dlt_valid_to is null",
                [account, key],
            )
            connection.execute(
                f"insert into {LOCATIONS} values (?, ?, null, ?, ?, now(), '1', now(), null)",
                [account, key, json.dumps(record), uuid.uuid4().hex],
            )

    def execute(self, sql: str) -> None:
        with self.opened() as connection:
            connection.execute(sql)

    def ship(self, *, take_over: bool = False) -> Shipment:
        with self.opened() as connection:
            return ship(connection, self.config, take_over=take_over)

    def rows(self, table: str = LOCATIONS) -> list[Any]:
        with self.opened() as connection:
            return connection.execute(f"select * from {table} order by all").fetchall()


def in_lake(address: str, table: str = LOCATIONS) -> list[Any]:
    """What any engine reads there."""
    files = shipped_files(Lake(address)).get(table, [])
    if not files:
        return []
    return duckdb.execute("select * from read_parquet(?) order by all", [files]).fetchall()


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def home(tmp_path: Path, lake: str) -> Home:
    return Home(tmp_path / "one", lake, "east", "west")


def test_what_is_shipped_is_what_is_at_home(home: Home, lake: str) -> None:
    shipment = home.ship()
    assert in_lake(lake) == home.rows()
    assert in_lake(lake, "raw_stocktake.accounts") == home.rows("raw_stocktake.accounts")
    assert shipment.accounts == 2
    assert shipment.written[f"{LOCATIONS} of east"] == 1


def test_what_did_not_change_costs_nothing(home: Home, lake: str) -> None:
    home.ship()
    before = {path: path.stat().st_mtime_ns for path in Path(lake).rglob("*") if path.is_file()}
    assert home.ship().written == {}
    assert {path: path.stat().st_mtime_ns for path in Path(lake).rglob("*") if path.is_file()} == before
    home.put("east", "1", name="Dock 2")
    assert home.ship().written == {f"{LOCATIONS} of east": 2}
    assert in_lake(lake) == home.rows()


@pytest.mark.parametrize(
    "change",
    [
        f"update {LOCATIONS} set _dlt_valid_to = now() where account = 'east'",
        f"delete from {LOCATIONS} where account = 'east'",
        f"update {LOCATIONS} set _dlt_load_id = '2' where account = 'east'",
        "update raw_stocktake.accounts set timezone = 'Asia/Tokyo' where account = 'east'",
        "update raw_stocktake.accounts set is_configured = false where account = 'east'",
        "insert into raw_stocktake.sync_log (run_id, account, resource) values ('r', 'east', 'locations')",
        "insert into raw_stocktake.unreadable_records (account, payload) values ('east', '{')",
        "insert into raw_stocktake.item_matches values ('square', 'east', '1', 'ITEM-1')",
        "alter table raw_stocktake.accounts add column more text",
    ],
)
def test_every_change_is_shipped(home: Home, lake: str, change: str) -> None:
    home.ship()
    home.execute(change)
    assert home.ship().written
    for table in (LOCATIONS, *OWN_TABLES):
        assert in_lake(lake, table) == home.rows(table)


def test_the_users_matches_go_along(home: Home, lake: str) -> None:
    match = Match("square", "east", "1", "ITEM-1")
    config = replace(home.config, item_matches=[match])
    with opened(config, "ship") as connection:
        ship(connection, config)
    assert in_lake(lake, "raw_stocktake.item_matches") == [match]


def test_homes_side_by_side_are_read_as_one(home: Home, lake: str, tmp_path: Path) -> None:
    other = Home(tmp_path / "two", lake, "north")
    ships = [threading.Thread(target=one.ship) for one in (home, other)]
    for thread in ships:
        thread.start()
    for thread in ships:
        thread.join()
    assert in_lake(lake) == sorted([*home.rows(), *other.rows()])


def test_an_account_belongs_to_one_home_until_another_takes_it_over(
    home: Home, lake: str, tmp_path: Path
) -> None:
    home.ship()
    other = Home(tmp_path / "two", lake, "west")
    before = in_lake(lake)
    with pytest.raises(ConfigurationError, match=r"west: another home ships this account .* --take-over"):
        other.ship()
    assert in_lake(lake) == before
    other.ship(take_over=True)
    with pytest.raises(ConfigurationError, match="west: another home"):
        home.ship()
    assert [row for row in in_lake(lake) if row[0] == "west"] == other.rows()


def test_an_account_that_is_forgotten_at_home_leaves_the_lake(home: Home, lake: str) -> None:
    home.ship()
    home.execute(f"delete from {LOCATIONS} where account = 'west'")
    home.execute("delete from raw_stocktake.accounts where account = 'west'")
    home.ship()
    assert {row[0] for row in in_lake(lake)} == {"east"}


class DeathError(Exception):
    """Takes the place of a kill: nothing after it happens."""


def dying(step: Callable[..., Any], steps: Iterator[int], number: int) -> Callable[..., Any]:
    """The step, before which it dies where it has this number."""

    def one(*arguments: Any) -> Any:
        if next(steps) == number:
            raise DeathError
        return step(*arguments)

    return one


STEPS = ("create", "put", "switch", "remove")


@pytest.mark.parametrize("number", range(1, 10))
def test_whatever_dies_leaves_one_state_or_the_other(
    home: Home, lake: str, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    home.ship()
    home.put("east", "1", name="Dock 2")
    home.execute("insert into raw_stocktake.sync_log (run_id, account, resource) values ('r', 'east', 'x')")
    home.put("west", "2", name="Yard")
    monkeypatch.setattr(shipping, "KEEP", timedelta(0))
    tables = (LOCATIONS, "raw_stocktake.sync_log")

    def state(account: str) -> list[Any]:
        return [[row for row in in_lake(lake, table) if account in row] for table in tables]

    before = {account: state(account) for account in ("east", "west")}
    steps = iter(range(1, 100))
    with monkeypatch.context() as patch:
        for name in STEPS:
            patch.setattr(Lake, name, dying(getattr(Lake, name), steps, number))
        with pytest.raises(DeathError):
            home.ship()
    now = {account: [[r for r in home.rows(t) if account in r] for t in tables] for account in before}
    for account in before:
        assert state(account) in (before[account], now[account]), f"{account} is half of each"
    home.ship()
    assert {account: state(account) for account in before} == now
    home.put("east", "1", name="Dock 3")
    home.put("west", "2", name="Yard 3")
    home.ship()
    left = {path.as_posix() for path in Path(lake).rglob("*.parquet")}
    named = {file.removeprefix("file://") for files in shipped_files(Lake(lake)).values() for file in files}
    assert left == named, "nothing of what died is left when it is old"


def test_a_file_that_was_replaced_stays_for_builds_that_began_before(home: Home, lake: str) -> None:
    home.ship()
    began, rows = shipped_files(Lake(lake))[LOCATIONS], in_lake(lake)
    home.put("east", "1", name="Dock 2")
    home.ship()
    assert duckdb.execute("select * from read_parquet(?) order by all", [began]).fetchall() == rows


def test_a_bucket_is_a_lake_too(tmp_path: Path) -> None:
    address = f"memory://{uuid.uuid4().hex}/lake"
    home = Home(tmp_path / "one", address, "east")
    assert home.ship().written
    assert home.ship().written == {}
    other = Home(tmp_path / "two", address, "east")
    with pytest.raises(ConfigurationError, match="another home"):
        other.ship()
    assert len(shipped_files(Lake(address))[LOCATIONS]) == 1


@pytest.mark.parametrize("text", ['{"format": 99}', "{", "[]"])
def test_a_manifest_that_cannot_be_read_stops_the_ship(home: Home, lake: str, text: str) -> None:
    home.ship()
    (Path(lake) / "manifests" / "east.json").write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=r"east\.json is of format .* knows 1"):
        home.ship()
    with pytest.raises(CommandError, match=r"east\.json"):
        shipped_files(Lake(lake))


@pytest.mark.parametrize("address", ["s4://bucket/lake", "nonsense://x"])
def test_a_lake_that_nobody_knows_is_told(home: Home, address: str) -> None:
    with pytest.raises(ConfigurationError, match=f"stocktake.lake: {address} cannot be reached"):
        Lake(address)


def test_a_lake_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    home = Home(tmp_path / "one", str(tmp_path / "file" / "lake"), "east")
    with pytest.raises(CommandError, match=r"What was shipped before stands; check the lake's address"):
        home.ship()


def test_without_a_lake_there_is_nothing_to_ship_to(project: Project) -> None:
    said = " ".join(project.stocktake("ship", exits=2).stderr.split())
    assert "stocktake.lake is not set. Name a folder or bucket" in said
    project.configure(ship=True)
    assert "stocktake.ship has no effect without stocktake.lake" in project.stocktake("load", exits=2).stderr


@pytest.mark.providers("square")
def test_a_load_ships_where_it_is_asked_to(project: Project) -> None:
    project.configure(lake="lake", ship=True)
    project.load()
    lake = str(project.folder / "lake")
    assert len(in_lake(lake, "raw_square.inventory_counts")) == project.versions("square", "inventory_counts")
    assert [row[0] for row in in_lake(lake, "raw_stocktake.sync_log")], "the sync log goes along"
    told = json.loads(project.stocktake("ship", "--log-format", "json").stdout)
    assert told["written"] == {}
    project.configure(lake="run.lock/lake", ship=True)
    (project.folder / "run.lock").write_text("no folder", encoding="utf-8")
    project.load(exits=3)
