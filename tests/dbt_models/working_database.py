"""A working database with raw tables as a load leaves them, and dbt run on it in this process."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.results import NodeResult

from pipelines.ledger import make_ledger
from pipelines.warehouse import make_raw_tables

PROJECT = Path(__file__).parents[2] / "dbt_models"
FIRST_LOAD = "2026-01-05T08:00:00Z"

Payload = Mapping[str, Any]

# The key columns of each raw table, and how its payload names them. Augno's inventory does not say whose it is.
KEYS: dict[str, tuple[tuple[str, ...], Callable[[Payload], tuple[str, ...]]]] = {
    "square.inventory_counts": (
        ("catalog_object_id", "location_id", "state"),
        lambda r: (r["catalog_object_id"], r["location_id"], r["state"]),
    ),
    "square.inventory_changes": (
        ("change_type", "change_id"),
        lambda r: (r["type"], r[r["type"].lower()]["id"]),
    ),
    "square.catalog_objects": (("object_id",), lambda r: (r["id"],)),
    "square.locations": (("location_id",), lambda r: (r["id"],)),
    "ventmere_s2.warehouses": (("warehouse_id",), lambda r: (r["id"],)),
    "ventmere_s2.products": (("product_id",), lambda r: (r["id"],)),
    "ventmere_s2.inventory_items": (
        ("warehouse_id", "product_id"),
        lambda r: (r["warehouseId"], r["level"]["productId"]),
    ),
    "sellercloud.inventory": (("product_id",), lambda r: (r["ID"],)),
    "sellercloud.warehouse_inventory": (
        ("warehouse_id", "product_id"),
        lambda r: (r["WarehouseName"], r["ID"]),
    ),
    "sellercloud.warehouses": (("warehouse_id",), lambda r: (str(r["ID"]),)),
    "shipstream.total_levels": (
        ("product_type", "product_id"),
        lambda r: (r["product"]["type"], str(r["product"]["id"])),
    ),
    "shipstream.warehouse_levels": (
        ("product_type", "product_id", "warehouse_id"),
        lambda r: (r["product"]["type"], str(r["product"]["id"]), str(r["warehouse"]["id"])),
    ),
    "shipstream.products": (("product_type", "product_id"), lambda r: (r["type"], str(r["id"]))),
    "shipstream.warehouses": (("warehouse_id",), lambda r: (str(r["id"]),)),
    "shipstream.merchants": (("merchant_id",), lambda r: (str(r["id"]),)),
    "augno.items": (("item_id",), lambda r: (r["id"],)),
    "augno.item_inventory": (("item_id",), lambda r: (r["item_id"],)),
}


class WorkingDatabase:
    """What a run's load leaves behind, and what dbt makes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "working.duckdb"
        with duckdb.connect(str(self.path)) as connection:
            make_raw_tables(connection)
            make_ledger(connection)
            for table, (columns, _) in KEYS.items():
                keys = "".join(f"{column} varchar not null, " for column in columns)
                connection.execute(f"create schema if not exists raw_{table.split('.')[0]}")
                connection.execute(
                    f"create table if not exists raw_{table} (account varchar not null, {keys}"
                    " updated_at timestamptz, payload varchar not null, row_hash varchar not null,"
                    " asked_at timestamptz not null, _dlt_load_id varchar not null,"
                    " _dlt_valid_from timestamptz, _dlt_valid_to timestamptz)"
                )

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql, list(values)).fetchall()

    def put(self, table: str, *records: Mapping[str, Any] | str, account: str, at: str = FIRST_LOAD) -> None:
        """Adds a version of each record, as JSON text, and ends the version before."""
        for record in records:
            payload = record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)
            keys = KEYS[table][1](json.loads(payload))
            self.retire(table, *keys, account=account, at=at)
            values = (
                account,
                *keys,
                None,
                payload,
                hashlib.blake2b(payload.encode(), digest_size=16).hexdigest(),
                at,
                at,
                at,
                None,
            )
            marks = ", ".join("?" for _ in values)
            self.query(f"insert into raw_{table} values ({marks})", *values)

    def retire(self, table: str, *keys: str, account: str, at: str) -> None:
        """Ends the current version of a key: the record is gone."""
        same_key = " and ".join(f"{column} = ?" for column in KEYS[table][0])
        self.query(
            f"update raw_{table} set _dlt_valid_to = ?"
            f" where account = ? and {same_key} and _dlt_valid_to is null",
            at, account, *keys,
        )  # fmt: skip

    def describe_account(
        self, account: str, provider: str, *, timezone: str | None = None, **settings: str
    ) -> None:
        self.query(
            "insert or replace into raw_stocktake.accounts values (?, ?, ?, ?, true)",
            account, provider, timezone, json.dumps(settings),
        )  # fmt: skip

    def dbt(self, *arguments: str, succeeds: bool = True) -> list[NodeResult]:
        """Runs dbt and returns its results; complains with dbt's own words."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STOCKTAKE_WORKING_DATABASE", str(self.path))
            done = dbtRunner().invoke([
                *arguments,
                "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
                "--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs"),
                "--log-level-file", "none", "--quiet",
            ])  # fmt: skip
        results = list(done.result) if done.result is not None else []
        assert done.success is succeeds, done.exception or [
            f"{r.node.name}: {r.message}" for r in results if r.status in ("error", "fail")
        ]
        return results

    def tables(self, *schemas: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table of the schemas, in an order that depends on the rows alone."""
        names = self.query(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where list_contains(?, table_schema) order by 1",
            list(schemas),
        )
        return {name: self.query(f"select * from {name} order by all") for (name,) in names}
