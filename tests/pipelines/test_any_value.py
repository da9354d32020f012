"""Whatever a provider writes into a field costs that value, and nothing else.

One warehouse of all five providers, in four commands: as it should be, with hundreds of odd records and odd
answers, once more without news, and mended. The tests follow on each other in their order.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from tests.conftest import Project, Result

STAGING = Path(__file__).parents[2] / "dbt_models" / "models" / "staging"
MEASURES = ("on_hand", "available", "reserved", "incoming", "backordered", "unsellable", "advertised")
HERE = "here stands the value"
OWN_KEY = {"square.inventory_counts": 0, "shipstream.warehouse_levels": 1}
"""Which part of a record's key is made its own; the last, where nothing is said."""
Row = tuple[str, str, tuple[str, ...], str]
"""Table, account, key and payload."""
Numbers = dict[tuple[Any, ...], tuple[Any, ...]]

ODD = [
    '"1,000"', '"1.000,5"', '"1_000"', '"12 pcs"', '""', '" "', '"NaN"', '"Infinity"', '"-"', '"true"',
    '"\\uff11\\uff12"',
    "1e400", "-1e400", "1e-400", "1E5", "-0", "0.30000000000000000000000000000001", "1e18", "-9e17",
    "999999999999999999", "99999999999999999999999999999999999999", "9223372036854775808", "2.5", "true",
    "false", "null", "{}", "[]", '[null]', '[[[]]]', '["a", 5, {"id": 7}]', '{"value": 5}', '{"": ""}',
    '{"id": null, "value": {"value": [1]}}', "[" * 500 + "]" * 500, '{"a":' * 300 + "1" + "}" * 300,
    '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59"', '"infinity"', '"-infinity"', '"epoch"',
    '"0000-00-00 00:00:00"', '"1899-12-31T23:59:59Z"', '"2200-01-01T00:00:00Z"', '"290000-01-01"',
    '"2026-02-30T10:00:00Z"', '"2026-01-05T10:00:00+25:00"', '"2026-01-05 10:00 Mars/Base"', "1767600000",
    '"\\ud83d"', '"\\ude00\\ud83d x"', '"\\\\ud83d"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\u0001\\t\\r\\n"',
    '"\\u200b\\u00a0"', '"' + "x" * 70_000 + '"', '"\'; drop table x; --"', '"{\\"a\\": 1}"', '"[1, 2]"',
    '"MainComponent"', '"AllComponents"', '"a, b"', '"$.a[*]"', '"%_\\\\"',
]  # fmt: skip
"""Values as JSON text: what the trackers of connectors tell of, and the edges of our own types."""

texts = st.text(max_size=30)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            texts | st.sampled_from(["id", "value", "Key", "Value", "name", "unit"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


def arbitrary_values() -> list[str]:
    """As many as hypothesis draws, the same in every run."""
    drawn: list[str] = []

    @settings(max_examples=300, derandomize=True, database=None, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(documents)
    def draw(document: Any) -> None:
        drawn.append(json.dumps(document, ensure_ascii=len(drawn) % 2 == 0))

    draw()
    return drawn


def declared(provider: str) -> dict[str, dict[str, Any]]:
    document = yaml.safe_load((STAGING / provider / f"_{provider}__sources.yml").read_text(encoding="utf-8"))
    return {table["name"]: table["config"]["meta"] for table in document["sources"][0]["tables"]}


def paths(
    fields: list[dict[str, Any]], above: tuple[tuple[str, bool], ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """Every declared field as steps of name and whether a list is entered there."""
    for one in fields:
        yield (*above, (one["name"], False))
        if "fields" in one:
            yield from paths(one["fields"], (*above, (one["name"], one["type"] == "list")))


def with_value(record: Any, steps: tuple[tuple[str, bool], ...], value: str, *, twice: bool) -> str:
    """The record as JSON with this value at a path; `twice` keeps what stood there, before it."""
    (name, is_list), *rest = steps
    record = dict(record) if isinstance(record, dict) else {}
    if rest:
        inner = record.get(name)
        if is_list:
            inner = inner[0] if isinstance(inner, list) and inner else {}
        marked: Any = json.loads(with_value(inner, tuple(rest), json.dumps(HERE), twice=False))
        record[name] = [marked] if is_list else marked
        return json.dumps(record).replace(json.dumps(HERE), value)
    before = json.dumps(record.get(name))
    record[name] = HERE
    both = f"{before}, {json.dumps(name)}: {value}" if twice else value
    return json.dumps(record).replace(json.dumps(HERE), both)


@dataclass
class Shop:
    """The project, and what was said and published after each command."""

    project: Project
    results: dict[str, Result] = field(default_factory=dict)
    bad_keys: dict[str, Any] = field(default_factory=dict)
    before: Numbers = field(default_factory=dict)
    odd: Numbers = field(default_factory=dict)

    def held_open(self) -> duckdb.DuckDBPyConnection:
        """What was published: while it is open, to ask it takes a blink."""
        return duckdb.connect(str(self.project.published / "reporting.duckdb"), read_only=True)

    def published(self, sql: str, zone: str = "UTC") -> list[tuple[Any, ...]]:
        with self.held_open() as connection:
            connection.execute(f"set TimeZone = '{zone}'")
            return connection.execute(sql).fetchall()

    def numbers(self) -> Numbers:
        """Every number of the honest accounts' stock, by table, account, product and location."""
        honest = ", ".join(f"'{provider}'" for provider in PROVIDERS)
        columns = ", ".join(f"quantity_{measure}" for measure in MEASURES)
        queries = {
            "positions": f"select account, product_id, null, null, {columns} from fct_inventory_positions",
            "levels": f"select account, product_id, location_id, null, {columns} from fct_inventory_levels",
            "states": "select account, product_id, location_id, state, quantity from fct_inventory_states",
        }
        return {
            (table, *row[:4]): row[4:]
            for table, query in queries.items()
            for row in self.published(f"{query} where account in ({honest})")
        }

    def unread(self) -> set[tuple[Any, ...]]:
        return set(
            self.published(
                "select account, resource, record_key, field_path, said from rpt_schema_drift"
                " where feeds_measure and account not like 'odd_%'"
            )
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("any_value")
    with Sandbox(providers=tuple(PROVIDERS)) as sandbox, pytest.MonkeyPatch.context() as patch:
        project = Project(folder, sandbox)
        honest = {name: project.account(name) for name in PROVIDERS}
        # Accounts that are known and never asked: what lies in raw for them is what we put there.
        project.configure(honest | {f"odd_{name}": project.account(name) for name in PROVIDERS})
        patch.chdir(folder)
        yield Shop(project)


def load_honest(shop: Shop, *arguments: str, exits: int) -> Result:
    chosen = [word for name in PROVIDERS for word in ("--account", name)]
    return shop.project.stocktake("run", *chosen, *arguments, exits=exits)


def put(shop: Shop, rows: list[Row]) -> None:
    """Versions in raw, as a load leaves them."""
    with duckdb.connect(str(shop.project.home / "working.duckdb")) as connection:
        for table in sorted({row[0] for row in rows}):
            mine = [row for row in rows if row[0] == table]
            keys = [pa.array([row[2][place] for row in mine]) for place in range(len(mine[0][2]))]
            whole = pa.table(
                [pa.array([row[1] for row in mine]), *keys, pa.array([row[3] for row in mine])],
                names=["account", *(f"key_{place}" for place in range(len(keys))), "payload"],
            )
            connection.register("odd", whole)
            names = ", ".join(name for name in whole.column_names if name != "payload")
            connection.execute(
                f"insert into raw_{table} select {names}, timestamptz '0001-01-01', payload, md5(payload),"
                " timestamptz '2026-01-05', '1', timestamptz '2026-01-05', null from odd"
            )


def odd_rows(shop: Shop) -> list[Row]:
    """Two records for every declared field, with an odd value in it; of a field that feeds a measure, one for
    each odd value."""
    values = cycle([*ODD, *arbitrary_values()])
    rows = []
    for provider, tables in ((name, declared(name)) for name in PROVIDERS):
        for resource, meta in tables.items():
            table = f"{provider}.{resource}"
            keys = meta["keys"]
            found = shop.project.query(
                f"select {', '.join(keys)}, payload from raw_{table} order by length(payload) desc limit 1"
            )
            key, record = (found[0][:-1], json.loads(found[0][-1])) if found else (("w", "p"), {})
            number = 0
            for steps in paths(meta["fields"]):
                path = ".".join(name for name, _ in steps)
                feeds = any(path in some for some in meta.get("measures", {}).values())
                for value in ODD if feeds else [next(values), next(values)]:
                    number += 1
                    payload = with_value(record, steps, value, twice=number % 9 == 0)
                    own = list(key)
                    own[OWN_KEY.get(table, -1)] = f"odd {number}"
                    rows.append((table, f"odd_{provider}", tuple(own), payload))
    return rows


def test_all_is_well_at_first(shop: Shop) -> None:
    shop.results["before"] = load_honest(shop, exits=0)
    shop.before = shop.numbers()

    assert len(shop.before) > 300
    assert shop.unread() == set()


def test_odd_records_and_odd_answers_cost_their_own_numbers(shop: Shop) -> None:
    sandbox = shop.project.sandbox
    rows = odd_rows(shop)
    assert len(rows) > 2000
    put(shop, rows)
    shop.project.query(
        "insert into raw_stocktake.unreadable_records values"
        " ('r', 'odd_square', 'square', 'inventory_counts', null, 'it is null', 'null', now())"
    )
    s2 = min(sandbox.truth("ventmere_s2", "inventory_items"))
    square = min(key for key in sandbox.truth("square", "inventory_counts") if key[2] == "IN_STOCK")
    cloud = min(key for key, row in sandbox.truth("sellercloud", "inventory").items() if not row["ShadowOf"])[
        0
    ]
    total = min(key for key in sandbox.truth("shipstream", "total_levels") if key[0] == "Product")
    item = min(sandbox.truth("augno", "items"))[0]
    shop.bad_keys = {"s2": s2, "square": square, "cloud": cloud, "total": total, "item": item}
    sandbox.drift(
        "ventmere_s2", "inventory_items",
        add={"level.available": "1,000", "level.updatedAt": "0001-01-01T00:00:00Z"},
        where={"level.productId": s2[1]},
    )  # fmt: skip
    sandbox.drift(
        "square", "inventory_counts", add={"quantity": {"value": "5"}}, where={"catalog_object_id": square[0]}
    )
    sandbox.drift("sellercloud", "inventory", add={"PhysicalQty": True}, where={"ID": cloud})
    sandbox.drift(
        "shipstream",
        "total_levels",
        add={"qty_on_hand": [5]},
        where={"product.type": "Product", "product.id": total[1]},
    )
    sandbox.drift("augno", "item_inventory", add={"on_hand.value": "1e400"})
    sandbox.clock.advance(hours=1)

    shop.results["odd"] = load_honest(shop, "--sweep", exits=3)
    shop.odd = shop.numbers()

    odd = {
        ("ventmere_s2", s2[1]),
        ("square", square[0]),
        ("sellercloud", cloud),
        ("shipstream", total[1]),
    }
    untouched = {k: v for k, v in shop.before.items() if (k[1], k[2]) not in odd and k[1] != "augno"}
    assert {k: v for k, v in shop.odd.items() if k in untouched} == untouched
    assert shop.odd.keys() == shop.before.keys(), "no row went and none came"
    for key, numbers in shop.odd.items():
        before = shop.before[key]
        for now, then in zip(numbers, before, strict=True):
            assert now is None or now == then, f"{key}: a number that was not read, or a smaller sum"
    lost = {(k[0], k[1], k[2]) for k, v in shop.odd.items() if v != shop.before[k]}
    assert {("positions", *one) for one in odd} <= lost
    assert {k[2] for k in shop.odd if k[:2] == ("positions", "augno")} == {
        k[2] for k in lost if k[1] == "augno"
    }


def test_each_is_named_with_its_account_record_field_and_text(shop: Shop) -> None:
    bad = shop.bad_keys
    named = shop.unread()
    mine = {row for row in named if row[0] != "augno"}

    assert {row[:4] for row in mine} == {
        ("ventmere_s2", "inventory_items", f"{key[0]}, {key[1]}", "level.available")
        for key in shop.project.sandbox.truth("ventmere_s2", "inventory_items") if key[1] == bad["s2"][1]
    } | {
        ("square", "inventory_counts", ", ".join(key), "quantity")
        for key in shop.project.sandbox.truth("square", "inventory_counts") if key[0] == bad["square"][0]
    } | {
        ("sellercloud", "inventory", bad["cloud"], "PhysicalQty"),
        ("shipstream", "total_levels", ", ".join(bad["total"]), "qty_on_hand"),
    }  # fmt: skip
    assert {row[4] for row in mine} == {"1,000", '{"value":"5"}', "true", "[5]"}
    said = " ".join(shop.results["odd"].stderr.split())
    assert (
        f'ventmere_s2: inventory_items {bad["s2"][0]}, {bad["s2"][1]}: level.available says "1,000", which is'
        " not a number: it counts as unknown."
    ) in said
    assert f'sellercloud: inventory {bad["cloud"]}: PhysicalQty says "true"' in said
    assert "odd_square: inventory_counts without a key: the record was left out: it is null." in said
    # An instant out of all time is named too, and feeds no measure.
    assert ("level.updatedAt", "0001-01-01T00:00:00Z", False) in shop.published(
        "select field_path, said, feeds_measure from rpt_schema_drift"
        " where account = 'ventmere_s2' and drift = 'uncast'"
    )


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_every_published_row_can_be_fetched_in_every_zone(shop: Shop, zone: str) -> None:
    with shop.held_open():
        tables = [name for (name,) in shop.published("select table_name from information_schema.tables")]
        assert len(tables) > 40
        for table in tables:
            rows = shop.published(f"from {table}", zone)
            assert len(rows) == shop.published(f"select count(*) from {table}")[0][0]
        instants = [
            (table, column)
            for table, column in shop.published(
                "select table_name, column_name from duckdb_columns() where data_type like 'TIMESTAMP%'"
                " and not internal and database_name = current_database()"
            )
        ]
        assert len(instants) > 20
        for table, column in instants:
            assert (
                shop.published(
                    f"select {column} from {table} where {column} < '1900-01-01' or {column} >= '2200-01-01'"
                )
                == []
            ), f"{table}.{column}"


def test_it_is_told_again_in_a_run_without_news_but_for_inventory_changes(shop: Shop) -> None:
    changes = "odd_square: inventory_changes"
    assert changes in shop.results["odd"].stderr

    again = shop.project.stocktake("run", "--account", "ventmere_s2", exits=3)

    models = re.search(r"(\d+) models", again.stdout)
    assert models
    assert int(models[1]) < 12, "no table that holds numbers"
    assert "level.available says" in again.stderr
    assert changes not in again.stderr, "an inventory change is never replaced: it is told once"
    assert shop.published(
        "select count(*) > 0 from rpt_schema_drift where resource = 'inventory_changes' and feeds_measure"
    ) == [(True,)]


def test_it_heals_by_itself(shop: Shop) -> None:
    sandbox = shop.project.sandbox
    for provider in PROVIDERS:
        for resource in list(sandbox.drifts[provider]):
            sandbox.drift(provider, resource)
        for resource in declared(provider):
            if resource != "inventory_changes":
                shop.project.query(f"delete from raw_{provider}.{resource} where account like 'odd_%'")
    shop.project.query("delete from raw_stocktake.unreadable_records")
    sandbox.clock.advance(hours=1)

    healed = load_honest(shop, "--sweep", exits=0)

    assert shop.numbers() == shop.before
    assert shop.unread() == set()
    assert shop.published("select count(*) from rpt_schema_drift where drift = 'unreadable_record'") == [(0,)]
    assert "says" not in healed.stderr
