"""Augno's quantities, which say neither whose they are nor when they were counted, reach the marts."""

from decimal import Decimal
from typing import Any

import pytest
from working_database import WorkingDatabase

DAY_2 = "2026-01-06T08:00:00Z"
KILOGRAM = {"id": "un_kg", "object": "unit", "name": "kilogram", "abbreviation": "kg", "type": "mass"}
DOLLAR = {"id": "un_usd", "object": "unit", "name": "US dollar", "abbreviation": "USD", "type": "currency"}


def item(key: str, sku: str, **more: Any) -> dict[str, Any]:
    group = {"id": "ug_1", "object": "unit_group", "name": "Mass", "type": "mass", "base_unit": KILOGRAM}
    return {
        "id": key,
        "object": "item",
        "sku": sku,
        "type": "material",
        "description": None,
        "notes": None,
        "category": {"id": "ic_1", "object": "item_category", "name": "Yarn", "unit_group": group},
        "unit_cost": None,
        "unit_value": None,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        **more,
    }


def quantity(value: str | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {"id": "qy_1", "object": "quantity", "value": value, "display_value": f"{value} kg", "unit": None}


def inventory(*values: str | None) -> dict[str, Any]:
    names = ("on_hand", "reserved", "available_to_promise", "short")
    said = {name: quantity(value) for name, value in zip(names, values, strict=True)}
    return {"object": "item_inventory", **said}


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    put = working_database.put
    working_database.describe_account("mill", "augno")
    cost = {
        "id": "rt_1", "object": "rate", "value": "12.340000", "display_value": "$12.34",
        "numerator_unit": DOLLAR, "denominator_unit": KILOGRAM,
    }  # fmt: skip
    put("augno.items", item("it_yarn", "YARN", description="Yarn", unit_cost=cost), item("it_bare", "BARE"),
        account="mill")  # fmt: skip
    for key, values in [
        ("it_yarn", ("1000.000000000000000000000000000000", "300.5", "649.5", "50")),
        ("it_bare", ("0", "0", "0", None)),
        ("it_gone", ("4", "1", "3", "0")),
    ]:
        put("augno.item_inventory", inventory(*values), account="mill", keys=(key,))
    working_database.build()
    return working_database


def test_an_item_is_a_product_with_its_unit_and_cost(built: WorkingDatabase) -> None:
    products = built.query(
        "select product_id, sku, name, product_type, unit_of_measure, unit_cost, currency_code, is_orphan"
        " from marts.dim_products order by 1"
    )

    assert products == [
        ("it_bare", "BARE", None, "material", "kg", None, None, False),
        ("it_gone", None, None, None, None, None, None, True),
        ("it_yarn", "YARN", "Yarn", "material", "kg", Decimal("12.34"), "USD", False),
    ]


def test_quantities_are_the_total_of_all_locations(built: WorkingDatabase) -> None:
    positions = built.query(
        "select product_id, quantity_on_hand, quantity_available, quantity_reserved, quantity_incoming,"
        " quantity_backordered, quantity_unsellable, quantity_advertised, is_additive, counted_at"
        " from marts.fct_inventory_positions order by 1"
    )

    assert positions == [
        ("it_bare", 0, 0, 0, None, 0, None, 0, True, None),
        ("it_gone", 4, 3, 1, None, 0, None, 3, True, None),
        ("it_yarn", 1000, Decimal("649.5"), Decimal("300.5"), None, 50, None, Decimal("649.5"), True, None),
    ]
    assert built.query("select count(*) from marts.fct_inventory_levels") == [(0,)]


def test_the_same_number_with_other_zeros_is_no_change(built: WorkingDatabase) -> None:
    built.put("augno.item_inventory", inventory("1000", "300.50", "649.5", "50"), account="mill",
              at=DAY_2, keys=("it_yarn",))  # fmt: skip
    built.put("augno.item_inventory", inventory("5", "0", "5", "0"), account="mill",
              at=DAY_2, keys=("it_bare",))  # fmt: skip

    built.build()

    assert built.query(
        "select product_id, quantity_on_hand, on_hand_change from marts.fct_inventory_changes"
        " where product_id <> 'it_gone' order by product_id, valid_from"
    ) == [("it_bare", 0, None), ("it_bare", 5, 5), ("it_yarn", 1000, None)]
