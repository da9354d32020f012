"""What a build makes again, what it leaves, and what stands after one that failed: nodes written by hand."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from msgspec import structs

from pipelines import errors, moves
from pipelines.errors import CommandError
from pipelines.slices import Relations, derive
from pipelines.statements import Node
from pipelines.sync_log import make_log_tables
from pipelines.transform import Build, build_nodes, has_passed
from pipelines.warehouse import make_raw_tables

LOCATIONS = "raw_square.locations"


class Warehouse:
    """Raw tables, and builds over them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.connection = connection
        self.failed_sql = folder / "failed.sql"
        make_raw_tables(connection)
        make_log_tables(connection)

    def put(self, key: str, name: str) -> None:
        self.connection.execute(
            f"insert into {LOCATIONS} values ('shop', ?, null, ?, ?, now(), 'load', now(), null)",
            [key, name, f"{key} {name}"],
        )

    def forget(self, key: str) -> None:
        self.connection.execute(f"delete from {LOCATIONS} where location_id = ?", [key])

    def put_many(self) -> None:
        for key, name in MANY:
            self.put(key, name)

    def rename(self, key: str, name: str) -> None:
        self.forget(key)
        self.put(key, name)

    def build(self, *nodes: Node) -> Build:
        return build_nodes(self.connection, nodes, self.failed_sql)

    def made(self, *nodes: Node) -> set[str]:
        return self.build(*nodes).made

    def rows(self, table: str) -> list[tuple[object, ...]]:
        return self.connection.execute(f"from {table} order by all").fetchall()

    def notes(self) -> dict[str, str]:
        return dict(self.connection.execute("select table_name, comment from duckdb_tables()").fetchall())


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    monkeypatch.setattr(moves, "FEW", 0)
    with duckdb.connect(":memory:") as connection:
        found = Warehouse(connection, tmp_path)
        found.put("1", "north")
        yield found


def node(name: str, sql: str, *parents: str, kind: str = "table", **more: object) -> Node:
    return Node(name=name, kind=kind, sql=sql, parents=parents, schema="marts", **more)  # type: ignore[arg-type]


VERSIONS = node(
    "versions", f"select location_id as id, payload as name from {LOCATIONS}", LOCATIONS, kind="view"
)
NAMES = node("names", "select distinct name from marts.versions", "versions")
COUNT = node("count", "select count(*) as names from marts.names", "names")
NO_SOUTH = node("no_south", "select name from marts.names where name = 'south'", "names", kind="test")
ALL = (VERSIONS, NAMES, NO_SOUTH, COUNT)
HISTORY_SQL = f"select location_id as id, payload as name from {LOCATIONS}"
HISTORY = node(
    "history",
    HISTORY_SQL,
    LOCATIONS,
    kind="incremental",
    unique_key="id",
    merge_sql=f"from ({HISTORY_SQL}) as found where (id, name) not in (select (id, name) from marts.history)",
)


def test_what_did_not_change_is_not_made_again(warehouse: Warehouse) -> None:
    first = warehouse.build(*ALL)
    again = warehouse.build(*ALL)

    assert first.made == {"versions", "names", "count"}
    assert (first.models, first.tests) == (3, 1)
    assert (again.models, again.tests) == (0, 0)


def test_it_tells_how_far_it_is(warehouse: Warehouse) -> None:
    said: list[tuple[int, int, str]] = []
    build_nodes(warehouse.connection, ALL, warehouse.failed_sql, lambda *told: said.append(told))
    assert said == [(1, 3, "versions"), (2, 3, "names"), (3, 3, "count")]


def test_a_change_goes_as_far_as_rows_differ(warehouse: Warehouse) -> None:
    warehouse.build(*ALL)
    before = warehouse.notes()
    warehouse.put("2", "north")

    done = warehouse.build(*ALL)

    assert done.made == {"names"}, "a view shows what is there"
    assert done.tests == 0
    assert warehouse.notes() == before, "publishing need not read it again"
    warehouse.put("3", "east")
    assert warehouse.made(*ALL) == {"names", "count"}
    assert warehouse.rows("marts.count") == [(2,)]
    assert warehouse.notes()["count"] != before["count"]


def test_versions_that_all_begin_at_another_moment_are_other_versions(warehouse: Warehouse) -> None:
    """An account was reset and read again: two locations, both new at one moment. It passed for no change."""
    warehouse.put("2", "south")
    moments = node("moments", f"select location_id, _dlt_valid_from from {LOCATIONS}", LOCATIONS)
    for day in ("2026-01-01", "2026-01-02"):
        warehouse.connection.execute(f"update {LOCATIONS} set _dlt_valid_from = ?::timestamptz", [day])
        assert warehouse.made(moments) == {"moments"}


@pytest.mark.parametrize(
    "meanwhile",
    [
        "create or replace table marts.names as select 'other' as name",
        "comment on table marts.names is 'build of dbt'",
        "drop table marts.names",
    ],
    ids=["replaced", "written into", "dropped"],
)
def test_a_table_that_another_made_is_made_again(warehouse: Warehouse, meanwhile: str) -> None:
    warehouse.build(*ALL)
    warehouse.connection.execute(meanwhile)

    assert warehouse.made(*ALL) == {"names"}
    assert warehouse.rows("marts.names") == [("north",)]


def test_a_changed_statement_makes_its_model_and_history_above_it_anew(warehouse: Warehouse) -> None:
    copy = node("copy", "from marts.history", "history")
    warehouse.build(*ALL, HISTORY, copy)
    warehouse.connection.execute("update marts.history set name = 'as other text said'")
    changed = node(
        "history",
        HISTORY.sql + " ",
        LOCATIONS,
        kind="incremental",
        unique_key="id",
        merge_sql=HISTORY.merge_sql,
    )

    assert warehouse.made(*ALL, changed, copy) == {"history", "copy"}
    assert warehouse.rows("marts.history") == [("1", "north")]


def test_history_takes_what_arrived_and_forgets_what_is_gone(warehouse: Warehouse) -> None:
    warehouse.put("2", "south")
    warehouse.build(HISTORY)
    place = warehouse.connection.execute("select rowid from marts.history where id = '1'").fetchall()
    warehouse.put("3", "east")
    warehouse.forget("2")

    assert warehouse.made(HISTORY) == {"history"}
    assert warehouse.rows("marts.history") == [("1", "north"), ("3", "east")]
    assert warehouse.connection.execute("select rowid from marts.history where id = '1'").fetchall() == place


def test_changed_settings_make_history_anew(warehouse: Warehouse) -> None:
    history = node(
        "history", HISTORY.sql, LOCATIONS, "raw_stocktake.accounts",
        kind="incremental", unique_key="id", merge_sql=HISTORY.merge_sql,
    )  # fmt: skip
    warehouse.build(history)
    warehouse.connection.execute("update marts.history set name = 'under other settings'")
    warehouse.connection.execute(
        "insert into raw_stocktake.accounts values ('shop', 'square', null, ?, true)",
        ['{"available_basis": "net"}'],
    )

    assert warehouse.made(history) == {"history"}
    assert warehouse.rows("marts.history") == [("1", "north")]


def test_a_build_that_fails_leaves_what_was_there(warehouse: Warehouse) -> None:
    warehouse.build(*ALL)
    warehouse.put("2", "south")

    with pytest.raises(errors.TestsFailedError) as told:
        warehouse.build(*ALL)

    assert "1 of 1 tests failed" in str(told.value)
    assert "no_south: 1 row, such as name south" in str(told.value)
    assert warehouse.failed_sql.read_text() == NO_SOUTH.sql
    assert warehouse.rows("marts.names") == [("north",)]
    assert not has_passed(warehouse.connection)
    warehouse.forget("2")
    assert warehouse.made(*ALL) == set()
    assert has_passed(warehouse.connection)


def test_what_is_broken_is_not_built_on_and_the_rest_is_judged(warehouse: Warehouse) -> None:
    unbuildable = node("unbuildable", "select error('built on') as x", "names", after=("no_south",))
    above = node("above", "from marts.unbuildable", "unbuildable")
    also = node("also", "select 1 as one", "versions", kind="test")
    warehouse.put("2", "south")

    with pytest.raises(errors.TestsFailedError, match="2 of 2 tests failed"):
        warehouse.build(VERSIONS, NAMES, NO_SOUTH, unbuildable, above, also)


def test_a_test_that_cannot_run_has_failed(warehouse: Warehouse) -> None:
    broken = node("broken", "select cast(name as integer) from marts.names", "names", kind="test")

    with pytest.raises(errors.TestsFailedError, match="broken: Conversion Error"):
        warehouse.build(VERSIONS, NAMES, broken)


def test_tests_of_one_scan_are_told_each_by_its_own_statement(warehouse: Warehouse) -> None:
    """The scan may suspect what is so, and never takes for so what is not."""
    found = "select name, id from marts.versions where name = "
    folded = node(
        "tests_of_versions",
        "select count(*) > 0, bool_or(name = 'south'), bool_or(name = 'east'), true from marts.versions",
        "versions",
        kind="test",
        parts=tuple((f"no_{name}", f"{found}'{name}'") for name in ("north", "south", "east", "west")),
    )
    warehouse.rename("1", "neither")
    assert warehouse.build(VERSIONS, folded).tests == 4
    assert warehouse.build(VERSIONS, folded).tests == 0
    warehouse.put("2", "south")
    warehouse.put("3", "east")

    with pytest.raises(errors.TestsFailedError) as told:
        warehouse.build(VERSIONS, folded)

    assert "2 of 4 tests failed" in str(told.value)
    assert "no_south: 1 row, such as name south, id 2" in str(told.value)
    assert warehouse.failed_sql.read_text() == f"{found}'south'"


def test_a_warning_is_told_by_every_build_until_it_is_mended(warehouse: Warehouse) -> None:
    warns = node(NO_SOUTH.name, NO_SOUTH.sql, "names", kind="test", is_warning=True)
    warehouse.put("2", "south")

    for tests in (1, 0):
        done = warehouse.build(VERSIONS, NAMES, warns)
        assert done.warnings == ["no_south: 1 row, such as name south"]
        assert done.tests == tests
    warehouse.forget("2")
    assert warehouse.build(VERSIONS, NAMES, warns).warnings == []


def test_a_model_that_cannot_be_built_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(CommandError, match="cannot be built: names: Catalog Error"):
        warehouse.build(node("names", "from marts.nowhere"))

    assert warehouse.failed_sql.read_text() == "from marts.nowhere"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select 1::bigint as n", r"names\.n is BIGINT, and INTEGER in its YAML"),
        ("select 1 as n, 2 as m", r"names\.m is INTEGER, and not there in its YAML"),
        ("select 1 as m", r"names\.m is INTEGER, and not there"),
    ],
    ids=["type", "more", "another"],
)
def test_columns_are_as_promised(warehouse: Warehouse, sql: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        warehouse.build(node("names", sql, columns=(("n", "integer"),)))


def test_promised_columns_stand_in_their_order(warehouse: Warehouse) -> None:
    warehouse.build(node("names", "select 1 as b, 2 as a", columns=(("a", "integer"), ("b", "integer"))))

    assert warehouse.rows("marts.names") == [(2, 1)]


def test_what_no_model_makes_any_more_is_dropped(warehouse: Warehouse) -> None:
    warehouse.build(*ALL)
    warehouse.connection.execute("create table marts.left_behind as select 1 as x")

    warehouse.build(node("versions", "select 1 as one"))

    assert [row[0] for row in warehouse.connection.execute("show tables from marts").fetchall()] == [
        "versions"
    ]
    assert warehouse.rows("marts.versions") == [(1,)], "a view has become a table"


def by_key(made: Node, key: str, views: dict[str, str] | None = None) -> Node:
    """The model as one that says merged_by."""
    names = {"marts.history": "history"}
    relations = Relations(views or {}, names, {"marts.history": HISTORY_SQL, **(views or {})})
    return structs.replace(made, slice=derive(made.sql, [key], relations))


CAPITALS = by_key(node("capitals", "select id, upper(name) as name from marts.history", "history"), "id")
MANY = [(f"a{number}", f"place {number}") for number in range(20)]


CONTENT = "select content from raw_stocktake.built where node = 'capitals'"


def places(warehouse: Warehouse, table: str) -> list[tuple[object, ...]]:
    return warehouse.connection.execute(f"select rowid, * from {table} order by id").fetchall()


def test_a_model_is_made_again_for_the_keys_that_moved(warehouse: Warehouse) -> None:
    warehouse.put_many()
    warehouse.build(HISTORY, CAPITALS)
    before = places(warehouse, "marts.capitals")
    warehouse.rename("a3", "south")
    warehouse.forget("a7")

    done = warehouse.build(HISTORY, CAPITALS)

    assert done.merged == {"capitals"}
    after = places(warehouse, "marts.capitals")
    assert [row for row in after if row in before] == [row for row in before if row[1] not in ("a3", "a7")]
    assert [row[1:] for row in after if row not in before] == [("a3", "SOUTH")]
    assert warehouse.made(HISTORY, CAPITALS) == set()
    [(noted,)] = warehouse.connection.execute(CONTENT).fetchall()
    warehouse.connection.execute("update raw_stocktake.built set made_from = 'other' where node = 'capitals'")
    assert warehouse.build(HISTORY, CAPITALS).merged == set()
    assert warehouse.connection.execute(CONTENT).fetchall() == [(noted,)], "made whole it is the same"


def test_a_row_that_comes_out_as_it_was_is_not_written_and_changes_nothing_for_others(
    warehouse: Warehouse,
) -> None:
    warehouse.put_many()
    length = by_key(node("capitals", "select id, length(name) as name from marts.history", "history"), "id")
    count = node("count", "select count(*) as names from marts.capitals", "capitals")
    warehouse.build(HISTORY, length, count)
    before = places(warehouse, "marts.capitals"), warehouse.notes()
    warehouse.rename("a3", "place 4")

    done = warehouse.build(HISTORY, length, count)

    assert (done.merged, done.made) == ({"capitals"}, {"history", "capitals"})
    assert (places(warehouse, "marts.capitals"), warehouse.notes()["capitals"]) == (
        before[0], before[1]["capitals"],
    )  # fmt: skip


def test_where_much_moved_the_model_is_made_whole(warehouse: Warehouse) -> None:
    warehouse.put_many()
    warehouse.build(HISTORY, CAPITALS)
    for key, _ in MANY:
        warehouse.rename(key, "south")

    done = warehouse.build(HISTORY, CAPITALS)

    assert (done.made, done.merged) == ({"history", "capitals"}, set())
    assert {row[1] for row in warehouse.rows("marts.capitals") if row[0] != "1"} == {"SOUTH"}


def test_a_table_of_few_rows_is_made_whole(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse.put_many()
    warehouse.build(HISTORY, CAPITALS)
    warehouse.rename("a3", "south")
    monkeypatch.setattr(moves, "FEW", 100)

    done = warehouse.build(HISTORY, CAPITALS)

    assert (done.made, done.merged) == ({"history", "capitals"}, set())
    assert ("a3", "SOUTH") in warehouse.rows("marts.capitals")


def test_a_key_that_is_null_has_the_model_made_whole(warehouse: Warehouse) -> None:
    """A null is equal to nothing: rows of it would be neither found nor replaced."""
    warehouse.put_many()
    nullable = by_key(
        node("capitals", "select nullif(id, 'a3') as id, upper(name) as name from marts.history", "history"),
        "id",
    )
    warehouse.build(HISTORY, nullable)
    warehouse.rename("a3", "south")

    done = warehouse.build(HISTORY, nullable)

    assert done.merged == set()
    assert (None, "SOUTH") in warehouse.rows("marts.capitals")


@pytest.mark.parametrize("through_a_view", [False, True], ids=["itself", "through a view"])
def test_a_model_that_builds_left_behind_is_made_whole(warehouse: Warehouse, through_a_view: bool) -> None:
    """What moved in this build is not all that moved since it was made."""
    warehouse.put_many()
    shown = node("shown", "select * from marts.history", "history", kind="view")
    through = by_key(
        node("capitals", "select id, upper(name) as name from marts.shown", "shown"),
        "id", {"marts.shown": shown.sql},
    )  # fmt: skip
    nodes = (HISTORY, shown, through) if through_a_view else (HISTORY, CAPITALS)
    warehouse.build(*nodes)
    for key, together in (("a3", nodes[:1]), ("a4", nodes)):
        warehouse.rename(key, "south")
        done = warehouse.build(*together)

    assert done.merged == set()
    assert {("a3", "SOUTH"), ("a4", "SOUTH")} <= set(warehouse.rows("marts.capitals"))


def test_what_moves_in_a_table_that_is_made_whole_is_known_by_its_rows(warehouse: Warehouse) -> None:
    warehouse.put_many()
    ranked = node("history", f"select id, name, max(id) over () as last from ({HISTORY_SQL})", LOCATIONS)
    warehouse.build(ranked, CAPITALS)
    warehouse.rename("a3", "south")

    done = warehouse.build(ranked, CAPITALS)

    assert done.merged == {"capitals"}
    assert ("a3", "SOUTH") in warehouse.rows("marts.capitals")
    assert len(warehouse.rows("marts.capitals")) == 1 + len(MANY)
