"""The working database by itself: how much memory it takes, and how it keeps what is large."""

import duckdb
import pytest

from pipelines.warehouse import LOAD_MEMORY, limit_memory, make_raw_tables, open_warehouse


def limit(connection):
    return connection.execute("select parse_formatted_bytes(current_setting('memory_limit'))").fetchall()[0][
        0
    ]


@pytest.fixture
def own():
    """What DuckDB takes of this machine by itself."""
    with duckdb.connect() as connection:
        return limit(connection)


@pytest.mark.parametrize(
    ("said", "expected"), [(None, LOAD_MEMORY), ("300MB", "300MB"), ("512MiB", "512MiB"), ("999TB", None)]
)
def test_a_load_takes_what_is_said_and_never_more_than_duckdb_would(tmp_path, own, said, expected):
    with open_warehouse(tmp_path / "working.duckdb", said) as connection:
        in_bytes = own
        if expected:
            in_bytes = min(
                connection.execute("select parse_formatted_bytes(?)", [expected]).fetchall()[0][0], own
            )
        assert limit(connection) == pytest.approx(in_bytes, rel=0.01)  # DuckDB tells it rounded


def test_a_build_takes_duckdbs_own_share_of_the_machine_unless_it_is_said(tmp_path, own):
    with open_warehouse(tmp_path / "working.duckdb") as connection:
        limit_memory(connection, None)
        assert limit(connection) == own
        limit_memory(connection, "300MB")
        assert limit(connection) == pytest.approx(300_000_000, rel=0.01)


@pytest.mark.parametrize("table", ["sellercloud.inventory", "square.inventory_counts", "augno.items"])
def test_payloads_lie_compressed(tmp_path, table):
    path = tmp_path / "working.duckdb"
    with open_warehouse(path) as connection:
        make_raw_tables(connection)
        columns = {row[0]: row[1] for row in connection.execute(f"describe raw_{table}").fetchall()}
        values = [
            "repeat(md5(i::varchar), 9)" if column == "payload" else f"cast({i!r} as {kind})"
            for column, kind in columns.items()
            for i in ["2026-01-05 08:00:00+00" if "TIME" in kind else column]
        ]
        connection.execute(f"insert into raw_{table} select {', '.join(values)} from range(5000) as r(i)")
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            f"select distinct compression from pragma_storage_info('raw_{table}')"
            " where column_name = 'payload' and segment_type = 'VARCHAR'"
        ).fetchall()
        assert found == [("ZSTD",)]
        assert connection.execute(f"select distinct length(payload) from raw_{table}").fetchall() == [(288,)]
