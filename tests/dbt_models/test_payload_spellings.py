"""The same said in other spellings, where the notes leave open which comes: staging reads the same.

Three rows each: as the notes expect it, and in two other ways. What stays in raw is the provider's word.
"""

from typing import Any

import pytest
from records import listed
from working_database import WorkingDatabase


def s2(at: str, **more: Any) -> dict[str, Any]:
    level = {"productId": "P", "available": 5, "incoming": 0, "reserved": -2, "updatedAt": at}
    return {"warehouseId": "W", "level": {**level, **more}}


NEVER = "0001-01-01T00:00:00"
SPELLINGS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "dates that were never set": (
        "sellercloud.inventory",
        [
            listed("P", LastModifiedDate=None, ActiveRebateEndDate=None),
            listed("P", LastModifiedDate=NEVER, ActiveRebateEndDate=NEVER),
            {
                name: value
                for name, value in listed("P").items()
                if name not in ("LastModifiedDate", "ActiveRebateEndDate")
            },
        ],
    ),
    "texts that were never set": (
        "sellercloud.inventory",
        [
            listed("P", ShadowOf="", BrandName="", UPC=""),
            listed("P", ShadowOf=None, BrandName=None, UPC=None),
            listed("P", ShadowOf=" ", BrandName=" ", UPC=" "),
        ],
    ),
    "instants without idle digits": (
        "ventmere_s2.inventory_items",
        [s2("2026-01-05T08:00:00.000000Z"), s2("2026-01-05T08:00:00Z"), s2("2026-01-05T08:00:00.000Z")],
    ),
    "whole quantities": (
        "square.inventory_counts",
        [
            {
                "catalog_object_id": "V",
                "catalog_object_type": "ITEM_VARIATION",
                "state": "IN_STOCK",
                "location_id": "L",
                "quantity": quantity,
                "calculated_at": "2026-01-05T07:00:00Z",
            }
            for quantity in ("1", "1.0", "1.00000")
        ],
    ),
    "quantities in quotes": (
        "shipstream.total_levels",
        [
            {
                "type": "TotalLevel",
                "product": {"type": "Product", "id": 1, "sku": "S"},
                "qty_on_hand": quantity,
            }
            for quantity in (250, "250.0000", 250.0)
        ],
    ),
}
NOT_SAID = {"account", "version_key", "row_hash", "_dlt_load_id", "asked_at", "valid_from", "valid_to"}
TOLD_APART = {"field_kinds", "unknown_fields", "uncast_fields", "parsed_by"}
"""What staging says of the payload itself."""


@pytest.fixture(scope="module")
def built(working_database: WorkingDatabase) -> WorkingDatabase:
    for number, (table, records) in enumerate(SPELLINGS.values()):
        provider = table.split(".")[0]
        for place, record in enumerate(records):
            account = f"{provider}-{number}-{place}"
            working_database.describe_account(account, provider, timezone="America/New_York")
            working_database.put(table, record, account=account)
    models = {f"stg_{table.replace('.', '__')}" for table, _ in SPELLINGS.values()}
    working_database.build(*models, tests=False)
    return working_database


@pytest.mark.parametrize("what", SPELLINGS)
def test_staging_reads_every_spelling_alike(built: WorkingDatabase, what: str) -> None:
    table, records = SPELLINGS[what]
    provider, number = table.split(".")[0], list(SPELLINGS).index(what)
    model = f"staging.stg_{table.replace('.', '__')}"
    listed = built.query(
        "select column_name from information_schema.columns where table_schema || '.' || table_name = ?",
        model,
    )
    columns = ", ".join(name for (name,) in listed if name not in NOT_SAID | TOLD_APART)
    accounts = [f"{provider}-{number}-{place}" for place in range(len(records))]
    read = [built.query(f"select {columns} from {model} where account = ?", account) for account in accounts]
    assert [len(rows) for rows in read] == [1, 1, 1]
    first, *others = read
    assert others == [first, first]
    assert any(value is not None for value in first[0])
