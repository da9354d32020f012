"""ShipStream's totals, levels and products, with custom fields in both shapes, reach the marts."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from working_database import WorkingDatabase

EXAMPLE = json.loads(
    (Path(__file__).parents[1] / "data" / "shipstream_inventory_levels_total.json").read_text("utf-8")
)
[LEVEL] = EXAMPLE["collection"]
[PRODUCT] = EXAMPLE["included"]["Product"]
DAY_2 = "2026-01-06T08:00:00Z"


def total(number: int, sku: str, *, kind: str = "Product", **quantities: Any) -> dict[str, Any]:
    blank = {name: 0 for name in LEVEL if name.startswith("qty_")}
    return {**LEVEL, **blank, **quantities, "product": {"type": kind, "id": number, "sku": sku}}


def in_warehouse(number: int, sku: str, warehouse: int, **quantities: Any) -> dict[str, Any]:
    level = {**total(number, sku, **quantities), "type": "WarehouseLevel"}
    del level["qty_backordered"]
    return {**level, "warehouse": {"type": "Warehouse", "id": warehouse}}


def product(number: int, sku: str, **more: Any) -> dict[str, Any]:
    tracked = {**PRODUCT["inventory"], "virtual_inventory": "none"}
    named = {"id": number, "sku": sku, "barcodes": [], "custom_fields": [], "inventory": tracked}
    return {**PRODUCT, **named, **more}


# Decimals as ShipStream writes them, zeros and all; Python's would lose them.
AS_LIST = (
    '[{"code": "color", "value": 13, "label": "Red and Black"}, {"code": "cost", "value": 41.30},'
    ' {"code": "mailer", "value": false}, {"code": "batch", "value": "00042"},'
    ' {"code": "tags", "value": [{"id": 3, "label": "Gift"}, {"id": 8, "label": "Crème brûlée"}]},'
    ' {"code": "msrp", "value": {"amount": 99.90, "currency": "EUR"}}]'
)
AS_OBJECT = (
    '{"color": {"id": 13, "label": "Red and Black"}, "cost": {"value": 41.30}, "mailer": {"value": false},'
    ' "batch": {"value": "00042"}, "tags": [{"id": 3, "label": "Gift"}, {"id": 8, "label": "Crème brûlée"}],'
    ' "msrp": {"amount": 99.90, "currency": "EUR"}}'
)


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    put = working_database.put
    working_database.describe_account("example", "shipstream")
    put("shipstream.total_levels", LEVEL, account="example")
    put("shipstream.products", PRODUCT, account="example")
    working_database.describe_account("depot", "shipstream")
    put("shipstream.merchants", {"type": "Merchant", "id": 4, "code": "m", "name": "Merchant Four"},
        account="depot")  # fmt: skip
    put("shipstream.warehouses", {"type": "Warehouse", "id": 1, "name": "East", "is_active": True},
        account="depot")  # fmt: skip
    for number, fields in [(1, AS_LIST), (2, AS_OBJECT)]:
        record = json.dumps(product(number, f"SKU-{number}"), ensure_ascii=False)
        put("shipstream.products", record.replace('"custom_fields": []', f'"custom_fields": {fields}'),
            account="depot")  # fmt: skip
    put(
        "shipstream.products",
        product(3, "OFF", is_enabled=False, barcodes=["no code", "4006381333931", "036000291452"],
                export={"hs_base_code": "0901.10", "hs_country_extension": []}),
        product(1, "BOX", type="PackagingContainer", barcodes="A,B", export=None),
        account="depot",
    )  # fmt: skip
    put(
        "shipstream.total_levels",
        total(1, "SKU-1", qty_on_hand=10, qty_available=4, qty_allocated=1, qty_reserved=2, qty_picked=3,
              qty_advertised=40),
        total(1, "BOX", kind="PackagingContainer", qty_on_hand=500, qty_available=500),
        account="depot",
    )  # fmt: skip
    put(
        "shipstream.warehouse_levels",
        in_warehouse(1, "SKU-1", 1, qty_on_hand=10, qty_available=4),
        in_warehouse(1, "SKU-1", 2),
        account="depot",
    )
    working_database.build()
    return working_database


def test_the_published_example_reaches_the_marts(built: WorkingDatabase) -> None:
    [position] = built.query(
        "select products.product_id, products.sku, products.is_orphan, quantity_on_hand, quantity_available,"
        " quantity_reserved, quantity_incoming, quantity_backordered, quantity_unsellable,"
        " quantity_advertised, is_additive, counted_at"
        " from marts.fct_inventory_positions join marts.dim_products as products using (product_key)"
        " where products.account = 'example'"
    )
    counted_at = datetime(2025, 8, 28, 10, 30, tzinfo=UTC)
    assert position == ("5", "ABC123", True, 230, 166, 24, 100, 0, 50, 195, True, counted_at)

    [named] = built.query(
        "select product_id, sku, name, product_type, gtin, is_active, owner_id, created_at"
        " from marts.dim_products where account = 'example' and not is_orphan"
    )
    created_at = datetime(2017, 7, 21, 17, 32, 28, tzinfo=UTC)
    assert named == ("123", "SKU-1AD", "Test Product", "Product", None, True, "4", created_at)

    assert built.query(
        "select barcode, gtin, position from marts.bridge_product_barcodes"
        " where account = 'example' order by 3"
    ) == [("956623520-4", None, 1), ("O-VS-Oregano-p3", None, 2)]
    assert built.query(
        "select country_code, base_code, extension, hs_code from marts.bridge_product_hs_codes"
        " where account = 'example' order by 1"
    ) == [("TW", "8518.30", "002", "8518.30002"), ("US", "8518.30", "011", "8518.30011")]
    assert built.query(
        "select field_code, data_type, value_text, value_number, value_boolean, value_key"
        " from reporting.rpt_custom_fields where account = 'example' order by 1"
    ) == [
        ("allow_mailer", "boolean", "true", None, True, None),
        ("color", "option", "Red and Black", None, None, "13"),
        ("cost_of_goods", "decimal", "41.32", Decimal("41.32"), None, None),
    ]


@pytest.mark.parametrize("product_id", ["1", "2"], ids=["list", "object"])
def test_custom_fields_say_the_same_in_both_shapes(built: WorkingDatabase, product_id: str) -> None:
    read = built.query(
        "select field_code, position, data_type, value_text, value_number, value_boolean, value_key,"
        " currency_code from marts.bridge_product_custom_fields"
        " where account = 'depot' and product_id = ? order by 1, 2",
        product_id,
    )

    assert read == [
        ("batch", 1, "text", "00042", None, None, None, None),
        ("color", 1, "option", "Red and Black", None, None, "13", None),
        ("cost", 1, "decimal", "41.30", Decimal("41.3"), None, None, None),
        ("mailer", 1, "boolean", "false", None, False, None, None),
        ("msrp", 1, "money", "99.90", Decimal("99.9"), None, None, "EUR"),
        ("tags", 1, "option", "Gift", None, None, "3", None),
        ("tags", 2, "option", "Crème brûlée", None, None, "8", None),
    ]


def test_packaging_is_a_product_of_its_own_even_under_another_s_id(built: WorkingDatabase) -> None:
    stock = built.query(
        "select products.product_id, product_type, sku, owner_name, quantity_on_hand, quantity_reserved,"
        " quantity_advertised, is_additive"
        " from marts.fct_inventory_positions join marts.dim_products as products using (product_key)"
        " where products.account = 'depot' order by 1"
    )

    assert stock == [
        ("1", "Product", "SKU-1", "Merchant Four", 10, 6, 40, True),
        ("PackagingContainer:1", "PackagingContainer", "BOX", "Merchant Four", 500, 0, 0, True),
    ]


def test_a_disabled_product_keeps_its_first_true_barcode_and_its_bare_code(built: WorkingDatabase) -> None:
    assert built.query(
        "select is_active, deleted_at, gtin from marts.dim_products where account = 'depot' and sku = 'OFF'"
    ) == [(False, None, "04006381333931")]
    assert built.query(
        "select country_code, extension, hs_code from marts.bridge_product_hs_codes where product_id = '3'"
    ) == [(None, None, "0901.10")]


def test_levels_and_totals_stand_apart(built: WorkingDatabase) -> None:
    assert built.query(
        "select location_id, location_name, is_location_unknown, quantity_on_hand, quantity_backordered"
        " from reporting.rpt_stock_on_hand where provider = 'shipstream' order by 1"
    ) == [("1", "East", False, 10, None), ("2", None, True, 0, None)]
    assert built.query(
        "select location_id, quantity_on_hand from marts.fct_inventory_changes"
        " where account = 'depot' and product_id = '1' order by 1 nulls first"
    ) == [(None, 10), ("1", 10), ("2", 0)]
    [consolidated] = built.query(
        "select shipstream_on_hand from reporting.rpt_stock_consolidated where sku = 'SKU-1'"
    )
    assert consolidated == (10,)


def test_a_removed_barcode_and_field_leave_with_their_version(built: WorkingDatabase) -> None:
    changed = product(3, "OFF", barcodes=["036000291452"], custom_fields=[])
    built.put("shipstream.products", changed, product(1, "SKU-1"), account="depot", at=DAY_2)

    built.build()

    assert built.query(
        "select barcode, position from marts.bridge_product_barcodes"
        " where account = 'depot' and product_id = '3'"
    ) == [("036000291452", 1)]
    assert built.query(
        "select distinct product_id from reporting.rpt_custom_fields where account = 'depot'"
    ) == [("2",)]
    following = built.tables("staging", "marts", "reporting")

    built.build_anew()

    assert built.tables("staging", "marts", "reporting") == following
