"""Sellercloud's products, kits, shadows and its clients' own columns reach the marts as they are meant."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from working_database import WorkingDatabase

[EXAMPLE] = json.loads(
    (Path(__file__).parents[1] / "data" / "sellercloud_inventory.json").read_text(encoding="utf-8")
)["Items"]
DAY_2 = "2026-01-06T08:00:00Z"


def product(sku: str, **more: Any) -> dict[str, Any]:
    """What Sellercloud writes for a product of which nothing is known."""
    blank: dict[type, Any] = {str: "", int: 0, bool: False, list: []}
    return {
        **{name: blank[type(value)] for name, value in EXAMPLE.items()},
        **{name: True for name in EXAMPLE if name.endswith("Visible")},
        "ID": sku,
        "ProductName": sku.title(),
        "Status": 1,
        "LastAggregateDate": "2026-07-01T08:00:00",
        "LastModifiedDate": "0001-01-01T00:00:00",
        **more,
    }


def child(sku: str, quantity: Any, name: str = "") -> dict[str, Any]:
    return {"ProductId": "KIT", "ChildProductId": sku, "PerKitQty": quantity, "ProductName": name}


def column(name: str, data_type: int, value: Any, **more: Any) -> dict[str, Any]:
    definition = EXAMPLE["CustomColumns"][0]
    off = dict.fromkeys(("IsDropDownColumn", "IsDropDownAllowMultipleSelection"), False)
    said = {"ID": len(name), "ColumnName": name, "DisplayName": name.title(), "DataType": data_type}
    return {**definition, **off, "NewValue": None, "DataSourceContainer": [], **said, "Value": value, **more}


def options(**labels: str) -> dict[str, Any]:
    return {
        "IsDropDownColumn": True,
        "DataSourceContainer": [{"Key": k, "Value": v, "Additional": None} for k, v in labels.items()],
    }


CHOICES = options(r="Red", b="Black")
COLUMNS = [
    column("COLOUR", 0, "r", **CHOICES),
    column("FINISHES", 0, "r,b", **CHOICES, IsDropDownAllowMultipleSelection=True),
    column("NOTE", 5, 'Café "Nord",\n听雨'),
    column("YEARS", 1, 7),
    column("DUTY_CODE", 0, "8518.30"),
    column("HAZARD", 4, True),
    column("SINCE", 3, "2026-01-01T00:00:00"),
    column("PAGE", 6, "https://example.org/a?b=1&c=2"),
    column("UNUSED", 0, None),
]
# Digits that a double cannot hold, and a zero that a number would drop.
EXACT = json.dumps(column("EXACT", 2, None)).replace('"Value": null', '"Value": 12345678901234567.8901234567')
ZERO = json.dumps(column("ZERO", 2, None)).replace('"Value": null', '"Value":\n8518.30')


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    put = working_database.put
    working_database.describe_account("example", "sellercloud", timezone="America/New_York")
    put("sellercloud.inventory", EXAMPLE, account="example")
    working_database.describe_account(
        "shop", "sellercloud", timezone="America/New_York", warehouse_available="scoped"
    )
    base = product(
        "BASE",
        PhysicalQty=9,
        InventoryAvailableQty=7,
        InventoryLowStockNotice=3,
        AverageCost=2.5,
        UPC="036000291452",
        EAN="4006381333931",
        BrandName="  Café Nord",
        OnBackOrder=4,
        BackOrderVisible=False,
        CustomColumns=COLUMNS,
    )
    with_columns = json.dumps(base, ensure_ascii=False)
    with_columns = with_columns.replace('"CustomColumns": [', f'"CustomColumns": [{EXACT}, {ZERO}, ')
    put(
        "sellercloud.inventory",
        with_columns,
        product("SHADOW", ShadowOf="base", PhysicalQty=9, InventoryAvailableQty=7),
        product(
            "KIT",
            IsKit=True,
            InventoryDependantOption=2,
            InventoryAvailableQty=2,
            FirstKitChild="base",
            ChildProducts=[child("base", 2, "Base"), child("MISSING", 1, "Gone"), child("base", 1)],
        ),
        product("BUILT-KIT", IsKit=True, InventoryAvailableQty=5, ChildProducts=[child("BASE", 1)]),
        product("OLD", Status=0, ChildProducts=[]),
        account="shop",
    )
    put("sellercloud.warehouses", {"ID": 1, "Name": "Main", "WarehouseType": 1, "IsSellAble": True},
        account="shop")  # fmt: skip
    put("sellercloud.warehouse_inventory",
        product("BASE", PhysicalQty=9, WarehousePhysicalQty=6, InventoryAvailableQty=5),
        account="shop", keys=("1", "BASE"))  # fmt: skip
    working_database.build()
    return working_database


def test_the_published_example_reaches_the_marts(built: WorkingDatabase) -> None:
    """Its values are placeholders, so it is a shadow and an independent kit of itself."""
    [row] = built.query(
        "select product_id, sku, name, brand, gtin, product_type, is_kit, shadow_of_product_key, is_active,"
        " created_at from marts.dim_products where account = 'example' and not is_orphan"
    )
    placed_at = datetime(2026, 1, 22, 15, 2, 1, 711000, UTC)
    assert row == ("string", "string", "string", "string", None, "string", True, None, False, placed_at)

    assert built.query(
        "select component_product_id, component_product_key is not null, quantity_per_kit, position"
        " from marts.bridge_kit_components where account = 'example'"
    ) == [("string", True, Decimal(0), 1)]
    assert built.query(
        "select field_code, field_name, data_type, value_text, position from reporting.rpt_custom_fields"
        " where account = 'example'"
    ) == [("string", "string", "text", "{}", 1)]
    assert built.query(
        "select barcode, barcode_type from marts.bridge_product_barcodes where account = 'example' order by 2"
    ) == [("string", "EAN"), ("string", "UPC")]


def test_every_field_of_the_published_example_has_its_column(built: WorkingDatabase) -> None:
    [row] = built.query(
        "select * exclude (version_key, account, asked_at, valid_from, valid_to, uncast_values, field_kinds,"
        " unknown_fields, parsed_by,"
        " row_hash, _dlt_load_id, updated_at)"
        " from staging.stg_sellercloud__inventory where account = 'example'"
    )

    assert len(row) == len(EXAMPLE) == 108


def test_custom_columns_of_every_type_are_read(built: WorkingDatabase) -> None:
    read = built.query(
        "select field_code, position, data_type, value_text, value_number, value_boolean, value_at, value_key"
        " from reporting.rpt_custom_fields where account = 'shop' order by field_code, position"
    )

    assert read == [
        ("COLOUR", 1, "text", "Red", None, None, None, "r"),
        ("DUTY_CODE", 1, "text", "8518.30", None, None, None, None),
        ("EXACT", 1, "decimal", "12345678901234567.8901234567", Decimal("12345678901234567.8901234567"),
         None, None, None),
        ("FINISHES", 1, "text", "Red", None, None, None, "r"),
        ("FINISHES", 2, "text", "Black", None, None, None, "b"),
        ("HAZARD", 1, "boolean", "true", None, True, None, None),
        ("NOTE", 1, "text", 'Café "Nord",\n听雨', None, None, None, None),
        ("PAGE", 1, "link", "https://example.org/a?b=1&c=2", None, None, None, None),
        ("SINCE", 1, "instant", "2026-01-01T00:00:00", None, None, datetime(2026, 1, 1, 5, tzinfo=UTC), None),
        ("YEARS", 1, "integer", "7", Decimal(7), None, None, None),
        ("ZERO", 1, "decimal", "8518.30", Decimal("8518.3"), None, None, None),
    ]  # fmt: skip


def test_a_kit_names_its_components_in_order_and_those_that_are_missing(built: WorkingDatabase) -> None:
    components = built.query(
        "select kits.product_id, components.position, components.component_product_id,"
        " products.name, components.component_name, components.quantity_per_kit"
        " from marts.bridge_kit_components as components"
        " join marts.dim_products as kits on kits.product_key = components.kit_product_key"
        " left join marts.dim_products as products on products.product_key = components.component_product_key"
        " where components.account = 'shop' order by 1, 2"
    )

    assert components == [
        ("BUILT-KIT", 1, "BASE", "Base", "Base", 1),
        ("KIT", 1, "BASE", "Base", "Base", 2),
        ("KIT", 2, "MISSING", None, "Gone", 1),
        ("KIT", 3, "BASE", "Base", "Base", 1),
    ]


def test_stock_that_is_counted_elsewhere_is_left_out_of_totals(built: WorkingDatabase) -> None:
    positions = built.query(
        "select product_id, is_additive, quantity_available from marts.fct_inventory_positions"
        " where account = 'shop' order by 1"
    )

    assert positions == [
        ("BASE", True, 7),
        ("BUILT-KIT", True, 5),
        ("KIT", False, 2),
        ("OLD", True, 0),
        ("SHADOW", False, 7),
    ]
    total = built.query("select sum(sellercloud_available) from reporting.rpt_stock_consolidated")
    assert total == [(12,)]


def test_products_keep_what_is_said_and_nothing_that_is_hidden(built: WorkingDatabase) -> None:
    [base] = built.query(
        "select brand, gtin, unit_cost, reorder_point, is_active, updated_at, positions.quantity_backordered,"
        " positions.counted_at"
        " from marts.dim_products join marts.fct_inventory_positions as positions using (product_key)"
        " where dim_products.account = 'shop' and dim_products.product_id = 'BASE'"
    )
    assert base == (
        "Café Nord", "00036000291452", Decimal("2.5"), 3, True, None, None,
        datetime(2026, 7, 1, 12, tzinfo=UTC),
    )  # fmt: skip
    [shadow] = built.query(
        "select parents.product_id, shadows.unit_cost, shadows.reorder_point"
        " from marts.dim_products as shadows"
        " join marts.dim_products as parents on parents.product_key = shadows.shadow_of_product_key"
    )
    assert shadow == ("BASE", None, None)
    assert built.query("select is_active from marts.dim_products where product_id = 'OLD'") == [(False,)]


def test_a_warehouse_s_own_numbers_are_a_level(built: WorkingDatabase) -> None:
    [level] = built.query(
        "select location_name, quantity_on_hand, quantity_available, quantity_reserved, is_additive,"
        " locations.location_type, locations.is_sellable"
        " from reporting.rpt_stock_on_hand"
        " join marts.dim_locations as locations using (location_key)"
    )

    assert level == ("Main", 6, 5, None, True, "FBA", True)


def test_a_component_that_goes_takes_its_row_with_it(built: WorkingDatabase) -> None:
    built.put(
        "sellercloud.inventory",
        product("KIT", IsKit=True, InventoryDependantOption=2, ChildProducts=[child("BASE", 1)]),
        account="shop",
        at=DAY_2,
    )
    built.retire("sellercloud.inventory", "OLD", account="shop", at=DAY_2)

    built.build()

    assert built.query(
        "select component_product_id, position from marts.bridge_kit_components where kit_product_id = 'KIT'"
    ) == [("BASE", 1)]
    assert built.query("select deleted_at, is_active from marts.dim_products where product_id = 'OLD'") == [
        (datetime(2026, 1, 6, 8, tzinfo=UTC), False)
    ]
    assert built.query(
        "select location_key, quantity_available, available_change, is_current"
        " from marts.fct_inventory_changes where product_id = 'KIT' order by valid_from"
    ) == [(None, 2, None, False), (None, 0, -2, True)]


def test_following_builds_equal_one_from_scratch(built: WorkingDatabase) -> None:
    following = built.tables("staging", "marts", "reporting")

    built.build_anew()

    assert built.tables("staging", "marts", "reporting") == following
