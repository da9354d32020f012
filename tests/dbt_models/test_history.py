"""History is the same whether it grew day by day or was made at once, and grows by what changed."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from records import LEVEL
from working_database import WorkingDatabase

TABLES = ("fct_inventory_changes", "fct_inventory_periods", "fct_account_days")
DAYS = "fct_inventory_daily"
"""A view of periods and account days."""


class History:
    """Three accounts over some days, and the tables that a build makes of them."""

    def __init__(self, database: WorkingDatabase, folder: Path) -> None:
        self.database = database
        self.copy = WorkingDatabase(folder)

    def build(self) -> None:
        self.database.build(*TABLES, DAYS, tests=False)

    def copied(self) -> WorkingDatabase:
        self.database.close()
        self.copy.close()
        shutil.copyfile(self.database.path, self.copy.path)
        return self.copy

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        return self.database.query(f"select * from marts.{table} order by all")

    def rows_from_nothing(self) -> dict[str, list[tuple[Any, ...]]]:
        copy = self.copied()
        copy.query("delete from raw_stocktake.built")
        copy.build(*TABLES, DAYS, tests=False)
        return {table: copy.query(f"select * from marts.{table} order by all") for table in (*TABLES, DAYS)}

    def places(self) -> dict[str, list[tuple[Any, ...]]]:
        """Where every row lies: one that is deleted and written again lies elsewhere."""
        return {
            table: self.database.query(f"select rowid, * from marts.{table} order by 1") for table in TABLES
        }

    def notes(self) -> dict[str, str]:
        """Which build made each table: publishing reads what another one made."""
        return dict(
            self.database.query("select table_name, comment from duckdb_tables() where schema_name = 'marts'")
        )

    def asked(
        self, account: str, day: int, time: str = "08:05", *, status: str = "ok", mode: str = "sweep",
        resource: str | None = None,
    ) -> None:  # fmt: skip
        provider, asked = {
            "shop": ("square", "inventory_counts"),
            "ss": ("shipstream", "total_levels"),
            "s2": ("ventmere_s2", "inventory_items"),
        }[account]
        self.database.query(
            "insert into raw_stocktake.sync_log (run_id, account, provider, resource, mode, status,"
            " started_at, finished_at) values (uuid(), ?, ?, ?, ?, ?, ?, ?)",
            account, provider, resource or asked, mode, status, at(day), at(day, time),
        )  # fmt: skip

    def count(
        self, product: str, location: str, quantity: str, day: int, time: str = "08:00", **more: Any
    ) -> None:
        record = {"catalog_object_id": product, "catalog_object_type": "ITEM_VARIATION", "state": "IN_STOCK",
                  "location_id": location, "quantity": quantity, **more}  # fmt: skip
        self.database.put("square.inventory_counts", record, account="shop", at=at(day, time))

    def uncount(self, product: str, location: str, day: int, time: str = "08:00") -> None:
        self.database.retire(
            "square.inventory_counts", product, location, "IN_STOCK", account="shop", at=at(day, time)
        )

    def level(self, product: str, available: int, day: int, *, reserved: int = -1) -> None:
        record = {"warehouseId": "W", "level": {"productId": product, "available": available, "incoming": 0,
                                                "reserved": reserved}}  # fmt: skip
        self.database.put("ventmere_s2.inventory_items", record, account="s2", at=at(day))

    def total(self, number: int, available: int, day: int, time: str = "08:00") -> None:
        record = {**LEVEL, "qty_available": available, "qty_on_hand": available,
                  "product": {"type": "Product", "id": number, "sku": f"SKU-{number}"}}  # fmt: skip
        self.database.put("shipstream.total_levels", record, account="ss", at=at(day, time))

    def untotal(self, number: int, day: int, time: str) -> None:
        self.database.retire(
            "shipstream.total_levels", "Product", str(number), account="ss", at=at(day, time)
        )

    def days(self, product: str, column: str) -> dict[int, Any]:
        return dict(
            self.database.query(
                f"select day(date_day), {column} from marts.fct_inventory_daily"
                " where product_id = ? and account <> 's2' order by date_day",
                product,
            )
        )


def at(day: int, time: str = "08:00") -> str:
    return f"2026-01-{day:02}T{time}:00Z"


def a_change_a_transfer_and_two_deletions(history: History) -> None:
    history.count("tea", "A", "8", 6)
    history.count("cup", "A", "1", 6)
    history.count("cup", "B", "2", 6)
    history.uncount("pot", "A", 6)
    history.database.retire("ventmere_s2.inventory_items", "W", "gone", account="s2", at=at(6))
    for account in ("shop", "s2", "ss"):
        history.asked(account, 6)


def a_quiet_day_of_one_account(history: History) -> None:
    history.asked("shop", 7)
    history.asked("ss", 7, status="failed")
    history.asked("s2", 7, mode="backfill")


def another_run_of_the_same_day(history: History) -> None:
    history.count("tea", "A", "-5", 7, "21:00")
    history.count("brief", "A", "1", 7, "21:00")
    history.uncount("brief", "A", 7, "22:00")
    history.asked("shop", 7, "22:05")


def a_return_after_days_without_a_run(history: History) -> None:
    history.count("pot", "A", "9", 10)
    history.asked("shop", 10)
    history.asked("ss", 10, resource="products")
    history.level("tea", 0, 10)


def versions_that_come_late(history: History) -> None:
    history.count("cup", "A", "0", 6, "12:00")
    history.count("late", "B", "4", 5, "12:00")
    history.total(2, 3, 6)
    history.total(1, 0, 7)


def a_change_that_comes_late(history: History) -> None:
    history.asked("shop", 9, status="guarded")
    history.asked("ss", 11)


def other_states_and_a_gap_within_a_day(history: History) -> None:
    history.count("tea", "B", "0.25", 12, state="RESERVED_FOR_SALE")
    history.count("set", "B", "1", 12, is_estimated=True)
    history.untotal(1, 12, "08:00")
    history.total(1, 0, 12, "09:00")
    for account in ("shop", "s2", "ss"):
        history.asked(account, 12, "09:05")


def the_past_means_something_else(history: History) -> None:
    history.database.describe_account("s2", "ventmere_s2", available_basis="net")


def an_account_is_reset(history: History) -> None:
    history.database.query("delete from raw_square.inventory_counts")
    history.count("tea", "A", "3", 13)
    history.count("pot", "A", "3", 13)
    history.asked("shop", 13)


def an_account_without_anything_left(history: History) -> None:
    history.database.query("delete from raw_shipstream.total_levels")


STEPS = [
    a_change_a_transfer_and_two_deletions,
    a_quiet_day_of_one_account,
    another_run_of_the_same_day,
    a_return_after_days_without_a_run,
    versions_that_come_late,
    a_change_that_comes_late,
    other_states_and_a_gap_within_a_day,
    the_past_means_something_else,
]


@pytest.fixture(scope="module")
def history(working_database: WorkingDatabase, tmp_path_factory: pytest.TempPathFactory) -> History:
    """The first load and its build; the tests below follow on each other in their order."""
    working_database.describe_account("shop", "square")
    working_database.describe_account("ss", "shipstream")
    working_database.describe_account("s2", "ventmere_s2", available_basis="gross")
    history = History(working_database, tmp_path_factory.mktemp("from_nothing"))
    for product, location, quantity in [
        ("tea", "A", "10"), ("tea", "B", "5"), ("cup", "A", "2"), ("cup", "B", "1"), ("pot", "A", "7"),
    ]:  # fmt: skip
        history.count(product, location, quantity, 5)
    history.count("set", "A", "2", 5)
    history.level("tea", 5, 5)
    history.level("gone", 3, 5)
    history.total(1, 7, 5)
    for account in ("shop", "s2", "ss"):
        history.asked(account, 5)
    history.build()
    return history


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_builds_that_follow_equal_one_from_nothing(history: History, step: Callable[[History], None]) -> None:
    before = history.places()
    step(history)

    history.build()

    assert history.places() != before
    from_nothing = history.rows_from_nothing()
    assert {table: history.rows(table) for table in from_nothing} == from_nothing


def test_days_tell_what_was_known_when_they_ended(history: History) -> None:
    assert history.days("tea", "quantity_available") == {
        5: 15, 6: 13, 7: 0, 8: 0, 9: 0, 10: 0, 11: 0, 12: 0,
    }  # fmt: skip
    assert history.days("tea", "quantity_reserved")[12] == Decimal("0.25")
    assert history.days("tea", "is_stockout") == {day: day >= 7 for day in range(5, 13)}
    assert history.days("tea", "is_observed") == {day: day not in (8, 11) for day in range(5, 13)}
    assert history.days("pot", "quantity_on_hand") == {
        5: 7, 6: None, 7: None, 8: None, 9: None, 10: 9, 11: 9, 12: 9,
    }  # fmt: skip
    assert history.days("pot", "is_listed") == {day: day not in (6, 7, 8, 9) for day in range(5, 13)}
    assert history.days("brief", "is_listed") == dict.fromkeys(range(7, 13), False)
    assert history.days("set", "is_additive") == {day: day < 12 for day in range(5, 13)}
    assert history.days("2", "quantity_on_hand") == dict.fromkeys(range(6, 13), 3)
    assert history.days("1", "is_stockout") == {day: day >= 7 for day in range(5, 13)}
    assert history.days("1", "is_observed") == {day: day not in (8, 9, 10) for day in range(5, 13)}
    assert history.days("1", "strftime(changed_at, '%d %H')")[12] == "12 09"


def test_units_that_move_between_locations_change_no_day(history: History) -> None:
    moved = history.database.query(
        "select count(*), count(distinct location_id) from marts.fct_inventory_changes"
        " where product_id = 'cup' and day(valid_from) = 6 and hour(valid_from) = 8"
    )

    assert moved == [(2, 2)]
    assert history.days("cup", "strftime(changed_at, '%d %H')") == {
        5: "05 08", **dict.fromkeys(range(6, 13), "06 12"),
    }  # fmt: skip


def test_a_build_without_changes_writes_nothing(history: History) -> None:
    before = history.places()

    history.build()

    assert history.places() == before


def test_a_change_ends_a_period_of_its_product_and_begins_one(history: History) -> None:
    history.asked("shop", 13)
    history.build()
    before = {table: set(history.rows(table)) for table in (*TABLES, DAYS)}
    history.count("pot", "A", "8", 12, "10:00")
    history.count("cup", "A", "6", 13)

    history.build()

    new = {table: set(history.rows(table)) - rows for table, rows in before.items()}
    gone = {table: rows - set(history.rows(table)) for table, rows in before.items()}
    assert {table: (len(new[table]), len(gone[table])) for table in new} == {
        "fct_inventory_changes": (4, 2),
        "fct_inventory_periods": (4, 2),
        "fct_account_days": (0, 0),
        DAYS: (3, 3),
    }


def test_a_new_day_adds_a_row_per_account_and_shows_one_per_product(history: History) -> None:
    before = {table: history.rows(table) for table in (*TABLES, DAYS)}
    notes = history.notes()
    [(products,)] = history.database.query(
        "select count(distinct product_id) from marts.fct_inventory_daily where account = 'shop'"
    )
    history.asked("shop", 14)

    history.build()

    added = {table: len(history.rows(table)) - len(rows) for table, rows in before.items()}
    assert added == {
        "fct_inventory_changes": 0,
        "fct_inventory_periods": 0,
        "fct_account_days": 1,
        DAYS: products,
    }
    assert set(before[DAYS]) <= set(history.rows(DAYS))
    assert {table for table in TABLES if history.notes()[table] != notes[table]} == {"fct_account_days"}


@pytest.mark.parametrize("step", [an_account_is_reset, an_account_without_anything_left],
                         ids=lambda step: step.__name__)  # fmt: skip
def test_what_left_raw_leaves_history(history: History, step: Callable[[History], None]) -> None:
    step(history)

    history.build()

    from_nothing = history.rows_from_nothing()
    assert {table: history.rows(table) for table in from_nothing} == from_nothing
    assert set(history.days("tea", "quantity_on_hand").values()) == {3}
    assert history.days("cup", "quantity_on_hand") == {}
