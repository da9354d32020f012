"""A working database with raw tables as a load leaves them, and the models built in it, in this process."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pipelines.registry import PROVIDERS
from pipelines.statements import Node
from pipelines.sync_log import make_log_tables
from pipelines.transform import Build, build_nodes
from pipelines.warehouse import make_raw_tables
from tests.compiled_models import compiled_home, statements

if TYPE_CHECKING:
    from dbt.contracts.results import NodeResult

PROJECT = Path(__file__).parents[2] / "dbt_models"
FIRST_LOAD = "2026-01-05T08:00:00Z"

KEYS: dict[str, Callable[[Mapping[str, Any]], tuple[str, ...]]] = {
    "sellercloud.inventory": lambda r: (r["ID"],),
    "sellercloud.warehouses": lambda r: (str(r["ID"]),),
    "shipstream.total_levels": lambda r: (r["product"]["type"], str(r["product"]["id"])),
    "shipstream.warehouse_levels": lambda r: (
        r["product"]["type"],
        str(r["product"]["id"]),
        str(r["warehouse"]["id"]),
    ),
    "shipstream.products": lambda r: (r["type"], str(r["id"])),
    "shipstream.warehouses": lambda r: (str(r["id"]),),
    "shipstream.merchants": lambda r: (str(r["id"]),),
    "square.inventory_counts": lambda r: (r["catalog_object_id"], r["location_id"], r["state"]),
    "square.inventory_changes": lambda r: (r["type"], r[r["type"].lower()]["id"]),
    "square.catalog_objects": lambda r: (r["id"],),
    "square.locations": lambda r: (r["id"],),
    "augno.items": lambda r: (r["id"],),
    "ventmere_s2.warehouses": lambda r: (r["id"],),
    "ventmere_s2.products": lambda r: (r["id"],),
    "ventmere_s2.inventory_items": lambda r: (r["warehouseId"], r["level"]["productId"]),
}
"""How a record says its own key. Two do not: Augno's inventory, and Sellercloud's answer for a warehouse."""


class WorkingDatabase:
    """What a run's load leaves behind, and what dbt makes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "working.duckdb"
        self._held: duckdb.DuckDBPyConnection | None = None
        make_raw_tables(self.connection)
        make_log_tables(self.connection)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Held open: to open the file takes longer than most questions."""
        if self._held is None:
            self._held = duckdb.connect(str(self.path))
            self._held.execute("set TimeZone = 'UTC'")
        return self._held

    def close(self) -> None:
        """All of it is in the file then, until the next question."""
        self.connection.close()
        self._held = None

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, list(values)).fetchall()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What a question finds, by column."""
        found = self.connection.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def put(
        self,
        table: str,
        *records: Mapping[str, Any] | str,
        account: str,
        at: str = FIRST_LOAD,
        keys: tuple[str, ...] | None = None,
    ) -> None:
        """Adds a version of each record, as JSON text, and ends the version before.

        Args:
            keys: of a record that does not say them itself.
        """
        for record in records:
            payload = record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)
            key = keys or KEYS[table](json.loads(payload))
            self.retire(table, *key, account=account, at=at)
            values = (
                account,
                *key,
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
        provider, resource = table.split(".")
        columns = next(r.key for r in PROVIDERS[provider].resources if r.name == resource)
        same_key = " and ".join(f"{column} = ?" for column in columns)
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

    def build(self, *wanted: str, tests: bool = True, variables: Mapping[str, Any] | None = None) -> Build:
        """Builds the models as a run does.

        Args:
            wanted: these models and what they read; all where none is named.
            tests: run them too, as far as what they read is built.
            variables: what the user set for the models.
        """
        nodes = chosen(statements(variables), wanted, tests=tests)
        return build_nodes(self.connection, nodes, self.folder / "failed.sql")

    def build_anew(self) -> Build:
        """Builds all models from nothing: what is noted of them is forgotten."""
        self.query("delete from raw_stocktake.built")
        return self.build(tests=False)

    def dbt(self, *arguments: str, succeeds: bool = True, project: Path | None = None) -> "list[NodeResult]":
        """Runs dbt and returns its results; complains with dbt's own words.

        `build` leaves unit tests out, as a run of the pipeline does.

        Args:
            project: read this one, and now; otherwise ours, as it was read once for all tests.
        """
        from dbt.cli.main import dbtRunner  # takes longer to import than most tests to run

        if arguments[0] == "build":
            arguments = ("build", "--exclude-resource-type", "unit_test", *arguments[1:])
        assert self.connection  # held open as a run holds it: dbt opens it for every model and test
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STOCKTAKE_WORKING_DATABASE", str(self.path))
            runner = dbtRunner(manifest=None if project else _manifest())
            writes = arguments[0] == "docs"
            done = runner.invoke([*arguments, *_told(self.folder, project or PROJECT, writes=writes)])
        results = list(getattr(done.result, "results", []))
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


def chosen(nodes: Sequence[Node], wanted: Sequence[str], *, tests: bool) -> list[Node]:
    """The wanted models with what they read, and the tests of what is there then."""
    missing = set(wanted) - {node.name for node in nodes}
    assert not missing, f"no model is called {', '.join(sorted(missing))}"
    found = {node.name for node in nodes if node.name in wanted or not wanted}
    for node in reversed(nodes):
        if node.name in found:
            found |= set(node.parents)
    raw = {parent for node in nodes for parent in node.parents} - {node.name for node in nodes}
    return [
        node
        for node in nodes
        if (tests and found | raw >= set(node.parents) if node.kind == "test" else node.name in found)
    ]


@cache
def _manifest() -> Any:
    """Our project as dbt read it."""
    from dbt.contracts.graph.manifest import Manifest

    found = Manifest.from_msgpack((compiled_home() / "models" / "partial_parse.msgpack").read_bytes())
    found.build_flat_graph()
    return found


def _told(folder: Path, project: Path, *, writes: bool) -> list[str]:
    return [
        "--project-dir", str(project), "--profiles-dir", str(project),
        "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
        "--log-level-file", "none", "--quiet", *(() if writes else ("--no-write-json",)),
    ]  # fmt: skip
