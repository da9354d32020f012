"""ShipStream's and Augno's payloads are read to the last digit, in every shape that their versions have."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from records import LEVEL, PRODUCT
from test_declared_fields import NOTES, declared_tables, flattened, needs_notes, undeclared
from working_database import WorkingDatabase

OURS = {
    "version_key", "asked_at", "valid_from", "valid_to", "uncast_values", "field_kinds", "unknown_fields",
    "parsed_by", "row_hash",
    "_dlt_load_id",
}  # fmt: skip
MODELS = [
    ("shipstream", "total_levels"),
    ("shipstream", "warehouse_levels"),
    ("shipstream", "products"),
    ("shipstream", "warehouses"),
    ("shipstream", "merchants"),
    ("augno", "items"),
    ("augno", "item_inventory"),
]

# Digits and zeros as the APIs write them; Python's json would drop or round them.
DIGITS = (
    '{"type": "TotalLevel", "product": {"type": "Product", "id": 7},'
    ' "qty_on_hand": 12345678901234567.8901234567, "qty_available": "15.0000",'
    ' "qty_allocated": 0.1, "qty_reserved": "-0.0000000001", "qty_picked": null, "qty_putaway": 5e2,'
    ' "updated_at": null}'
)
AS_LIST = (
    '[{"code": "color", "value": 13, "label": "Red"}, {"code": "cost", "value": 41.30},'
    ' {"code": "mailer", "value": true}, {"code": "note", "value": "say \\"value\\": 5.10"},'
    ' {"code": "msrp", "value": {"amount": 99.90, "currency": "EUR"}}]'
)
AS_OBJECT = (
    '{"color": {"id": 13, "label": "Red"}, "cost": {"value": 41.30}, "mailer": {"value": true},'
    ' "tags": [{"id": 3, "label": "Gift"}], "msrp": {"amount": 99.90, "currency": "EUR"}}'
)
ODD_PRODUCT = (
    '{"type": "PackagingContainer", "id": 1, "sku": " BOX ", "name": "", "barcodes": "A-1, B 2",'
    ' "external_id": 119939048.10, "merchant": {"type": "Merchant", "id": 4}, "lot_type": null,'
    ' "weight": {"value": 0.30, "unit": "kg"}, "export": {"hs_base_code": 8518.30,'
    ' "hs_country_extension": [{"country_id": "DE", "extension": 90},'
    ' {"country_id": "US", "extension": "011"}]},'
    ' "regulated_goods": null, "custom_fields": null}'
)
MERCHANT_SHAPES: list[dict[str, Any]] = [
    {"code": "one", "name": "One", "is_active": True, "is_deleted": False, "sort_order": 10,
     "created_at": "2020-02-03T04:05:06Z", "brands": [{"type": "Brand", "id": 5}],
     "default_brand": {"type": "Brand", "id": 5}},
    {"is_active": False, "is_deleted": True},
    {"status": "active"},
    {"status": "Inactive"},
    {"status": "deleted", "custom_fields": {"fee": {"amount": 1.5, "currency": "USD"}}},
    {"name": "says nothing"},
]  # fmt: skip
ZERO = "0001-01-01T00:00:00Z"
KILOGRAM = {
    "id": "un_kg", "object": "unit", "name": "kilogram", "abbreviation": "kg", "type": "mass",
    "ratio_numerator": "1.000000000000000000000000000000", "created_at": ZERO, "updated_at": ZERO,
}  # fmt: skip
DOLLAR = {"id": "un_usd", "object": "unit", "name": "US dollar", "abbreviation": "$", "type": "currency"}
BARE_COIN = {"id": "un_x", "object": "unit", "name": "Scrip", "abbreviation": "", "type": "currency"}
CATEGORY = {
    "id": "ic_1", "object": "item_category", "name": "Yarn", "type": "material_category", "created_at": ZERO,
    "unit_group": {
        "id": "ug_1", "object": "unit_group", "name": "Mass", "type": "mass", "base_unit": KILOGRAM,
        "associated_units": None, "updated_at": ZERO,
    },
}  # fmt: skip
PADDED = "1000.000000000000000000000000000000"
FINE = "0.12345678905000000001"
HUGE = "12345678901234567890123456789.5"


def rows(built: WorkingDatabase, model: str, where: str) -> list[dict[str, Any]]:
    """What the provider says in the rows of a staging model, by column."""
    return built.rows(f"select * exclude ({', '.join(OURS)}) from staging.{model} where {where} order by all")


def quantity(value: Any, **more: Any) -> dict[str, Any]:
    return {"id": "qy_1", "object": "quantity", "value": value, "display_value": f"{value} kg", **more}


def inventory(*quantities: dict[str, Any] | None) -> dict[str, Any]:
    names = ("on_hand", "reserved", "available_to_promise", "short")
    return {"object": "item_inventory", **dict(zip(names, quantities, strict=False))}


def computed(value: str) -> dict[str, Any]:
    """A quantity as preview.3 writes it: without an id, with its unit."""
    return {"object": "computed_quantity", "value": value, "display_value": f"{value} kg", "unit": KILOGRAM}


INVENTORIES: dict[str, dict[str, Any]] = {
    "p1": inventory(quantity("12.5"), quantity("2"), quantity("10.5"), quantity("0")),
    "p2": inventory(*(quantity(value, unit=None) for value in (PADDED, "1200.25", "-250.25", "50"))),
    "p3": inventory(*(computed(value) for value in ("7", "3", "3", "1.000000"))),
    "without_short": inventory(*(quantity(value, unit=None) for value in ("10", "4", "-2"))),
    "short_is_null": inventory(*(quantity(value, unit=None) for value in ("10", "4", "6")), None),
    "nothing_asked": inventory(None, None, None, None),
    "fine": inventory(quantity(FINE), quantity("0"), quantity("-0.00000000005"), quantity(PADDED)),
    "huge": inventory(quantity(HUGE), quantity("0"), quantity(HUGE), None),
    "words": inventory(quantity("10"), quantity("4"), quantity("-2"), quantity("some")),
}


def item(key: str, **more: Any) -> dict[str, Any]:
    blank = {"object": "item", "type": "material", "description": None, "notes": None, "category": None,
             "unit_cost": None, "unit_value": None, "burn_rate": None, "attributes": None}  # fmt: skip
    return {"id": key, "sku": key.upper(), **blank, "created_at": ZERO, "updated_at": ZERO, **more}


def rate(value: str, numerator: dict[str, Any], denominator: dict[str, Any] = KILOGRAM) -> dict[str, Any]:
    return {
        "id": "rt_1", "object": "rate", "value": value, "display_value": f"~{value}",
        "numerator_unit": numerator, "denominator_unit": denominator, "created_at": ZERO, "updated_at": ZERO,
    }  # fmt: skip


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    put = working_database.put
    put("shipstream.total_levels", LEVEL, DIGITS, account="depot")
    put("shipstream.products", PRODUCT, ODD_PRODUCT, account="depot")
    for number, fields in (("21", AS_LIST), ("22", AS_OBJECT)):
        put(
            "shipstream.products",
            f'{{"type": "Product", "id": {number}, "custom_fields": {fields}}}',
            account="depot",
        )
    for number, barcodes in enumerate([["A,1", "A,1", ""], [], None, ""], 31):
        put("shipstream.products", {"type": "Product", "id": number, "barcodes": barcodes}, account="depot")
    level = {"type": "WarehouseLevel", "product": {"type": "Product", "id": 7, "sku": "S"}, "qty_on_hand": 2}
    warehouses = ({"warehouse": {"type": "Warehouse", "id": 1, "name": "East"}}, {"warehouse_id": 2}, {})
    for number, where in enumerate(warehouses, 1):
        put("shipstream.warehouse_levels", {**level, **where}, account="depot",
            keys=("Product", "7", str(number)))  # fmt: skip
    put(
        "shipstream.warehouses",
        {"type": "Warehouse", "id": 1, "name": "East", "is_active": True},
        {"type": "Warehouse", "id": 2, "name": " "},
        account="depot",
    )
    for number, shape in enumerate(MERCHANT_SHAPES, 1):
        put("shipstream.merchants", {"type": "Merchant", "id": number, **shape}, account="depot")

    for key, answer in INVENTORIES.items():
        put("augno.item_inventory", answer, account="mill", keys=(key,))
    put(
        "augno.items",
        item("bare"),
        item("yarn", category=CATEGORY, description="Wool,\n2 ply", notes=" ",
             updated_at="2026-01-02T03:04:05.678Z",
             unit_cost=rate(FINE, DOLLAR), unit_value=rate("2.50", BARE_COIN),
             attributes={"object": "list", "data": [{"id": "at_1"}], "page_info": {}}),
        item("swap", unit_cost=rate("3", KILOGRAM), burn_rate=rate("0.25", KILOGRAM)),
        account="mill",
    )  # fmt: skip
    # The staging of both, with its own tests and nobody else's.
    working_database.build(*(f"stg_{provider}__{table}" for provider, table in MODELS))
    return working_database


# ShipStream


def test_the_published_level_is_read_whole(built: WorkingDatabase) -> None:
    [level] = rows(built, "stg_shipstream__total_levels", "product_id = '5'")

    assert level == {
        "account": "depot",
        "product_type": "Product",
        "product_id": "5",
        "sku": "ABC123",
        "qty_expected": 100,
        "qty_processed": 0,
        "qty_putaway": 50,
        "qty_available": 166,
        "qty_allocated": 15,
        "qty_reserved": 7,
        "qty_picked": 2,
        "qty_backordered": 0,
        "qty_on_hand": 230,
        "qty_advertised": 195,
        "counted_at": datetime(2025, 8, 28, 10, 30, tzinfo=UTC),
    }


def test_a_quantity_keeps_its_digits_as_number_and_as_text(built: WorkingDatabase) -> None:
    [level] = rows(built, "stg_shipstream__total_levels", "product_id = '7'")

    assert level["qty_on_hand"] == Decimal("12345678901234567.8901234567")
    assert level["qty_available"] == 15
    assert level["qty_allocated"] == Decimal("0.1")
    assert level["qty_reserved"] == Decimal("-0.0000000001")
    assert level["qty_putaway"] == 500
    absent = ("qty_picked", "qty_backordered", "sku", "counted_at")
    assert [level[name] for name in absent] == [None] * 4


def test_the_published_product_is_read_whole(built: WorkingDatabase) -> None:
    [product] = rows(built, "stg_shipstream__products", "product_id = '123'")

    assert json.loads(product.pop("custom_fields")) == [
        {"code": "color", "value": {"number": "13"}, "label": "Red and Black"},
        {"code": "cost_of_goods", "value": {"number": "41.32"}},
        {"code": "allow_mailer", "value": True},
    ]
    assert product == {
        "account": "depot",
        "product_type": "Product",
        "product_id": "123",
        "sku": "SKU-1AD",
        "name": "Test Product",
        "merchant_id": "4",
        "vendor_sku": "Vendor-SKU-1AD2",
        "external_id": "11-993-9048",
        "barcodes": ["956623520-4", "O-VS-Oregano-p3"],
        "goods_type": "NORMAL",
        "is_enabled": True,
        "is_available": True,
        "is_visible": True,
        "lot_type_id": "4",
        "weight_value": 20,
        "weight_unit": "lb",
        "length": 8,
        "width": 6,
        "height": 4,
        "dimension_unit": "in",
        "volume_value": 300,
        "volume_unit": "in^3",
        "allows_backorders": True,
        "is_dynamic_allocation": True,
        "virtual_inventory": "optimistic",
        "export_description": "Plastic children's toy with steel weights and ball bearings",
        "customs_value_amount": 99,
        "customs_value_currency": "USD",
        "country_of_manufacture": "TW",
        "hs_base_code": "8518.30",
        "hs_country_extensions": [
            {"country_id": "TW", "extension": "002"},
            {"country_id": "US", "extension": "011"},
        ],
        "regulation_id": "123",
        "regulated_technical_name": "Hydro Polymer Acetylene Coating",
        "regulated_additional_information": "Flamable Liquid",
        "regulated_net_weight_value": 20,
        "regulated_net_weight_unit": "lb",
        "regulated_container_type": "Plastic Box",
        "is_regulated_container_compliant": True,
        "regulation_units": 5,
        "is_packaging_required": True,
        "is_weight_check_required": True,
        "is_confirmation_per_item_required": True,
        "unit_quantity": 1,
        "bulk_quantity": 10,
        "max_per_package": 15,
        "is_ship_separately": True,
        "ship_separately_tag": "PVC",
        "can_tip": True,
        "can_contain_other_items": True,
        "is_handling_surcharge": True,
        "created_at": datetime(2017, 7, 21, 17, 32, 28, tzinfo=UTC),
        "updated_at": datetime(2017, 7, 21, 17, 39, 43, tzinfo=UTC),
    }


def test_custom_fields_keep_their_shape_and_the_digits_of_their_numbers(built: WorkingDatabase) -> None:
    listed, keyed = (
        json.loads(row["custom_fields"])
        for row in rows(built, "stg_shipstream__products", "product_id in ('21', '22')")
    )

    assert listed == [
        {"code": "color", "value": {"number": "13"}, "label": "Red"},
        {"code": "cost", "value": {"number": "41.30"}},
        {"code": "mailer", "value": True},
        {"code": "note", "value": 'say "value": 5.10'},
        {"code": "msrp", "value": {"amount": {"number": "99.90"}, "currency": "EUR"}},
    ]
    assert keyed == {
        "color": {"id": 13, "label": "Red"},
        "cost": {"value": {"number": "41.30"}},
        "mailer": {"value": True},
        "tags": [{"id": 3, "label": "Gift"}],
        "msrp": {"amount": {"number": "99.90"}, "currency": "EUR"},
    }


def test_a_product_with_numbers_for_codes_keeps_them_to_the_letter(built: WorkingDatabase) -> None:
    [box] = rows(built, "stg_shipstream__products", "product_type = 'PackagingContainer'")

    assert (box["sku"], box["name"], box["barcodes"]) == ("BOX", None, ["A-1", "B 2"])
    assert box["external_id"] == "119939048.10"
    assert (box["weight_value"], box["weight_unit"]) == (Decimal("0.3"), "kg")
    assert box["hs_base_code"] == "8518.30"
    assert box["hs_country_extensions"] == [
        {"country_id": "DE", "extension": "90"},
        {"country_id": "US", "extension": "011"},
    ]
    absent = (
        "lot_type_id",
        "regulation_id",
        "regulation_units",
        "custom_fields",
        "is_enabled",
        "unit_quantity",
    )
    assert [box[name] for name in absent] == [None] * 6


def test_barcodes_are_a_list_whatever_they_come_as(built: WorkingDatabase) -> None:
    read = built.query(
        "select barcodes from staging.stg_shipstream__products"
        " where product_id between '31' and '34' order by product_id"
    )

    assert [barcodes for (barcodes,) in read] == [["A,1", "A,1", ""], [], None, None]


def test_a_level_is_of_the_warehouse_it_was_loaded_for(built: WorkingDatabase) -> None:
    levels = rows(built, "stg_shipstream__warehouse_levels", "product_id = '7'")

    assert [level["warehouse_id"] for level in levels] == ["1", "2", "3"]
    assert {(level["product_type"], level["sku"], level["qty_on_hand"]) for level in levels} == {
        ("Product", "S", 2)
    }
    assert "qty_backordered" not in levels[0]
    assert built.query(
        "select warehouse_id, name, is_active from staging.stg_shipstream__warehouses order by 1"
    ) == [("1", "East", True), ("2", None, None)]


def test_a_merchant_says_by_flags_or_by_status_whether_it_is_there(built: WorkingDatabase) -> None:
    merchants = built.query(
        "select merchant_id, is_active, is_deleted from staging.stg_shipstream__merchants order by 1"
    )

    assert merchants == [
        ("1", True, False),
        ("2", False, True),
        ("3", True, False),
        ("4", False, False),
        ("5", False, True),
        ("6", None, None),
    ]
    assert rows(built, "stg_shipstream__merchants", "merchant_id = '1'") == [{
        "account": "depot",
        "merchant_id": "1",
        "code": "one",
        "name": "One",
        "is_active": True,
        "is_deleted": False,
        "sort_order": 10,
        "brands": [{"type": "Brand", "id": "5"}],
        "default_brand_id": "5",
        "custom_fields": None,
        "created_at": datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC),
    }]  # fmt: skip
    [(fields,)] = built.query(
        "select custom_fields from staging.stg_shipstream__merchants where merchant_id = '5'"
    )
    assert json.loads(fields) == {"fee": {"amount": {"number": "1.5"}, "currency": "USD"}}


# Augno


@pytest.mark.parametrize(
    ("key", "quantities", "is_derived", "unit"),
    [
        ("p1", ("12.5", "2", "10.5", "0"), False, None),
        ("p2", ("1000", "1200.25", "-250.25", "50"), False, None),
        ("p3", ("7", "3", "3", "1"), False, "un_kg"),
        ("without_short", ("10", "4", "-2", "8"), True, None),
        ("short_is_null", ("10", "4", "6", "0"), True, None),
        ("nothing_asked", (None, None, None, None), False, None),
        ("words", ("10", "4", "-2", None), False, None),
    ],
)
def test_quantities_of_every_version_are_numbers(
    built: WorkingDatabase, key: str, quantities: tuple[str | None, ...], is_derived: bool, unit: str | None
) -> None:
    [row] = built.query(
        "select on_hand, reserved, available_to_promise, short, is_short_derived, unit_id"
        " from staging.stg_augno__item_inventory where item_id = ?",
        key,
    )

    assert row == (*(None if value is None else Decimal(value) for value in quantities), is_derived, unit)


def test_what_ten_decimals_cannot_hold_stays_in_the_text(built: WorkingDatabase) -> None:
    [fine] = rows(built, "stg_augno__item_inventory", "item_id = 'fine'")

    assert (fine["on_hand"], fine["on_hand_text"]) == (Decimal("0.1234567891"), FINE)
    assert fine["available_to_promise"] == Decimal("-0.0000000001"), "half of the last place rounds away"
    assert fine["available_to_promise_text"] == "-0.00000000005"
    assert (fine["short"], fine["short_text"], fine["short_display"]) == (1000, PADDED, f"{PADDED} kg")

    [huge] = rows(built, "stg_augno__item_inventory", "item_id = 'huge'")
    assert (huge["on_hand"], huge["on_hand_text"]) == (None, HUGE)
    assert (huge["short"], huge["is_short_derived"]) == (None, False)


def test_what_could_not_be_read_is_named(built: WorkingDatabase) -> None:
    named = {
        item: [(value["field_path"], value["said"]) for value in values]
        for item, values in built.query(
            "select item_id, uncast_values from staging.stg_augno__item_inventory"
            " where uncast_values is not null"
        )
    }

    assert named == {
        "huge": [("on_hand.value", HUGE), ("available_to_promise.value", HUGE)],
        "words": [("short.value", "some")],
    }
    others = [f"stg_{provider}__{table}" for provider, table in MODELS if table != "item_inventory"]
    for model in others:
        assert built.query(f"select uncast_values from staging.{model} where uncast_values is not null") == []


def test_an_item_is_read_with_its_unit_and_prices(built: WorkingDatabase) -> None:
    [yarn] = rows(built, "stg_augno__items", "item_id = 'yarn'")

    assert json.loads(yarn.pop("attributes")) == [{"id": "at_1"}]
    assert yarn == {
        "account": "mill",
        "item_id": "yarn",
        "sku": "YARN",
        "item_type": "material",
        "description": "Wool,\n2 ply",
        "notes": None,
        "category_id": "ic_1",
        "category_name": "Yarn",
        "category_type": "material_category",
        "unit_group_id": "ug_1",
        "unit_group_name": "Mass",
        "base_unit_id": "un_kg",
        "base_unit_name": "kilogram",
        "base_unit_abbreviation": "kg",
        "base_unit_type": "mass",
        "unit_cost": Decimal("0.1234567891"),
        "unit_cost_text": FINE,
        "unit_cost_display": f"~{FINE}",
        "unit_cost_currency": "$",
        "unit_cost_per_unit_id": "un_kg",
        "unit_cost_per_unit_abbreviation": "kg",
        "unit_value": Decimal("2.5"),
        "unit_value_text": "2.50",
        "unit_value_display": "~2.50",
        "unit_value_currency": "Scrip",
        "unit_value_per_unit_id": "un_kg",
        "unit_value_per_unit_abbreviation": "kg",
        "burn_rate": None,
        "burn_rate_text": None,
        "burn_rate_display": None,
        "created_at": None,
        "updated_at": datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
    }


def test_an_item_of_which_nothing_was_asked_has_nothing_but_itself(built: WorkingDatabase) -> None:
    [bare] = rows(built, "stg_augno__items", "item_id = 'bare'")

    said = {name: value for name, value in bare.items() if value is not None}
    assert said == {"account": "mill", "item_id": "bare", "sku": "BARE", "item_type": "material"}


def test_what_is_no_money_has_no_currency(built: WorkingDatabase) -> None:
    [swap] = built.query(
        "select unit_cost, unit_cost_currency, burn_rate, burn_rate_text"
        " from staging.stg_augno__items where item_id = 'swap'"
    )

    assert swap == (3, None, Decimal("0.25"), "0.25")


SMALLER_OBJECTS = {"unit", "unit_group", "owner"}


@needs_notes
def test_every_field_of_augno_s_note_is_declared() -> None:
    note = (NOTES / "augno.md").read_text(encoding="utf-8")
    tables = declared_tables("augno")
    [inventory_text, item_text, smaller] = (
        re.findall(rf"^### 6\.{part} .*?\n(.*?)(?=^#|\Z)", note, re.S | re.M)[0] for part in (1, 2, 3)
    )
    expected = {
        "item_inventory": first_column(inventory_text) - {"item_inventory"},
        "items": first_column(item_text) - {"item"},
    }
    for name, said in re.findall(r"^\* `(\w+)`: (.*)$", smaller, re.M):
        if name in SMALLER_OBJECTS:
            parts = re.sub(r"\([^)]*\)|\..*|[{}]", "", said)
            expected["items"] |= {part.split(":")[0].strip() for part in parts.split(",")}

    for table, names in expected.items():
        assert len(names) > 8
        assert names - {field["name"] for field in flattened(tables[table])} == set(), table


def first_column(text: str) -> set[str]:
    """The names in backticks in the first column of a table; of `<q>.id`, id."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(?:<q>\.)?(\w+)`", cell)}


def test_every_member_of_what_is_read_here_is_declared() -> None:
    augno, shipstream = declared_tables("augno"), declared_tables("shipstream")
    yarn = item("yarn", category=CATEGORY, unit_cost=rate("1", DOLLAR))

    assert undeclared(yarn, augno["items"]) == []
    assert [undeclared(answer, augno["item_inventory"]) for answer in INVENTORIES.values()] == [[]] * 9
    assert [undeclared(one, shipstream["merchants"]) for one in MERCHANT_SHAPES] == [[]] * 6
    assert undeclared({**LEVEL, "warehouse": {"id": 1}}, shipstream["warehouse_levels"]) == [
        "qty_backordered"
    ]
