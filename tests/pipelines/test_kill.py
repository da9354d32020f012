"""Processes that die: killed in any step and run again, a run ends in the tables of an undisturbed one."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.config import load_config
from pipelines.load import pipeline_of
from pipelines.pending import EXTRACTED, NORMALIZED, pending_packages
from sandbox import Sandbox
from tests.conftest import PLENTY, Project, SmallDisk, lived
from tests.pipelines.conftest import Die, Reader

KILLS = {
    "while it reads": ("pipelines.load:load_accounts", 0.08),
    "before it builds": ("pipelines.run:build", "before"),
    "while it builds": ("pipelines.run:build", 0.08),
    "before it publishes": ("pipelines.run:_publish", "before"),
    "while it publishes": ("pipelines.run:_publish", 0.08),
}
"""Where a run dies, or so many seconds later. Deaths while asking or loading are tried one by one in
test_dying.py."""
OF_THE_SYNC_LOG = {"dim_accounts", "fct_sync_runs", "rpt_freshness", "rpt_sync_proof"}
"""Tables that tell of the runs themselves."""
LOAD_TIMES = ["valid_from", "valid_to", "changed_at"]
"""Columns that tell when we learned something."""
Tables = dict[str, list[tuple[object, ...]]]


def tables_of(folder: Path) -> Tables:
    """The published tables, without what tells of runs and load times; rows in order."""
    path = folder / "warehouse" / "published" / "reporting.duckdb"
    found = {}
    with duckdb.connect(str(path), read_only=True) as connection:
        for (name,) in connection.execute(
            "select view_name from duckdb_views() where not internal"
        ).fetchall():
            if name not in OF_THE_SYNC_LOG:
                columns = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
                kept = ", ".join(column for column in columns if column not in LOAD_TIMES)
                rows = connection.execute(f"select {kept} from {name} order by all").fetchall()
                found[name] = rows
    return found


@dataclass(frozen=True)
class Story:
    """A folder after a first run, the sandbox as it changed since, and where an undisturbed run ends."""

    folder: Path
    kept: Path
    """A copy of the folder as it was then."""
    sandbox: Sandbox
    before: Tables
    expected: Tables


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with lived(tmp_path_factory.mktemp("story"), "run") as first:
        first.sandbox.simulate_day()
        kept = tmp_path_factory.mktemp("kept") / "story"
        shutil.copytree(first.folder, kept, symlinks=True)
        before = tables_of(first.folder)
        first.stocktake("run")
        yield Story(first.folder, kept, first.sandbox, before, tables_of(first.folder))


@pytest.fixture
def again(story: Story, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The folder as it was after the first run; at its place, where dbt knows what it has read."""
    monkeypatch.chdir(story.kept)
    shutil.rmtree(story.folder)
    shutil.copytree(story.kept, story.folder, symlinks=True)
    monkeypatch.chdir(story.folder)
    return Project(story.folder, story.sandbox)


@pytest.mark.parametrize(("place", "when"), KILLS.values(), ids=KILLS)
def test_a_killed_run_that_is_run_again_ends_like_an_undisturbed_one(
    story: Story, again: Project, die_in: Die, place: str, when: str | float
) -> None:
    die_in(again.folder, place, when, "run")
    assert len(tables_of(again.folder)) > 8, "what was published is whole at every moment"
    again.stocktake("run")
    found = tables_of(again.folder)
    assert found.keys() == story.expected.keys()
    for name, rows in story.expected.items():
        assert found[name] == rows, name


def test_a_build_reads_no_half_load(story: Story, again: Project, die_in: Die) -> None:
    """Square's load dies when one of its tables was merged, and the others were not."""
    again.stocktake("run", "--account", "ventmere_s2")
    before = tables_of(again.folder)
    die_in(again.folder, "pipelines.dlt_internals:merge_versions", "after", *("load", "--account", "square"))
    again.stocktake("build")
    again.stocktake("publish")
    found = tables_of(again.folder)
    mixed = [name for name in before if found[name] != before[name]]
    assert not mixed, f"built on half a load: {mixed}"
    again.stocktake("run")
    assert tables_of(again.folder) == story.expected


def test_a_package_that_cannot_be_loaded_costs_its_account_and_no_other(
    story: Story, again: Project, die_in: Die
) -> None:
    """Square's package is broken on disk: its numbers stay wholly as they were, the others are published."""
    die_in(again.folder, "dlt:Pipeline.normalize", "after", *("load", "--account", "square"))
    for rows in (again.home / "pipelines" / "square" / NORMALIZED).rglob("*.parquet"):
        rows.write_bytes(b"no rows")
    said = again.stocktake("run", "--log-format", "json", exits=3)
    failed = {row["account"] for row in json.loads(said.stdout)["resources"] if row["status"] == "failed"}
    assert failed == {"square"}
    assert "no rows" not in said.stderr
    found = tables_of(again.folder)
    for name in ("fct_inventory_states", "fct_stock_movements"):
        now, before = ([row for row in tables[name] if "square" in row] for tables in (found, story.before))
        assert now == before
    assert found["fct_inventory_positions"] != story.before["fct_inventory_positions"]


def test_a_disk_that_fills_up_while_building_or_publishing_leaves_the_release_whole(
    story: Story, again: Project, on_a_small_disk: SmallDisk
) -> None:
    before = (again.published / "current").readlink()
    full = on_a_small_disk(
        again, (PLENTY, "load"), (100, "build"), (PLENTY, "publish"), (PLENTY, "build"), (60, "publish")
    )
    assert [code for code, _ in full] == [0, 1, 1, 0, 1]
    assert "no build has passed" in full[2][1]
    for _, words in (full[1], full[4]):
        assert "The disk is full. Make room and run again" in words
    assert (again.published / "current").readlink() == before
    assert tables_of(again.folder) == story.before, "what was published is whole"
    again.stocktake("publish")
    assert tables_of(again.folder) == story.expected


def test_a_package_left_before_and_after_normalizing_stops_no_later_run(
    project: Project, after_a_load: None
) -> None:
    """Killed between the two, dlt left both; every later run then failed on "Directory not empty"."""
    project.live_an_hour(3)
    config = load_config(project.folder)
    account = config.accounts["square"]
    pipeline = pipeline_of(config, account)
    pipeline.extract(account.provider.source(account="square", **account.settings))
    extracted = Path(pipeline.working_dir) / EXTRACTED
    shutil.copytree(extracted, project.folder / "copy")
    pipeline.normalize()
    shutil.copytree(project.folder / "copy", extracted, dirs_exist_ok=True)
    assert pending_packages(config, "square") == 1
    project.load()
    assert pending_packages(config, "square") == 0
    project.assert_equals_truth()


def test_a_reader_that_stays_connected_sees_new_numbers_and_disturbs_nobody(
    project: Project, after_a_run: None
) -> None:
    project.stocktake("publish")  # what was copied still names the place where it was made
    query = "select sum(quantity_available) from rpt_stock_on_hand where provider = 'square'"
    with Reader(project.published / "reporting.duckdb") as reader:
        ((before,),) = reader.ask(query)
        project.live_an_hour(3)  # three counts, a thousand more each
        project.stocktake("run")
        ((after,),) = reader.ask(query)
        assert Decimal(after) == Decimal(before) + 3000
