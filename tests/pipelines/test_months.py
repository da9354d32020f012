"""Daily history as files: of what moved, which files are written, and that all of them equal the view."""

import duckdb
import pytest

from pipelines.publish import PublishError
from pipelines.release import read_release
from tests.pipelines.conftest import publish_now

MARCH = [f"2026-03-{day:02}.parquet" for day in range(1, 11)]
FILES = ["2026-01.parquet", "2026-02.parquet", *MARCH]
DAYS = """\
create or replace view marts.fct_inventory_daily as
select periods.product_key, days.date_day, periods.pieces, days.is_observed
from marts.fct_inventory_periods as periods
inner join marts.fct_account_days as days
    on periods.provider = days.provider and periods.account = days.account
    and periods.resource = days.resource and periods.first_day <= days.date_day
    and (periods.last_day is null or periods.last_day >= days.date_day)"""


@pytest.fixture
def warehouse():
    """Two products of one account from 20 January to 10 March: of one the number changed on 15 February."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create schema marts; create schema reporting")
        connection.execute("create table reporting.rpt_stock as select 6 as pieces")
        connection.execute(
            "create table marts.fct_account_days as select 'square' as provider, 'shop' as account,"
            " 'counts' as resource, date '2026-01-20' + i::integer as date_day, true as is_observed"
            " from range(50) as r(i)"
        )
        connection.execute(
            "create table marts.fct_inventory_periods as"
            " select 'square' as provider, 'shop' as account, 'counts' as resource, * from (values"
            " ('tea', date '2026-01-20', date '2026-02-14', 6), ('tea', date '2026-02-15', null, 5),"
            " ('cup', date '2026-01-20', null, 1)) as p(product_key, first_day, last_day, pieces)"
        )
        connection.execute(DAYS)
        yield connection


def days(relation, connection=duckdb):
    return connection.execute(
        f"select product_key, date_day, pieces, is_observed from {relation} order by all"
    ).fetchall()


def written(before, after):
    """The files that are not the release's before."""
    return [
        file.name
        for file in sorted(after.file("fct_inventory_daily").iterdir())
        if not (before.file("fct_inventory_daily") / file.name).exists()
        or not file.samefile(before.file("fct_inventory_daily") / file.name)
    ]


def test_the_days_stand_as_files_by_month_and_the_newest_by_day(warehouse, published):
    release = publish_now(warehouse, published)
    folder = published / "current" / "fct_inventory_daily.parquet"
    assert sorted(file.name for file in folder.iterdir()) == FILES
    as_files = days(f"read_parquet('{str(folder).replace(chr(39), chr(39) * 2)}/*.parquet')")
    assert len(as_files) == 100
    assert as_files == days("marts.fct_inventory_daily", warehouse)
    assert read_release(published, release.name) == release
    in_file = duckdb.from_parquet(str(folder / FILES[1])).project("product_key, date_day").fetchall()
    assert in_file == sorted(in_file)


@pytest.mark.parametrize(
    ("moved", "files"),
    [
        ("update reporting.rpt_stock set pieces = 7", []),
        ("update marts.fct_inventory_periods set pieces = pieces", []),
        (
            "insert into marts.fct_account_days select * replace (date_day + 1 as date_day)"
            " from marts.fct_account_days where date_day = '2026-03-10'",
            ["2026-03-11.parquet"],
        ),
        (
            "insert into marts.fct_account_days select * replace (date_day + 50 as date_day)"
            " from marts.fct_account_days where date_day >= '2026-03-01'",
            ["2026-03.parquet", *(f"2026-04-{day}.parquet" for day in range(20, 30))],
        ),
        ("update marts.fct_account_days set is_observed = false where date_day = '2026-02-28'", FILES[1:]),
        (
            "delete from marts.fct_account_days where date_day > '2026-02-27'",
            [f"2026-02-{day:02}.parquet" for day in range(1, 28)],
        ),
        ("delete from marts.fct_account_days where date_day = '2026-02-28'", FILES[1:]),
        (
            "update marts.fct_inventory_periods set last_day = '2026-03-08' where last_day is null;"
            " insert into marts.fct_inventory_periods select * replace"
            " (date '2026-03-09' as first_day, null as last_day, 0 as pieces)"
            " from marts.fct_inventory_periods where last_day = '2026-03-08'",
            MARCH[8:],
        ),
        ("update marts.fct_inventory_periods set pieces = 4 where first_day = '2026-02-15'", FILES[1:]),
        (
            "delete from marts.fct_inventory_periods where first_day = '2026-02-15';"
            " update marts.fct_inventory_periods set last_day = null",
            FILES[1:],
        ),
        ("update marts.fct_inventory_periods set pieces = null where product_key = 'cup'", FILES),
        ("delete from marts.fct_inventory_periods where product_key = 'cup'", FILES),
        ("alter table marts.fct_inventory_periods add column lost integer", FILES),
        (DAYS.replace("periods.pieces", "periods.pieces + 1 as pieces"), FILES),
        (DAYS.replace("periods.pieces", "(select pieces from reporting.rpt_stock) as pieces"), FILES),
    ],
    ids=[
        "another table", "nothing", "a day", "days of a later month", "a day was not looked at after all",
        "last days leave", "the last of a month leaves", "periods end and others begin", "a number",
        "a change is taken back", "a product's numbers", "a product leaves", "a column", "the view",
        "the view reads more",
    ],
)  # fmt: skip
def test_files_from_the_day_on_that_moved_are_written_and_others_linked(warehouse, published, moved, files):
    first = publish_now(warehouse, published)
    warehouse.execute("create table reporting.rpt_other as select 1 as one")
    warehouse.execute(moved)

    second = publish_now(warehouse, published)

    assert written(first, second) == files
    assert days(f"'{second.file('fct_inventory_daily')}/*.parquet'".replace("it's", "it''s")) == days(
        "marts.fct_inventory_daily", warehouse
    )


def test_what_else_the_days_are_made_of_moves_all_of_them(warehouse, published):
    warehouse.execute(DAYS.replace("periods.pieces", "(select pieces from reporting.rpt_stock) as pieces"))
    first = publish_now(warehouse, published)
    warehouse.execute("update reporting.rpt_stock set pieces = 7")
    assert written(first, publish_now(warehouse, published)) == FILES


@pytest.mark.parametrize("harm", [lambda file: file.write_bytes(b"PAR1"), lambda file: file.unlink()])
def test_a_file_that_was_cut_short_is_written_again(warehouse, published, harm):
    first = publish_now(warehouse, published)
    harm(first.file("fct_inventory_daily") / FILES[0])
    second = publish_now(warehouse, published)
    assert second.name != first.name
    assert written(first, second) == FILES
    assert publish_now(warehouse, published) == second


def test_a_history_without_a_day_has_a_file_of_columns(warehouse, published):
    warehouse.execute("delete from marts.fct_account_days")
    release = publish_now(warehouse, published)
    (file,) = release.file("fct_inventory_daily").iterdir()
    assert duckdb.from_parquet(str(file)).columns == ["product_key", "date_day", "pieces", "is_observed"]


def test_days_that_were_a_table_become_files_and_a_table_again(warehouse, published):
    """As where a home's models are made by Spark, which knows no view."""
    view = warehouse.execute("from marts.fct_inventory_daily order by all").fetchall()
    warehouse.execute("create table marts.kept as from marts.fct_inventory_daily")
    warehouse.execute("drop view marts.fct_inventory_daily")
    warehouse.execute("alter table marts.kept rename to fct_inventory_daily")
    assert publish_now(warehouse, published).file("fct_inventory_daily").is_file()
    warehouse.execute("alter table marts.fct_inventory_daily rename to kept")
    warehouse.execute(DAYS)
    warehouse.execute("drop table marts.kept")
    assert publish_now(warehouse, published).file("fct_inventory_daily").is_dir()
    with duckdb.connect(str(published / "reporting.duckdb"), read_only=True) as reader:
        assert reader.execute("from fct_inventory_daily order by all").fetchall() == view
    warehouse.execute("create table marts.kept as from marts.fct_inventory_daily")
    warehouse.execute("drop view marts.fct_inventory_daily")
    warehouse.execute("alter table marts.kept rename to fct_inventory_daily")
    assert publish_now(warehouse, published).file("fct_inventory_daily").is_file()


def test_a_view_of_what_is_not_published_makes_no_file(warehouse, published):
    warehouse.execute("create schema staging; create table staging.stg as select 1 as pieces")
    warehouse.execute(DAYS.replace("periods.pieces", "(select pieces from staging.stg) as pieces"))
    with pytest.raises(
        PublishError, match="fct_inventory_daily is a view of something that is not published"
    ):
        publish_now(warehouse, published)
    assert not (published / "current").exists()
