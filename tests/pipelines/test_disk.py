"""What stays on disk: twenty runs leave no more files than ten, and old lines of the log are thinned."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.sync_log import COLUMNS, make_log_tables, thin_log
from tests.conftest import Project


def on_disk(home: Path) -> tuple[int, int]:
    """Files and bytes, the databases left out."""
    files = [path for path in home.rglob("*") if path.is_file() and path.suffix not in (".duckdb", ".wal")]
    return len(files), sum(path.stat().st_size for path in files)


@pytest.mark.providers("ventmere_s2")  # whose snapshot comes whole in every run
def test_twenty_runs_leave_no_more_on_disk_than_ten(project: Project) -> None:
    seen, database = [], []
    for _ in range(20):
        project.live_an_hour(1)
        project.load()
        seen.append(on_disk(project.home))
        database.append((project.home / "working.duckdb").stat().st_size)
    files, sizes = zip(*seen, strict=True)
    assert max(files[10:]) <= max(files[:10]), f"files after each run: {files}"
    assert max(sizes[10:]) <= 1.1 * max(sizes[:10]), f"bytes after each run: {sizes}"
    assert database[19] - database[9] < 3 * 2**20, f"the database: {database}"


@pytest.fixture
def sync_log() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    make_log_tables(connection)
    return connection


def test_old_lines_that_say_nothing_new_are_thinned_to_one_a_day(sync_log: duckdb.DuckDBPyConnection) -> None:
    now = datetime.now(UTC).replace(hour=12, minute=0)
    lines = [
        # age in days, hour, resource, mode, status, new, retired, repaired, and whether it stays
        (100, 1, "counts", "incremental", "ok", 0, 0, 0, False),
        (100, 2, "counts", "incremental", "ok", 0, 0, 0, True),  # the last of its day
        (100, 1, "counts", "incremental", "ok", 5, 0, 0, True),
        (100, 1, "counts", "sweep", "ok", 0, 2, 0, True),
        (100, 1, "counts", "sweep", "ok", 0, 0, 1, True),
        (100, 1, "counts", "sweep", "ok", 0, 0, 0, True),  # another mode
        (100, 1, "counts", "incremental", "failed", 0, 0, 0, False),
        (100, 3, "counts", "incremental", "failed", 0, 0, 0, True),
        (100, 1, "products", "incremental", "ok", 0, 0, 0, True),  # another resource
        (99, 1, "counts", "incremental", "ok", 0, 0, 0, True),  # another day
        (89, 1, "counts", "incremental", "ok", 0, 0, 0, True),
        (89, 2, "counts", "incremental", "ok", 0, 0, 0, True),  # not old enough
    ]
    names = (
        "run_id",
        "account",
        "provider",
        "resource",
        "mode",
        "status",
        "rows_new",
        "rows_retired",
        "rows_repaired",
        "finished_at",
    )
    assert set(names) <= COLUMNS.keys()
    for number, (days, hour, resource, mode, status, new, retired, repaired, _) in enumerate(lines):
        finished = now - timedelta(days=days) + timedelta(hours=hour)
        sync_log.execute(
            f"insert into raw_stocktake.sync_log ({', '.join(names)})"
            f" values ({', '.join('?' for _ in names)})",
            [f"run {number:02}", "shop", "square", resource, mode, status, new, retired, repaired, finished],
        )
    expected = {f"run {number:02}" for number, line in enumerate(lines) if line[-1]}
    for _ in range(2):
        thin_log(sync_log, timedelta(days=90), "UTC")
        assert {
            row[0] for row in sync_log.execute("select run_id from raw_stocktake.sync_log").fetchall()
        } == expected
