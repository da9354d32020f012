"""What waits in the home's folders until it is in the warehouse: all that can be told of it without dlt."""

import shutil
import uuid
from pathlib import Path

import duckdb

from pipelines.config import Config
from pipelines.files import write_whole

EXTRACTED, NORMALIZED = Path("normalize", "extracted"), Path("load", "normalized")
"""Where a dlt working folder keeps load packages before and after they are normalized."""


def pipelines_folder(config: Config) -> Path:
    """Where dlt keeps the load packages."""
    return config.home / "pipelines"


def spool_folder(config: Config) -> Path:
    """Where lines of the sync log are noted until they are in the warehouse."""
    return config.home / "spool"


def journals_folder(config: Config) -> Path:
    """Where first reads keep what they fetched until they have ended."""
    return config.home / "journals"


def pending_packages(config: Config, account: str) -> int:
    """How many load packages an earlier run extracted and did not finish."""
    return len(pending(pipelines_folder(config) / account))


def pending(folder: Path) -> list[str]:
    """The load ids of what was extracted and not loaded to its end."""
    return sorted({found.name for place in (EXTRACTED, NORMALIZED) for found in packages_in(folder / place)})


def packages_in(place: Path) -> list[Path]:
    """The folders of packages."""
    return [package for package in place.iterdir() if package.is_dir()] if place.is_dir() else []


def match_warehouse(config: Config, connection: duckdb.DuckDBPyConnection) -> None:
    """Drops dlt's working folders when they do not belong to this state of the warehouse.

    They hold marks. With a warehouse that was deleted, or put back from a copy, those marks would claim rows
    that are not there; without the folders, dlt takes its state from the warehouse. Every command stamps
    both, the warehouse first: where the stamps differ, the folders go, and what they had pending is asked
    for again.
    """
    connection.execute("create table if not exists raw_stocktake.stamp (stamp varchar)")
    row = connection.execute("select stamp from raw_stocktake.stamp").fetchone()
    note = config.home / "warehouse.stamp"
    if row is None or not note.exists() or note.read_text(encoding="utf-8") != row[0]:
        shutil.rmtree(pipelines_folder(config), ignore_errors=True)
        shutil.rmtree(spool_folder(config), ignore_errors=True)
        shutil.rmtree(journals_folder(config), ignore_errors=True)
    stamp = uuid.uuid4().hex
    connection.execute("begin")
    connection.execute("delete from raw_stocktake.stamp")
    connection.execute("insert into raw_stocktake.stamp values (?)", [stamp])
    connection.execute("commit")
    write_whole(note, stamp)
