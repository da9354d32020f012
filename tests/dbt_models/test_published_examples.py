"""The providers' own published examples reach the reports unchanged."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from records import DATA, LEVEL, LISTED, PRODUCT
from working_database import WorkingDatabase

S2_EXAMPLE = DATA / "ventmere_s2_inventory_overview.json"
SQUARE_EXAMPLES = Path(__file__).parents[3] / "shared" / "examples"
needs_square_examples = pytest.mark.skipif(
    not (SQUARE_EXAMPLES / "square_inventory_counts.json").is_file(),
    reason="Square's example answers are not part of this repository; they lie in ../shared/examples in CI",
)


@pytest.fixture(scope="module")
def examples(working_database: WorkingDatabase) -> WorkingDatabase:
    overview = msgspec.json.decode(S2_EXAMPLE.read_bytes(), type=dict[str, list[msgspec.Raw]])
    for name, table in [("warehouses", "warehouses"), ("products", "products"), ("items", "inventory_items")]:
        records = [bytes(record).decode() for record in overview[name]]
        working_database.put(f"ventmere_s2.{table}", *records, account="s2")
    working_database.describe_account("s2", "ventmere_s2", available_basis="net")
    for file, name, table in [
        ("square_inventory_counts.json", "counts", "inventory_counts"),
        ("square_inventory_changes.json", "changes", "inventory_changes"),
        ("square_catalog_search.json", "objects", "catalog_objects"),
        ("square_locations.json", "locations", "locations"),
    ]:
        path = SQUARE_EXAMPLES / file
        if path.is_file():
            answer = json.loads(path.read_text(encoding="utf-8"))
            working_database.put(f"square.{table}", *answer[name], account="shop")
    working_database.describe_account("shop", "square")
    working_database.put("sellercloud.inventory", LISTED, account="cloud")
    working_database.describe_account("cloud", "sellercloud", timezone="America/New_York")
    working_database.put("shipstream.total_levels", LEVEL, account="depot")
    working_database.put("shipstream.products", PRODUCT, account="depot")
    working_database.describe_account("depot", "shipstream")
    working_database.build()
    return working_database


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_every_s2_level_is_reported_with_names_where_there_are_some(examples: WorkingDatabase) -> None:
    overview = json.loads(S2_EXAMPLE.read_text(encoding="utf-8"))
    names = {product["id"]: product["name"] for product in overview["products"]}
    expected = {
        (
            item["level"]["productId"],
            names.get(item["level"]["productId"]),
            "test warehouse",
            item["level"]["productId"] not in names,
            item["level"]["available"] - item["level"]["reserved"],
            item["level"]["available"],
            -item["level"]["reserved"],
            item["level"]["incoming"],
            moment(item["level"]["updatedAt"]),
        )
        for item in overview["items"]
    }

    reported = examples.query(
        "select product_id, product_name, location_name, is_product_unknown, quantity_on_hand,"
        " quantity_available, quantity_reserved, quantity_incoming, counted_at"
        " from reporting.rpt_stock_on_hand where provider = 'ventmere_s2'"
    )

    assert len(reported) == len(overview["items"]) == 5
    assert set(reported) == expected
    assert sum(row[3] for row in reported) == 3, "three of the five point to products that are not listed"


def test_an_s2_product_keeps_every_digit_and_letter(examples: WorkingDatabase) -> None:
    [row] = examples.query(
        "select image_path, package_length_mm, case_weight_kg, shipping_weight_kg, case_pack"
        " from staging.stg_ventmere_s2__products where sku = 'test'"
    )

    assert row == (
        "95d73baf-76ba-4bea-86ac-1534c5e5d4aa/2024-04-23/avatar/听雨__24_x_26.25__PFPWig_4_YXKT59pJLuoIk82VgaF.jpg",
        Decimal("33.27078"), Decimal("0.35708416"), Decimal("76.44365"), 2,
    )  # fmt: skip


def test_what_s2_writes_for_missing_becomes_null(examples: WorkingDatabase) -> None:
    [row] = examples.query(
        "select gtin, brand_name, case_length_mm, case_pack"
        " from staging.stg_ventmere_s2__products where sku = 'TEST-BLACK'"
    )

    assert row == ("871160888", None, None, None)


def test_barcodes_that_cannot_be_right_are_not_passed_on(examples: WorkingDatabase) -> None:
    assert examples.query("select distinct gtin from marts.dim_products where provider = 'ventmere_s2'") == [
        (None,)
    ]


@needs_square_examples
def test_square_s_count_is_reported_although_nobody_names_its_product(examples: WorkingDatabase) -> None:
    [row] = examples.query(
        "select product_id, location_id, quantity_on_hand, quantity_available, quantity_reserved,"
        " is_product_unknown, is_location_unknown, counted_at"
        " from reporting.rpt_stock_on_hand where provider = 'square'"
    )

    assert row == (
        "W62UWFY35CWMYGVWK6TWJDNI", "59TNP9SA8VGDA", 79, 79, None, True, True,
        moment("2016-11-16T22:28:01.223Z"),
    )  # fmt: skip


@needs_square_examples
def test_square_s_variations_are_products_although_they_come_inside_their_items(
    examples: WorkingDatabase,
) -> None:
    products = examples.query(
        "select product_id, name from marts.dim_products where provider = 'square' and not is_orphan"
    )

    assert set(products) == {
        ("5GSZPX6EU7MM75S57OONG3V5", "Tea - Black (Regular)"),
        ("XVLBN7DU6JTWHJTG5F265B43", "Tea - Black (Large)"),
        ("FHYBVIA6NVBCSOVETA62WEA4", "Tea - Green (Regular)"),
    }


@needs_square_examples
def test_square_s_recount_is_a_movement(examples: WorkingDatabase) -> None:
    [row] = examples.query(
        "select movement_type, to_location_id, from_state, to_state, quantity, occurred_at, received_at,"
        " source_name from marts.fct_stock_movements"
    )

    assert row == (
        "PHYSICAL_COUNT", "C6W5YS5QM06F5", None, "IN_STOCK", 86, moment("2016-11-16T22:24:49.028Z"),
        moment("2016-11-16T22:25:24.878Z"), "Square Point of Sale 4.37",
    )  # fmt: skip


@needs_square_examples
def test_square_s_locations_keep_zone_and_place(examples: WorkingDatabase) -> None:
    places = examples.query(
        "select name, city, region, country_code, timezone, location_type, is_active"
        " from marts.dim_locations where provider = 'square' and not is_orphan"
    )

    assert set(places) == {
        ("Grant Park", "San Francisco", "CA", "US", "America/Los_Angeles", None, True),
        ("Midtown", "Atlanta", "GA", "US", "America/New_York", "PHYSICAL", True),
    }


def test_sellercloud_s_placeholders_reach_the_marts(examples: WorkingDatabase) -> None:
    """Its values are placeholders, so it is a shadow and an independent kit of itself."""
    [row] = examples.query(
        "select product_id, sku, name, brand, gtin, product_type, is_kit, shadow_of_product_key, is_active,"
        " created_at from marts.dim_products where account = 'cloud' and not is_orphan"
    )
    placed_at = datetime(2026, 1, 22, 15, 2, 1, 711000, UTC)
    assert row == ("string", "string", "string", "string", None, "string", True, None, False, placed_at)

    assert examples.query(
        "select component_product_id, component_product_key is not null, quantity_per_kit, position"
        " from marts.bridge_kit_components where account = 'cloud'"
    ) == [("string", True, Decimal(0), 1)]
    assert examples.query(
        "select field_code, field_name, data_type, value_text, position from reporting.rpt_custom_fields"
        " where account = 'cloud'"
    ) == [("string", "string", "text", "{}", 1)]
    assert examples.query(
        "select barcode, barcode_type from marts.bridge_product_barcodes where account = 'cloud' order by 2"
    ) == [("string", "EAN"), ("string", "UPC")]


def test_every_field_of_sellercloud_s_example_has_its_column(examples: WorkingDatabase) -> None:
    [row] = examples.query(
        "select * exclude (version_key, account, asked_at, valid_from, valid_to, uncast_values, field_kinds,"
        " unknown_fields, parsed_by,"
        " row_hash, _dlt_load_id, updated_at)"
        " from staging.stg_sellercloud__inventory where account = 'cloud'"
    )

    assert len(row) == len(LISTED) == 108


def test_shipstream_s_example_reaches_the_marts(examples: WorkingDatabase) -> None:
    [position] = examples.query(
        "select products.product_id, products.sku, products.is_orphan, quantity_on_hand, quantity_available,"
        " quantity_reserved, quantity_incoming, quantity_backordered, quantity_unsellable,"
        " quantity_advertised, is_additive, counted_at"
        " from marts.fct_inventory_positions join marts.dim_products as products using (product_key)"
        " where products.account = 'depot'"
    )
    counted_at = datetime(2025, 8, 28, 10, 30, tzinfo=UTC)
    assert position == ("5", "ABC123", True, 230, 166, 24, 100, 0, 50, 195, True, counted_at)

    [named] = examples.query(
        "select product_id, sku, name, product_type, gtin, is_active, owner_id, created_at"
        " from marts.dim_products where account = 'depot' and not is_orphan"
    )
    created_at = datetime(2017, 7, 21, 17, 32, 28, tzinfo=UTC)
    assert named == ("123", "SKU-1AD", "Test Product", "Product", None, True, "4", created_at)

    assert examples.query(
        "select barcode, gtin, position from marts.bridge_product_barcodes where account = 'depot' order by 3"
    ) == [("956623520-4", None, 1), ("O-VS-Oregano-p3", None, 2)]
    assert examples.query(
        "select country_code, base_code, extension, hs_code from marts.bridge_product_hs_codes"
        " where account = 'depot' order by 1"
    ) == [("TW", "8518.30", "002", "8518.30002"), ("US", "8518.30", "011", "8518.30011")]
    assert examples.query(
        "select field_code, data_type, value_text, value_number, value_boolean, value_key"
        " from reporting.rpt_custom_fields where account = 'depot' order by 1"
    ) == [
        ("allow_mailer", "boolean", "true", None, True, None),
        ("color", "option", "Red and Black", None, None, "13"),
        ("cost_of_goods", "decimal", "41.32", Decimal("41.32"), None, None),
    ]
