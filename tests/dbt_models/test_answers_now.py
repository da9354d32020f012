"""Answers about now depend on what is there now, of accounts that are configured; history keeps the rest."""

from typing import Any

import pytest
from records import PRODUCT, Row, listed, total
from working_database import WorkingDatabase

from pipelines.registry import PROVIDERS

DAY_2, DAY_3, DAY_4 = "2026-01-06T08:00:00Z", "2026-01-07T08:00:00Z", "2026-01-08T08:00:00Z"
TEA, POT, CUP = "4006381333931", "036000291452", "012345678905"

TOLD_OF_THE_PAST = {
    "fct_inventory_changes", "fct_inventory_periods", "fct_inventory_daily", "fct_account_days",
    "fct_product_sales", "fct_sync_runs", "dim_source_fields",
    "rpt_stockouts", "rpt_days_of_cover", "rpt_abc_classes", "rpt_inventory_ageing", "rpt_freshness",
    "rpt_sync_proof", "rpt_schema_drift", "rpt_daily_counts", "rpt_sell_through",
}  # fmt: skip
"""Tables that are about more than now, or about what was read."""


def stocked(sku: str, available: int = 0, **more: Any) -> Row:
    held = dict.fromkeys(("PhysicalQty", "InventoryAvailableQty", "AggregateQty"), available)
    return listed(sku, **{**held, **more})


def kit(sku: str, *parts: str, available: int = 0, **more: Any) -> Row:
    children = [
        {"ProductId": sku, "ChildProductId": part, "PerKitQty": 2, "ProductName": ""} for part in parts
    ]
    kind = {"IsKit": True, "InventoryDependantOption": 2}
    return stocked(sku, available, **{**kind, "ChildProducts": children, **more})


def item(key: str, *variations: Row, deleted: bool = False, version: int = 1, **data: Any) -> Row:
    said = {"name": key.title(), "variations": list(variations), **data}
    return {"type": "ITEM", "id": key, "version": version, "is_deleted": deleted, "item_data": said}


def variation(key: str, item_id: str, *, deleted: bool = False, version: int = 1, **data: Any) -> Row:
    said = {"item_id": item_id, "name": key, **data}
    at = {"updated_at": "2026-01-01T00:00:00Z"}
    return {
        "type": "ITEM_VARIATION", "id": key, "version": version, "is_deleted": deleted, **at,
        "item_variation_data": said,
    }  # fmt: skip


def category(key: str, parent: str | None = None) -> Row:
    above = {"parent_category": {"id": parent, "ordinal": 1}} if parent else {}
    return {"type": "CATEGORY", "id": key, "version": 1, "category_data": {"name": key.title(), **above}}


def unit(key: str) -> Row:
    return {
        "type": "MEASUREMENT_UNIT", "id": key, "version": 1,
        "measurement_unit_data": {"measurement_unit": {"weight_unit": key.upper(), "type": "TYPE_WEIGHT"}},
    }  # fmt: skip


def count(key: str, quantity: str, location: str = "L", state: str = "IN_STOCK") -> Row:
    return {"catalog_object_id": key, "location_id": location, "state": state, "quantity": quantity}


def merchandise(number: int, sku: str, *barcodes: str) -> Row:
    return {**PRODUCT, "id": number, "sku": sku, "barcodes": list(barcodes), "custom_fields": []}


def augno(key: str, sku: str, kind: str = "Yarn") -> Row:
    return {"id": key, "sku": sku, "description": key, "category": {"id": "ic_1", "name": kind}}


def level(product: str, available: int, warehouse: str = "W") -> Row:
    held = {"productId": product, "available": available, "incoming": 0, "reserved": 0}
    return {"warehouseId": warehouse, "level": held}


def begin(database: WorkingDatabase) -> None:
    database.describe_account("cloud", "sellercloud", timezone="UTC")
    database.describe_account("shop", "square")
    database.describe_account("depot", "shipstream")
    database.describe_account("mill", "augno")
    database.describe_account("s2", "ventmere_s2", available_basis="net")


def live(database: WorkingDatabase) -> None:
    """Four days on which things are respelt, deleted, renamed, come back and change what they are made of."""
    put, retire = database.put, database.retire
    # Sellercloud
    put(
        "sellercloud.inventory",
        stocked("CUP-1", 8), stocked("A-CUP", 8, ShadowOf="cup-1"), kit("KIT", "cup-1", available=4),
        stocked("TEA", 5, UPC=TEA), stocked("A-TEA", 5, ShadowOf="TEA"), kit("BOX", "A-TEA"),
        stocked("POT", 3, UPC=POT), kit("SET", "POT", "KIT"), stocked("A-SET", ShadowOf="SET", IsKit=True),
        stocked("LID", 6), stocked("A-LID", 6, ShadowOf="lid"), kit("TIN", "LID", available=1),
        account="cloud",
    )  # fmt: skip
    put("sellercloud.warehouse_inventory", stocked("CUP-1", WarehousePhysicalQty=8), account="cloud",
        keys=("1", "CUP-1"))  # fmt: skip
    # Square
    put(
        "square.catalog_objects",
        category("drinks"), category("hot", "drinks"), unit("kg"),
        item("brew", variation("nested", "brew", sku="nested", version=2), categories=[{"id": "hot"}]),
        variation("black", "brew", sku="tea-1", upc=TEA, measurement_unit_id="kg"),
        variation("purged", "brew", sku="tea-2", upc=POT),
        variation("nested", "brew", sku="direct", version=9),
        item("lost", reporting_category={"id": "drinks"}), variation("stays", "lost", sku="stays"),
        account="shop",
    )  # fmt: skip
    put("square.inventory_counts", count("black", "5"), count("purged", "2"), count("nested", "1"),
        count("stays", "3"), count("cake", "9"), account="shop")  # fmt: skip
    # ShipStream, Augno, Ventmere S2
    put("shipstream.products", merchandise(1, "TEA-1", TEA), merchandise(2, "JAR"), account="depot")
    put("shipstream.total_levels", total(1, "TEA-1", 4), total(2, "JAR", 4), total(3, "OLD-CODE", 4),
        total(4, "JAR", 4), account="depot")  # fmt: skip
    put("augno.items", augno("it_1", "JAR"), augno("it_2", "PAN", "Old yarn"), account="mill")
    for product, sku in (("p1", "TEA-1"), ("p2", "JAR"), ("p3", "PAN")):
        put("ventmere_s2.products", {"id": product, "sku": sku, "gtin": "", "name": product}, account="s2")
        put("ventmere_s2.inventory_items", level(product, 7), account="s2")
    put("ventmere_s2.inventory_items", level("p1", 2, "gone"), account="s2")
    put("ventmere_s2.warehouses", {"id": "gone", "name": "Gone"}, {"id": "W", "name": "Here"}, account="s2")

    # A product is respelt, another goes, one goes and comes back, a kit is made of others.
    retire("sellercloud.inventory", "CUP-1", account="cloud", at=DAY_2)
    retire("sellercloud.warehouse_inventory", "1", "CUP-1", account="cloud", at=DAY_2)
    put("sellercloud.inventory", stocked("Cup-1", 8), account="cloud", at=DAY_2)
    put("sellercloud.warehouse_inventory", stocked("Cup-1", WarehousePhysicalQty=8), account="cloud",
        keys=("1", "Cup-1"), at=DAY_2)  # fmt: skip
    for sku in ("A-TEA", "TEA", "POT", "SET"):
        retire("sellercloud.inventory", sku, account="cloud", at=DAY_2)
    put("sellercloud.inventory", stocked("POT", 3, UPC=POT), account="cloud", at=DAY_3)
    put("sellercloud.inventory", kit("TIN", "CUP-1", "nobody", available=1), account="cloud", at=DAY_3)
    retire("sellercloud.inventory", "LID", account="cloud", at=DAY_3)
    put("sellercloud.inventory", stocked("lid", 6), stocked("Lid", 2), account="cloud", at=DAY_4)
    retire("sellercloud.inventory", "Lid", account="cloud", at="2026-01-09T08:00:00Z")
    # Deleted, which Square goes on telling; purged, which it does not.
    put("square.catalog_objects", variation("black", "brew", deleted=True, version=2, sku="tea-1", upc=TEA),
        account="shop", at=DAY_2)  # fmt: skip
    put("square.inventory_counts", count("black", "0"), account="shop", at=DAY_2)
    put("square.catalog_objects", variation("green", "brew", sku="tea-1", upc=TEA),
        variation("heir", "brew", sku="tea-2", upc=POT, measurement_unit_id="kg"),
        account="shop", at=DAY_3)  # fmt: skip
    put("square.inventory_counts", count("green", "6"), count("heir", "2"), account="shop", at=DAY_3)
    for key in ("purged", "nested", "lost", "drinks", "kg"):
        retire("square.catalog_objects", key, account="shop", at=DAY_2)
    put("square.catalog_objects", item("brew", variation("nested", "brew", sku="nested", upc="", version=2),
        version=2, categories=[{"id": "hot"}]), account="shop", at=DAY_3)  # fmt: skip
    for key in ("purged", "cake"):
        retire("square.inventory_counts", key, "L", "IN_STOCK", account="shop", at=DAY_2)
    # Namesakes of what is gone, a level without a product that is respelt, a renamed category.
    retire("shipstream.products", "Product", "1", account="depot", at=DAY_2)
    retire("shipstream.total_levels", "Product", "1", account="depot", at=DAY_2)
    retire("shipstream.total_levels", "Product", "4", account="depot", at=DAY_2)
    put("shipstream.products", merchandise(11, "TEA-1", TEA), account="depot", at=DAY_2)
    put("shipstream.total_levels", total(11, "TEA-1", 4), total(3, "AAA-CODE", 4), account="depot", at=DAY_2)
    put("augno.items", augno("it_2", "POT", "Old yarn"), account="mill", at=DAY_2)
    retire("augno.items", "it_2", account="mill", at=DAY_3)
    put("augno.items", augno("it_3", "PAN"), account="mill", at=DAY_2)
    retire("ventmere_s2.products", "p2", account="s2", at=DAY_2)  # its stock stays
    put("ventmere_s2.products", {"id": "p9", "sku": "JAR", "gtin": "", "name": "p9"}, account="s2", at=DAY_3)
    put("ventmere_s2.inventory_items", level("p9", 1), account="s2", at=DAY_3)
    retire("ventmere_s2.products", "p3", account="s2", at=DAY_2)
    retire("ventmere_s2.inventory_items", "W", "p3", account="s2", at=DAY_2)
    retire("ventmere_s2.inventory_items", "gone", "p1", account="s2", at=DAY_2)
    retire("ventmere_s2.warehouses", "gone", account="s2", at=DAY_2)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> WorkingDatabase:
    database = WorkingDatabase(tmp_path_factory.mktemp("lived"))
    begin(database)
    live(database)
    database.build()
    return database


@pytest.fixture(scope="module")
def fresh(lived: WorkingDatabase, tmp_path_factory: pytest.TempPathFactory) -> WorkingDatabase:
    """The rows that are current after that life, and nothing else."""
    database = WorkingDatabase(tmp_path_factory.mktemp("fresh"))
    begin(database)
    for provider in PROVIDERS.values():
        for resource in provider.resources:
            table = f"raw_{provider.name}.{resource.name}"
            current = lived.query(f"select * from {table} where _dlt_valid_to is null")
            for row in current:
                database.query(f"insert into {table} values ({', '.join('?' for _ in row)})", *row)
    database.build(tests=False)
    return database


def told(database: WorkingDatabase, table: str) -> list[Row]:
    """A table's rows but for those about what is gone: history gives them names, and they say so."""
    gone = {row["product_key"] for row in database.rows("from marts.dim_products") if not row["is_current"]}
    places = {row["location_key"] for row in database.rows("from marts.dim_locations") if row["deleted_at"]}
    groups = {row["category_key"] for row in database.rows("from marts.dim_categories") if row["deleted_at"]}
    left = {row["item_key"] for row in database.rows("from marts.bridge_item_products") if row["is_present"]}
    stocked = {row["product_key"] for row in database.rows("from marts.fct_inventory_positions")}
    found = []
    for row in database.rows(f"from {table}"):
        product = row.get("product_key", row.get("kit_product_key"))
        is_gone = (
            (product in gone and product not in stocked)
            or (row.get("location_key") in places and product is None)
            or (row.get("category_key") in groups and product is None)
            or (
                "item_key" in row
                and product is None
                and table == "marts.dim_items"
                and row["item_key"] not in left
            )
        )
        if not is_gone:
            found.append(row)
    return found


DESCRIBED = ("sku", "name", "product_name", "gtin", "is_product_deleted", "is_product_unknown", "is_active",
             "is_product_active", "is_orphan", "is_current", "deleted_at", "has_deleted_products",
             "is_present", "created_at", "updated_at", "condition")  # fmt: skip
"""What the last record of a product that is gone still says of stock that is left of it: its name."""


def test_a_history_changes_no_answer_about_now(lived: WorkingDatabase, fresh: WorkingDatabase) -> None:
    tables = [
        f"{schema}.{name}"
        for schema, name in fresh.query(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema in ('marts', 'reporting') order by all"
        )
        if name not in TOLD_OF_THE_PAST
    ]
    assert len(tables) > 20
    left_over = {
        row["product_key"] for row in lived.rows("from marts.dim_products")
        if row["product_id"] == "p2" and row["account"] == "s2"
    }  # fmt: skip
    [item_left] = lived.query("select item_key from marts.bridge_item_products where product_id = 'p2'")
    for table in tables:
        found = []
        for database in (lived, fresh):
            plain = []
            for row in told(database, table):
                if row.get("product_key") in left_over or row.get("item_key") == item_left[0]:
                    row = {name: value for name, value in row.items() if name not in DESCRIBED}
                plain.append(row)
            found.append(sorted(plain, key=repr))
        only_lived = [row for row in found[0] if row not in found[1]]
        only_fresh = [row for row in found[1] if row not in found[0]]
        assert (only_lived, only_fresh) == ([], []), table


def test_a_respelt_part_is_the_part_that_is_there_now(lived: WorkingDatabase) -> None:
    """The example of the issue: CUP-1 is respelt Cup-1, and a kit and a shadow go on saying cup-1."""
    assert lived.query(
        "select quantity_buildable_in_all, limiting_product_id from reporting.rpt_kit_buildable"
        " where kit_product_id = 'KIT' and location_id is not null"
    ) == [(4, "Cup-1")]
    assert lived.query(
        "select product_id, advertised_by_shadows, shadow_count, kit_count"
        " from reporting.rpt_oversell_risk where product_id ilike 'cup-1'"
    ) == [("Cup-1", 8, 1, 2)]
    assert lived.query(
        "select product_id from marts.fct_inventory_positions where product_id ilike 'cup-1'"
    ) == [("Cup-1",)]


def test_what_is_gone_makes_no_code_ambiguous(lived: WorkingDatabase) -> None:
    matched = dict(
        lived.query(
            "select account || ' ' || product_id,"
            " match_rule || case when is_ambiguous then ' ambiguous' else '' end"
            " from marts.bridge_item_products"
        )
    )
    assert matched["shop green"] == "gtin", "its namesake is deleted and counted as 0"
    assert matched["shop heir"] == "gtin", "its namesake is purged"
    assert matched["depot 11"] == "gtin", "its namesake is gone from products and levels"
    assert matched["depot 2"] == "sku", "a level of that SKU, of a product nobody lists, is gone"
    assert matched["s2 p9"] == "sku", "stock is left of a product of that SKU that is gone"
    assert matched["s2 p2"] == "none"
    assert lived.query("select * from reporting.rpt_ambiguous_codes") == []


KEPT = {"fct_inventory_changes": "* exclude (is_current)", "fct_inventory_daily": "*"}
"""What history keeps: all but the column that is about now."""


def test_what_is_not_configured_is_history_alone(lived: WorkingDatabase) -> None:
    """A shop is renamed, one is taken out, and one's name goes to another system: 14 where there are 4."""
    before = {
        name: lived.query(f"select {kept} from marts.{name} order by all") for name, kept in KEPT.items()
    }
    now = lived.query("select account, sum(quantity_on_hand) from marts.fct_inventory_positions group by all")
    lived.query("update raw_stocktake.accounts set is_configured = false where account in ('shop', 'depot')")
    lived.describe_account("renamed", "square")
    lived.describe_account("mill", "shipstream")
    lived.put(
        "square.catalog_objects",
        variation("green", "brew", sku="tea-1", upc=TEA),
        account="renamed",
        at=DAY_4,
    )
    lived.put("square.inventory_counts", count("green", "4"), account="renamed", at=DAY_4)

    lived.build()

    assert dict(now).keys() == {"cloud", "shop", "depot", "s2"}
    left = {"cloud", "s2", "renamed"}
    for table in (
        "marts.fct_inventory_levels", "marts.fct_inventory_states", "marts.fct_inventory_positions",
        "marts.fct_product_sales", "reporting.rpt_stock_on_hand", "reporting.rpt_custom_fields_wide",
        "reporting.rpt_inventory_value", "reporting.rpt_low_stock", "reporting.rpt_days_of_cover",
        "reporting.rpt_ambiguous_codes", "reporting.rpt_oversell_risk", "reporting.rpt_inventory_ageing",
    ):  # fmt: skip
        assert {row["account"] for row in lived.rows(f"from {table}")} <= left, table
    assert lived.query(
        "select square_on_hand, product_count, match_rule from reporting.rpt_stock_consolidated"
        " where item_key = (select item_key from marts.bridge_item_products where account = 'renamed')"
    ) == [(4, 2, "gtin")], "with its namesake at Ventmere S2"
    for name, known in before.items():
        kept = set(lived.query(f"select {KEPT[name]} from marts.{name}"))
        assert kept >= set(known), name
    current = lived.query(
        "select distinct account from marts.fct_inventory_changes where is_current order by 1"
    )
    assert current == [("cloud",), ("renamed",), ("s2",)]
    assert lived.query(
        "select count(*) from reporting.rpt_stockouts where is_ongoing and account = 'shop'"
    ) == [(0,)]
    configured = lived.query("select distinct account, is_configured from marts.dim_products order by 1")
    assert configured == [
        ("cloud", True), ("depot", False), ("mill", False), ("renamed", True), ("s2", True), ("shop", False)
    ]  # fmt: skip

    lived.query("update raw_stocktake.accounts set is_configured = true where account in ('shop', 'depot')")
    lived.build(tests=False)

    assert set(now) <= set(
        lived.query("select account, sum(quantity_on_hand) from marts.fct_inventory_positions group by all")
    ), "configured again, it counts again"
