"""A release in another database: all of it, exactly, and at once."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from pipelines.cli import app
from pipelines.descriptions import described_tables
from pipelines.lock import run_lock
from pipelines.release import Release
from tests.pipelines.conftest import Die, publish_now
from tests.postgres_server import PASSWORD, Postgres, comparable

ODD_TEXTS = [
    "",
    "NULL",
    "\\N",
    "\\",
    'a "quoted" word',
    "it's",
    "a,b;c\td",
    "two\nlines\r\n",
    "  ",
    "Ünïcode 茶 😀",
    "%s",
]


@dataclass
class Shop:
    """A project folder in which somebody publishes from a warehouse of four tables."""

    folder: Path
    warehouse: duckdb.DuckDBPyConnection
    runner: CliRunner = field(default_factory=CliRunner)

    def configure(self, secrets: str = "", **destinations: str) -> None:
        """Writes .dlt/; a destination is a name and its credentials."""
        (self.folder / ".dlt").mkdir(exist_ok=True)
        (self.folder / ".dlt" / "config.toml").write_text("[stocktake]\n")
        lines = [f"[destination.{name}]\ncredentials = {json.dumps(to)}" for name, to in destinations.items()]
        (self.folder / ".dlt" / "secrets.toml").write_text("\n".join([*lines, secrets]))

    def publish(self) -> Release:
        return publish_now(self.warehouse, self.folder / "warehouse" / "published")

    def publish_to(self, name: str, *options: str, exits: int = 0) -> Result:
        result = self.runner.invoke(app, ["publish", "--to", name, *options])
        assert result.exit_code == exits, f"{result.stderr}\n{result.exception!r}"
        assert PASSWORD not in result.output
        return result

    def send(self, name: str, *options: str, exits: int = 0) -> Result:
        """A new release, and it in the other database."""
        self.publish()
        return self.publish_to(name, *options, exits=exits)

    def rows(self, release: Release, table: str) -> Counter[tuple[Any, ...]]:
        columns = ", ".join(name for name, _ in release.contents[table].columns)
        with duckdb.connect() as bench:
            bench.execute("set TimeZone = 'UTC'")
            return comparable(bench.execute(f"select {columns} from '{release.file(table)}'").fetchall())


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as warehouse:
        warehouse.execute("set TimeZone = 'UTC'")
        warehouse.execute("create schema marts; create schema reporting")
        warehouse.execute(
            "create table marts.dim_items as select 'i' || i as item_key, 'Tea ' || i as name"
            " from range(5) as r(i)"
        )
        warehouse.execute(
            "create table marts.fct_inventory_positions as select 'p' || i as product_key,"
            " 1::decimal(38, 10) as quantity_on_hand from range(3000) as r(i)"
        )
        warehouse.execute(
            "create table marts.fct_inventory_levels as select 'p' || i as product_key,"
            " 'l' || (i % 2) as location_key, 1::decimal(38, 10) as quantity_on_hand from range(3000) as r(i)"
        )
        warehouse.execute("create table reporting.rpt_sync_proof as select 's1' as sync_key, 1 as requests")
        yield Shop(tmp_path, warehouse)


@pytest.fixture
def postgres_shop(shop: Shop, postgres: Postgres) -> Shop:
    shop.configure(postgres=postgres.credentials)
    return shop


def restock(shop: Shop) -> None:
    for table in ("fct_inventory_positions", "fct_inventory_levels"):
        shop.warehouse.execute(f"update marts.{table} set quantity_on_hand = quantity_on_hand + 1")


def tables_of(postgres: Postgres, schema: str = "stocktake") -> set[str]:
    rows = postgres.ask("select table_name from information_schema.tables where table_schema = %s", schema)
    return {name for (name,) in rows}


def schemas_of(postgres: Postgres) -> set[str]:
    rows = postgres.ask("select nspname from pg_namespace where nspname !~ '^(pg_|information_schema)'")
    return {name for (name,) in rows}


BOTH = """
select (select sum(quantity_on_hand) from stocktake.fct_inventory_positions),
       (select sum(quantity_on_hand) from stocktake.fct_inventory_levels)
"""


# What arrives


@pytest.fixture
def asker(request: pytest.FixtureRequest, shop: Shop) -> Callable[[str], list[tuple[Any, ...]]]:
    """Asks the destination of the test's parameter."""
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        shop.configure(postgres=postgres.credentials)
        return postgres.ask  # type: ignore[no-any-return]
    file = shop.folder / "elsewhere.duckdb"
    shop.configure(duckdb=str(file))

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    return ask


@pytest.mark.parametrize(
    ("name", "asker"), [("postgres", "postgres"), ("duckdb", "duckdb")], indirect=["asker"]
)
def test_every_value_arrives_as_it_is(
    name: str, asker: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = "9999999999999999999999999999.9999999999"
    shop.warehouse.execute(
        "create table marts.fct_odd as select i as n, case when i % 3 > 0 then texts[i % len(texts) + 1] end"
        " as words, case when i % 4 > 0 then (i - 500)::decimal(38, 10) * 0.0000000001 end as tiny,"
        f" case i % 3 when 0 then '{largest}'::decimal(38, 10) when 1 then '-{largest}'::decimal(38, 10) end"
        " as huge, case when i % 5 > 0 then i % 2 = 0 end as flag, date '1900-01-01' + i::int as day,"
        " timestamptz '2026-03-29 00:59:59.999999+00' + interval (i) second as instant, i / 7 as ratio,"
        " 9223372036854775807 - i as big, i::int as small, null::decimal(38, 10) as nothing, null::varchar"
        " as silence from range(1000) as r(i), (select ? as texts)",
        [ODD_TEXTS],
    )
    monkeypatch.setattr("pipelines.destination.ROWS_AT_ONCE", 300)
    shop.warehouse.execute("create table reporting.rpt_empty as select 1::decimal(38, 10) as n limit 0")
    release = shop.publish()
    result = shop.publish_to(name, "--log-format", "json")
    assert json.loads(result.stdout)["tables"] == release.tables
    for table, content in release.contents.items():
        columns = ", ".join(column for column, _ in content.columns)
        arrived = comparable(asker(f"select {columns} from stocktake.{table}"))
        assert arrived == shop.rows(release, table), table


@pytest.mark.parametrize(
    ("name", "asker"), [("postgres", "postgres"), ("duckdb", "duckdb")], indirect=["asker"]
)
def test_the_next_release_takes_the_place_of_the_last(name: str, asker: Any, shop: Shop) -> None:
    shop.send(name)
    restock(shop)
    shop.warehouse.execute("delete from marts.dim_items")
    shop.warehouse.execute("alter table reporting.rpt_sync_proof add column rows_read bigint")
    shop.warehouse.execute("update reporting.rpt_sync_proof set rows_read = 7")
    release = shop.publish()
    shop.publish_to(name)
    assert asker(BOTH) == [(6000, 6000)]
    assert asker("select count(*) from stocktake.dim_items") == [(0,)]
    assert asker("select rows_read from stocktake.rpt_sync_proof") == [(7,)]
    noted = "select table_name, row_count, release from stocktake.stocktake_tables"
    assert sorted(asker(noted)) == [(table, rows, release.name) for table, rows in release.tables.items()]


def test_it_reads_the_release_and_never_the_working_database(postgres_shop: Shop, postgres: Postgres) -> None:
    postgres_shop.publish()
    restock(postgres_shop)  # built, and not published
    with run_lock(postgres_shop.folder / "warehouse", "run"):  # a run is at work
        postgres_shop.publish_to("postgres")
    assert postgres.ask(BOTH) == [(3000, 3000)]
    assert not (postgres_shop.folder / "warehouse" / "working.duckdb").exists()


def test_types_keys_and_descriptions_go_along(postgres_shop: Shop, postgres: Postgres) -> None:
    postgres_shop.send("postgres")
    columns = postgres.ask(
        "select attname, format_type(atttypid, atttypmod), attnotnull, col_description(attrelid, attnum)"
        " from pg_attribute where attrelid = 'stocktake.fct_inventory_levels'::regclass and attnum > 0"
    )
    described = described_tables()["fct_inventory_levels"]
    assert columns == [
        ("product_key", "character varying", True, described.columns["product_key"]),
        ("location_key", "character varying", True, described.columns["location_key"]),
        ("quantity_on_hand", "numeric(38,10)", False, described.columns["quantity_on_hand"]),
    ]
    keys = "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint where contype = 'p'"
    assert set(postgres.ask(f"{keys} and connamespace = 'stocktake'::regnamespace")) == {
        ("stocktake.fct_inventory_levels", "PRIMARY KEY (product_key, location_key)"),
        ("stocktake.fct_inventory_positions", "PRIMARY KEY (product_key)"),
        ("stocktake.dim_items", "PRIMARY KEY (item_key)"),
        ("stocktake.rpt_sync_proof", "PRIMARY KEY (sync_key)"),
        ("stocktake.stocktake_tables", "PRIMARY KEY (table_name)"),
    }
    said = postgres.ask("select obj_description('stocktake.fct_inventory_levels'::regclass)")
    assert said == [(described.description,)]


def test_what_yaml_says_is_what_the_tests_prove() -> None:
    described = described_tables()
    assert len(described) > 30
    assert all(table.description.startswith("One row per") for table in described.values())
    assert described["fct_inventory_levels"].primary_key == ("product_key", "location_key")
    assert described["dim_products"].primary_key == ("product_key",)
    assert ("provider", "account", "product_id") in described["dim_products"].keys
    # A kit's stock in all locations together has no location.
    assert described["rpt_kit_buildable"].keys == (("kit_product_key", "location_key"),)
    assert described["rpt_kit_buildable"].primary_key is None


def test_a_text_that_postgres_cannot_hold_costs_one_character(
    postgres_shop: Shop, postgres: Postgres
) -> None:
    postgres_shop.warehouse.execute(
        "update marts.dim_items set name = 'Te' || chr(0) || 'a' where item_key = 'i1'"
    )
    said = postgres_shop.send("postgres").stderr
    assert "dim_items: 1 texts in name hold the character U+0000" in said
    names = postgres.ask("select item_key, name from stocktake.dim_items order by 1 limit 3")
    assert names == [("i0", "Tea 0"), ("i1", "Tea"), ("i2", "Tea 2")]


def test_a_value_too_long_for_an_index_costs_the_index(postgres_shop: Shop, postgres: Postgres) -> None:
    postgres_shop.warehouse.execute(
        "insert into marts.dim_items select string_agg(md5(i::varchar), ''), 'Long' from range(400) as r(i)"
    )
    said = postgres_shop.send("postgres").stderr
    assert "dim_items: a value in item_key is too long for an index of Postgres" in said
    assert postgres.ask("select count(*), max(length(item_key)) from stocktake.dim_items") == [(6, 12800)]


# All at once


def test_readers_see_the_old_set_or_the_new_one(postgres_shop: Shop, postgres: Postgres) -> None:
    postgres_shop.send("postgres")
    seen: list[tuple[Any, ...]] = []
    ended = threading.Event()

    def read_on() -> None:
        connection = postgres.connect()
        connection.autocommit = True
        while not ended.is_set():
            with connection.cursor() as cursor:
                cursor.execute(BOTH)
                seen.extend(cursor.fetchall())
        connection.close()

    reader = threading.Thread(target=read_on)
    reader.start()
    long_report = postgres.connect()
    long_report.set_session(isolation_level="REPEATABLE READ")
    with long_report.cursor() as cursor:
        cursor.execute("select sum(quantity_on_hand) from stocktake.fct_inventory_positions")
        for _ in range(2):
            restock(postgres_shop)
            postgres_shop.send("postgres")
        cursor.execute(BOTH)
        assert cursor.fetchall() == [(3000, 3000)]  # a report of many queries sees one release
    long_report.close()
    ended.set()
    reader.join()
    assert postgres.ask(BOTH) == [(9000, 9000)]
    assert set(seen) <= {(n, n) for n in (3000, 6000, 9000)}
    assert (3000, 3000) in seen


def test_what_people_built_on_the_tables_stays(postgres_shop: Shop, postgres: Postgres) -> None:
    postgres_shop.send("postgres")
    postgres.ask("create role bi login password 'reader'")
    postgres.ask("grant usage on schema stocktake to bi")
    postgres.ask("grant select on all tables in schema stocktake to bi")
    postgres.ask("create view public.tea as select item_key, name from stocktake.dim_items")
    postgres_shop.warehouse.execute(
        "alter table marts.dim_items add column barcode_count bigint;"
        "alter table marts.fct_inventory_levels alter quantity_on_hand type varchar;"
        "alter table reporting.rpt_sync_proof drop requests;"
        "drop table marts.fct_inventory_positions;"
        "create table marts.dim_locations as select 'l1' as location_key, 'shop' as location_id;"
        "update marts.dim_items set name = upper(name)"
    )
    postgres_shop.send("postgres")
    assert postgres.ask("select name from public.tea order by 1 limit 1") == [("TEA 0",)]
    for table in ("dim_items", "fct_inventory_levels", "rpt_sync_proof"):
        assert postgres.ask("select has_table_privilege('bi', %s, 'select')", f"stocktake.{table}") == [
            (True,)
        ]
    assert tables_of(postgres) == {
        "dim_items", "fct_inventory_levels", "rpt_sync_proof", "dim_locations", "stocktake_tables",
    }  # fmt: skip
    shapes = postgres.ask(
        "select table_name || '.' || column_name, data_type from information_schema.columns"
        " where table_schema = 'stocktake'"
    )
    assert ("fct_inventory_levels.quantity_on_hand", "character varying") in shapes
    assert ("dim_items.barcode_count", "bigint") in shapes
    assert "rpt_sync_proof.requests" not in dict(shapes)
    postgres.ask("drop owned by bi; drop role bi")


def test_a_view_that_needs_what_is_gone_is_named_and_nothing_changes(
    postgres_shop: Shop, postgres: Postgres
) -> None:
    postgres_shop.send("postgres")
    postgres.ask("create view public.proof as select requests from stocktake.rpt_sync_proof")
    postgres_shop.warehouse.execute("alter table reporting.rpt_sync_proof drop requests")
    restock(postgres_shop)
    said = postgres_shop.send("postgres", exits=1).stderr
    assert "view proof depends on column requests" in said
    assert "Readers there see what they saw before." in said
    assert postgres.ask(BOTH) == [(3000, 3000)]
    postgres.ask("drop view public.proof")
    postgres_shop.publish_to("postgres")
    assert postgres.ask(BOTH) == [(6000, 6000)]


@pytest.mark.parametrize(
    ("place", "when"),
    [
        ("pipelines.postgres:make_room", "after"),
        ("pipelines.destination:_load", "after"),
        ("pipelines.postgres:_promise", "after"),
        ("pipelines.postgres:_fill", "after"),
        ("pipelines.postgres:_reshape", "after"),
        ("pipelines.postgres:_describe", "after"),
    ],
)
def test_a_death_leaves_the_old_set_and_the_next_publish_repairs(
    postgres_shop: Shop, postgres: Postgres, die_in: Die, place: str, when: str
) -> None:
    postgres_shop.send("postgres")
    restock(postgres_shop)
    postgres_shop.publish()
    die_in(postgres_shop.folder, place, when, "publish", "--to", "postgres")
    assert postgres.ask(BOTH) == [(3000, 3000)]
    postgres_shop.publish_to("postgres")
    assert postgres.ask(BOTH) == [(6000, 6000)]
    assert schemas_of(postgres) == {"public", "stocktake"}


def test_tables_that_are_somebody_elses_are_left_alone(postgres_shop: Shop, postgres: Postgres) -> None:
    postgres_shop.publish()
    postgres.ask("create schema shop; create table shop.dim_items as select 'theirs' as item_key")
    said = postgres_shop.publish_to("postgres", "--dataset", "shop", exits=1).stderr
    assert "shop already has dim_items, which Stocktake did not make." in said
    assert tables_of(postgres, "shop") == {"dim_items"}
    assert postgres.ask("select * from shop.dim_items") == [("theirs",)]
    postgres_shop.publish_to("postgres", "--dataset", "shop_stock")
    assert "dim_items" in tables_of(postgres, "shop_stock")


def test_a_destination_may_have_a_name_of_its_own(shop: Shop, postgres: Postgres) -> None:
    named = f'[destination.reporting]\ncredentials = "{postgres.credentials}"'
    shop.configure(secrets=named)
    (shop.folder / ".dlt" / "config.toml").write_text(
        '[destination.reporting]\ndestination_type = "postgres"\n'
    )
    said = shop.send("reporting").stderr
    assert "reporting: schema stocktake holds release" in said
    assert postgres.ask(BOTH) == [(3000, 3000)]


# What goes wrong


def test_a_server_that_is_not_there_is_one_sentence(shop: Shop) -> None:
    shop.configure(postgres=f"postgresql://stock:{PASSWORD}@localhost:1/stock")
    said = shop.send("postgres", exits=1).stderr.removeprefix("publishing\n")
    assert said.startswith("--to postgres: ")
    assert "Connection refused" in said
    assert said.count("\n") == 1
    assert not list((shop.folder / "warehouse" / "elsewhere" / "postgres").glob("pipeline*"))


def test_a_password_that_is_refused_is_told_and_not_shown(shop: Shop, postgres: Postgres) -> None:
    wrong = "wrong-sesame-38"
    shop.configure(postgres=postgres.credentials.replace(PASSWORD, wrong))
    result = shop.send("postgres", exits=1)
    assert 'password authentication failed for user "stock"' in result.stderr
    assert wrong not in result.output


@pytest.mark.parametrize(
    ("destination", "secrets", "words"),
    [
        ("postgres", "", "destination.postgres lacks credentials.database"),
        ("postgres", '[destination.postgres]\ncredentials = "stock:sesame-39@localhost"', "cannot be read"),
        ("postgers", "", "dlt has no destination of this name"),
        ("snowflake", "", "pip install 'dlt[snowflake]'"),
        ("Post gres", "", "such a name has lower-case letters"),
    ],
)
def test_a_destination_that_cannot_be_used_is_a_matter_of_configuration(
    shop: Shop, destination: str, secrets: str, words: str
) -> None:
    shop.configure(secrets)
    result = shop.send(destination, exits=2)
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert "sesame-39" not in result.output


def test_nothing_published_is_nothing_to_copy(shop: Shop) -> None:
    shop.configure(duckdb=str(shop.folder / "elsewhere.duckdb"))
    assert "Nothing is published" in shop.publish_to("duckdb", exits=1).stderr


def test_it_is_a_command_of_its_own(shop: Shop) -> None:
    shop.configure()
    shop.publish()
    for option in ("--rollback", "--csv"):
        assert "a command of its own before" in shop.publish_to("duckdb", option, exits=2).stderr


def test_one_at_a_time_and_the_other_is_told(shop: Shop) -> None:
    shop.configure(duckdb=str(shop.folder / "elsewhere.duckdb"))
    shop.publish()
    with run_lock(shop.folder / "warehouse" / "elsewhere" / "duckdb", "publish --to duckdb"):
        assert "another run holds the lock" in shop.publish_to("duckdb", exits=4).stderr
