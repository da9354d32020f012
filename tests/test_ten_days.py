"""Ten days of five providers: every table equals what plain Python makes of the sandbox's truth.

The days are lived once, with incremental builds among them; then everything is built again from nothing. What
is expected is worked out in tests/reference, from the provider notes and the descriptions of the tables.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pytest
import time_machine
from typer.testing import CliRunner

from pipelines.cli import app
from sandbox import Sandbox
from tests.conftest import Project
from tests.postgres_server import Postgres, comparable
from tests.reference import examples, history, kits, matching, nested, planning, products, stock, sync_log
from tests.reference.products import Thing
from tests.reference.stock import MEASURES, Numbers, Stock
from tests.reference.world import BUILT, LEFT_OUT, UNASKED, Life, Product, accounts, live

MODELS = Path(__file__).parent.parent / "dbt_models" / "models"
Row: TypeAlias = dict[str, Any]
Tables: TypeAlias = dict[str, list[Row]]


@dataclass(repr=False)  # pytest would print all of it beside a failure
class Ten:
    """What was lived, what was built on the way, and what a build from nothing made of the same raw rows."""

    life: Life
    published: Path
    tables: Tables
    rebuilt: Tables

    @cached_property
    def things(self) -> dict[Product, Thing]:
        return products.products(self.life)

    @cached_property
    def now(self) -> dict[Product, Stock]:
        return planning.now(self.life)

    @cached_property
    def days(self) -> dict[tuple[Product, date], history.Daily]:
        return history.daily(self.life)

    @cached_property
    def matched(self) -> dict[Product, matching.Match]:
        return matching.matches(self.things, self.now)

    @cached_property
    def members(self) -> dict[str, matching.Members]:
        """Items by their key."""
        found: dict[str, set[Product]] = {}
        for row in self.tables["bridge_item_products"]:
            found.setdefault(row["item_key"], set()).add(product(row))
        return {key: frozenset(one) for key, one in found.items()}

    @cached_property
    def product_of_key(self) -> dict[str, Product]:
        return {row["product_key"]: product(row) for row in self.tables["dim_products"]}

    @cached_property
    def category_of_key(self) -> dict[str, str]:
        return {row["category_key"]: row["category_id"] for row in self.tables["dim_categories"]}

    def rows(self, table: str, key: Callable[[Row], Any], value: Callable[[Row], Any]) -> dict[Any, Any]:
        """A table's rows by key, of which each is there once."""
        rows = self.tables[table]
        found = {key(row): value(row) for row in rows}
        assert len(found) == len(rows), f"{table}: a key has several rows"
        return found


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ten]:
    folder = tmp_path_factory.mktemp("ten_days")
    with pytest.MonkeyPatch.context() as patch, Sandbox() as sandbox:
        patch.chdir(folder)
        project = Project(folder, sandbox)
        project.configure(accounts(project))
        for life in live(project):
            if life.last.number in BUILT:
                project.stocktake("build")
        with time_machine.travel(life.last.loaded_at, tick=True):
            project.stocktake("publish")
            published = project.published / "reporting.duckdb"
            tables = everything(published)
            project.query("delete from raw_stocktake.built")
            project.stocktake("build")
        yield Ten(life, published, tables, everything(project.home / "working.duckdb"))


def everything(file: Path) -> Tables:
    """Every mart and report, published or in the working database, rows in order."""
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        names = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema in ('main', 'marts', 'reporting') order by all"
        ).fetchall()
        found: Tables = {}
        for schema, name in names:
            cursor = connection.execute(f"from {schema}.{name} order by all")
            columns = [column[0] for column in cursor.description or ()]
            found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return found


# Ways to look at a row


def product(row: Row) -> Product:
    return row["provider"], row["product_id"]


def place(row: Row) -> tuple[str, str, str | None]:
    return *product(row), row["location_id"]


def numbers(row: Row) -> Numbers:
    return Numbers(*(row[measure] for measure in MEASURES))


def filled(kind: Any) -> Callable[[Row], Any]:
    """What makes such a tuple of a row: the tuple's fields are the table's columns."""
    return lambda row: kind(*(row[column] for column in kind._fields))


def picked(*columns: str) -> Callable[[Row], tuple[Any, ...]]:
    return lambda row: tuple(row[column] for column in columns)


def day_of(moment: datetime | None) -> date | None:
    return None if moment is None else moment.astimezone(UTC).date()


def same(found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> None:
    """They are equal; else the first differences are told."""
    missing = [key for key in expected if key not in found]
    more = [key for key in found if key not in expected]
    other = {
        key: (found[key], expected[key]) for key in found if key in expected and found[key] != expected[key]
    }
    told = "\n".join(
        f"{key}:\n  found    {one}\n  expected {two}" for key, (one, two) in [*other.items()][:5]
    )
    assert not (missing or more or other), (
        f"{len(missing)} missing {missing[:5]}, {len(more)} too many {more[:5]},"
        f" {len(other)} otherwise:\n{told}"
    )


# The world is one that can show a mistake


def test_the_days_hold_what_the_rules_are_about(ten: Ten) -> None:
    life = ten.life
    assert len(life.days) == 12
    assert LEFT_OUT not in life.days[UNASKED].asked
    things = ten.things.values()
    assert any(thing.shadow_of for thing in things)
    assert any(thing.is_deleted for thing in things)
    assert any(thing.is_orphan for thing in things)
    assert any(one.is_stockout for one in ten.days.values())
    assert any(not one.is_listed for one in ten.days.values())
    assert any(not one.is_observed for one in ten.days.values())


def test_every_row_names_the_account_of_its_provider(ten: Ten) -> None:
    for table, rows in ten.tables.items():
        for row in rows:
            if "account" in row and "provider" in row:
                named = (row["provider"], None) if table == "rpt_schema_drift" else (row["provider"],)
                assert row["account"] in named, table


def test_a_build_from_nothing_makes_the_same(ten: Ten) -> None:
    assert ten.rebuilt.keys() == ten.tables.keys()
    for table, rows in ten.tables.items():
        assert ten.rebuilt[table] == rows, table


# Stock


def test_products(ten: Ten) -> None:
    read_off = ("shadow_of", "is_deleted", "is_gone", "is_virtual")
    columns = [name for name in Thing.__dataclass_fields__ if name not in read_off]

    def row_of(row: Row) -> Row:
        shadow = row["shadow_of_product_key"]
        return {
            **{name: row[name] for name in columns},
            "shadow_of": shadow and ten.product_of_key[shadow][1],
            "is_deleted": row["deleted_at"] is not None,
            "is_gone": not row["is_current"],
            "is_virtual": (row["virtual_inventory"] or "none") != "none",
        }

    same(ten.rows("dim_products", product, row_of), {key: vars(thing) for key, thing in ten.things.items()})


def test_locations(ten: Ten) -> None:
    life = ten.life
    expected: dict[tuple[str, str], str | None] = {}
    for provider, resource, name in (
        ("square", "locations", "name"),
        ("sellercloud", "warehouses", "Name"),
        ("shipstream", "warehouses", "name"),
        ("ventmere_s2", "warehouses", "name"),
    ):
        for (key,), record in life.now(provider, resource).items():
            expected[provider, key] = record[name]
    same(ten.rows("dim_locations", picked("provider", "location_id"), lambda row: row["name"]), expected)


def test_levels(ten: Ten) -> None:
    expected = {
        key: (one.numbers, one.is_additive, one.counted_at)
        for provider in ten.life.last.truth
        for key, one in stock.levels(ten.life.of(provider)[-1], provider).items()
    }

    def row_of(row: Row) -> Any:
        return numbers(row), row["is_additive"], row["counted_at"]

    same(ten.rows("fct_inventory_levels", place, row_of), expected)
    same(ten.rows("rpt_stock_on_hand", place, row_of), expected)


def test_positions(ten: Ten) -> None:
    found = ten.rows(
        "fct_inventory_positions",
        product,
        lambda row: Stock(numbers(row), row["is_additive"], row["counted_at"], row["is_tracked"]),
    )
    same(found, ten.now)


def test_states(ten: Ten) -> None:
    found = ten.rows(
        "fct_inventory_states",
        picked("provider", "product_id", "location_id", "state"),
        lambda row: row["quantity"],
    )
    same(found, stock.states(ten.life.last))
    assert "SOMETHING_NEW" in {state for _, _, _, state in found}


def test_movements(ten: Ten) -> None:
    found = ten.rows("fct_stock_movements", picked("movement_type", "movement_id"), filled(stock.Movement))
    same(found, stock.movements(ten.life.last))


# Nested parts


def test_categories(ten: Ten) -> None:
    found = ten.rows(
        "dim_categories",
        picked("provider", "category_id"),
        lambda row: nested.Known(
            row["name"],
            ten.category_of_key.get(row["parent_category_key"]),
            row["depth"],
            row["path"],
            row["is_cycle"],
            row["is_orphan"],
            row["deleted_at"] is not None,
        ),
    )
    same(found, nested.categories(ten.life))


def test_product_categories(ten: Ten) -> None:
    found = ten.rows(
        "bridge_product_categories",
        lambda row: (product(row), row["category_id"]),
        picked("is_primary", "position"),
    )
    same(found, nested.product_categories(ten.life))
    for row in ten.tables["bridge_product_categories"]:
        assert ten.category_of_key[row["category_key"]] == row["category_id"]


def test_location_overrides(ten: Ten) -> None:
    found = ten.rows(
        "bridge_product_locations", lambda row: (product(row), row["location_id"]), filled(nested.Override)
    )
    same(found, nested.overrides(ten.life))


def test_measurements(ten: Ten) -> None:
    found = ten.rows(
        "bridge_product_measurements", lambda row: (product(row), row["subject"]), filled(nested.Measured)
    )
    same(found, nested.measurements(ten.life))


def test_barcodes(ten: Ten) -> None:
    found = ten.rows(
        "bridge_product_barcodes", lambda row: (product(row), row["position"]), picked("barcode", "gtin")
    )
    same(found, products.barcodes(ten.life))


def test_hs_codes(ten: Ten) -> None:
    found = ten.rows(
        "bridge_product_hs_codes",
        lambda row: (product(row), row["country_code"]),
        picked("base_code", "extension", "hs_code"),
    )
    same(found, nested.hs_codes(ten.life))


@pytest.mark.parametrize("table", ["bridge_product_custom_fields", "rpt_custom_fields"])
def test_custom_fields_of_a_warehouse(ten: Ten, table: str) -> None:
    found = {
        (product(row), row["field_code"], row["position"]): nested.Value(
            *(row[column] for column in nested.Value._fields)
        )
        for row in ten.tables[table]
        if row["provider"] == "shipstream"
    }
    same(found, nested.shipstream_fields(ten.life))


@pytest.mark.parametrize("table", ["bridge_product_custom_fields", "rpt_custom_fields"])
def test_custom_columns_of_a_client(ten: Ten, table: str) -> None:
    found: dict[Any, list[Any]] = {}
    for row in sorted(ten.tables[table], key=lambda row: int(row["position"])):
        if row["provider"] == "sellercloud":
            held = found.setdefault((product(row), row["field_code"]), [])
            held.append((row["value_text"], row["value_key"]))
    same(found, nested.sellercloud_fields(ten.life))
    assert {row["provider"] for row in ten.tables[table]} == {"sellercloud", "shipstream"}


def test_custom_fields_side_by_side(ten: Ten) -> None:
    found = ten.rows("rpt_custom_fields_wide", product, picked("sku", "product_name"))
    same(found, {key: (thing.sku, thing.name) for key, thing in ten.things.items()})


# Kits


def test_kit_components(ten: Ten) -> None:
    found = ten.rows(
        "bridge_kit_components",
        picked("kit_product_id", "position"),
        lambda row: kits.Component(
            row["component_product_id"],
            row["component_product_key"] is not None,
            row["quantity_per_kit"],
            row["component_name"],
        ),
    )
    same(found, kits.components(ten.life))


def test_kit_trees(ten: Ten) -> None:
    def row_of(row: Row) -> kits.Part:
        key = row["stock_product_key"]
        return kits.Part(
            row["depth"],
            row["parent_product_id"],
            row["component_product_id"],
            row["component_product_key"] is not None,
            key and ten.product_of_key[key][1],
            row["quantity_per_parent"],
            row["quantity_per_kit"],
            row["is_leaf"],
            row["is_cycle"],
            row["is_cut_off"],
        )

    same(ten.rows("bridge_kit_trees", picked("kit_product_id", "path"), row_of), kits.trees(ten.life))


def test_kits_that_could_be_built(ten: Ten) -> None:
    found = ten.rows("rpt_kit_buildable", picked("kit_product_id", "location_id"), filled(kits.Buildable))
    same(found, kits.buildable(ten.life))
    assert {row["stock_basis"] for row in ten.tables["rpt_kit_buildable"]} == {"available"}


def test_oversell_risk(ten: Ten) -> None:
    found = ten.rows("rpt_oversell_risk", product, filled(kits.Oversold))
    same(found, kits.oversell(ten.life))


# History


def test_changes(ten: Ten) -> None:
    found: dict[Any, list[history.Change]] = {}
    for row in sorted(ten.tables["fct_inventory_changes"], key=lambda row: row["valid_from"]):
        found.setdefault(place(row), []).append(
            history.Change(
                day_of(row["valid_from"]) or date.min,
                day_of(row["valid_to"]),
                numbers(row),
                row["on_hand_change"],
                row["available_change"],
            )
        )
    same(found, history.changes(ten.life))


def test_daily(ten: Ten) -> None:
    def row_of(row: Row) -> Any:
        told = (numbers(row), row["is_listed"], row["is_stockout"], row["is_observed"])
        return *told, day_of(row["changed_at"]), row["is_additive"] if row["is_listed"] else None

    expected = {
        key: (
            one.numbers,
            one.is_listed,
            one.is_stockout,
            one.is_observed,
            one.changed_on,
            one.is_additive if one.is_listed else None,
        )
        for key, one in ten.days.items()
    }
    same(ten.rows("fct_inventory_daily", lambda row: (product(row), row["date_day"]), row_of), expected)


def test_stockouts(ten: Ten) -> None:
    found = ten.rows("rpt_stockouts", lambda row: (product(row), row["started_on"]), filled(history.Spell))
    same(found, history.stockouts(ten.days))


def test_ageing(ten: Ten) -> None:
    found = ten.rows("rpt_inventory_ageing", product, filled(history.Age))
    same(found, history.ageing(ten.life, ten.days))


# Matching


def test_item_products(ten: Ten) -> None:
    found = {
        one: (ten.members[row["item_key"]], row["match_rule"], row["is_ambiguous"])
        for row in ten.tables["bridge_item_products"]
        for one in [product(row)]
    }
    expected = {
        one: (members, match.rule, match.is_ambiguous)
        for members, match in matching.members_of(ten.matched).items()
        for one in members
    }
    same(found, expected)


def test_items(ten: Ten) -> None:
    found = ten.rows("dim_items", lambda row: ten.members[row["item_key"]], filled(matching.Item))
    same(found, matching.items(ten.things, ten.matched, ten.now))


def test_stock_over_all_systems(ten: Ten) -> None:
    def row_of(row: Row) -> matching.Consolidated:
        systems = {provider for provider, name in ten.members[row["item_key"]] if (provider, name) in ten.now}
        assert all(row[f"{one}_on_hand"] is None for one in ten.life.last.truth if one not in systems)
        return matching.Consolidated(
            numbers(row),
            {one: row[f"{one}_on_hand"] for one in sorted(systems)},
            {one: row[f"{one}_available"] for one in sorted(systems)},
            row["on_hand_spread"],
            row["available_spread"],
            row["oldest_counted_at"],
            row["newest_counted_at"],
        )

    found = ten.rows("rpt_stock_consolidated", lambda row: ten.members[row["item_key"]], row_of)
    same(found, matching.consolidated(ten.things, ten.matched, ten.now))


def test_ambiguous_codes(ten: Ten) -> None:
    found = ten.rows(
        "rpt_ambiguous_codes",
        lambda row: (row["code_type"], row["code"], product(row)),
        lambda row: row["products_in_account"],
    )
    same(found, matching.ambiguous_codes(ten.things, ten.now))


def test_reconciliation(ten: Ten) -> None:
    found = ten.rows(
        "rpt_reconciliation",
        lambda row: (
            ten.members[row["item_key"]],
            row["left_provider"],
            row["right_provider"],
            row["measure"],
        ),
        lambda row: matching.Difference(row["left_quantity"], row["right_quantity"], row["disagrees_since"]),
    )
    same(found, matching.reconciliation(ten.things, ten.matched, ten.now, ten.days))
    for row in ten.tables["rpt_reconciliation"]:
        assert row["difference"] == row["left_quantity"] - row["right_quantity"]
        assert day_of(row["left_known_through"]) == day_of(row["right_known_through"]) == ten.life.last.date


# Planning


def test_sales(ten: Ten) -> None:
    found = ten.rows(
        "fct_product_sales", lambda row: (product(row), row["window_days"]), filled(planning.Sales)
    )
    same(found, planning.sales(ten.life))


def test_days_of_cover(ten: Ten) -> None:
    found = ten.rows("rpt_days_of_cover", product, filled(planning.Cover))
    same(found, planning.days_of_cover(ten.life, ten.days))


def test_inventory_value(ten: Ten) -> None:
    found = ten.rows("rpt_inventory_value", product, filled(planning.Value))
    same(found, planning.values(ten.life, ten.things))


def test_low_stock(ten: Ten) -> None:
    found = ten.rows("rpt_low_stock", lambda row: (product(row), row["location_id"]), filled(planning.Low))
    same(found, planning.low_stock(ten.life, ten.things, ten.days))


def test_sell_through(ten: Ten) -> None:
    found = ten.rows("rpt_sell_through", product, filled(planning.SellThrough))
    same(found, planning.sell_through(ten.life))


def test_value_by_location(ten: Ten) -> None:
    found = ten.rows(
        "rpt_value_by_location",
        lambda row: (product(row), row["location_id"]),
        filled(planning.LocationValue),
    )
    same(found, planning.location_values(ten.life, ten.things, ten.matched))
    assert {row.cost_source for row in found.values()} >= {"product", "item", "none"}


def test_daily_counts(ten: Ten) -> None:
    """By the days of the reference; what is low, at risk or in dispute is held to reports elsewhere."""
    found = ten.rows(
        "rpt_daily_counts",
        lambda row: (row["provider"], row["date_day"]),
        lambda row: (
            row["products_listed"],
            row["products_out"],
            row["products_unknown"],
            row["is_observed"],
        ),
    )
    expected: dict[tuple[str, date], tuple[int, int, int, bool]] = {}
    for (one, day), held in ten.days.items():
        if held.is_listed and held.is_additive and (history.last_day(ten.life, one[0]) - day).days < 8:
            listed, out, unknown, _ = expected.get((one[0], day), (0, 0, 0, False))
            out, unknown = out + (held.is_stockout is True), unknown + (held.is_stockout is None)
            expected[one[0], day] = (listed + 1, out, unknown, held.is_observed)
    same(found, expected)


def test_abc_classes(ten: Ten) -> None:
    found = ten.rows("rpt_abc_classes", product, filled(planning.Class))
    same(found, planning.abc(ten.life, ten.things))


# The sync log, and what records are made of


@pytest.mark.parametrize("table", ["fct_sync_runs", "rpt_sync_proof"])
def test_runs(ten: Ten, table: str) -> None:
    found = ten.rows(
        table,
        lambda row: (day_of(row["finished_at"]), row["provider"], row["resource"]),
        lambda row: sync_log.Run(row["mode"], row["status"], row["rows_new"], row["rows_retired"]),
    )
    same(found, sync_log.runs(ten.life))
    for row in ten.tables[table]:
        if row["mode"] == "sweep":
            day = next(one for one in ten.life.days if one.date == day_of(row["finished_at"]))
            assert row["rows_distinct"] == len(day.records(row["provider"], row["resource"]))


def test_accounts(ten: Ten) -> None:
    found = ten.rows(
        "dim_accounts",
        lambda row: row["provider"],
        lambda row: (
            row["is_configured"],
            row["available_basis"],
            row["warehouse_available"],
            day_of(row["first_loaded_at"]),
            day_of(row["last_loaded_at"]),
        ),
    )
    first, last = ten.life.days[0].date, ten.life.last.date
    said = {"ventmere_s2": ("net", "unknown"), "sellercloud": ("unknown", "scoped")}
    same(
        found,
        {one: (True, *said.get(one, ("unknown", "unknown")), first, last) for one in ten.life.last.truth},
    )


def test_freshness(ten: Ten) -> None:
    found = ten.rows("rpt_freshness", picked("provider", "resource"), lambda row: row["newest_counted_at"])
    same(found, sync_log.newest_counted_at(ten.life))
    for row in ten.tables["rpt_freshness"]:
        assert row["last_status"] == "ok"
        assert day_of(row["last_success_at"]) == ten.life.last.date
        assert row["lag_seconds"] == (row["as_of"] - row["asked_through"]).total_seconds()


def test_when_positions_were_asked_for(ten: Ten) -> None:
    found = ten.rows("fct_inventory_positions", product, lambda row: row["asked_at"])
    same(found, sync_log.positions_asked_at(ten.life))


def test_how_old_numbers_of_an_item_are(ten: Ten) -> None:
    found = ten.rows(
        "rpt_stock_consolidated",
        lambda row: ten.members[row["item_key"]],
        lambda row: (
            {one: at for one in ten.life.last.truth if (at := row[f"{one}_number_at"])},
            row["number_age_spread_seconds"],
        ),
    )
    same(found, matching.number_ages(ten.matched, ten.now, sync_log.positions_asked_at(ten.life)))


def test_source_fields(ten: Ten) -> None:
    """At the top of the records. Deeper ones are seen by the tests of single models."""
    expected = sync_log.fields(ten.life)
    found = {
        (row["provider"], row["resource"], row["field_path"]): sync_log.Field(
            row["version_count"], row["current_count"], row["record_versions"]
        )
        for row in ten.tables["dim_source_fields"]
        if row["version_count"] and not set(row["field_path"]) & set(".[")
    }
    same(found, expected)
    assert all(row["is_declared"] for row in ten.tables["dim_source_fields"]), "the sandbox has no new fields"


def test_schema_drift(ten: Ten) -> None:
    """Fields that are declared and never seen; nothing else drifts in these days but one field's type."""
    told = ten.rows("rpt_schema_drift", lambda row: (row["field_key"], row["drift"]), lambda row: row)
    never_seen = {key for key, drift in told if drift == "never_seen"}
    assert never_seen == {
        row["field_key"]
        for row in ten.tables["dim_source_fields"]
        if row["record_versions"] and not row["version_count"]
    }
    others = {
        (row["provider"], row["resource"], row["field_path"], drift)
        for (_, drift), row in told.items()
        if drift != "never_seen"
    }
    assert ("shipstream", "products", "barcodes", "changed_type") in others
    assert {drift for *_, drift in others} == {"changed_type"}


# Nobody's stock is counted twice


def test_shadows_are_not_counted_beside_their_parents(ten: Ten) -> None:
    """The physical units of Sellercloud's own products are all there are."""
    rows = ten.life.now("sellercloud", "inventory").values()
    own = sum(row["PhysicalQty"] for row in rows if not row["ShadowOf"])
    assert own < sum(row["PhysicalQty"] for row in rows)
    assert _added(ten.tables["fct_inventory_positions"], "sellercloud") == own
    shadows = {row["product_key"] for row in ten.tables["dim_products"] if row["shadow_of_product_key"]}
    assert shadows
    assert not any(
        row["is_additive"] for row in ten.tables["fct_inventory_positions"] if row["product_key"] in shadows
    )


def test_kits_of_parts_are_not_counted_beside_their_parts(ten: Ten) -> None:
    """What a dependent kit could be made of is available once, as its parts."""
    rows = ten.life.now("sellercloud", "inventory").values()
    kits_of_parts = {row["ID"] for row in rows if row["IsKit"] and row["InventoryDependantOption"]}
    own = sum(
        row["InventoryAvailableQty"] for row in rows if not row["ShadowOf"] and row["ID"] not in kits_of_parts
    )
    everything = sum(row["InventoryAvailableQty"] for row in rows if not row["ShadowOf"])
    assert own < everything
    positions = ten.tables["fct_inventory_positions"]
    assert _added(positions, "sellercloud", "quantity_available") == own


def test_totals_and_levels_are_two_countings_of_the_same(ten: Ten) -> None:
    """Where there are both, each table alone holds it once; history keeps one apart from the other."""
    for provider in ("shipstream", "square", "ventmere_s2"):
        physical = _added(ten.tables["fct_inventory_positions"], provider)
        assert physical == _added(ten.tables["fct_inventory_levels"], provider)
    for provider in ("sellercloud", "shipstream", "augno"):
        current = [row for row in ten.tables["fct_inventory_changes"] if row["is_current"]]
        totals = [row for row in current if row["provider"] == provider and row["location_key"] is None]
        held = [row for row in ten.tables["fct_inventory_positions"] if row["provider"] == provider]
        assert {row["product_key"] for row in totals} == {row["product_key"] for row in held}


def test_a_unit_in_one_of_several_states_is_one_unit(ten: Ten) -> None:
    """Square counts units by state: those physically there are on hand, each once, whatever else is told."""
    counts = ten.life.now("square", "inventory_counts").items()
    physical = sum(
        (Decimal(count["quantity"]) for (_, _, state), count in counts if state in stock.ON_HAND), Decimal(0)
    )
    assert physical < sum(Decimal(count["quantity"]) for _, count in counts)
    for table in ("fct_inventory_positions", "fct_inventory_levels", "rpt_stock_on_hand"):
        assert _added(ten.tables[table], "square") == physical, table


def test_all_systems_together_hold_each_unit_once(ten: Ten) -> None:
    """The sum over items is the sum over the rows that count, and so is the last day of history."""
    rows = ten.tables["fct_inventory_positions"]
    physical = sum((_added(rows, provider) for provider in ten.life.last.truth), Decimal(0))
    said = (
        row[f"{provider}_on_hand"]
        for row in ten.tables["rpt_stock_consolidated"]
        for provider in ten.life.last.truth
    )
    assert sum((number or Decimal(0) for number in said), Decimal(0)) == physical
    today = [row for row in ten.tables["fct_inventory_daily"] if row["date_day"] == ten.life.last.date]
    assert sum((_added(today, provider) for provider in ten.life.last.truth), Decimal(0)) == physical


def _added(rows: list[Row], provider: str, measure: str = "quantity_on_hand") -> Decimal:
    return sum(
        (
            row[measure]
            for row in rows
            if row["provider"] == provider and row["is_additive"] and row[measure] is not None
        ),
        Decimal(0),
    )


# docs/reports.md


@pytest.mark.parametrize(("query", "answer"), examples.printed())
def test_the_worked_examples_of_the_docs_are_true(ten: Ten, query: str, answer: str) -> None:
    with duckdb.connect(str(ten.published), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        assert examples.answer(connection, query) == answer


def test_every_report_has_a_worked_example() -> None:
    reports = {path.stem for path in (MODELS / "reporting").rglob("rpt_*.sql")}
    asked = {found for query, _ in examples.printed() for found in re.findall(r"from (rpt_\w+)", query)}
    assert asked == reports


# docs/publish_to.md


def test_every_published_value_arrives_in_postgres(
    ten: Ten, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = json.dumps(str(ten.published.parent.parent))
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(f"[stocktake]\nhome = {home}\n")
    secret = f'[destination.postgres]\ncredentials = "{postgres.credentials}"\n'
    (tmp_path / ".dlt" / "secrets.toml").write_text(secret)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["publish", "--to", "postgres"])
    assert result.exit_code == 0, result.stderr
    with duckdb.connect(str(ten.published), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for table, rows in ten.tables.items():
            columns = ", ".join(f'"{name}"' for name in rows[0]) if rows else "*"
            there = comparable(postgres.ask(f"select {columns} from stocktake.{table}"))
            assert there == comparable(connection.execute(f"select {columns} from {table}").fetchall()), table
