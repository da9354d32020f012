"""A release as it really comes to be, and others made of it: empty, a day old, with a read that failed."""

import shutil
from pathlib import Path

import duckdb
import pytest
import time_machine
from dlt.common.time import LockedMonotonicPreciseTime

from pipelines.release import CURRENT, MANIFEST, current_release, quoted, text
from sandbox import Sandbox
from tests.conftest import Project
from tests.reference.world import accounts

HOSTILE = "<img src=x onerror=alert(1)>"
"""What every product of one system is called."""
VENDOR = '=cmd|"/c calc"&<script>alert(2)</script>'
"""Whom they are bought from."""
DAYS = 5
UNASKED = (2, "ventmere_s2")
"""The day on which an account is not asked."""

EMPTY = "select * from {table} limit 0"
ONE_DAY = {
    "fct_account_days": "select * from {table} where date_day = (select max(date_day) from {table})",
    "rpt_stockouts": "select * replace (last_day_out as started_on, 1 as days_out, 1 as days_observed)"
    " from {table} where is_ongoing",
    "rpt_reconciliation": "select * replace (cast(left_known_through as date) as disagrees_since)"
    " from {table}",
}
FAILED = {
    "rpt_freshness": "select * replace ("
    "case when resource = 'inventory_counts' then 'failed' else last_status end as last_status,"
    " is_configured and account <> 'ventmere_s2' as is_configured) from {table}",
}


def build(folder: Path) -> Path:
    """Some days of five providers, loaded, built and published; gives the published folder."""
    with (
        Sandbox() as sandbox,
        time_machine.travel(sandbox.clock.now(), tick=True),
        pytest.MonkeyPatch.context() as patch,
    ):
        return _build(folder, sandbox, patch)


def _build(folder: Path, sandbox: Sandbox, patch: pytest.MonkeyPatch) -> Path:
    sandbox.drift("sellercloud", "inventory", add={"ProductName": HOSTILE, "DefaultVendor": VENDOR})
    # dlt names its packages, and dates rows, after a clock that never goes back: here one of these days.
    patch.setattr(
        "dlt.common.storages.load_package.increasing_precise_time",
        LockedMonotonicPreciseTime(strictly_increasing=True),
    )
    patch.chdir(folder)
    project = Project(folder, sandbox)
    project.configure(accounts(project))
    for day in range(DAYS):
        if day:
            sandbox.simulate_day()
        asked = [name for name in sandbox.providers if (day, name) != UNASKED]
        with time_machine.travel(sandbox.clock.now(), tick=True):
            project.load(*(word for name in asked for word in ("--account", name)))
    with time_machine.travel(sandbox.clock.now(), tick=True):
        project.stocktake("build")
        project.stocktake("publish")
    return project.published


def copied(published: Path, folder: Path) -> Path:
    """A published folder of one's own; files that nobody writes into are shared."""
    shutil.copytree(published, folder, symlinks=True, copy_function=_link)
    return folder


def altered(published: Path, changes: dict[str, str] | str, name: str = "20260201T080000-abc123") -> str:
    """Publishes one release more, made of the current one: by table, the question that makes it anew."""
    current = current_release(published)
    assert current is not None
    folder = current.folder.with_name(name)
    shutil.copytree(current.folder, folder, copy_function=_link)
    for table in current.contents:
        question = changes if isinstance(changes, str) else changes.get(table)
        if question is not None:
            file = folder / f"{table}.parquet"
            source = f"read_parquet({text(current.file(table))})"
            file.unlink()
            with duckdb.connect() as bench:
                bench.execute("set TimeZone = 'UTC'")
                columns = ", ".join(
                    f"cast({quoted(c)} as {kind}) as {quoted(c)}"
                    for c, kind in current.contents[table].columns
                )
                made = question.format(table=source)
                bench.execute(f"copy (select {columns} from ({made})) to {text(file)} (format parquet)")
    manifest = folder / MANIFEST
    said = manifest.read_text(encoding="utf-8").replace(
        f'"release": "{current.name}"', f'"release": "{name}"'
    )
    manifest.unlink()
    manifest.write_text(said, encoding="utf-8")
    switch(published, name)
    return name


def switch(published: Path, name: str) -> None:
    """Makes a release the current one, in one step."""
    link = published / ".making-current"
    link.symlink_to(Path("releases") / name)
    link.replace(published / CURRENT)


def _link(source: str, target: str) -> str:
    Path(target).hardlink_to(source)
    return target
