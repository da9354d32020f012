"""Daily history as files, for whoever reads the published folder and not its views.

A month is a file, and of the newest month each day is one: a day more of many products is then no more than
that to write. The days are a view of two published tables. What moved in those says from which day on they
differ from the release before: its files of days before that are linked, the others written.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from pipelines.release import (
    Content,
    PublishError,
    Release,
    View,
    linked,
    names,
    quoted,
    read_content,
    sync,
    text,
)

DAILY = "fct_inventory_daily"
PERIODS = "fct_inventory_periods"
ACCOUNT_DAYS = "fct_account_days"
WITHOUT_DAYS = "none.parquet"
"""The file of a history without a day, which has the columns."""


def write_months(
    bench: duckdb.DuckDBPyConnection,
    making: Path,
    contents: Mapping[str, Content],
    views: Mapping[str, View],
    current: Release | None,
    how: str,
) -> dict[str, dict[str, int]]:
    """Writes the days of the release that is made in `making`, whose tables are there.

    Returns:
        Of the view, if it is one, each file's size.
    """
    if DAILY not in views:
        return {}
    for table in views[DAILY].reads(contents):
        bench.execute(f"create temp view {quoted(table)} as {_rows(making, table)}")
    bench.execute(f"create temp view {DAILY} as {views[DAILY].select}")
    folder = making / f"{DAILY}.parquet"
    folder.mkdir()
    first_moved = _first_day_that_moved(bench, making, contents, views[DAILY], current)
    files = bench.execute(
        f"""
        select
            left(date_day::varchar, if(month = newest, 10, 7)) || '.parquet' as file,
            min(if(month = newest, date_day, month)),
            max(if(month = newest, date_day, last_day(date_day)))
        from (
            select date_day, date_trunc('month', date_day)::date as month, max(month) over () as newest
            from (select distinct date_day from {ACCOUNT_DAYS})
        )
        group by file
        order by file
        """
    ).fetchall()
    for name, first_day, last_day in files or [(WITHOUT_DAYS, date.max, date.max)]:
        before = current.file(DAILY) / name if current and first_moved and last_day < first_moved else None
        if before is None or not linked(before, folder / name):
            days = f"{DAILY} where date_day between '{first_day}' and '{last_day}'"
            _write(bench, days, views[DAILY], folder / name, how)
    sync(folder)
    return {DAILY: {file.name: file.stat().st_size for file in sorted(folder.iterdir())}}


def _first_day_that_moved(
    bench: duckdb.DuckDBPyConnection,
    making: Path,
    contents: Mapping[str, Content],
    view: View,
    current: Release | None,
) -> date | None:
    """The first day that may be other than in the current release; None where that cannot be told."""
    made_of = (PERIODS, ACCOUNT_DAYS)
    if (
        current is None
        or current.views.get(DAILY) != view
        or not current.has_parts()
        or view.reads(contents) != set(made_of)
        or any(current.columns.get(table) != contents[table].columns for table in made_of)
    ):
        return None
    period, observed = "product_key, first_day", "provider, account, resource, date_day"
    # A period that ends is another one from the day after its last on.
    found: date | None = bench.execute(
        f"""
        select min(moved_on) from (
            select case
                when news.content is not distinct from olds.content
                    then least(news.last_day, olds.last_day) + 1
                else first_day
            end as moved_on
            from (select {period}, last_day, {_hash(current, PERIODS, "last_day")} as content
                {_rows(making, PERIODS)}) as news
            full outer join (select {period}, last_day, {_hash(current, PERIODS, "last_day")} as content
                {_rows(current.folder, PERIODS)}) as olds using ({period})
            where news.content is distinct from olds.content or news.last_day is distinct from olds.last_day
            union all
            select date_day
            from (select {observed}, {_hash(current, ACCOUNT_DAYS)} as content
                {_rows(making, ACCOUNT_DAYS)}) as news
            full outer join (select {observed}, {_hash(current, ACCOUNT_DAYS)} as content
                {_rows(current.folder, ACCOUNT_DAYS)}) as olds using ({observed})
            where news.content is distinct from olds.content
        )
        """
    ).fetchall()[0][0]
    return found or date.max


def _rows(folder: Path, table: str) -> str:
    return f"from read_parquet({text(folder / f'{table}.parquet')})"


def _hash(release: Release, table: str, *but: str) -> str:
    columns = [column for column in release.columns[table] if column[0] not in but]
    return f"hash({names(columns)})"


def _write(bench: duckdb.DuckDBPyConnection, days: str, view: View, file: Path, how: str) -> None:
    """Writes a file and reads it back."""
    rows = f"select {names(view.columns)} from {days}"
    bench.execute(f"copy ({rows} order by product_key, date_day) to {text(file)} ({how})")
    sync(file)
    written = read_content(bench, f"({rows})", view.schema, view.columns)
    read_back = read_content(bench, f"read_parquet({text(file)})", view.schema, view.columns)
    if written != read_back:
        raise PublishError(
            f"{file.parent.name}/{file.name} has {written.rows} rows, and was read back with {read_back.rows}"
            " or other values. Nothing was published: look at the disk, then run again."
        )
