"""What BI reads, and that it is whole whatever happens."""

import json
import os
import shutil
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, inspect, text

from pipelines.descriptions import described_tables
from pipelines.publish import PublishError, current_release, rollback, write_csv
from tests.pipelines.conftest import NOW, Reader, publish_now

FILES = ("reporting.duckdb", "stocktake.duckdb")
OLD_DRIVERS = os.environ.get("STOCKTAKE_OLD_DUCKDB")


@pytest.fixture
def warehouse():
    """A working database as the models leave it: 3 levels (6 pieces), one product, one report."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create schema marts; create schema reporting; create schema staging")
        connection.execute(
            "create table marts.fct_levels as select 'p' || i as product, i::decimal(18, 4) as on_hand,"
            " timestamptz '2026-01-05 08:00:00+00' as as_of, ['a', null] as states from range(4) as r(i)"
        )
        connection.execute("create table marts.dim_products as select 'p1' as product, 'Tea' as title")
        connection.execute("create table reporting.rpt_stock as select 6::decimal(18, 4) as on_hand")
        connection.execute("create table staging.stg_levels as select 1 as private")
        yield connection


def sell(warehouse, pieces):
    warehouse.execute("update reporting.rpt_stock set on_hand = on_hand - ?", [pieces])


def note(warehouse, build, *tables):
    """What the models' macro `note_build` does when a build has made the tables."""
    for table in tables:
        warehouse.execute(f"comment on table {table} is '{build}'")


def ask(file, query):
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def on_hand(published, file="reporting.duckdb"):
    return int(ask(published / file, "select on_hand from rpt_stock")[0][0])


def columns_of(published, table, file="reporting.duckdb"):
    return [row[0] for row in ask(published / file, f"describe {table}")]


def test_marts_and_reports_stand_in_main_and_nothing_else_does(warehouse, published):
    release = publish_now(warehouse, published)
    assert release.tables == {"dim_products": 1, "fct_levels": 4, "rpt_stock": 1}
    for file in FILES:
        tables = "select table_schema, table_name from information_schema.tables order by 2"
        assert ask(published / file, tables) == [("main", table) for table in release.tables]
        assert (
            ask(published / file, "from fct_levels") == warehouse.execute("from marts.fct_levels").fetchall()
        )
        assert columns_of(published, "fct_levels", file) == ["product", "on_hand", "as_of", "states"]


def test_the_release_file_says_what_was_published(warehouse, published):
    release = publish_now(warehouse, published, run_id="20260105T075900-abc123")
    facts = json.loads((release.folder / "release.json").read_text())
    assert (facts["run_id"], facts["created_at"]) == (release.name, "2026-01-05T08:00:00+00:00")
    assert facts["tables"]["dim_products"]["columns"] == {"product": "VARCHAR", "title": "VARCHAR"}
    assert current_release(published) == release


def test_published_files_may_be_read_by_everyone(warehouse, published):
    publish_now(warehouse, published)
    files = [path for path in published.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"reporting.duckdb", "stocktake.duckdb", "fct_levels.parquet"}
    umask = os.umask(0)
    os.umask(umask)
    assert all(path.stat().st_mode & 0o777 == 0o666 & ~umask for path in files)


def test_nothing_new_publishes_nothing_and_touches_no_file(warehouse, published):
    first = publish_now(warehouse, published)
    before = {path: path.lstat().st_mtime_ns for path in published.rglob("*")}
    warehouse.execute(
        "create or replace table marts.fct_levels as from marts.fct_levels order by on_hand desc"
    )
    assert publish_now(warehouse, published, now=NOW.add(hours=1)) == first
    assert {path: path.lstat().st_mtime_ns for path in published.rglob("*")} == before


def test_an_unchanged_table_is_linked_not_written_again(warehouse, published):
    first = publish_now(warehouse, published)
    sell(warehouse, 1)
    second = publish_now(warehouse, published)
    assert second.changed == ("rpt_stock",)
    assert second.file("fct_levels").samefile(first.file("fct_levels"))
    assert not second.file("rpt_stock").samefile(first.file("rpt_stock"))


def test_a_file_cut_short_by_someone_is_written_again(warehouse, published):
    broken = publish_now(warehouse, published).file("fct_levels")
    broken.write_bytes(broken.read_bytes()[:-9])
    publish_now(warehouse, published)
    assert ask(published / "reporting.duckdb", "select count(*) from fct_levels") == [(4,)]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("update marts.fct_levels set on_hand = 3 - on_hand where on_hand in (1, 2)", id="swap"),
        pytest.param("update marts.dim_products set product = null, title = 'p1'", id="null moves"),
        pytest.param("update marts.dim_products set product = title, title = product", id="columns swap"),
        pytest.param("insert into marts.fct_many from marts.fct_many limit 1", id="duplicate"),
        pytest.param("delete from marts.fct_many where rowid = 0", id="one of two goes"),
        pytest.param("update marts.fct_many set h = null where i < 5", id="nulls"),
        pytest.param("alter table marts.fct_levels alter on_hand type decimal(19, 4)", id="type"),
        pytest.param("alter table marts.fct_many alter h type varchar", id="another type"),
        pytest.param("alter table marts.dim_products rename title to name", id="name"),
        pytest.param("alter table marts.fct_many add column more integer", id="more"),
        pytest.param("truncate marts.fct_many", id="emptied"),
    ],
)
def test_every_kind_of_change_is_a_change(warehouse, published, change):
    warehouse.execute(
        "create table marts.fct_many as select i % 90 as i, hash(i % 90) as h from range(100) r(i)"
    )
    first = publish_now(warehouse, published)
    warehouse.execute(change)
    second = publish_now(warehouse, published)
    (table,) = second.changed
    assert second.contents[table] != first.contents[table]
    expected = warehouse.execute(f"from marts.{table} order by all").fetchall()
    names = [row[0] for row in warehouse.execute(f"describe marts.{table}").fetchall()]
    for file in FILES:
        assert ask(published / file, f"from {table} order by all") == expected
        assert columns_of(published, table, file) == names


TABLES = ("marts.fct_levels", "marts.dim_products", "reporting.rpt_stock")


def test_a_table_that_no_build_made_since_is_not_read_again(warehouse, published):
    note(warehouse, "build 1", *TABLES)
    first = publish_now(warehouse, published)
    sell(warehouse, 1)  # behind the note's back: who looks would see it
    assert publish_now(warehouse, published) == first
    note(warehouse, "build 2", "reporting.rpt_stock")
    assert publish_now(warehouse, published).changed == ("rpt_stock",)
    assert on_hand(published) == 5


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("alter table marts.fct_levels add column moved bigint", id="a column comes"),
        pytest.param("alter table marts.fct_levels drop column as_of", id="a column goes"),
        pytest.param("alter table marts.fct_levels rename as_of to seen_at", id="a column is renamed"),
        pytest.param("alter table marts.fct_levels alter on_hand type decimal(19, 4)", id="a type changes"),
        pytest.param("insert into marts.fct_levels from marts.fct_levels limit 1", id="a row comes"),
        pytest.param("delete from marts.fct_levels where on_hand = 1", id="a row goes"),
        pytest.param(
            "create or replace table marts.fct_levels as"
            " select * replace (on_hand + 1 as on_hand) from marts.fct_levels",
            id="the table is replaced by hand",
        ),
        pytest.param(
            "begin; update marts.fct_levels set on_hand = 9; comment on table marts.fct_levels is 'build 2';"
            " commit",
            id="an incremental model is built",
        ),
    ],
)
def test_what_an_old_note_does_not_speak_of_is_read(warehouse, published, change):
    note(warehouse, "build 1", *TABLES)
    publish_now(warehouse, published)
    warehouse.execute(change)
    assert publish_now(warehouse, published).changed == ("fct_levels",)
    expected = warehouse.execute("from marts.fct_levels order by all").fetchall()
    for file in FILES:
        assert ask(published / file, "from fct_levels order by all") == expected


def test_a_build_that_was_cut_short_leaves_the_note_with_the_rows(warehouse, published):
    note(warehouse, "build 1", *TABLES)
    first = publish_now(warehouse, published)
    warehouse.execute("begin; update reporting.rpt_stock set on_hand = 9")
    note(warehouse, "build 2", "reporting.rpt_stock")
    warehouse.execute("rollback")
    assert publish_now(warehouse, published) == first


def test_after_a_rollback_the_last_build_is_published_again(warehouse, published):
    note(warehouse, "build 1", *TABLES)
    first = publish_now(warehouse, published)
    sell(warehouse, 1)
    note(warehouse, "build 2", "reporting.rpt_stock")
    publish_now(warehouse, published)
    assert rollback(published) == first
    assert publish_now(warehouse, published).changed == ("rpt_stock",)
    assert (on_hand(published), on_hand(published, "stocktake.duckdb")) == (5, 5)


def test_a_release_of_a_version_without_notes_is_compared_by_reading(warehouse, published):
    note(warehouse, "build 1", *TABLES)
    manifest = publish_now(warehouse, published).folder / "release.json"
    facts = json.loads(manifest.read_text())
    for fact in facts["tables"].values():
        del fact["build"]
    manifest.write_text(json.dumps(facts))
    sell(warehouse, 1)
    assert publish_now(warehouse, published).changed == ("rpt_stock",)


def test_the_copy_keeps_unchanged_tables_and_grows_no_more_than_its_rows(warehouse, published):
    warehouse.execute("create table marts.fct_many as select hash(i) as h from range(300000) as r(i)")
    first = publish_now(warehouse, published)
    many, copy = first.file("fct_many"), published / "stocktake.duckdb"
    size, rows = copy.stat().st_size, ask(copy, "select count(*), sum(h) from fct_many")
    many.write_bytes(bytes(many.stat().st_size))  # whoever reads it notices
    for _ in range(3):
        sell(warehouse, 1)
        publish_now(warehouse, published)
    assert on_hand(published, copy.name) == 3
    assert ask(copy, "select count(*), sum(h) from fct_many") == rows
    for number in range(3):
        warehouse.execute(f"update marts.fct_many set h = hash(h + {number})")
        publish_now(warehouse, published)
    assert (
        ask(copy, "select sum(h) from fct_many")
        == warehouse.execute("select sum(h) from marts.fct_many").fetchall()
    )
    assert copy.stat().st_size < 1.3 * size


def blocks(file):
    """What a database's file holds, block by block."""
    data = file.read_bytes()
    return {data[first : first + 2**18] for first in range(0, len(data), 2**18)}


def test_of_a_table_in_the_copy_only_rows_that_differ_are_written(warehouse, published):
    warehouse.execute("create table marts.fct_many as select i, hash(i) as h from range(1000000) as r(i)")
    publish_now(warehouse, published)
    copy = published / "stocktake.duckdb"
    before, size = blocks(copy), copy.stat().st_size
    for number in range(8):
        warehouse.execute(f"update marts.fct_many set h = hash(h) where i % 1000 = {number}")
        warehouse.execute(f"delete from marts.fct_many where i % 1000 = {500 + number}")
        warehouse.execute(
            f"insert into marts.fct_many select -i, hash(i, {number}) from range(1, 1001) as r(i)"
        )
        release = publish_now(warehouse, published)
        assert release.changed == ("fct_many",)
        rows = warehouse.execute("select count(*), sum(i), sum(h) from marts.fct_many").fetchall()
        assert ask(copy, "select count(*), sum(i), sum(h) from fct_many") == rows
    assert len(before & blocks(copy)) > 0.8 * len(before)
    assert copy.stat().st_size < 1.3 * size


@pytest.mark.parametrize(
    ("more", "key"), [("", "product_key"), (", hash(i % 7)::varchar item_key", "item_key")]
)
def test_rows_lie_item_by_item_or_product_by_product(warehouse, published, more, key):
    warehouse.execute(
        f"create table marts.rows as select hash(i % 7 + 1)::varchar as product_key{more} from range(99) r(i)"
    )
    file = publish_now(warehouse, published).file("rows")
    keys = duckdb.execute(f"select {key} from read_parquet(?)", [str(file)]).fetchall()
    assert keys == sorted(keys)
    assert len(set(keys)) == 7


def see_levels_and_products(warehouse, condition="true"):
    """A view of two published tables, as the working database keeps it."""
    warehouse.execute(
        "create or replace view marts.fct_seen as select title, levels.as_of, 'marts' as said"
        " from memory.marts.fct_levels as levels join marts.dim_products using (product)"
        f" where {condition}"
    )


def test_a_view_is_published_as_a_view(warehouse, published):
    see_levels_and_products(warehouse)
    first = publish_now(warehouse, published)
    assert "fct_seen" not in first.contents
    assert not first.file("fct_seen").exists()
    seen = warehouse.execute("from marts.fct_seen").fetchall()
    assert len(seen) == 1
    for file in FILES:
        assert ask(published / file, "from fct_seen") == seen
        assert columns_of(published, "fct_seen", file) == ["title", "as_of", "said"]
    assert publish_now(warehouse, published) == first
    assert current_release(published) == first

    warehouse.execute("update marts.dim_products set title = 'Tee'")
    publish_now(warehouse, published)
    for file in FILES:
        assert ask(published / file, "select title from fct_seen") == [("Tee",)]


def test_a_view_that_changes_or_goes_makes_a_release(warehouse, published):
    see_levels_and_products(warehouse)
    first = publish_now(warehouse, published)
    see_levels_and_products(warehouse, "false")
    second = publish_now(warehouse, published)
    assert second.changed == ()
    assert [ask(published / file, "from fct_seen") for file in FILES] == [[], []]
    assert rollback(published) == first
    assert [len(ask(published / file, "from fct_seen")) for file in FILES] == [1, 1]
    warehouse.execute("drop view marts.fct_seen")
    publish_now(warehouse, published)
    for file in FILES:
        assert ask(published / file, "select count(*) from duckdb_views() where view_name = 'fct_seen'") == [
            (0,)
        ]


def test_a_table_becomes_a_view_and_a_table_again(warehouse, published):
    see_levels_and_products(warehouse)
    warehouse.execute("create table marts.kept as from marts.fct_seen; drop view marts.fct_seen")
    warehouse.execute("alter table marts.kept rename to fct_seen")
    for _ in range(2):
        publish_now(warehouse, published)
        for file in FILES:
            assert ask(published / file, "select title from fct_seen") == [("Tea",)]
        warehouse.execute("drop table marts.fct_seen")
        see_levels_and_products(warehouse)
        publish_now(warehouse, published)
        for file in FILES:
            assert ask(published / file, "select title from fct_seen") == [("Tea",)]
        warehouse.execute("create table marts.fct_again as from marts.fct_seen; drop view marts.fct_seen")
        warehouse.execute("alter table marts.fct_again rename to fct_seen")


def test_a_view_of_what_is_not_published_is_refused(warehouse, published):
    first = publish_now(warehouse, published)
    warehouse.execute("create view marts.fct_seen as select private from staging.stg_levels")
    with pytest.raises(PublishError, match="fct_seen is a view of something that is not published: give its"):
        publish_now(warehouse, published)
    assert current_release(published) == first


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("fct_inventory_daily", ("product_key", "date_day")),
        ("fct_inventory_changes", None),  # the location of a provider's own total is null
    ],
)
def test_what_is_described_as_a_key_is_published(table, key):
    described = described_tables()[table]
    assert described.primary_key == key


def test_a_reader_that_stays_connected_sees_each_release_at_its_next_query(warehouse, published):
    publish_now(warehouse, published)
    with Reader(published / "reporting.duckdb") as reader:
        assert reader.ask("select on_hand::int from rpt_stock") == [["6"]]
        for expected in ("5", "4"):
            sell(warehouse, 1)
            publish_now(warehouse, published, keep=1)
            assert reader.ask("select on_hand::int from rpt_stock") == [[expected]]
        warehouse.execute("alter table reporting.rpt_stock add column note varchar")
        publish_now(warehouse, published, keep=1)
        assert reader.ask("from rpt_stock") == [["4.0000"]]
        warehouse.execute("alter table reporting.rpt_stock alter on_hand type bigint")
        publish_now(warehouse, published, keep=1)
        assert reader.ask("from rpt_stock") == [["4.0000"]]


BUSY_READER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
print("ready", flush=True)
seen, asked, last = set(), 0, sys.argv[2]
while last not in seen:
    seen.update(str(row[0]) for row in connection.execute("select sum(v)::bigint from fct_busy").fetchall())
    asked += 1
print(asked, *sorted(seen, key=int), flush=True)
"""


@pytest.mark.slow
def test_a_busy_reader_meets_no_error_and_no_half_release_while_releases_come_and_go(warehouse, published):
    warehouse.execute("create table marts.fct_busy as select 0::bigint as v from range(50000)")
    publish_now(warehouse, published)
    with subprocess.Popen(
        [sys.executable, "-c", BUSY_READER, str(published / "reporting.duckdb"), str(8 * 50000)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout.readline() == "ready\n"
        for _ in range(8):
            warehouse.execute("update marts.fct_busy set v = v + 1")
            publish_now(warehouse, published, keep=1)
        said, complaint = reader.communicate(timeout=30)
    assert reader.returncode == 0, complaint
    asked, *sums = (int(word) for word in said.split())
    assert asked > 1
    assert all(total % 50000 == 0 for total in sums)


def test_columns_and_tables_come_and_go(warehouse, published):
    publish_now(warehouse, published)
    warehouse.execute("alter table marts.fct_levels add column moved bigint; drop table marts.dim_products")
    warehouse.execute("alter table marts.fct_levels drop column as_of")
    warehouse.execute("create table marts.dim_locations as select 'l1' as location")
    release = publish_now(warehouse, published)
    assert list(release.tables) == ["dim_locations", "fct_levels", "rpt_stock"]
    for file in FILES:
        assert columns_of(published, "fct_levels", file) == ["product", "on_hand", "states", "moved"]
        assert [row[0] for row in ask(published / file, "show tables")] == list(release.tables)


def test_the_file_of_views_is_left_alone_while_it_would_say_the_same(warehouse, published):
    publish_now(warehouse, published)
    inode = (published / "reporting.duckdb").stat().st_ino
    sell(warehouse, 1)
    publish_now(warehouse, published)
    assert (published / "reporting.duckdb").stat().st_ino == inode
    assert on_hand(published) == 5


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_someone_wrote_into_or_removed_is_made_anew(warehouse, published, file):
    publish_now(warehouse, published)
    with duckdb.connect(str(published / file)) as careless:
        careless.execute("create table scribble as select 1 as x")
    publish_now(warehouse, published)
    assert len(ask(published / file, "show tables")) == 3
    (published / file).unlink()
    publish_now(warehouse, published)
    assert on_hand(published, file) == 6


CARELESS = """
import duckdb, os, signal, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("create table scribble as select 1 as x")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_beside_a_file_is_not_played_into_the_next(warehouse, published):
    publish_now(warehouse, published)
    file = published / "stocktake.duckdb"
    subprocess.run([sys.executable, "-c", CARELESS, str(file)], check=False)
    log = file.with_name("stocktake.duckdb.wal")
    assert log.exists()
    sell(warehouse, 1)
    publish_now(warehouse, published)
    assert not log.exists()
    assert on_hand(published, file.name) == 5


def test_rolling_back_returns_to_the_release_before(warehouse, published):
    first = publish_now(warehouse, published)
    sell(warehouse, 1)
    warehouse.execute("alter table marts.dim_products add column brand varchar")
    publish_now(warehouse, published)
    assert rollback(published) == first == current_release(published)
    assert (on_hand(published), on_hand(published, "stocktake.duckdb")) == (6, 6)
    assert columns_of(published, "dim_products") == ["product", "title"]
    with pytest.raises(PublishError, match=f"no release before {first.name}"):
        rollback(published)


def test_a_release_that_was_rolled_back_from_is_never_rolled_back_to(warehouse, published):
    first = publish_now(warehouse, published)
    sell(warehouse, 1)
    bad = publish_now(warehouse, published)
    rollback(published)
    sell(warehouse, 1)
    publish_now(warehouse, published)
    assert not bad.folder.exists()
    assert rollback(published) == first


def test_rolling_back_before_anything_is_published_is_refused(published):
    with pytest.raises(PublishError, match="Nothing is published"):
        rollback(published)


@pytest.mark.parametrize(("keep", "left"), [(0, 1), (1, 1), (2, 2), (9, 4)])
def test_only_so_many_releases_are_kept(warehouse, published, keep, left):
    made = []
    for _ in range(4):
        sell(warehouse, 1)
        made.append(publish_now(warehouse, published, keep=keep).name)
    assert sorted(folder.name for folder in (published / "releases").iterdir()) == made[-left:]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("create table marts.fct_odd as select 1::hugeint as x", "fct_odd.x is HUGEINT, DOUBLE in Parquet"),
        ("create table marts.fct_odd as select 1::variant as x", "fct_odd.x is VARIANT, which older"),
        ("create table marts.rpt_stock as select 1 as x", "in marts and in reporting"),
    ],
)
def test_what_bi_could_not_read_as_it_is_stops_the_publish(warehouse, published, statement, words):
    first = publish_now(warehouse, published)
    sell(warehouse, 1)
    warehouse.execute(statement)
    with pytest.raises(PublishError, match=words):
        publish_now(warehouse, published)
    assert current_release(published) == first
    assert on_hand(published) == 6


def test_publishing_before_anything_is_built_is_refused(published):
    with duckdb.connect() as empty, pytest.raises(PublishError, match="stocktake build"):
        publish_now(empty, published)


def test_views_name_the_folder_as_bi_sees_it(warehouse, published, tmp_path):
    mount = tmp_path / "data"
    publish_now(warehouse, published, serve_path=str(mount))
    with pytest.raises(duckdb.IOException, match=r"data/current/rpt_stock\.parquet"):
        on_hand(published)
    mount.symlink_to(published)  # what a container's mount does
    assert on_hand(published) == 6
    publish_now(warehouse, published)
    mount.unlink()
    assert on_hand(published) == 6


def test_reports_are_written_as_csv(warehouse, published):
    with pytest.raises(PublishError, match="Nothing is published"):
        write_csv(published)
    warehouse.execute(
        "create table reporting.rpt_old as select timestamptz '2026-01-05 08:00:00+02' as as_of"
    )
    publish_now(warehouse, published)
    files = write_csv(published)
    assert [file.name for file in files] == ["rpt_old.csv", "rpt_stock.csv"]
    assert files[0].read_text() == "\ufeffas_of\n2026-01-05 06:00:00\n"
    warehouse.execute("drop table reporting.rpt_old")
    publish_now(warehouse, published)
    write_csv(published)
    assert [file.name for file in (published / "csv").iterdir()] == ["rpt_stock.csv"]


def test_csv_is_what_a_spreadsheet_reads(warehouse, published):
    warehouse.execute(
        "create table reporting.rpt_odd as select '=1+1' as formula, 100::decimal(38, 10) as hundred,"
        " 0.5000::decimal(18, 4) as half, 0::decimal(18, 4) as zero, null::decimal(18, 4) as unknown,"
        " 10::decimal(10, 0) as whole, date '2026-01-05' as day, 'a, \"b\"' as text"
    )
    publish_now(warehouse, published)
    (file, _) = write_csv(published)
    assert file.read_bytes().startswith(b"\xef\xbb\xbfformula,")
    assert file.read_text(encoding="utf-8-sig").splitlines()[1] == (
        '\'=1+1,100,0.5,0,,10,2026-01-05,"a, ""b"""'
    )


def test_a_folder_that_was_moved_says_where_it_looked_and_reads_on_once_told(warehouse, published, tmp_path):
    publish_now(warehouse, published)
    moved = tmp_path / "moved"
    published.rename(moved)
    with pytest.raises(duckdb.IOException, match=r"current/rpt_stock\.parquet"):
        on_hand(moved)
    assert on_hand(moved, "stocktake.duckdb") == 6
    with duckdb.connect(str(moved / "reporting.duckdb"), read_only=True) as connection:
        connection.execute(f"set variable stocktake_release = '{moved / 'current'}'")
        assert connection.execute("select on_hand::int from rpt_stock").fetchall() == [(6,)]
    publish_now(warehouse, moved)
    assert on_hand(moved) == 6


# A real kill -9 at each step that changes the published folder: Python tells an audit hook before it acts.
# Forked from one process that has imported everything.
KILLED = """
import json, os, signal, sys, traceback
from pathlib import Path
import duckdb, pendulum
from pipelines.publish import publish
CHANGES = {"os.rename", "os.link", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}

def publish_and_die(published, steps):
    connection = duckdb.connect()
    connection.execute("create schema marts; create schema reporting")
    connection.execute("create table marts.fct_levels as select 1::bigint as added, 'p' as product")
    connection.execute("create table marts.dim_units as select 'each' as unit")
    connection.execute("create table reporting.rpt_stock as select 7::decimal(18, 4) as on_hand")
    def die(event, args):
        nonlocal steps
        writes = event == "open" and isinstance(args[1], str) and "w" in args[1]
        if (event in CHANGES or writes) and str(published) in str(args[0]) or event == "os.symlink":
            steps -= 1
            if steps < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(die)
    publish(connection, published, run_id="killed", now=pendulum.datetime(2026, 1, 5, 9), keep=1)

for line in sys.stdin:
    published, steps = json.loads(line)
    process = os.fork()
    if process == 0:
        try:
            publish_and_die(Path(published), steps)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


@pytest.mark.slow
def test_a_kill_at_any_step_leaves_a_whole_release_and_the_next_publish_repairs(warehouse, tmp_path):
    whole = {6: ["product", "on_hand", "as_of", "states"], 7: ["added", "product"]}
    warehouse.execute("create table marts.dim_units as select 'each' as unit")  # in both releases

    published = tmp_path / "published"
    publish_now(warehouse, published)
    shutil.copytree(published, tmp_path / "before", symlinks=True)

    def die_and_look(killed, steps):
        shutil.rmtree(published)
        shutil.copytree(tmp_path / "before", published, symlinks=True)
        killed.stdin.write(json.dumps([str(published), steps]) + "\n")
        killed.stdin.flush()
        code = int(killed.stdout.readline())
        assert code in (0, -signal.SIGKILL)
        release = current_release(published)
        seen = on_hand(published)
        for table, rows in release.tables.items():
            counted = "select count(*) from read_parquet(?)"
            assert duckdb.execute(counted, [str(release.file(table))]).fetchall() == [(rows,)]
        assert seen in whole
        # Between two releases the views may show less than the release has, never something else.
        assert set(columns_of(published, "fct_levels")) <= set(whole[seen])
        assert ask(published / "reporting.duckdb", "select count(*) from fct_levels")[0][0] in (1, 4)
        assert on_hand(published, "stocktake.duckdb") in whole
        assert ask(published / "stocktake.duckdb", "from dim_units") == [("each",)]
        again = publish_now(warehouse, published, now=NOW.add(hours=2), keep=1)
        assert current_release(published) == again
        assert [folder.name for folder in (published / "releases").iterdir()] == [again.name]
        assert not [path for path in published.rglob("*") if ".making" in path.name]
        for file in FILES:
            assert on_hand(published, file) == 6
            assert columns_of(published, "fct_levels", file) == whole[6]
        return code == 0, seen

    seen = set()
    command = [sys.executable, "-c", KILLED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        for steps in count():
            is_finished, pieces = die_and_look(killed, steps)
            seen.add(pieces)
            if is_finished:
                break
        killed.stdin.close()
    assert steps > 12  # so many were cut short
    assert seen == {6, 7}


def old_drivers():
    if OLD_DRIVERS is None:
        reason = "STOCKTAKE_OLD_DUCKDB names no folder of older duckdb drivers (.ci/run makes one)"
        return [pytest.param(None, id="none", marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(folder, id=folder.name) for folder in sorted(Path(OLD_DRIVERS).iterdir())]


@pytest.mark.parametrize("driver", old_drivers())
def test_older_drivers_open_what_is_published(warehouse, published, driver):
    publish_now(warehouse, published)
    query = "select product, on_hand, as_of, states from fct_levels order by on_hand desc limit 1"
    row = ["p3", "3.0000", "2026-01-05 08:00:00+00:00", "['a', None]"]
    with Reader(published / "reporting.duckdb", driver) as reader:
        assert reader.ask("select version()") == [[f"v{driver.name}"]]
        assert reader.ask(query) == [row]
        sell(warehouse, 1)
        publish_now(warehouse, published)
        assert reader.ask("select on_hand::int from rpt_stock") == [["5"]]
    if not driver.name.startswith("1.1."):  # the one file is for DuckDB 1.4 and up
        with Reader(published / "stocktake.duckdb", driver) as reader:
            assert reader.ask(query) == [row]
    publish_now(warehouse, published, serve_path=str(published) + "/")
    with Reader(published / "reporting.duckdb", driver) as reader:
        assert reader.ask(query) == [row]


@pytest.mark.parametrize("file", FILES)
def test_sqlalchemy_reads_tables_columns_and_rows(warehouse, published, file):
    warehouse.execute("alter table marts.fct_levels drop column states")  # duckdb-engine knows no list types
    release = publish_now(warehouse, published)
    engine = create_engine(f"duckdb:///{published / file}", connect_args={"read_only": True})
    with engine.connect() as connection:
        inspector = inspect(connection)
        found = inspector.get_table_names(schema="main") + inspector.get_view_names(schema="main")
        assert set(found) == set(release.tables)
        columns = [column["name"] for column in inspector.get_columns("fct_levels", schema="main")]
        assert columns == ["product", "on_hand", "as_of"]
        assert connection.execute(text("select sum(on_hand)::int from main.fct_levels")).scalar() == 6
    engine.dispose()
