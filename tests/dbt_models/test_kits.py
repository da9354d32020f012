"""Kits in kits, as Sellercloud lists them, are taken apart to the products whose stock they take."""

from decimal import Decimal
from typing import Any

import pytest
from records import listed
from working_database import WorkingDatabase

DAY_2 = "2026-01-06T08:00:00Z"
ALL_COMPONENTS = {"IsKit": True, "InventoryDependantOption": 2}
BUILT_AHEAD = {"IsKit": True, "InventoryDependantOption": 0}


def stocked(sku: str, available: int, **more: Any) -> dict[str, Any]:
    held = {"PhysicalQty": available, "InventoryAvailableQty": available, "AggregateQty": available}
    return listed(sku, **held, **more)


def made_of(**quantities: int | None) -> dict[str, Any]:
    return {
        "ChildProducts": [
            {"ProductId": "KIT", "ChildProductId": sku, "PerKitQty": quantity, "ProductName": ""}
            for sku, quantity in quantities.items()
        ]
    }


@pytest.fixture(scope="module")
def kits(working_database: WorkingDatabase) -> WorkingDatabase:
    """A set of boxes and a cup's shadow; kits that contain themselves; one that takes what nobody lists."""
    working_database.describe_account("sc", "sellercloud", timezone="UTC")
    working_database.put(
        "sellercloud.inventory",
        stocked("CUP", 45),
        stocked("CUP-FBA", 45, ShadowOf="cup"),
        stocked("LID", 9),
        stocked("GIFT", 3, **BUILT_AHEAD, **made_of(CUP=1)),
        stocked("BOX", 9, **ALL_COMPONENTS, **made_of(CUP=4, LID=1)),
        stocked("BOX-FBA", 9, ShadowOf="BOX"),
        stocked("SET", 3, **ALL_COMPONENTS, **made_of(**{"box-fba": 2, "CUP-FBA": 1, "GIFT": 1})),
        listed("ONE", **ALL_COMPONENTS, **made_of(TWO=1)),
        listed("TWO", **ALL_COMPONENTS, **made_of(ONE=1, CUP=1)),
        listed("ODD", **ALL_COMPONENTS, **made_of(CUP=1, NOBODY=1)),
        listed("OLD", **ALL_COMPONENTS, **made_of(CUP=1)),
        listed("MIXED", **ALL_COMPONENTS, **made_of(CUP=1, OLD=1)),
        listed("BARE", **ALL_COMPONENTS),
        account="sc",
    )
    for warehouse, product, held in (("1", "CUP", 30), ("2", "CUP", 15), ("1", "LID", 9)):
        here = listed(product, WarehousePhysicalQty=held)
        working_database.put("sellercloud.warehouse_inventory", here, account="sc", keys=(warehouse, product))
    working_database.retire("sellercloud.inventory", "OLD", account="sc", at=DAY_2)
    working_database.build("rpt_kit_buildable", "rpt_oversell_risk", "bridge_kit_components")
    return working_database


def test_a_set_is_taken_apart_down_to_what_lies_in_stock(kits: WorkingDatabase) -> None:
    tree = kits.query(
        "select path, depth, parent_product_id, component_product_id, quantity_per_kit, is_leaf"
        " from marts.bridge_kit_trees where kit_product_id = 'SET' order by path"
    )
    assert tree == [
        ("1", 1, "SET", "BOX-FBA", 2, False),
        ("1/1", 2, "BOX", "CUP", 8, True),
        ("1/2", 2, "BOX", "LID", 2, True),
        ("2", 1, "SET", "CUP-FBA", 1, True),
        ("3", 1, "SET", "GIFT", 1, True),
    ]


def test_kits_are_counted_by_what_all_paths_take_together(kits: WorkingDatabase) -> None:
    """45 cups suffice for five sets of nine, nine lids for four; of the gifts built ahead there are three."""
    counted = kits.query(
        "select kit_product_id, any_value(quantity_buildable_in_all), any_value(has_own_stock),"
        " any_value(component_count), any_value(is_recipe_complete)"
        " from reporting.rpt_kit_buildable group by 1 order by 1"
    )
    assert counted == [
        ("BARE", None, False, 0, False),
        ("BOX", 9, False, 2, True),
        ("GIFT", 45, True, 1, True),
        ("MIXED", 0, False, 2, True),
        ("ODD", 0, False, 2, True),
        ("ONE", None, False, 1, False),
        ("SET", 3, False, 3, True),
        ("TWO", None, False, 1, False),
    ]


def test_a_kit_is_built_where_its_components_lie(kits: WorkingDatabase) -> None:
    placed = kits.query(
        "select location_id, quantity_buildable, quantity_buildable_in_all, limiting_product_id, stock_basis"
        " from reporting.rpt_kit_buildable where kit_product_id = 'BOX' order by 1"
    )
    assert placed == [
        ("1", 7, 9, "CUP", "on_hand"),
        ("2", 0, 9, "LID", "on_hand"),
    ]


def test_a_component_that_is_gone_suffices_for_no_kit(kits: WorkingDatabase) -> None:
    missing = kits.query(
        "select distinct kit_product_id, limiting_product_id, unknown_component_count"
        " from reporting.rpt_kit_buildable where quantity_buildable_in_all = 0 order by 1"
    )
    assert missing == [("MIXED", "OLD", 1), ("ODD", "NOBODY", 1)]


def test_a_cup_is_promised_by_itself_its_shadow_and_its_kits(kits: WorkingDatabase) -> None:
    """By nine boxes of four cups, and three sets of nine: 45 + 45 + 36 + 27."""
    promised = kits.query(
        "select product_id, advertised_by_shadows, advertised_by_kits, quantity_promised, quantity_at_risk,"
        " shadow_count, kit_count from reporting.rpt_oversell_risk order by 1"
    )
    assert promised == [
        ("CUP", 45, 63, 153, 108, 1, 6),
        ("GIFT", 0, 3, 6, 3, 0, 1),
        ("LID", 0, 15, 24, 15, 0, 2),
    ]
    assert isinstance(promised[0][1], Decimal)
