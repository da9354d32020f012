"""What is nested in a product becomes tables: categories, overrides at locations, measurements, fields."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from working_database import PROJECT, WorkingDatabase

DATA = Path(__file__).parents[1] / "data"
[LISTED] = json.loads((DATA / "sellercloud_inventory.json").read_text(encoding="utf-8"))["Items"]
SHIPSTREAM = json.loads((DATA / "shipstream_inventory_levels_total.json").read_text(encoding="utf-8"))
[PRODUCT] = SHIPSTREAM["included"]["Product"]
S2_PRODUCT = json.loads((DATA / "ventmere_s2_inventory_overview.json").read_text("utf-8"))["products"][0]
DAY_2 = "2026-01-06T08:00:00Z"
PARTS = (
    "dim_categories",
    "dim_locations",
    "bridge_product_categories",
    "bridge_product_locations",
    "bridge_product_measurements",
    "rpt_custom_fields_wide",
)


def category(key: str, name: str, parent: str | None = None) -> dict[str, Any]:
    above = {"parent_category": {"id": parent, "ordinal": 1}} if parent else {}
    return {"type": "CATEGORY", "id": key, "version": 1, "category_data": {"name": name, **above}}


def item(key: str, **data: Any) -> dict[str, Any]:
    return {"type": "ITEM", "id": key, "version": 1, "item_data": {"name": key.title(), **data}}


def variation(key: str, item_id: str, **data: Any) -> dict[str, Any]:
    said = {"item_id": item_id, "name": key.title(), **data}
    return {"type": "ITEM_VARIATION", "id": key, "version": 1, "item_variation_data": said}


def listed(sku: str, **more: Any) -> dict[str, Any]:
    blank: dict[type, Any] = {str: "", int: 0, bool: False, list: []}
    return {**{name: blank[type(value)] for name, value in LISTED.items()}, "ID": sku, **more}


def column(name: str, data_type: int, value: Any, **more: Any) -> dict[str, Any]:
    definition = LISTED["CustomColumns"][0]
    off = dict.fromkeys(("IsDropDownColumn", "IsDropDownAllowMultipleSelection"), False)
    said = {"ID": len(name), "ColumnName": name, "DisplayName": name, "DataType": data_type, "Value": value}
    return {**definition, **off, "DataSourceContainer": [], **said, **more}


CHOICES = {
    "IsDropDownColumn": True,
    "IsDropDownAllowMultipleSelection": True,
    "DataSourceContainer": [{"Key": "r", "Value": "Red"}, {"Key": "b", "Value": "Black"}],
}
COLUMNS = [
    column("Finishes", 0, "r,b", **CHOICES),
    column("Years", 1, 7),
    column("Hazard", 4, False),
    column("Since", 3, "2026-01-01T00:00:00"),
    column("Buyer's note", 5, "fragile, heavy"),
]
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
        category("drinks", "Drinks"),
        category("tea", "Tea", "drinks"),
        category("green", "Green", "tea"),
        category("hen", "Hen", "egg"),
        category("egg", "Egg", "hen"),
        item("sencha", categories=[{"id": "green", "ordinal": 7}, {"id": "drinks"}],
             reporting_category={"id": "tea"}),
        item("mug", category_id="unlisted"),
        variation("small", "sencha", location_overrides=[
            {"location_id": "east", "price_money": {"amount": 1250, "currency": "EUR"},
             "track_inventory": True, "inventory_alert_type": "LOW_QUANTITY",
             "inventory_alert_threshold": 5},
            {"location_id": "unlisted", "inventory_alert_type": "NONE", "inventory_alert_threshold": 5,
             "sold_out": True, "sold_out_valid_until": "2026-02-01T00:00:00Z"},
        ]),
        variation("large", "sencha"),
        variation("blue", "mug"),
        account="shop",
    )  # fmt: skip
    put(
        "sellercloud.inventory",
        listed("DRILL", DefaultVendor="Vendor Inc.", DefaultVendorSKU="V-1", ProductConditionName="New",
               QtyPerCase=12, WeightLbs=2, WeightOz=5, ShippingLength=10, ShippingWidth=4.5,
               ShippingHeight=0, UnitOfMeasure=1, CustomColumns=COLUMNS),
        listed("NAIL"),
        account="sc",
    )  # fmt: skip
    put("shipstream.products", {**PRODUCT, "custom_fields": FIELDS}, account="depot")
    put(
        "ventmere_s2.products",
        {**S2_PRODUCT, "id": "box", "condition": "NEW", "packageLengthMm": 33.27078, "packageWidthMm": 0.0,
         "packageHeightMm": 0.0, "shippingWeightKg": 0.3, "casePack": 6, "caseLengthMm": 400.0,
         "caseWidthMm": 0.0, "caseHeightMm": 0.0, "caseWeightKg": 0.0},
        account="s2",
    )  # fmt: skip
    build(working_database)
    return working_database


def build(working_database: WorkingDatabase) -> None:
    working_database.build(*PARTS, variables={"custom_field_columns": WANTED})


def wanting(columns: list[dict[str, Any]]) -> str:
    return json.dumps({"custom_field_columns": columns})


def test_a_category_says_where_it_stands(built: WorkingDatabase) -> None:
    assert built.query(
        "select categories.category_id, parents.category_id, categories.depth, categories.path,"
        " categories.is_cycle, categories.is_orphan"
        " from marts.dim_categories as categories"
        " left join marts.dim_categories as parents on categories.parent_category_key = parents.category_key"
        " order by 1"
    ) == [
        ("drinks", None, 1, "Drinks", False, False),
        ("egg", "hen", None, None, True, False),
        ("green", "tea", 3, "Drinks > Tea > Green", False, False),
        ("hen", "egg", None, None, True, False),
        ("tea", "drinks", 2, "Drinks > Tea", False, False),
        ("unlisted", None, 1, "unlisted", False, True),
    ]


def test_variations_inherit_the_categories_of_their_item(built: WorkingDatabase) -> None:
    inherited = [("drinks", False, 2), ("green", False, 1), ("tea", True, 3)]
    assert built.query(
        "select products.product_id, categories.category_id, is_primary, position"
        " from marts.bridge_product_categories"
        " join marts.dim_products as products using (product_key)"
        " join marts.dim_categories as categories using (category_key) order by 1, 2"
    ) == [
        ("blue", "unlisted", True, 1),
        *(("large", *row) for row in inherited),
        *(("small", *row) for row in inherited),
    ]


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


def test_measurements_keep_their_unit_and_get_ours(built: WorkingDatabase) -> None:
    pounds, kilogram = Decimal("453.59237"), Decimal(1000)
    assert built.query(
        "select products.product_id, subject, weight_value, weight_unit, weight_grams, length_value,"
        " width_value, height_value, dimension_unit, length_mm, width_mm, height_mm, quantity_per_case"
        " from marts.bridge_product_measurements"
        " join marts.dim_products as products using (product_key) order by 1, 2"
    ) == [
        ("123", "item", 20, "lb", 20 * pounds, 8, 6, 4, "in",
         Decimal("203.2"), Decimal("152.4"), Decimal("101.6"), None),
        ("DRILL", "case", *[None] * 10, 12),
        ("DRILL", "item", Decimal("2.3125"), "lb", Decimal("2.3125") * pounds, *[None] * 8),
        ("DRILL", "package", None, None, None, 10, Decimal("4.5"), None, "cm", 100, 45, None, None),
        ("box", "case", None, None, None, 400, None, None, "mm", 400, None, None, 6),
        ("box", "package", Decimal("0.3"), "kg", Decimal("0.3") * kilogram, Decimal("33.27078"), None, None,
         "mm", Decimal("33.27078"), None, None, None),
    ]  # fmt: skip
    assert built.query(
        "select volume_value, volume_unit, volume_mm3 from marts.bridge_product_measurements"
        " where volume_value is not null"
    ) == [(300, "in^3", 300 * Decimal("16387.064"))]


def test_a_product_says_whom_it_is_bought_from_and_what_a_case_holds(built: WorkingDatabase) -> None:
    assert built.query(
        "select product_id, vendor_name, vendor_sku, condition, country_of_origin, units_per_case"
        " from marts.dim_products order by 1"
    ) == [
        ("123", None, "Vendor-SKU-1AD2", None, "TW", None),
        ("DRILL", "Vendor Inc.", "V-1", "New", None, 12),
        ("NAIL", None, None, None, None, None),
        ("blue", None, None, None, None, None),
        ("box", None, None, "NEW", None, 6),
        ("large", None, None, None, None, None),
        ("small", None, None, None, None, None),
    ]


def test_wanted_fields_stand_side_by_side(built: WorkingDatabase) -> None:
    none = [None] * len(WANTED)
    assert built.query(
        "select * exclude (product_key, provider, account, product_name)"
        " from reporting.rpt_custom_fields_wide order by 1"
    ) == [
        ("123", "SKU-1AD", "Blue, Blue, Änder", 3, "n/a, 3, 4", True, None, None, None),
        ("DRILL", "DRILL", "Red, Black", 7, "7", False, datetime(2026, 1, 1, 5, tzinfo=UTC),
         "fragile, heavy", None),
        ("NAIL", "NAIL", *none),
        ("blue", None, *none),
        ("box", S2_PRODUCT["sku"], *none),
        ("large", None, *none),
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


def test_a_category_that_moves_takes_those_below_with_it(built: WorkingDatabase) -> None:
    built.put("square.catalog_objects", category("tea", "Teas"), account="shop", at=DAY_2)
    built.retire("square.catalog_objects", "drinks", account="shop", at=DAY_2)

    build(built)

    assert built.query(
        "select category_id, depth, path, deleted_at is not null from marts.dim_categories"
        " where not is_cycle order by 1"
    ) == [
        ("drinks", 1, "Drinks", True),
        ("green", 2, "Teas > Green", False),
        ("tea", 1, "Teas", False),
        ("unlisted", 1, "unlisted", False),
    ]


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
