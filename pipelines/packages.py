"""Load packages in a dlt working folder: what a process that died may have left of them, and their stamps.

Each of these mends one way in which dlt 1.31 stops, or does something twice, after a death, or in which it
puts versions out of order after this machine's clock was set back.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import dlt.common.time
from dlt.common.storages import load_package
from dlt.common.storages.load_package import PackageStorage
from dlt.common.time import LockedMonotonicPreciseTime

from pipelines.pending import EXTRACTED, NORMALIZED, packages_in
from sources._shared.resource import ROWS_FORMAT

LOADED = Path("load", "loaded")
LONGEST_LEAD = timedelta(days=7)
"""How far ahead of this machine's clock the last version may lie for the next ones to follow it."""

_now = dlt.common.time.precise_time
_MILLISECOND = 0.001


@contextmanager
def stamped_by(clock: Callable[[], float]) -> Iterator[None]:
    """Lets what is loaded meanwhile be dated by another clock, in seconds since 1970: by the demo's days."""
    global _now
    package: Any = load_package
    before = _now, package.increasing_precise_time
    _now = dlt.common.time.precise_time = clock
    # dlt's own never goes back behind the moment in which dlt was imported.
    package.increasing_precise_time = LockedMonotonicPreciseTime(strictly_increasing=True)
    try:
        yield
    finally:
        _now, package.increasing_precise_time = before
        go_on_after(None)


def go_on_after(latest: datetime | None) -> None:
    """Lets dlt's clock stand after the last version that is known, also where this machine's lies behind.

    dlt 1.31 stamps a package, and the beginning and end of its versions, by this machine's clock. After that
    was set back, versions would end before they begin, and history would stand in the wrong order. A moment
    further ahead than LONGEST_LEAD is not followed: every day of history until then would miss its changes.
    """
    behind = 0.0 if latest is None else latest.timestamp() + _MILLISECOND - _now()
    is_followed = 0 < behind <= LONGEST_LEAD.total_seconds()
    dlt.common.time.precise_time = (lambda: _now() + behind) if is_followed else _now


def is_half_loaded(folder: Path) -> bool:
    """Whether the loading of a package may have begun and has not ended: its tables are merged one by one."""
    return bool(packages_in(folder / NORMALIZED))


def drop_half_made(folder: Path) -> None:
    """Drops packages whose making was broken off: dlt 1.31 makes each in a new folder, and forgets those."""
    for place in (folder / EXTRACTED.parent).glob("*/"):
        if place.name != EXTRACTED.name:
            shutil.rmtree(place)


def drop_normalized_twice(folder: Path) -> None:
    """Drops extracted packages whose normalized form is there already.

    dlt 1.31 moves the normalized package into place and removes the extracted one after. A process that dies
    in between leaves both, and every later normalize stops at the package that is in its way.
    """
    for package in packages_in(folder / EXTRACTED):
        if (folder / NORMALIZED / package.name).is_dir():
            shutil.rmtree(package)


def drop_loaded(folder: Path) -> None:
    """Drops packages that were loaded: dlt 1.31 keeps them for ever. One with a job that failed is kept.

    Its setting `delete_completed_jobs` leaves half of their files, and those of earlier runs.
    """
    for package in packages_in(folder / LOADED):
        if not any((package / PackageStorage.FAILED_JOBS_FOLDER).glob("*")):
            shutil.rmtree(package)


def adopt_schemas(pipeline: dlt.Pipeline) -> None:
    """Lets extracted packages be normalized under the schema they were extracted with.

    dlt 1.31 takes the pipeline's own, which it saves a moment after the package is finished. A process that
    dies in between leaves the schema of the read before: after a sweep that one says that whatever of the
    account's rows did not come is gone, and an incremental package would retire nearly all of them.
    """
    for package in packages_in(Path(pipeline.working_dir) / EXTRACTED):
        text = (package / PackageStorage.SCHEMA_FILE_NAME).read_text(encoding="utf-8")
        pipeline._inject_schema(dlt.Schema.from_dict(json.loads(text)))


def start_over(folder: Path) -> None:
    """Lets packages whose loading was broken off begin it anew.

    dlt 1.31 empties its staging tables once a package, when it first begins. A process that dies after a file
    was copied there and before that was noted would copy it a second time into the same table, and every
    new version would be written twice. Merging anew changes nothing: what is current is left alone.
    """
    for package in packages_in(folder / NORMALIZED):
        (package / PackageStorage.APPLIED_SCHEMA_UPDATES_FILE_NAME).unlink(missing_ok=True)
        updates = package / PackageStorage.SCHEMA_UPDATES_FILE_NAME
        if not updates.exists():  # they were made already; the file alone lets dlt prepare its tables
            updates.write_text("{}", encoding="utf-8")
        folders = (
            PackageStorage.NEW_JOBS_FOLDER,
            PackageStorage.STARTED_JOBS_FOLDER,
            PackageStorage.COMPLETED_JOBS_FOLDER,
        )
        for job in [job for name in folders for job in (package / name).glob("*.*")]:
            if job.name.startswith("_dlt"):
                continue  # dlt's own tables are appended to
            (package / PackageStorage.PENDING_TRANSITIONS_FOLDER / job.name).unlink(missing_ok=True)
            if job.suffix == f".{ROWS_FORMAT}":
                job.replace(package / PackageStorage.NEW_JOBS_FOLDER / job.name)
            else:
                # A merge, made again once its rows are in staging. One that waited would run beside the
                # copying: it added new versions, and left the old ones current.
                job.unlink()
