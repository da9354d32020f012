"""Deaths where no log line marks them, and disks that fill up: releases stay whole, the next run repairs."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox import Sandbox
from tests.conftest import Project

DYING = """
import importlib, json, os, signal, sys
import dlt.destinations.impl.duckdb.duck, dlt.load.load, dlt.normalize, pipelines.cli, sources.square

def come_to(place, when):
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner = importlib.import_module(module)
    for step in owners:
        owner = getattr(owner, step)
    was = getattr(owner, name)
    def die(*args, **kwargs):
        if when == "after":
            was(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, die)

for line in sys.stdin:
    folder, place, when, *arguments = json.loads(line)
    process = os.fork()
    if process == 0:
        os.chdir(folder)
        come_to(place, when)
        sys.argv = ["stocktake", *arguments]
        pipelines.cli.main()
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
"""Runs commands that kill themselves as soon as they come to a function, or have left it for the first time.
Forked from one process that has imported everything: that costs each of them two seconds."""

PLACES = {
    "raw tables are made": ("pipelines.run:make_raw_tables", "before"),
    "the stamp is in the warehouse, not beside it": ("pathlib:Path.replace", "before"),
    "what was read is no package yet": ("dlt.extract.extract:Extract.commit_packages", "before"),
    "what was read is a package": ("dlt.extract.extract:Extract.commit_packages", "after"),
    "the ledger's lines know their package": ("pipelines.load:_extract", "after"),
    "the package is normalized": ("dlt:Pipeline.normalize", "after"),
    "rows are in staging": ("dlt.load.load:Load.create_followup_jobs", "before"),
    "rows are merged": ("dlt.load.load:Load.complete_package", "before"),
    "the package is loaded": ("dlt:Pipeline.load", "after"),
    "ledger lines are in the warehouse": ("pipelines.load:settle", "after"),
    "the status is written": ("pipelines.run:write_status", "before"),
}
"""What had happened last, and where that is."""
IN_DRAIN = {
    "the drain begins": ("pipelines.load:_start_over", "before"),
    "the drain has merged": ("dlt.load.load:Load.complete_package", "before"),
    "the drain has loaded": ("dlt:Pipeline.load", "after"),
}


Die = Callable[..., None]


@pytest.fixture(scope="module")
def die_in() -> Iterator[Die]:
    with subprocess.Popen(
        [sys.executable, "-c", DYING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def die(folder: Path, place: str, when: str, *command: str) -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([str(folder), place, when, *command]) + "\n")
            process.stdin.flush()
            assert int(process.stdout.readline()) == -signal.SIGKILL, f"it was to die in {place}"

        yield die
        process.stdin.close()  # type: ignore[union-attr]


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
    assert told[0] == (4, 10), "five counts and five movements, told of the run that read them"
    assert {new for _, new in told[1:]} == {0}


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


# A disk that fills up: a small file system of this test's own, in a namespace where it may mount one.
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
SMALL_DISK = """
set -e
mount -t tmpfs -o size=1g small "$PLACE"
cp -a "$CONTENT/." "$PLACE"
number=0
while read -r free command; do
    used=$(df -k --output=used "$PLACE" | tail -1)
    mount -o "remount,size=$((used + free))k" "$PLACE"
    number=$((number + 1))
    set +e
    $command >"$OUT/$number.out" 2>"$OUT/$number.err"
    echo $? >"$OUT/$number.code"
    set -e
done
cp -a "$PLACE" "$OUT/warehouse"
"""
PLENTY = 1_000_000


@pytest.fixture
def on_a_small_disk(tmp_path: Path) -> Callable[..., list[tuple[int, str]]]:
    """Runs commands, each with so many kilobytes free; gives exit codes and what they said."""
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a file system of their own")

    def work(project: Project, *steps: tuple[int, str]) -> list[tuple[int, str]]:
        shutil.rmtree(tmp_path / "content", ignore_errors=True)
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        content, out = tmp_path / "content", tmp_path / "out"
        project.home.rename(content)
        project.home.mkdir()
        out.mkdir()
        subprocess.run(
            [*NAMESPACE, SMALL_DISK],
            cwd=project.folder,
            input="".join(f"{free} {STOCKTAKE} {words}\n" for free, words in steps),
            text=True,
            check=True,
            env={**os.environ, "PLACE": str(project.home), "CONTENT": str(content), "OUT": str(out)},
        )
        project.home.rmdir()
        (out / "warehouse").rename(project.home)
        said = [
            (int((out / f"{n}.code").read_text()), (out / f"{n}.err").read_text())
            for n in range(1, len(steps) + 1)
        ]
        assert not [words for _, words in said if "Traceback" in words]
        return said

    return work


STOCKTAKE = str(Path(sys.executable).parent / "stocktake")


def test_a_disk_that_fills_up_while_loading_loses_nothing(
    copy: Project, on_a_small_disk: Callable[..., list[tuple[int, str]]]
) -> None:
    before = copy.versions("square", "inventory_counts")
    *full, (repaired, _) = on_a_small_disk(copy, (40, "load"), (120, "load"), (PLENTY, "load"))
    assert {code for code, _ in full} == {1}
    assert all("The disk is full. Make room and run again" in words for _, words in full)
    assert repaired == 0
    assert_repaired(copy, before)


@pytest.fixture(scope="module")
def published(loaded: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A folder with a release, and news that are loaded and not built."""
    folder = tmp_path_factory.mktemp("published") / "copy"
    shutil.copytree(loaded.folder, folder)
    project = Project(folder, loaded.sandbox)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        project.stocktake("build")
        project.stocktake("publish")
        project.load()
    return project


def on_hand(project: Project) -> Any:
    """What BI reads, from both of its files."""
    found = []
    for file in ("reporting.duckdb", "stocktake.duckdb"):
        with duckdb.connect(str(project.published / file), read_only=True) as connection:
            found += connection.execute(
                "select sum(quantity_available), count(*) from rpt_stock_on_hand"
            ).fetchall()
    assert found[0] == found[1]
    return found[0]


def test_a_disk_that_fills_up_while_building_or_publishing_leaves_the_release_whole(
    published: Project,
    monkeypatch: pytest.MonkeyPatch,
    die_in: Die,
    on_a_small_disk: Callable[..., list[tuple[int, str]]],
) -> None:
    monkeypatch.chdir(published.folder)
    before, release = on_hand(published), (published.published / "current").readlink()
    [(code, words)] = on_a_small_disk(published, (100, "build"))
    assert (code, "The disk is full. Make room and run again" in words) == (1, True), words
    assert "no build has passed" in published.stocktake("publish", exits=1).stderr
    published.stocktake("build")
    [(code, words)] = on_a_small_disk(published, (60, "publish"))
    assert (code, "The disk is full. Make room and run again" in words) == (1, True), words
    assert (on_hand(published), (published.published / "current").readlink()) == (before, release)
    die_in(published.folder, "pipelines.publish:switch", "before", "publish")
    assert (on_hand(published), (published.published / "current").readlink()) == (before, release)
    published.stocktake("publish")
    assert on_hand(published)[0] == before[0] + 5000, "five counts, a thousand more each"
    assert not list(published.published.rglob(".making-*"))
