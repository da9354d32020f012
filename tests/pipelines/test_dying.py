"""Deaths where no log line marks them, and disks that fill up: releases stay whole, the next run repairs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.conftest import PLENTY, Project, SmallDisk
from tests.pipelines.conftest import Die

PLACES = {
    "the stamp is in the warehouse, not beside it": ("pathlib:Path.replace", "before"),
    "what was read is no package yet": ("dlt.extract.extract:Extract.commit_packages", "before"),
    "what was read is a package": ("dlt.extract.extract:Extract.commit_packages", "after"),
    "rows are in staging": ("dlt.load.load:Load.create_followup_jobs", "before"),
    "a merge waits to begin": ("dlt.common.storages.load_package:PackageStorage.import_job", "after"),
    "one table is merged": ("dlt.destinations.job_client_impl:SqlLoadJob.run", "after"),
    "rows are merged": ("dlt.load.load:Load.complete_package", "before"),
    "the package is loaded": ("dlt:Pipeline.load", "after"),
    "ledger lines are in the warehouse": ("pipelines.load:settle", "after"),
}
"""What had happened last, and where that is."""
IN_DRAIN = {
    "the drain has merged": ("dlt.load.load:Load.complete_package", "before"),
    "the drain has loaded": ("dlt:Pipeline.load", "after"),
}


pytestmark = pytest.mark.providers("square")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A folder after a first load, and a sandbox that has moved on since."""
    with Sandbox(providers=("square",)) as sandbox:
        project = Project(tmp_path_factory.mktemp("loaded"), sandbox)
        project.configure()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(project.folder)
            project.load()
        sandbox.clock.advance(hours=1)
        sandbox.change(5)
        yield project


@pytest.fixture
def copy(loaded: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    shutil.copytree(loaded.folder, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return Project(tmp_path / "copy", loaded.sandbox)


def assert_repaired(project: Project, before: int) -> None:
    """One more load ends where an undisturbed one would, and every line of the run that died is told."""
    assert project.load().keys() == {("square", name) for name in RESOURCES}
    project.assert_equals_truth()
    assert project.versions("square", "inventory_counts") == before + 5, "each change is one version"
    assert {row["rows_new"] for row in project.load().values()} == {0}
    assert not list((project.home / "spool").rglob("*.json"))
    assert not list((project.home / "pipelines").glob("square/normalize/*/*")), "nothing half made is left"


RESOURCES = ("inventory_counts", "inventory_changes", "catalog_objects", "locations")


@pytest.mark.parametrize(("place", "when"), PLACES.values(), ids=PLACES.keys())
def test_a_load_that_dies_anywhere_is_repaired_by_the_next(
    copy: Project, die_in: Die, place: str, when: str
) -> None:
    before = copy.versions("square", "inventory_counts")
    die_in(copy.folder, place, when, "load")
    interrupted = json.loads(copy.stocktake("status", "--json").stdout)["interrupted"]
    assert interrupted["command"] == "load"
    assert_repaired(copy, before)


@pytest.mark.parametrize(("place", "when"), IN_DRAIN.values(), ids=IN_DRAIN.keys())
def test_dying_again_while_the_first_death_is_repaired_loses_no_line(
    copy: Project, die_in: Die, place: str, when: str
) -> None:
    """Killed after the package was made and before the run noted which it was, the ledger lost the run."""
    before = copy.versions("square", "inventory_counts")
    die_in(copy.folder, *PLACES["what was read is a package"], "load")
    die_in(copy.folder, place, when, "load")
    assert_repaired(copy, before)
    told = copy.query(
        "select count(*) filter (where status = 'ok'), sum(rows_new) from raw_stocktake.sync_log"
        " group by run_id order by run_id offset 1"
    )
    assert told[0] == (4, 10), (
        "lost from the ledger: five counts and five movements of the run that read them"
    )
    assert {new for _, new in told[1:]} == {0}


def test_a_merge_that_waited_when_its_load_died_is_made_anew(
    copy: Project, die_in: Die, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run beside the copying of its rows, it added the new versions and left the old ones current."""
    monkeypatch.setattr("pipelines.packages.drop_loaded", lambda folder: None)  # to be looked at
    before = copy.versions("square", "inventory_counts")
    die_in(copy.folder, *PLACES["a merge waits to begin"], "load")
    folder = copy.home / "pipelines" / "square" / "load"
    waiting = {job.name for job in folder.glob("normalized/*/new_jobs/*.sql")}
    assert waiting
    assert_repaired(copy, before)
    assert not waiting & {job.name for job in folder.glob("loaded/*/completed_jobs/*.sql")}


def test_a_first_load_that_dies_is_repaired_too(project: Project, die_in: Die) -> None:
    die_in(project.folder, *PLACES["what was read is a package"], "load", "--account", "square")
    first = project.load()
    assert {row["status"] for row in first.values()} == {"ok"}
    project.assert_equals_truth()
    told = project.query(
        "select error_class, sum(rows_new) from raw_stocktake.sync_log group by all order by all"
    )
    raw = " + ".join(f"(select count(*) from raw_square.{name})" for name in RESOURCES)
    assert told == [("Interrupted", 0), (None, project.query(f"select {raw}")[0][0])]


def test_a_run_that_dies_before_anything_is_kept_says_so(copy: Project, die_in: Die) -> None:
    die_in(copy.folder, *PLACES["what was read is no package yet"], "load")
    copy.load()
    rows = copy.query(
        "select status, error_class, mark_after = mark_before, rows_new, error_message"
        " from raw_stocktake.sync_log where error_class is not null order by resource"
    )
    assert [row[:4] for row in rows] == [("failed", "Interrupted", True, 0)] * 4
    assert rows[0][4].startswith("square: catalog_objects: the run died before what it had read was kept.")


def test_a_disk_that_fills_up_while_loading_loses_nothing(copy: Project, on_a_small_disk: SmallDisk) -> None:
    before = copy.versions("square", "inventory_counts")
    *full, (repaired, _) = on_a_small_disk(copy, (40, "load"), (120, "load"), (PLENTY, "load"))
    assert {code for code, _ in full} == {1}
    assert all("The disk is full. Make room and run again" in words for _, words in full)
    assert repaired == 0
    assert_repaired(copy, before)
