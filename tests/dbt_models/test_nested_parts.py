"""What is nested in a product becomes tables: overrides at locations, custom fields, parts of kits."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from records import LISTED, PRODUCT, listed
from working_database import PROJECT, WorkingDatabase

PARTS = (
    "dim_locations",
    "bridge_kit_components",
    "bridge_product_locations",
    "rpt_custom_fields",
    "rpt_custom_fields_wide",
)


def child(sku: str, quantity: int, name: str = "") -> dict[str, Any]:
    return {"ProductId": "KIT", "ChildProductId": sku, "PerKitQty": quantity, "ProductName": name}


def column(name: str, data_type: int, value: Any, **more: Any) -> dict[str, Any]:
    definition = LISTED["CustomColumns"][0]
    off = dict.fromkeys(("IsDropDownColumn", "IsDropDownAllowMultipleSelection"), False)
    said = {"ID": len(name), "ColumnName": name, "DisplayName": name, "DataType": data_type, "Value": value}
    return {**definition, **off, "DataSourceContainer": [], **said, **more}


CHOICES = {
    "IsDropDownColumn": True,
    "DataSourceContainer": [{"Key": "r", "Value": "Red"}, {"Key": "b", "Value": "Black"}],
}
COLUMNS = [
    column("Colour", 0, "r", **CHOICES),
    column("Finishes", 0, "r,b", **CHOICES, IsDropDownAllowMultipleSelection=True),
    column("Quote", 5, 'Café "Nord",\n听雨'),
    column("Buyer's note", 5, "fragile, heavy"),
    column("Years", 1, 7),
    column("Duty code", 0, "8518.30"),
    column("Hazard", 4, False),
    column("Since", 3, "2026-01-01T00:00:00"),
    column("Page", 6, "https://example.org/a?b=1&c=2"),
    column("Unused", 0, None),
]
# Digits that a double cannot hold, and a zero that a number would drop.
EXACT = json.dumps(column("Exact", 2, None)).replace('"Value": null', '"Value": 12345678901234567.8901234567')
ZERO = json.dumps(column("Zero", 2, None)).replace('"Value": null', '"Value":\n8518.30')
FIELDS = [
    {
        "code": "finishes",
        "value": [{"id": 1, "label": "Blue"}, {"id": 2, "label": "Blue"}, {"id": 3, "label": "Änder"}],
    },
    {"code": "years", "value": ["n/a", 3, 4]},
    {"code": "hazard", "value": True},
]
WANTED = [
    {"field": " finishes ", "column": "finishes", "value": "text"},
    {"field": "YEARS", "column": "years", "value": "number"},
    {"field": "YEARS", "column": "years_said", "value": "text"},
    {"field": "hazard", "column": "is_hazard", "value": "boolean"},
    {"field": "since", "column": "since_at", "value": "instant"},
    {"field": "buyer's note", "column": "Buyer's note", "value": "text"},
    {"field": "nobody has it", "column": "missing", "value": "text"},
]


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    put = working_database.put
    working_database.describe_account("shop", "square")
    working_database.describe_account("sc", "sellercloud", timezone="America/New_York")
    put("square.locations", {"id": "east", "name": "East", "status": "ACTIVE"}, account="shop")
    put(
        "square.catalog_objects",
        {"type": "ITEM", "id": "sencha", "version": 1, "item_data": {"name": "Sencha"}},
        {"type": "ITEM_VARIATION", "id": "small", "version": 1, "item_variation_data": {
            "item_id": "sencha", "name": "Small", "location_overrides": [
                {"location_id": "east", "price_money": {"amount": 1250, "currency": "EUR"},
                 "track_inventory": True, "inventory_alert_type": "LOW_QUANTITY",
                 "inventory_alert_threshold": 5},
                {"location_id": "unlisted", "inventory_alert_type": "NONE", "inventory_alert_threshold": 5,
                 "sold_out": True, "sold_out_valid_until": "2026-02-01T00:00:00Z"},
            ]}},
        account="shop",
    )  # fmt: skip
    drill = json.dumps(listed("DRILL", CustomColumns=COLUMNS), ensure_ascii=False)
    put(
        "sellercloud.inventory",
        drill.replace('"CustomColumns": [', f'"CustomColumns": [{EXACT}, {ZERO}, '),
        listed(
            "KIT", ChildProducts=[child("drill", 2, "Tool"), child("MISSING", 1, "Gone"), child("drill", 1)]
        ),
        account="sc",
    )
    put("sellercloud.warehouses", {"ID": 1, "Name": "Main", "WarehouseType": 1, "IsSellAble": True},
        account="sc")  # fmt: skip
    put("shipstream.products", {**PRODUCT, "custom_fields": FIELDS}, account="depot")
    build(working_database)
    return working_database


def build(working_database: WorkingDatabase) -> None:
    working_database.build(*PARTS, variables={"custom_field_columns": WANTED})


def wanting(columns: list[dict[str, Any]]) -> str:
    return json.dumps({"custom_field_columns": columns})


def test_what_differs_at_a_location_is_a_row_there(built: WorkingDatabase) -> None:
    until = datetime(2026, 2, 1, tzinfo=UTC)
    assert built.query(
        "select products.product_id, overrides.location_id, locations.name, price_minor_units,"
        " overrides.currency_code, is_stock_tracked, is_alert_on, overrides.reorder_point, is_sold_out,"
        " sold_out_until"
        " from marts.bridge_product_locations as overrides"
        " join marts.dim_products as products using (product_key)"
        " left join marts.dim_locations as locations using (location_key) order by 2"
    ) == [
        ("small", "east", "East", 1250, "EUR", True, True, 5, None, None),
        ("small", "unlisted", None, None, None, None, False, None, True, until),
    ]


def test_a_warehouse_has_a_type_and_says_whether_it_sells(built: WorkingDatabase) -> None:
    assert built.query(
        "select name, location_type, is_sellable from marts.dim_locations where provider = 'sellercloud'"
    ) == [("Main", "FBA", True)]


def test_a_kit_names_its_components_in_order_and_those_that_are_missing(built: WorkingDatabase) -> None:
    assert built.query(
        "select position, component_product_id, products.name, component_name, quantity_per_kit"
        " from marts.bridge_kit_components left join marts.dim_products as products"
        " on products.product_key = component_product_key order by 1"
    ) == [
        (1, "DRILL", "Drill", "Tool", 2),
        (2, "MISSING", None, "Gone", 1),
        (3, "DRILL", "Drill", "Drill", 1),
    ]


def test_custom_columns_of_every_type_are_read(built: WorkingDatabase) -> None:
    read = built.query(
        "select field_code, position, data_type, value_text, value_number, value_boolean, value_at, value_key"
        " from reporting.rpt_custom_fields where product_id = 'DRILL' order by field_code, position"
    )

    assert read == [
        ("Buyer's note", 1, "text", "fragile, heavy", None, None, None, None),
        ("Colour", 1, "text", "Red", None, None, None, "r"),
        ("Duty code", 1, "text", "8518.30", None, None, None, None),
        ("Exact", 1, "decimal", "12345678901234567.8901234567", Decimal("12345678901234567.8901234567"),
         None, None, None),
        ("Finishes", 1, "text", "Red", None, None, None, "r"),
        ("Finishes", 2, "text", "Black", None, None, None, "b"),
        ("Hazard", 1, "boolean", "false", None, False, None, None),
        ("Page", 1, "link", "https://example.org/a?b=1&c=2", None, None, None, None),
        ("Quote", 1, "text", 'Café "Nord",\n听雨', None, None, None, None),
        ("Since", 1, "instant", "2026-01-01T00:00:00", None, None, datetime(2026, 1, 1, 5, tzinfo=UTC), None),
        ("Years", 1, "integer", "7", Decimal(7), None, None, None),
        ("Zero", 1, "decimal", "8518.30", Decimal("8518.3"), None, None, None),
    ]  # fmt: skip


def test_wanted_fields_stand_side_by_side(built: WorkingDatabase) -> None:
    none = [None] * len(WANTED)
    assert built.query(
        "select * exclude (product_key, provider, account, product_name)"
        " from reporting.rpt_custom_fields_wide order by 1"
    ) == [
        ("123", "SKU-1AD", "Blue, Blue, Änder", 3, "n/a, 3, 4", True, None, None, None),
        ("DRILL", "DRILL", "Red, Black", 7, "7", False, datetime(2026, 1, 1, 5, tzinfo=UTC),
         "fragile, heavy", None),
        ("KIT", "KIT", *none),
        ("small", None, *none),
    ]  # fmt: skip
    names = [
        name
        for (name,) in built.query(
            "select column_name from information_schema.columns"
            " where table_name = 'rpt_custom_fields_wide' order by ordinal_position"
        )
    ]
    product = ["product_key", "provider", "account", "product_id", "sku", "product_name"]
    assert names == [*product, *(wanted["column"] for wanted in WANTED)]


def test_without_wanted_fields_there_is_a_row_per_product(built: WorkingDatabase) -> None:
    built.build(*PARTS, tests=False)

    assert built.query("select * from reporting.rpt_custom_fields_wide order by 1") == built.query(
        "select product_key, provider, account, product_id, sku, name from marts.dim_products order by 1"
    )


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([{"field": "a", "column": "x", "value": "date"}], "text, number, boolean or instant"),
        ([{"field": "a", "value": "text"}], "needs a field, a column"),
        ([{"field": "a", "column": "SKU", "value": "text"}], "would have two columns SKU"),
        ([{"field": f, "column": "x", "value": "text"} for f in "ab"], "would have two columns x"),
    ],
    ids=["value", "column", "of a product", "twice"],
)
def test_a_wrong_wish_is_told(built: WorkingDatabase, columns: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(AssertionError) as told:
        built.dbt(
            "compile", "--select", "rpt_custom_fields_wide", "--vars", wanting(columns), project=PROJECT
        )

    assert words in str(told.value)
