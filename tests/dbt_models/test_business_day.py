"""A business day ends at midnight in the zone of [stocktake] timezone, also over a DST change."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from working_database import WorkingDatabase

NEW_YORK, KIRITIMATI = "America/New_York", "Pacific/Kiritimati"
COUNTS = {
    "2026-03-07T12:00:00Z": "5",
    "2026-03-08T04:59:59Z": "0",  # one second before midnight in New York, where it is five hours behind
    "2026-03-08T05:00:00Z": "7",  # midnight: the day on which clocks go forward begins
    "2026-03-09T03:59:59Z": "0",  # one second before its end: that day has 23 hours
    "2026-03-09T04:00:00Z": "9",
}
"""What Square says of a product in one place, and when."""

DAYS = {
    "UTC": {7: "5", 8: "7", 9: "9"},
    NEW_YORK: {7: "0", 8: "0", 9: "9"},
    KIRITIMATI: {8: "7", 9: "9"},  # fourteen hours ahead: 02:00 on the 8th to 18:00 on the 9th
}
"""What each day of March ended with."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> WorkingDatabase:
    database = WorkingDatabase(tmp_path_factory.mktemp("days"))
    database.describe_account("shop", "square")
    for at, quantity in COUNTS.items():
        record = {"catalog_object_id": "tea", "catalog_object_type": "ITEM_VARIATION", "state": "IN_STOCK",
                  "location_id": "L", "quantity": quantity}  # fmt: skip
        database.put("square.inventory_counts", record, account="shop", at=at)
    return database


@pytest.mark.parametrize("zone", DAYS)
def test_a_day_has_what_stood_there_when_it_ended(lived: WorkingDatabase, zone: str) -> None:
    told = {} if zone == "UTC" else {"timezone": zone}
    lived.build("fct_inventory_daily", "rpt_stockouts", "rpt_days_of_cover", tests=False, variables=told)

    found = lived.query("select date_day, quantity_available from marts.fct_inventory_daily order by 1")
    assert dict(found) == {date(2026, 3, day): Decimal(number) for day, number in DAYS[zone].items()}
    spells = lived.query("select started_on, last_day_out, is_ongoing from reporting.rpt_stockouts")
    assert spells == ([(date(2026, 3, 7), date(2026, 3, 8), False)] if zone == NEW_YORK else [])
    # Falls of stock are sales, of the day on which they were seen; the window ends on the last day.
    sold = lived.query("select quantity_sold, as_of_day, days_in_stock from reporting.rpt_days_of_cover")
    in_stock = sum(number != "0" for number in DAYS[zone].values())
    assert sold == [(Decimal(12), date(2026, 3, 9), in_stock)]


def test_what_a_build_adds_is_what_a_build_from_nothing_makes(tmp_path: Path) -> None:
    folders = [tmp_path / "whole", tmp_path / "grown"]
    for folder in folders:
        folder.mkdir()
    whole, grown = map(WorkingDatabase, folders)
    told = {"timezone": NEW_YORK}
    for counts in (slice(2), slice(2, 4), slice(4, None)):  # each build begins a day, or ends one
        for at, quantity in [*COUNTS.items()][counts]:
            record = {
                "catalog_object_id": "tea",
                "state": "IN_STOCK",
                "location_id": "L",
                "quantity": quantity,
            }
            for database in (whole, grown):
                database.put("square.inventory_counts", record, account="shop", at=at)
        grown.build("fct_inventory_daily", tests=False, variables=told)
    whole.build("fct_inventory_daily", tests=False, variables=told)

    days = "select date_day, quantity_available, changed_at from marts.fct_inventory_daily order by 1"
    assert grown.query(days) == whole.query(days)
    assert len(whole.query(days)) == 3
