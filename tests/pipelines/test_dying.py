"""Deaths at every step, and full disks: the warehouse is wholly before or after, the next run repairs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.registry import PROVIDERS
from tests.conftest import PLENTY, Project, SmallDisk, lived
from tests.pipelines.conftest import Die

STORAGE = "dlt.common.storages.load_storage:LoadStorage"
PACKAGE = "dlt.common.storages.load_package:PackageStorage"
PLACES = {
    "the stamp is in the warehouse, not beside it": ("pathlib:Path.replace", "before"),
    "what was read is no package yet": ("dlt.extract.extract:Extract.commit_packages", "before"),
    "what was read is a package": ("dlt.extract.extract:Extract.commit_packages", "after"),
    "the package is normalized, and its extracted form still there": (
        f"{STORAGE}.commit_new_load_package",
        "after",
    ),
    "the package is normalized": ("dlt:Pipeline.normalize", "after"),
    "the tables are made": ("dlt.load.load:Load.initialize_package", "after"),
    "a job is done and not noted": (f"{PACKAGE}.save_pending_transition", "before"),
    "a job is noted as done": (f"{PACKAGE}.save_pending_transition", "after"),
    "a job is completed": (f"{PACKAGE}.complete_job", "after"),
    "all jobs are completed": ("dlt.load.load:Load.complete_package", "before"),
    "one table is merged": ("pipelines.dlt_internals:merge_versions", "after"),
    "all tables are merged": ("pipelines.dlt_internals:write_lines", "before"),
    "lines of the log are written": ("pipelines.dlt_internals:write_lines", "after"),
    "all is written and not committed": ("pipelines.dlt_internals:DuckDbClient.complete_load", "after"),
    "all is committed, and dlt does not know": (
        "pipelines.dlt_internals:OneTransactionClient.complete_load",
        "after",
    ),
    "the package is put away": (f"{STORAGE}.complete_load_package", "after"),
    "the package is loaded": ("dlt:Pipeline.load", "after"),
    "the notes are compared with the log": ("pipelines.log:Reporter.resource", "before"),
}
"""What had happened last, and where that is."""
COMMITTED = list(PLACES)[-4:]
"""Those after the one commit: what was read is in the warehouse."""
IN_DRAIN = {
    "the drain has merged": PLACES["lines of the log are written"],
    "the drain has loaded": PLACES["the package is loaded"],
}


pytestmark = pytest.mark.providers("square")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A folder after a first load, and a sandbox that has moved on since."""
    with lived(tmp_path_factory.mktemp("loaded"), "load", providers=("square",)) as project:
        project.live_an_hour(5)
        yield project


@pytest.fixture
def copy(loaded: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    shutil.copytree(loaded.folder, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return Project(tmp_path / "copy", loaded.sandbox)


Tables = dict[str, list[tuple[Any, ...]]]


def tables_of(project: Project, *, with_log: bool = True) -> Tables:
    """What the warehouse holds, without when it was learned."""
    queries = {
        resource.name: f"select {', '.join(resource.key)}, row_hash, _dlt_valid_to is null"
        f" from raw_square.{resource.name} order by all"
        for resource in PROVIDERS["square"].resources
    }
    if with_log:
        log = "select resource, mode, status, rows_new, rows_retired from raw_stocktake.sync_log order by all"
        queries["the log"] = log
        queries["what dlt keeps"] = (
            "select (select count(*) from raw_square._dlt_loads),"
            " (select count(*) from raw_square._dlt_pipeline_state)"
        )
    with project.held_open():
        return {name: project.query(query) for name, query in queries.items()}


@pytest.fixture(scope="module")
def undisturbed(loaded: Project, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """What a load leaves that nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed") / "copy"
    shutil.copytree(loaded.folder, folder)
    project = Project(folder, loaded.sandbox)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        project.load()
        project.assert_equals_truth()
    return tables_of(project)


def assert_repaired(project: Project, undisturbed: Tables) -> None:
    """One more load ends where an undisturbed one would, and every line of the run that died is told."""
    assert project.load().keys() == {("square", name) for name in RESOURCES}
    project.assert_equals_truth()
    for name, rows in tables_of(project, with_log=False).items():
        assert rows == undisturbed[name], f"{name}: each change is one version"
    assert not list((project.home / "spool").rglob("*.json"))
    assert not list((project.home / "pipelines").glob("square/normalize/*/*")), "nothing half made is left"


RESOURCES = ("inventory_counts", "inventory_changes", "catalog_objects", "locations")


@pytest.mark.parametrize("step", PLACES)
def test_a_load_that_dies_anywhere_is_repaired_by_the_next(
    copy: Project, undisturbed: Tables, die_in: Die, step: str
) -> None:
    before = tables_of(copy)
    die_in(copy.folder, *PLACES[step], "load")
    expected = undisturbed if step in COMMITTED else before
    for name, rows in tables_of(copy).items():
        assert rows == expected[name], f"mixed: {name} is not as it was before the load or is after it"
    interrupted = json.loads(copy.stocktake("status", "--json").stdout)["interrupted"]
    assert interrupted["command"] == "load"
    assert_repaired(copy, undisturbed)


def test_a_repaired_warehouse_reads_nothing_anew(copy: Project, undisturbed: Tables, die_in: Die) -> None:
    die_in(copy.folder, *PLACES["one table is merged"], "load")
    assert_repaired(copy, undisturbed)
    assert {row["rows_new"] for row in copy.load().values()} == {0}


@pytest.mark.parametrize(("place", "when"), IN_DRAIN.values(), ids=IN_DRAIN.keys())
def test_dying_again_while_the_first_death_is_repaired_loses_no_line(
    copy: Project, undisturbed: Tables, die_in: Die, place: str, when: str
) -> None:
    """Killed after the package was made and before the run noted which it was, the log lost the run."""
    die_in(copy.folder, *PLACES["what was read is a package"], "load")
    die_in(copy.folder, place, when, "load")
    assert_repaired(copy, undisturbed)
    told = copy.query(
        "select count(*) filter (where status = 'ok'), sum(rows_new) from raw_stocktake.sync_log"
        " group by run_id order by run_id offset 1"
    )
    assert told[0] == (4, 10), "lost from the log: five counts and five movements of the run that read them"
    assert {new for _, new in told[1:]} == {0}


def test_a_first_load_that_dies_is_repaired_too(project: Project, die_in: Die) -> None:
    die_in(project.folder, *PLACES["what was read is a package"], "load", "--account", "square")
    first = project.load(exits=3)
    halves = {name for (_, name), row in first.items() if row["status"] == "guarded"}
    assert halves == {"catalog_objects", "inventory_counts", "locations"}, "all that a first read took whole"
    project.assert_equals_truth()
    told = project.query(
        "select error_class, sum(rows_new) from raw_stocktake.sync_log group by all order by all"
    )
    raw = " + ".join(f"(select count(*) from raw_square.{name})" for name in RESOURCES)
    assert told == [("Guard", project.query(f"select {raw}")[0][0]), ("Interrupted", 0), (None, 0)]


def test_a_run_that_dies_before_anything_is_kept_says_so(copy: Project, die_in: Die) -> None:
    die_in(copy.folder, *PLACES["what was read is no package yet"], "load")
    copy.load()
    rows = copy.query(
        "select status, error_class, mark_after = mark_before, rows_new, error_message"
        " from raw_stocktake.sync_log where error_class is not null order by resource"
    )
    assert [row[:4] for row in rows] == [("failed", "Interrupted", True, 0)] * 4
    assert rows[0][4].startswith("square: catalog_objects: the run died before what it had read was kept.")


def test_a_disk_that_fills_up_while_loading_loses_nothing(
    copy: Project, undisturbed: Tables, on_a_small_disk: SmallDisk
) -> None:
    *full, (repaired, _) = on_a_small_disk(copy, *((free, "load") for free in (20, 50, 80, PLENTY)))
    assert {code for code, _ in full} == {1}
    assert all("The disk is full. Make room and run again" in words for _, words in full)
    assert repaired == 0
    assert_repaired(copy, undisturbed)
