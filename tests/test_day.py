"""The day: sandbox, load, build, report, against numbers worked out here from the sandbox's truth."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines.registry import PROVIDERS
from tests.conftest import Project

ON_HAND = {"IN_STOCK", "RESERVED_FOR_SALE", "RETURNED_BY_CUSTOMER", "RECEIVED_FROM_VENDOR"}
MEASURES: dict[str, set[str]] = {
    "quantity_on_hand": ON_HAND,
    "quantity_available": {"IN_STOCK"},
    "quantity_reserved": {"RESERVED_FOR_SALE"},
    "quantity_incoming": {"ORDERED_FROM_VENDOR", "IN_TRANSIT", "IN_TRANSIT_TO"},
    "quantity_unsellable": {"RETURNED_BY_CUSTOMER", "RECEIVED_FROM_VENDOR"},
    "quantity_advertised": {"IN_STOCK"},
}
Levels = dict[tuple[str, str], dict[str, Decimal | None]]


def square_levels(project: Project) -> Levels:
    """Measures by product and location: sums over the states that are there, else nothing (design §7)."""
    states: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    for (product, location, state), count in project.sandbox.truth("square", "inventory_counts").items():
        states[product, location][state] = Decimal(count["quantity"])
    return {
        key: {
            measure: sum((held[s] for s in held if s in wanted), Decimal(0)) if wanted & held.keys() else None
            for measure, wanted in MEASURES.items()
        }
        for key, held in states.items()
    }


def s2_levels(project: Project) -> Levels:
    """Measures by product and warehouse, for an account whose `available` is net (design §7)."""
    levels: Levels = {}
    for (warehouse, product), item in project.sandbox.truth("ventmere_s2", "inventory_items").items():
        available, reserved = Decimal(item["level"]["available"]), abs(Decimal(item["level"]["reserved"]))
        levels[product, warehouse] = {
            "quantity_on_hand": available + reserved,
            "quantity_available": available,
            "quantity_reserved": reserved,
            "quantity_incoming": Decimal(item["level"]["incoming"]),
            "quantity_unsellable": None,
            "quantity_advertised": None,
        }
    return levels


def reported(project: Project, table: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(project.published / "reporting.duckdb"), read_only=True) as connection:
        cursor = connection.execute(f"select * from {table}")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def shipstream_measures(level: dict[str, Any]) -> dict[str, Decimal | None]:
    return {
        "quantity_on_hand": Decimal(level["qty_on_hand"]),
        "quantity_available": Decimal(level["qty_available"]),
        "quantity_reserved": Decimal(level["qty_allocated"] + level["qty_reserved"] + level["qty_picked"]),
        "quantity_incoming": Decimal(level["qty_expected"]),
        "quantity_unsellable": Decimal(level["qty_processed"] + level["qty_putaway"]),
        "quantity_advertised": Decimal(level["qty_advertised"]),
    }


def typed(kind: str, product: str) -> str:
    """ShipStream's packaging may use the ids of its products."""
    return product if kind == "Product" else f"{kind}:{product}"


def shipstream_levels(project: Project) -> Levels:
    truth = project.sandbox.truth("shipstream", "warehouse_levels")
    return {
        (typed(kind, id), place): shipstream_measures(level) for (kind, id, place), level in truth.items()
    }


Positions = dict[tuple[str, str], dict[str, Decimal | None]]


def own_totals(project: Project) -> Positions:
    """Measures by provider and product, where the provider says itself how much there is in all."""
    totals: Positions = {}
    for (kind, product), level in project.sandbox.truth("shipstream", "total_levels").items():
        totals["shipstream", typed(kind, product)] = shipstream_measures(level)
    for (item,), stock in project.sandbox.truth("augno", "item_inventory").items():
        totals["augno", item] = {
            "quantity_on_hand": Decimal(stock["on_hand"]["value"]),
            "quantity_available": Decimal(stock["available_to_promise"]["value"]),
            "quantity_reserved": Decimal(stock["reserved"]["value"]),
            "quantity_incoming": None,
            "quantity_unsellable": None,
            "quantity_advertised": Decimal(stock["available_to_promise"]["value"]),
        }
    for (product,), row in project.sandbox.truth("sellercloud", "inventory").items():
        totals["sellercloud", product] = {
            "quantity_on_hand": decimal(row["PhysicalQty"]),
            "quantity_available": decimal(row["InventoryAvailableQty"]),
            "quantity_reserved": decimal(row["ReservedQty"]),
            "quantity_incoming": decimal(row["OnOrder"]),
            "quantity_unsellable": decimal(row["AggregateNonSellableQty"]),
            "quantity_advertised": decimal(row["AggregateQty"]),
        }
    return totals


def summed(levels: Levels, provider: str) -> Positions:
    totals: Positions = {}
    for (product, _), measures in levels.items():
        total = totals.setdefault((provider, product), dict.fromkeys(MEASURES))
        for measure, value in measures.items():
            if value is not None:
                total[measure] = (total[measure] or Decimal(0)) + value
    return totals


def assert_reports_equal(project: Project) -> None:
    square, s2 = square_levels(project), s2_levels(project)
    expected = {"square": square, "ventmere_s2": s2, "shipstream": shipstream_levels(project)}
    for table in ("rpt_stock_on_hand", "fct_inventory_levels"):
        rows = reported(project, table)
        for provider, levels in expected.items():
            found = {
                (row["product_id"], row["location_id"]): {measure: row[measure] for measure in MEASURES}
                for row in rows
                if row["provider"] == provider
            }
            assert found == levels, f"{table}, {provider}"
        assert len(rows) == sum(map(len, expected.values())), "nothing fans out, nothing is lost"
    positions = reported(project, "fct_inventory_positions")
    found = {(row["provider"], row["product_id"]): {m: row[m] for m in MEASURES} for row in positions}
    assert found == summed(square, "square") | summed(s2, "ventmere_s2") | own_totals(project)
    assert len(found) == len(positions)


@pytest.mark.providers(*PROVIDERS)
def test_two_days_of_stock_reach_the_reports_exactly(project: Project) -> None:
    project.stocktake("run")
    assert_reports_equal(project)
    project.sandbox.simulate_day()
    # A kit's or a shadow's numbers move without its clock: only a sweep sees all of a day.
    project.stocktake("run", "--sweep")
    assert_reports_equal(project)

    products = {row["product_id"]: row for row in reported(project, "dim_products")}
    deleted = [
        key
        for (key,), record in project.sandbox.truth("square", "catalog_objects").items()
        if record["is_deleted"] and record["type"] == "ITEM_VARIATION"
    ]
    assert deleted
    assert all(products[key]["deleted_at"] is not None for key in deleted)
    movements = reported(project, "fct_stock_movements")
    assert len(movements) == len(project.sandbox.truth("square", "inventory_changes"))
    states = reported(project, "fct_inventory_states")
    assert "SOMETHING_NEW" in {row["state"] for row in states}, "an unknown state is shown, not summed"

    # What was built in two steps is what a build from nothing makes of the same raw rows.
    before = (
        reported(project, "rpt_stock_on_hand order by all"),
        reported(project, "dim_products order by all"),
    )
    changes = reported(project, "fct_inventory_changes order by all")
    project.query("delete from raw_stocktake.build_state")
    project.stocktake("build")
    project.stocktake("publish")
    after = (
        reported(project, "rpt_stock_on_hand order by all"),
        reported(project, "dim_products order by all"),
    )
    assert after == before
    assert reported(project, "fct_inventory_changes order by all") == changes
