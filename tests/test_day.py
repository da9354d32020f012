"""The day: sandbox, load, build, report, against numbers worked out here from the sandbox's truth."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import duckdb

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


def assert_reports_equal(project: Project) -> None:
    expected = {"square": square_levels(project), "ventmere_s2": s2_levels(project)}
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
    positions = {
        (row["provider"], row["product_id"]): row for row in reported(project, "fct_inventory_positions")
    }
    totals: dict[tuple[str, str], dict[str, Decimal | None]] = {}
    for provider, levels in expected.items():
        for (product, _), measures in levels.items():
            total = totals.setdefault((provider, product), dict.fromkeys(MEASURES))
            for measure, value in measures.items():
                if value is not None:
                    total[measure] = (total[measure] or Decimal(0)) + value
    assert {key: {m: row[m] for m in MEASURES} for key, row in positions.items()} == totals


def test_two_days_of_stock_reach_the_reports_exactly(project: Project) -> None:
    accounts = {p: project.account(p) for p in project.sandbox.providers}
    accounts["ventmere_s2"]["available_basis"] = "net"
    project.configure(accounts)
    project.stocktake("run")
    assert_reports_equal(project)
    project.sandbox.simulate_day()
    project.stocktake("run")
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
