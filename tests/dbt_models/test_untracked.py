"""Where nobody counts, a zero means nothing: no number, no report of a lack, and a word why."""

from typing import Any

import pytest
from records import PRODUCT, Row, listed, total
from working_database import FIRST_LOAD, WorkingDatabase

DAY_2, DAY_3 = "2026-01-06T08:00:00Z", "2026-01-07T08:00:00Z"


def variation(key: str, *, tracked: bool | None, **data: Any) -> Row:
    said: Row = {
        "name": key,
        "sku": key,
        "inventory_alert_type": "LOW_QUANTITY",
        "inventory_alert_threshold": 5,
    }
    if tracked is not None:
        said["track_inventory"] = tracked
    return {"type": "ITEM_VARIATION", "id": key, "version": 1, "item_variation_data": {**said, **data}}


def at(location: str, **said: Any) -> Row:
    return {"location_id": location, **said}


def count(key: str, location: str, quantity: str, state: str = "IN_STOCK") -> Row:
    return {"catalog_object_id": key, "location_id": location, "state": state, "quantity": quantity}


def virtual(number: int, sku: str, how: str) -> Row:
    inventory = {**PRODUCT["inventory"], "virtual_inventory": how}
    return {**PRODUCT, "id": number, "sku": sku, "barcodes": [], "custom_fields": [], "inventory": inventory}


def offered(number: int, sku: str, available: int, advertised: int, **more: Any) -> Row:
    return total(number, sku, available, qty_advertised=advertised, **more)


def stocked(sku: str, physical: int) -> Row:
    names = ("PhysicalQty", "InventoryAvailableQty", "WarehousePhysicalQty")
    return listed(sku, **dict.fromkeys(names, physical))


def level(warehouse: str, product: str, available: int, incoming: int = 0) -> Row:
    held = {"productId": product, "available": available, "incoming": incoming, "reserved": 0}
    return {"warehouseId": warehouse, "level": held}


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    put = working_database.put
    working_database.describe_account("shop", "square")
    working_database.describe_account("depot", "shipstream")
    working_database.describe_account("cloud", "sellercloud", timezone="UTC", warehouse_available="scoped")
    working_database.describe_account("s2", "ventmere_s2", available_basis="net")
    put(
        "square.catalog_objects",
        variation("off", tracked=False),
        variation("off but here", tracked=False, location_overrides=[at("L", track_inventory=True)]),
        variation("on but here", tracked=True, location_overrides=[at("L", track_inventory=False)]),
        variation("unsaid but here", tracked=None, location_overrides=[at("L", track_inventory=False)]),
        variation("on", tracked=True, location_overrides=[
            at("L", sold_out=True, sold_out_valid_until="2026-02-01T00:00:00Z"), at("M", sold_out=False),
        ]),
        variation("unsaid", tracked=None),
        variation("switched off", tracked=True),
        variation("switched on", tracked=False),
        {"type": "ITEM", "id": "item", "version": 1, "item_data": {"name": "Item", "variations": [
            variation("nested", tracked=False),
        ]}},
        account="shop",
    )  # fmt: skip
    for key in ("off", "off but here", "on but here", "unsaid but here", "on", "unsaid", "switched off",
                "switched on", "nested"):  # fmt: skip
        put("square.inventory_counts", count(key, "L", "0"), count(key, "M", "0"), account="shop")
    put("square.inventory_counts", count("off", "L", "4", "WASTE"), account="shop")
    put("shipstream.products", virtual(1, "on", "optimistic"), virtual(2, "some", "realistic"),
        virtual(3, "none", "none"), virtual(4, "coming", "pessimistic"), account="depot")  # fmt: skip
    put("shipstream.total_levels", offered(1, "on", 0, 7), offered(2, "some", 3, 9), offered(3, "none", 0, 0),
        offered(4, "coming", 0, 5, qty_expected=6), account="depot")  # fmt: skip
    put("sellercloud.inventory", stocked("off", 9), stocked("on", 5), account="cloud")
    put("sellercloud.warehouses", {"ID": 1, "Name": "Ours", "WarehouseType": 0},
        {"ID": 2, "Name": "Theirs", "WarehouseType": 4}, account="cloud")  # fmt: skip
    for warehouse, sku, physical in (("1", "off", 0), ("2", "off", 0), ("2", "on", 5)):
        put("sellercloud.warehouse_inventory", stocked(sku, physical), account="cloud", keys=(warehouse, sku))
    for product in ("p0", "p5", "both", "coming"):
        put("ventmere_s2.products", {"id": product, "sku": product, "name": product}, account="s2")
    put("ventmere_s2.warehouses",
        {"id": "theirs", "name": "Theirs", "dropshipper": True, "fulfillmentCenter": False},
        {"id": "shared", "name": "Shared", "dropshipper": True, "fulfillmentCenter": True},
        account="s2")  # fmt: skip
    put("ventmere_s2.inventory_items", level("theirs", "p0", 0), level("theirs", "p5", 5),
        level("theirs", "both", 0), level("shared", "both", 0), level("theirs", "coming", 0, 3),
        account="s2")  # fmt: skip
    put("square.catalog_objects", variation("switched off", tracked=False) | {"version": 2},
        variation("switched on", tracked=True) | {"version": 2}, account="shop", at=DAY_2)  # fmt: skip
    put("square.inventory_counts", count("on", "M", "1"), account="shop", at=DAY_3)
    resources = {
        "shop": "inventory_counts",
        "depot": "total_levels",
        "cloud": "inventory",
        "s2": "inventory_items",
    }
    providers = {"shop": "square", "depot": "shipstream", "cloud": "sellercloud", "s2": "ventmere_s2"}
    for moment in (FIRST_LOAD, DAY_2, DAY_3):
        for account, resource in resources.items():
            working_database.query(
                "insert into raw_stocktake.sync_log (run_id, account, provider, resource, mode,"
                " asked_through, started_at, finished_at, status)"
                " values (?, ?, ?, ?, 'sweep', ?, ?, ?, 'ok')",
                moment, account, providers[account], resource, moment, moment, moment,
            )  # fmt: skip
    working_database.build()
    return working_database


def test_levels_say_why_they_say_nothing(built: WorkingDatabase) -> None:
    found = built.query(
        "select account || ' ' || product_id || ' ' || location_id, quantity_on_hand, is_tracked,"
        " untracked_reason"
        " from marts.fct_inventory_levels order by all"
    )
    told = {name: (None if number is None else int(number), why) for name, number, _, why in found}
    assert all(tracked is (why is None) for _, _, tracked, why in found)
    off = (None, "not_tracked")
    assert told == {
        "shop off L": off, "shop off M": off, "shop off but here L": (0, None), "shop off but here M": off,
        "shop on but here L": off, "shop on but here M": (0, None), "shop unsaid but here L": off,
        "shop unsaid but here M": (0, None), "shop on L": (0, None), "shop on M": (1, None),
        "shop unsaid L": (0, None), "shop unsaid M": (0, None), "shop switched off L": off,
        "shop switched off M": off, "shop switched on L": (0, None), "shop switched on M": (0, None),
        "shop nested L": off, "shop nested M": off,
        "cloud off 1": (0, None), "cloud off 2": (None, "drop_ship"), "cloud on 2": (5, None),
        "s2 p0 theirs": (None, "drop_ship"), "s2 p5 theirs": (5, None), "s2 both theirs": (None, "drop_ship"),
        "s2 both shared": (0, None), "s2 coming theirs": (0, None),
    }  # fmt: skip


def test_positions_add_up_what_is_tracked(built: WorkingDatabase) -> None:
    found = built.query(
        "select account || ' ' || dim_products.sku, quantity_available, is_tracked, untracked_reason"
        " from marts.fct_inventory_positions inner join marts.dim_products using (product_key, account)"
    )
    told = {name: (None if number is None else int(number), *rest) for name, number, *rest in found}
    off, some = (None, False, "not_tracked"), (0, True, "not_tracked")
    assert told == {
        "shop off": off, "shop off but here": some, "shop on but here": some, "shop unsaid but here": some,
        "shop on": (1, True, None), "shop unsaid": (0, True, None),
        "shop switched off": off, "shop switched on": (0, True, None), "shop nested": off,
        "depot on": (None, False, "virtual_inventory"), "depot some": (3, True, None),
        "depot none": (0, True, None), "depot coming": (0, True, None), "cloud off": (9, True, None),
        "cloud on": (5, True, None),
        "s2 p0": (None, False, "drop_ship"), "s2 p5": (5, True, None), "s2 both": (0, True, "drop_ship"),
        "s2 coming": (0, True, None),
    }  # fmt: skip


def test_states_stay_as_they_were_given(built: WorkingDatabase) -> None:
    assert built.query(
        "select location_id, state, quantity from marts.fct_inventory_states"
        " where product_id = 'off' order by all"
    ) == [("L", "IN_STOCK", 0), ("L", "WASTE", 4), ("M", "IN_STOCK", 0)]


def test_no_report_of_a_lack_has_what_is_not_tracked(built: WorkingDatabase) -> None:
    low = built.query(
        "select product_id, location_id from reporting.rpt_low_stock where account = 'shop' order by all"
    )
    assert low == [
        ("off but here", "L"), ("on", "L"), ("on", "M"), ("on but here", "M"), ("switched on", "L"),
        ("switched on", "M"), ("unsaid", "L"), ("unsaid", "M"), ("unsaid but here", "M"),
    ]  # fmt: skip
    at_risk = built.query("select account, product_id, quantity_at_risk from reporting.rpt_oversell_risk")
    assert at_risk == [], "neither does what ShipStream offers of its parts"
    covered = built.query("select account || ' ' || sku from reporting.rpt_days_of_cover")
    assert not {("shop off",), ("shop nested",), ("depot on",), ("s2 p0",)} & set(covered)
    against = built.query("select distinct sku from reporting.rpt_reconciliation order by 1")
    assert ("off",) not in against, "9 at Sellercloud against an untracked 0 at Square"
    assert against == [("on",)], "1 at Square, 5 at Sellercloud; ShipStream makes them when they are sold"
    [spread] = built.query(
        "select available_spread, shipstream_available, shipstream_number_at, square_available"
        " from reporting.rpt_stock_consolidated where sku = 'on'"
    )
    assert spread == (4, None, None, 1)
    assert built.query("select available_spread from reporting.rpt_stock_consolidated where sku = 'off'") == [
        (None,)
    ]


def test_history_tells_no_stockout_of_what_was_not_tracked(built: WorkingDatabase) -> None:
    days = built.query(
        "select product_id, list(is_stockout order by date_day), any_value(untracked_reason)"
        " from marts.fct_inventory_daily where account = 'shop' group by 1 order by 1"
    )
    assert {name: (told, why) for name, told, why in days} == {
        "off": ([None] * 3, "not_tracked"),
        "nested": ([None] * 3, "not_tracked"),
        "off but here": ([None] * 3, "not_tracked"),
        "on but here": ([None] * 3, "not_tracked"),
        "unsaid but here": ([None] * 3, "not_tracked"),
        "on": ([True, True, False], None),
        "unsaid": ([True] * 3, None),
        "switched off": ([True, None, None], "not_tracked"),
        "switched on": ([None, True, True], "not_tracked"),
    }
    spells = built.query(
        "select account, product_id, cast(started_on as varchar), days_out, is_ongoing"
        " from reporting.rpt_stockouts where account <> 'depot' order by all"
    )
    assert spells == [
        ("s2", "coming", "2026-01-05", 3, True),
        ("shop", "on", "2026-01-05", 2, False),
        ("shop", "switched off", "2026-01-05", 1, False),
        ("shop", "switched on", "2026-01-06", 2, True),
        ("shop", "unsaid", "2026-01-05", 3, True),
    ]


def test_what_is_marked_sold_out_by_hand_stands_beside_the_number(built: WorkingDatabase) -> None:
    assert built.query(
        "select location_id, quantity_available, is_sold_out, cast(sold_out_until as date)::varchar"
        " from reporting.rpt_stock_on_hand where product_id = 'on' and account = 'shop' order by 1"
    ) == [("L", 0, True, "2026-02-01"), ("M", 1, False, None)]
