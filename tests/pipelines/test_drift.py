"""Fields that appear, disappear and change their type: nothing fails or is lost, and all of it is told."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines.registry import PROVIDERS
from tests.conftest import Project

DRIFTS: dict[tuple[str, str], dict[str, Any]] = {
    ("sellercloud", "inventory"): {
        "add": {"Shelf": "A-7", "ChildProducts[].Grade": "A", "Rating": "high"},
        "drop": ["ImageUrl"],
        "retype": {"PhysicalQty": "text", "AggregateQty": "text"},
    },
    ("shipstream", "products"): {
        "add": {"shelf": {"row": 7}, "weight.precise": True, "packaging.bulk_quantity": "a dozen"},
        "drop": ["vendor_sku"],
    },
    ("shipstream", "total_levels"): {"retype": {"qty_on_hand": "text", "qty_available": "text"}},
    ("square", "inventory_counts"): {"add": {"shelf": "A-7"}, "retype": {"quantity": "number"}},
    ("square", "locations"): {
        "add": {"floor": 2, "address.floor": 2, "created_at": "long ago"},
        "drop": ["merchant_id"],
    },
    ("augno", "items"): {
        "add": {"shelf": None, "unit_cost.value": "dear"},
        "drop": ["notes"],
    },
    ("augno", "item_inventory"): {"add": {"short.since": "noon"}, "retype": {"on_hand.value": "number"}},
    ("ventmere_s2", "inventory_items"): {
        "add": {"level.onLoan": 3},
        "retype": {"level.available": "text"},
    },
    ("ventmere_s2", "products"): {"add": {"casePack": "a few"}, "drop": ["remarks"]},
}

EXPECTED = {
    ("sellercloud", "inventory", "Shelf", "undeclared"),
    ("sellercloud", "inventory", "ChildProducts[].Grade", "undeclared"),
    ("sellercloud", "inventory", "Rating", "changed_type"),
    ("sellercloud", "inventory", "Rating", "uncast"),
    ("sellercloud", "inventory", "ImageUrl", "disappeared"),
    ("sellercloud", "inventory", "PhysicalQty", "changed_type"),
    ("sellercloud", "inventory", "AggregateQty", "changed_type"),
    ("shipstream", "products", "shelf", "undeclared"),
    ("shipstream", "products", "weight.precise", "undeclared"),
    ("shipstream", "products", "packaging.bulk_quantity", "changed_type"),
    ("shipstream", "products", "packaging.bulk_quantity", "uncast"),
    ("shipstream", "products", "vendor_sku", "disappeared"),
    ("shipstream", "total_levels", "qty_on_hand", "changed_type"),
    ("shipstream", "total_levels", "qty_available", "changed_type"),
    ("square", "inventory_counts", "shelf", "undeclared"),
    ("square", "inventory_counts", "quantity", "changed_type"),
    ("square", "locations", "floor", "undeclared"),
    ("square", "locations", "address.floor", "undeclared"),
    ("square", "locations", "created_at", "uncast"),
    ("square", "locations", "merchant_id", "disappeared"),
    ("augno", "items", "shelf", "undeclared"),
    ("augno", "items", "unit_cost.value", "uncast"),
    ("augno", "items", "notes", "disappeared"),
    ("augno", "item_inventory", "short.since", "undeclared"),
    ("augno", "item_inventory", "on_hand.value", "changed_type"),
    ("ventmere_s2", "inventory_items", "level.onLoan", "undeclared"),
    ("ventmere_s2", "inventory_items", "level.available", "changed_type"),
    ("ventmere_s2", "products", "casePack", "changed_type"),
    ("ventmere_s2", "products", "casePack", "uncast"),
    ("ventmere_s2", "products", "remarks", "disappeared"),
}
MEASURES = "columns('quantity_.*')"


def reported(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.published / "reporting.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def numbers(project: Project, apart_from: str = "") -> list[tuple[Any, ...]]:
    return [
        row
        for table in ("fct_inventory_positions", "fct_inventory_levels")
        for row in reported(
            project,
            f"select product_key, {MEASURES} from {table} where product_id <> '{apart_from}' order by all",
        )
    ]


def drifts(project: Project) -> set[tuple[Any, ...]]:
    return set(
        reported(
            project,
            "select provider, resource, field_path, drift from rpt_schema_drift where drift <> 'never_seen'",
        )
    )


@pytest.mark.providers(*PROVIDERS)
def test_fields_that_come_go_and_change_their_type_cost_no_number_and_are_told(project: Project) -> None:
    project.stocktake("run")
    # An Augno quantity is what its numbers are: looks alone make no version of it, a number does.
    item = min(project.sandbox.truth("augno", "item_inventory"))[0]
    before = numbers(project, apart_from=item)
    known = drifts(project)
    # What the notes say of the providers and what the sandbox serves is the same.
    assert known == {("shipstream", "products", "barcodes", "changed_type")}

    for (provider, resource), drift in DRIFTS.items():
        project.sandbox.drift(provider, resource, **drift)
    project.sandbox.clock.advance(hours=1)
    project.sandbox.world.data["augno"].set_stock(item, on_hand=Decimal("1234.5"))
    project.stocktake("run", "--sweep")

    project.assert_equals_truth()
    assert numbers(project, apart_from=item) == before
    assert reported(
        project, f"select quantity_on_hand from fct_inventory_positions where product_id = '{item}'"
    ) == [(Decimal("1234.5"),)]
    assert drifts(project) - known == EXPECTED
    assert reported(
        project,
        "select is_declared, current_count = current_records, version_count = record_versions"
        " from dim_source_fields where field_path = 'Shelf'",
    ) == [(False, True, False)], "every row has it now, and none had it before"
