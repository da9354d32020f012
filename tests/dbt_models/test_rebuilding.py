"""Builds that follow on builds: nothing twice, nothing stale, and the same as from scratch."""

from decimal import Decimal
from typing import Any

import pytest
from working_database import WorkingDatabase

DAY_2, DAY_3, DAY_4 = "2026-01-06T08:00:00Z", "2026-01-07T08:00:00Z", "2026-01-08T08:00:00Z"


def count(product: str, quantity: Any, *, state: str = "IN_STOCK", **more: Any) -> dict[str, Any]:
    return {
        "catalog_object_id": product,
        "catalog_object_type": "ITEM_VARIATION",
        "state": state,
        "location_id": "L",
        "quantity": quantity,
        "calculated_at": "2026-01-05T07:00:00.123Z",
        **more,
    }


def level(product: str, available: int) -> dict[str, Any]:
    return {
        "warehouseId": "W",
        "level": {"productId": product, "available": available, "incoming": 0, "reserved": -1},
    }


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    """One build on the first load; the tests below follow on each other in their order."""
    working_database.describe_account("shop", "square")
    working_database.describe_account("s2", "ventmere_s2", available_basis="gross")
    working_database.put(
        "square.inventory_counts",
        count("tea", "10"),
        count("tea", "2.5", state="RESERVED_FOR_SALE"),
        count("cup", "1"),
        count("pot", "7"),
        count("exact", "12345678901234567.8901234567"),
        '{"catalog_object_id": "number", "location_id": "L", "state": "IN_STOCK",'
        ' "quantity": 1234567890123456.78901}',
        account="shop",
    )
    working_database.put("ventmere_s2.inventory_items", level("tea", 5), level("gone", 3), account="s2")
    working_database.build(tests=False)
    return working_database


def row_ids(built: WorkingDatabase) -> dict[str, list[tuple[Any, ...]]]:
    """Where every staging row lies; an update or a rewrite moves it."""
    tables = built.query(
        "select table_name from information_schema.tables"
        " where table_schema = 'staging' and table_type = 'BASE TABLE'"
    )
    assert len(tables) == 17
    return {name: built.query(f"select rowid, * from staging.{name} order by 1") for (name,) in tables}


def notes(built: WorkingDatabase) -> dict[str, str | None]:
    """Which build made each published table."""
    return dict(
        built.query(
            "select table_name, comment from duckdb_tables() where schema_name in ('marts', 'reporting')"
        )
    )


def log(built: WorkingDatabase, run: str, at: str) -> None:
    built.query(
        "insert into raw_stocktake.sync_log (run_id, account, provider, resource, mode, status, rows_read,"
        " rows_distinct, asked_through, started_at, finished_at)"
        " values (?, 'shop', 'square', 'inventory_counts', 'sweep', 'ok', 3, 2, ?, ?, ?)",
        run, at, at, at,
    )  # fmt: skip


def changes(built: WorkingDatabase, product: str) -> list[tuple[Any, ...]]:
    return built.query(
        "select strftime(valid_from, '%d'), strftime(valid_to, '%d'), quantity_on_hand, on_hand_change"
        " from marts.fct_inventory_changes where product_id = ? order by provider, valid_from",
        product,
    )


def test_quantities_keep_every_digit(built: WorkingDatabase) -> None:
    exact = built.query(
        "select quantity from staging.stg_square__inventory_counts"
        " where catalog_object_id in ('exact', 'number') order by catalog_object_id"
    )

    assert exact == [(Decimal("12345678901234567.8901234567"),), (Decimal("1234567890123456.78901"),)]


def test_a_build_without_changes_rewrites_nothing(built: WorkingDatabase) -> None:
    before = row_ids(built)

    built.build(tests=False)

    assert row_ids(built) == before


def test_changed_and_vanished_levels_close_their_versions(built: WorkingDatabase) -> None:
    built.put("square.inventory_counts", count("tea", "8"), account="shop", at=DAY_2)
    built.put("square.inventory_counts", count("cup", "1.0"), account="shop", at=DAY_2)
    built.retire("square.inventory_counts", "pot", "L", "IN_STOCK", account="shop", at=DAY_2)
    built.retire("ventmere_s2.inventory_items", "W", "gone", account="s2", at=DAY_2)
    untouched = {row for row in row_ids(built)["stg_square__inventory_counts"] if row[4] == "exact"}

    built.build(tests=False)

    assert changes(built, "tea") == [
        ("05", "06", Decimal("12.5"), None),
        ("06", None, Decimal("10.5"), Decimal("-2")),
        ("05", None, Decimal("5"), None),
    ]
    assert changes(built, "cup") == [("05", None, Decimal("1"), None)], "1.0 is 1"
    assert changes(built, "pot") == [("05", "06", Decimal("7"), None)]
    assert changes(built, "gone") == [("05", "06", Decimal("3"), None)]
    now = built.query("select provider, product_id from marts.fct_inventory_levels")
    assert set(now) == {("square", name) for name in ("cup", "exact", "number", "tea")} | {
        ("ventmere_s2", "tea")
    }
    assert untouched <= set(row_ids(built)["stg_square__inventory_counts"]), "parsed once is enough"


def test_a_level_comes_back_and_rows_parsed_by_other_code_are_parsed_again(built: WorkingDatabase) -> None:
    built.put("square.inventory_counts", count("pot", "9"), account="shop", at=DAY_3)
    built.query(
        "update staging.stg_square__inventory_counts set parsed_by = 'an older release', quantity = 0"
    )

    built.build(tests=False)

    assert changes(built, "pot") == [
        ("05", "06", Decimal("7"), None),
        ("07", None, Decimal("9"), Decimal("2")),
    ]
    assert built.query("select count(*) from staging.stg_square__inventory_counts where quantity = 0") == [
        (0,)
    ]


def test_following_builds_equal_one_from_scratch(built: WorkingDatabase) -> None:
    following = built.tables("staging", "marts", "reporting")

    built.build_anew()

    assert built.tables("staging", "marts", "reporting") == following


def test_what_left_raw_leaves_everything(built: WorkingDatabase) -> None:
    built.query("delete from raw_square.inventory_counts where catalog_object_id <> 'tea'")

    built.build(tests=False)

    assert built.query("select distinct catalog_object_id from staging.stg_square__inventory_counts") == [
        ("tea",)
    ]
    assert built.query("select distinct product_id from marts.dim_products order by 1") == [
        ("gone",),  # of S2: it vanished, and its history stays
        ("tea",),
    ]


def test_a_run_that_found_nothing_new_makes_what_reads_the_sync_log_and_no_numbers(
    built: WorkingDatabase,
) -> None:
    log(built, "first", DAY_4)
    built.build(tests=False)
    before, built_by = built.tables("staging", "marts"), notes(built)
    log(built, "second", "2026-01-08T09:00:00Z")

    done = built.build(tests=False)

    assert done.made == {
        "int_sync_days",
        "dim_accounts",
        "fct_stock_disagreements",
        "fct_sync_runs",
        "rpt_freshness",
        "rpt_sync_proof",
    }
    assert built.query("select rows_repeated from reporting.rpt_sync_proof") == [(1,), (1,)]
    after = built.tables("staging", "marts")
    fed_by_the_sync_log = {"staging.stg_stocktake__sync_log", "marts.dim_accounts", "marts.fct_sync_runs"}
    assert {name for name in after if after[name] != before[name]} == fed_by_the_sync_log
    assert None not in built_by.values(), "publishing knows every table by its build"
    noted = {name for name, note in notes(built).items() if note != built_by[name]}
    assert noted == {"dim_accounts", "fct_sync_runs", "rpt_freshness", "rpt_sync_proof"}


def test_a_value_that_does_not_fit_its_type_costs_that_value_and_only_for_as_long_as_it_is_current(
    built: WorkingDatabase,
) -> None:
    built.put("square.inventory_counts", count("tea", "a dozen"), account="shop", at=DAY_4)
    built.put(
        "square.inventory_counts", count("cup", "", is_estimated="", calculated_at=None), account="shop"
    )
    models = ("fct_inventory_positions", "rpt_schema_drift")

    built.build(*models)

    unread = (
        "select account, resource, record_key, field_path, said from reporting.rpt_schema_drift"
        " where feeds_measure"
    )
    tea = (
        "select quantity_on_hand, quantity_reserved, unknown_measures from marts.fct_inventory_positions"
        " where product_id = 'tea' and provider = 'square'"
    )
    assert built.query(unread) == [
        ("shop", "inventory_counts", "tea, L, IN_STOCK", "quantity", "a dozen"),
    ]
    assert built.query(tea) == [
        (None, Decimal("2.5"), "quantity_on_hand, quantity_available, quantity_advertised"),
    ]

    built.put("square.inventory_counts", count("tea", "9"), account="shop", at="2026-01-09T08:00:00Z")
    built.build(*models)

    assert built.query(unread) == []
    assert built.query(tea) == [(Decimal("11.5"), Decimal("2.5"), None)]
