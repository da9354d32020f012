"""Models that are merged by key hold what they hold when built whole, over random histories.

What providers say is taken from the sandbox and mixed: a record takes values of another one. So codes come to
be shared and parted, products go and come back, are renamed in nothing but case, refer to others that are
there or not, and orphans turn up in stock.
"""

import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from working_database import WorkingDatabase

from pipelines import moves
from pipelines.matches import Match, write_matches
from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from tests.compiled_models import statements
from tests.conftest import Project

IDENTITY = {
    "ID", "id", "type", "product", "warehouse", "warehouseId", "productId", "WarehouseID", "ProductID",
    "catalog_object_id", "catalog_object_type", "location_id", "state", "object_type", "reference_id",
}  # fmt: skip
"""Fields that a record keeps when it takes the values of another."""
RENAMED = {"sellercloud.inventory": 0, "square.catalog_objects": 0, "ventmere_s2.products": 0,
           "square.inventory_counts": 0, "ventmere_s2.inventory_items": 1, "augno.items": 0}  # fmt: skip
"""Tables whose records can be given another identity, and which of their keys that is."""
TABLES = {
    f"{name}.{resource.name}": resource.key
    for name, provider in PROVIDERS.items()
    for resource in provider.resources
}


class World:
    """What five accounts say, mixed at random."""

    def __init__(self, database: WorkingDatabase, seed: int) -> None:
        self.database = database
        self.random = random.Random(seed)  # noqa: S311
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def step(self) -> None:
        """Some hours, or days, in which some things happen."""
        self.now += timedelta(hours=self.random.choice([1, 2, 30]))
        happens: list[Callable[[], None]] = self.random.choices(
            [self.change, self.retire, self.come_back, self.rename, self.match, self.add_account,
             self.reset_table, self.leave, self.set_basis],
            weights=[60, 12, 12, 12, 3, 2, 1, 1, 1], k=self.random.choice([1, 3, 12]),
        )  # fmt: skip
        for one in happens:
            self.now += timedelta(seconds=1)  # no two versions of a record begin at one moment
            one()
        if self.random.random() < 0.7:
            self.log()

    def change(self) -> None:
        table, account, keys, payload = self._pick()
        others = self.database.query(
            f"select payload from raw_{table} where account = ? order by row_hash limit 200", account
        )
        mixed = self._mixed(json.loads(payload), json.loads(self.random.choice(others)[0]))
        if table == "sellercloud.inventory" and self.random.random() < 0.3:
            mixed["ShadowOf"] = self._other_case(self._pick(table)[2][0])
        self._put(table, account, keys, json.dumps(mixed))

    def retire(self) -> None:
        table, account, keys, _ = self._pick()
        self.database.retire(table, *keys, account=account, at=self.now.isoformat())

    def come_back(self) -> None:
        table, account, keys, payload = self._pick(is_gone=True)
        self._put(table, account, keys, payload)

    def rename(self) -> None:
        table = self.random.choice(sorted(RENAMED))
        _, account, keys, payload = self._pick(table)
        old = keys[RENAMED[table]]
        new = self.random.choice([old.lower(), old.upper(), f"{old}-new"])
        if self.random.random() < 0.5:
            self.database.retire(table, *keys, account=account, at=self.now.isoformat())
        renamed = tuple(new if key == old else key for key in keys)
        self._put(table, account, renamed, payload.replace(json.dumps(old), json.dumps(new)))

    def match(self) -> None:
        known = self.database.query(
            "select provider, account, product_id from marts.dim_products order by product_key"
        )
        chosen = self.random.sample(known, min(4, len(known)))
        write_matches(
            self.database.connection,
            [Match(one[0], one[1], one[2], self.random.choice(["", "a", "b"])) for one in chosen],
        )

    def add_account(self) -> None:
        provider = self.random.choice(sorted(PROVIDERS))
        account = f"{provider}_{self.random.randrange(3)}"
        for table in self._tables_of(provider):
            self.database.query(
                f"insert into raw_{table} select * replace (? as account) from raw_{table} where account = ?"
                f" and not exists (from raw_{table} where account = ?) and hash(row_hash) % 4 > 0",
                account, provider, account,
            )  # fmt: skip
        self.database.describe_account(account, provider, timezone="America/New_York")

    def reset_table(self) -> None:
        table = self.random.choice(sorted(TABLES))
        share = self.random.choice([2, 10, 100])
        self.database.query(f"delete from raw_{table} where hash(row_hash) % ? = 0", share)

    def leave(self) -> None:
        self.database.query(
            "update raw_stocktake.accounts set is_configured = not is_configured where account[-2] = '_'"
        )

    def set_basis(self) -> None:
        basis = self.random.choice(["net", "gross", "unknown"])
        self.database.describe_account("ventmere_s2", "ventmere_s2", available_basis=basis)

    def log(self) -> None:
        for table in TABLES:
            provider, resource = table.split(".")
            self.database.query(
                "insert into raw_stocktake.sync_log (run_id, account, provider, resource, mode, status,"
                " asked_through, started_at, finished_at) values (?, ?, ?, ?, 'sweep', 'ok', ?, ?, ?)",
                f"{self.now}", provider, provider, resource, self.now, self.now, self.now,
            )  # fmt: skip

    def _pick(self, table: str = "", *, is_gone: bool = False) -> tuple[str, str, tuple[str, ...], str]:
        """A record, of any table unless one is named."""
        while True:
            chosen = table or self.random.choice(sorted(TABLES))
            keys = TABLES[chosen]
            found = self.database.query(
                f"select account, {', '.join(keys)}, payload from raw_{chosen}"
                f" where _dlt_valid_to is {'not' if is_gone else ''} null order by row_hash, _dlt_valid_from"
            )
            if found:
                account, *key, payload = self.random.choice(found)
                return chosen, account, tuple(key), payload
            if is_gone:
                is_gone = False

    def _put(self, table: str, account: str, keys: tuple[str, ...], payload: str) -> None:
        self.database.put(table, payload, account=account, at=self.now.isoformat(), keys=keys)

    def _mixed(self, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        mixed = dict(one)
        for name, value in one.items():
            taken = other.get(name)
            if name.endswith("_data") and name not in other:
                continue
            if isinstance(value, dict) and isinstance(taken, dict):
                mixed[name] = self._mixed(value, taken)
            elif name in other and name not in IDENTITY and self.random.random() < 0.3:
                mixed[name] = taken
        return mixed

    def _other_case(self, text: str) -> str:
        return self.random.choice([text, text.lower(), text.upper(), f"{text}-none"])

    def _tables_of(self, provider: str) -> list[str]:
        return [table for table in TABLES if table.startswith(f"{provider}.")]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working database after two loads of all five."""
    folder = tmp_path_factory.mktemp("loaded")
    with Sandbox() as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        project = Project(folder, sandbox)
        accounts = {name: project.account(name) for name in PROVIDERS}
        project.configure({**accounts, "sellercloud": project.account("sellercloud", warehouses="all")})
        project.stocktake("load")
        sandbox.clock.advance(hours=1)
        sandbox.change(5)
        project.stocktake("load")
    return project.home / "working.duckdb"


def differences(database: WorkingDatabase, whole: WorkingDatabase) -> dict[str, list[tuple[Any, ...]]]:
    """Rows that only one of two databases has, by table."""
    whole.close()
    database.query(f"attach '{whole.path}' as whole (read_only)")
    tables = database.query(
        "select schema_name, table_name from duckdb_tables() where database_name = 'whole'"
        " and list_contains(['staging', 'intermediate', 'marts', 'reporting'], schema_name)"
    )
    assert len(tables) > 80
    found = {}
    for schema, name in tables:
        here, there = f"from {schema}.{name}", f"from whole.{schema}.{name}"
        # By their text: by the hash that builds compare, what that does not see would not be seen here.
        held, expected = (
            database.query(f"select count(*), sum(hash(t::varchar)) {rows} as t") for rows in (here, there)
        )
        if held == expected:
            continue
        rows = database.query(
            f"select 'merged' as made, * from ({here} except all {there})"
            f" union all select 'whole', * from ({there} except all {here}) order by all limit 6"
        )
        found[name] = rows
    database.query("detach whole")
    return found


def live(loaded: Path, folder: Path, seed: int, steps: int) -> set[str]:
    """Lives through a history and compares after every build; gives the models that were merged."""
    (folder / "whole").mkdir(parents=True)
    database, whole = WorkingDatabase(folder), WorkingDatabase(folder / "whole")
    database.query(f"attach '{loaded}' as loaded (read_only)")
    for table in [f"raw_{table}" for table in TABLES] + ["raw_stocktake.accounts", "raw_stocktake.sync_log"]:
        database.query(f"insert into {table} by name from loaded.{table}")
    database.query("detach loaded")
    database.build(tests=False)
    world, merged = World(database, seed), set()
    database.describe_account("ventmere_s2", "ventmere_s2", available_basis="gross")  # of the past too
    for number in range(steps):
        world.step()
        merged |= database.build(tests=False).merged
        database.close()
        whole.close()
        shutil.copyfile(database.path, whole.path)
        whole.query("delete from raw_stocktake.built where not starts_with(node, 'stg_')")
        whole.build(tests=False)
        assert differences(database, whole) == {}, f"seed {seed}, step {number}"
    return merged


@pytest.mark.parametrize("seed", [1, 2])
def test_merged_models_equal_whole_ones(
    loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(moves, "MOST", 1)  # of few rows, whatever moves is a large share
    monkeypatch.setattr(moves, "FEW", 0)

    merged = live(loaded, tmp_path, seed, steps=6)

    # All but those that every step of some history changed as a whole.
    declared = {node.name for node in statements() if node.slice}
    assert declared - merged == set()
