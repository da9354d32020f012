"""What pipelines/dlt_internals.py needs of dlt, tried on real packages: look here first after a new dlt."""

import inspect
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.common.destination import Destination
from dlt.common.storages.load_package import PackageStorage
from dlt.destinations.impl.duckdb.duck import DuckDbClient

from pipelines import dlt_internals
from pipelines.dlt_internals import (
    OneTransaction,
    OneTransactionClient,
    drop_loaded,
    drop_normalized_twice,
    quiet_dlt,
)
from pipelines.errors import ConfigurationError
from pipelines.pending import EXTRACTED, NORMALIZED, pending
from pipelines.sync_log import make_log_tables
from sources._shared.handover import ReadRows
from sources._shared.records import Record
from sources._shared.resource import versioned
from sources._shared.rows import RowCollector
from sources._shared.settings import Resource

THINGS = Resource("things", key=("thing_id",), reading="incremental", clock="none")
OTHERS = Resource("others", key=("thing_id",), reading="incremental", clock="none")
ASKED_AT = datetime(2026, 1, 5, tzinfo=UTC)


class Home:
    """A folder with a warehouse and dlt's working folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "warehouse.duckdb"
        with duckdb.connect(str(self.file)) as connection:
            make_log_tables(connection)

    def pipeline(self, destination: Any = OneTransaction) -> dlt.Pipeline:
        return dlt.pipeline(
            "canary",
            pipelines_dir=str(self.folder / "dlt"),
            destination=destination(str(self.file)),
            dataset_name="raw",
        )

    @property
    def working_dir(self) -> Path:
        return self.folder / "dlt" / "canary"

    def source(self, *rounds: Sequence[str], whole: bool = False) -> Any:
        """Things, in rounds of "<key><version>", and two others."""

        def read(resource: Resource, *came: Sequence[str]) -> Iterator[Any]:
            state = dlt.current.resource_state()
            state["reads"] = state.get("reads", 0) + 1
            collector = RowCollector(resource, "shop", ASKED_AT)
            for texts in came:
                collector.add([Record((text[0],), None, json.dumps(text).encode()) for text in texts])
            with ReadRows(collector.schema, self.folder / "rows", resource.name) as rows:
                rows.add(collector.finish())
                yield from rows.handed_over("shop", collector.versions, is_whole=whole)

        @dlt.source(name="canary", max_table_nesting=0)
        def canary() -> Any:
            return [
                versioned(THINGS, lambda: read(THINGS, *rounds)),
                versioned(OTHERS, lambda: read(OTHERS, ["x0", "y0"])),
            ]

        return canary()

    def run(self, *rounds: Sequence[str], whole: bool = False) -> None:
        self.pipeline().run(self.source(*rounds, whole=whole))

    def synced(self) -> dlt.Pipeline:
        pipeline = self.pipeline()
        with duckdb.connect(str(self.file)) as connection:
            dlt_internals.sync(pipeline, connection)
        return pipeline

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.file)) as connection:
            return connection.execute(sql).fetchall()

    def current(self) -> list[str]:
        rows = self.query("select payload from raw.things where _dlt_valid_to is null order by payload")
        return [json.loads(payload) for (payload,) in rows]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    quiet_dlt()
    return Home(tmp_path)


@pytest.mark.parametrize("name", ["create_load_job", "complete_load", "should_load_data_to_staging_dataset"])
def test_what_the_destination_overrides_is_there_and_takes_the_same(name: str) -> None:
    theirs, ours = (
        list(inspect.signature(getattr(kind, name)).parameters)
        for kind in (DuckDbClient, OneTransactionClient)
    )
    assert theirs == ours


def test_capabilities_depend_on_no_configuration(home: Home) -> None:
    """OneTransaction gives dlt an empty configuration for them: with the real one they are the same."""
    destination = OneTransaction(str(home.file))
    assert destination.capabilities() == super(OneTransaction, destination).capabilities()
    assert destination.capabilities().preferred_loader_file_format == "parquet"


def test_dlt_makes_the_destination_by_its_path_as_it_makes_its_own(home: Home) -> None:
    path = f"{OneTransaction.__module__}.{OneTransaction.__name__}"
    made = Destination.from_reference(path, credentials=str(home.file))
    assert made.configuration(made.spec()._bind_dataset_name("raw")).credentials.database == str(home.file)


def test_versions_are_merged_and_nothing_is_staged(home: Home) -> None:
    home.run(["a0", "b0"])
    home.run(["a1"])
    assert home.current() == ["a1", "b0"]
    home.run(["c0"], whole=True)
    assert home.current() == ["c0"]
    home.run(whole=True)  # a file without a row is still told of
    assert home.current() == []
    assert home.query("select count(*), count(_dlt_valid_to) from raw.things") == [(4, 4)]
    assert home.query("select count(*), count(_dlt_valid_to) from raw.others") == [(2, 0)]
    assert home.query("select distinct table_schema from information_schema.tables order by all") == [
        ("raw",),
        ("raw_stocktake",),
    ]
    loads, states = home.query("from raw._dlt_loads"), home.query("from raw._dlt_pipeline_state")
    assert (len(loads), len(states)) == (4, 4), "dlt's state is Parquet too, and comes with the rows"


def test_versions_of_a_key_in_one_package_follow_one_another(home: Home) -> None:
    home.run(["a0", "b0"])
    home.run(["a0", "b1", "c0"], ["b2", "a1"], ["b3"])
    assert home.current() == ["a1", "b3", "c0"]
    rows = home.query("select payload, _dlt_valid_from, _dlt_valid_to from raw.things order by 1, 2")
    for key, versions in (("a", 2), ("b", 4)):
        history = [row for row in rows if json.loads(row[0])[0] == key]
        assert [json.loads(payload) for payload, _, _ in history] == [f"{key}{n}" for n in range(versions)]
        assert [ends for _, _, ends in history] == [begins for _, begins, _ in history[1:]] + [None]


@pytest.mark.parametrize("first", [OneTransaction, dlt.destinations.duckdb], ids=["ours", "dlt's"])
def test_a_file_goes_into_the_package_as_it_is(home: Home, first: Callable[[str], Any]) -> None:
    """Rewritten, it would be right too, and cost what the reading costs."""
    pipeline = home.pipeline(first)
    pipeline.extract(home.source(["a0", "b0"]))
    pipeline.normalize()
    ((found,),) = [list((home.working_dir / NORMALIZED).glob("*/new_jobs/things.*.parquet"))]
    assert found.read_bytes() == (home.folder / "rows" / "things.parquet").read_bytes()


def test_a_package_that_cannot_be_completed_leaves_nothing_and_is_completed_later(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.run(["a0"])
    with monkeypatch.context() as patch:

        def fail(client: DuckDbClient, load_id: str) -> None:
            raise RuntimeError("the power went")

        patch.setattr(DuckDbClient, "complete_load", fail)  # after all rows, before the commit
        with pytest.raises(Exception, match="the power went"):
            home.run(["a1"])
    assert home.current() == ["a0"]
    assert len(home.query("from raw._dlt_loads")) == 1
    assert len(home.query("from raw._dlt_pipeline_state")) == 1
    assert len(pending(home.working_dir)) == 1
    home.pipeline().load()
    assert home.current() == ["a1"]
    assert len(home.query("from raw._dlt_loads")) == 2
    assert not pending(home.working_dir)


def test_a_package_is_loaded_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    complete = OneTransactionClient.complete_load

    def twice(client: OneTransactionClient, load_id: str) -> None:
        complete(client, load_id)
        complete(client, load_id)

    monkeypatch.setattr(OneTransactionClient, "complete_load", twice)
    home.run(["a0"])
    assert len(home.query("from raw._dlt_loads")) == len(home.query("from raw._dlt_pipeline_state")) == 1


def test_the_state_comes_back_on_a_new_machine_and_to_a_folder_that_lags_behind(home: Home) -> None:
    home.run(["a0"])
    shutil.copytree(home.working_dir, home.folder / "then")
    home.run(["a1"])
    for kept in (None, home.folder / "then"):
        shutil.rmtree(home.working_dir)
        if kept:
            shutil.copytree(kept, home.working_dir)
        pipeline = home.synced()
        assert pipeline.state["sources"]["canary"]["resources"]["things"] == {"reads": 2}
        assert "things" in pipeline.default_schema.tables


def test_a_state_that_is_the_same_is_left_alone_and_a_schema_that_is_gone_stops_nothing(home: Home) -> None:
    home.synced()  # there is neither
    home.run(["a0"])
    state, schema = home.working_dir / "state.json", home.working_dir / "schemas" / "canary.schema.json"
    written = state.stat().st_mtime_ns
    home.synced()
    assert state.stat().st_mtime_ns == written
    schema.unlink()
    home.synced().run(home.source(["a1"]))
    assert home.current() == ["a1"]


def test_a_package_normalized_twice_stops_every_later_one(home: Home) -> None:
    """If this fails, dlt has mended it and `drop_normalized_twice` may go."""
    pipeline = home.pipeline()
    pipeline.extract(home.source(["a0"]))
    shutil.copytree(home.working_dir / EXTRACTED, home.folder / "extracted")
    pipeline.normalize()
    shutil.copytree(home.folder / "extracted", home.working_dir / EXTRACTED, dirs_exist_ok=True)
    with pytest.raises(Exception, match="Directory not empty"):
        home.pipeline().normalize()
    drop_normalized_twice(home.working_dir)
    pipeline = home.pipeline()
    pipeline.normalize()
    pipeline.load()
    assert home.current() == ["a0"]


def test_a_loaded_package_stays_on_disk_until_it_is_dropped(home: Home) -> None:
    """If this fails, dlt has mended it and `drop_loaded` may go."""
    home.run(["a0"])
    loaded = home.working_dir / dlt_internals.LOADED
    (package,) = loaded.iterdir()
    assert list((package / PackageStorage.COMPLETED_JOBS_FOLDER).glob("things.*.parquet"))
    drop_loaded(home.working_dir)
    assert not list(loaded.iterdir())


def test_packages_are_named_by_the_clock_that_goes_on_after_the_last_version(home: Home) -> None:
    latest = datetime.now(UTC) + timedelta(hours=1)
    try:
        dlt_internals.go_on_after(latest)
        home.run(["a0"])
    finally:
        dlt_internals.go_on_after(None)
    ((begun,),) = home.query("select _dlt_valid_from from raw.things")
    assert timedelta() < begun - latest < timedelta(minutes=5)


def test_packages_are_named_by_another_clock_where_one_is_given(home: Home) -> None:
    day = datetime(2026, 1, 5, 12, tzinfo=UTC)
    with dlt_internals.stamped_by(day.timestamp):
        home.run(["a0"])
    home.run(["a1"])
    rows = home.query("select _dlt_valid_from, _dlt_valid_to from raw.things order by 1")
    assert timedelta() <= rows[0][0] - day < timedelta(seconds=1)
    assert rows[0][1] == rows[1][0] > datetime(2026, 2, 1, tzinfo=UTC)


def test_a_package_that_stocktake_0_4_left_is_loaded(home: Home) -> None:
    """With dlt's own destination: its merge jobs are in the package, its rows perhaps in staging tables."""
    home.run(["a0", "b0"])
    theirs = home.pipeline(dlt.destinations.duckdb)
    theirs.extract(home.source(["a1"]))
    theirs.normalize()
    (package,) = (home.working_dir / NORMALIZED).iterdir()
    rows = next((package / PackageStorage.NEW_JOBS_FOLDER).glob("things.*.parquet"))
    (rows.with_suffix(".sql")).write_text("select no_such_column", encoding="utf-8")
    assert list(package.glob("new_jobs/_dlt_pipeline_state.*.insert_values*"))
    home.pipeline().load()
    assert home.current() == ["a1", "b0"]
    assert len(home.query("from raw._dlt_pipeline_state")) == 2


def test_dlt_reads_the_files_of_the_folder_it_is_switched_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the documents it keeps of them name every table: a misspelt one must not silently do nothing."""
    monkeypatch.chdir(tmp_path)  # it goes back to this folder
    for name in ("one", "two"):
        (tmp_path / name / ".dlt").mkdir(parents=True)
        (tmp_path / name / ".dlt" / "config.toml").write_text(f'[stocktak]\nwho = "{name}"', encoding="utf-8")
        dlt_internals.let_dlt_read(tmp_path / name)
        assert ("config.toml", {"stocktak": {"who": name}}) in dlt_internals.documents_of_dlt()
        assert dlt_internals.value_of_dlt("stocktak.who") == name


def test_a_file_that_dlt_cannot_read_is_told_as_our_error(tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "secrets.toml").write_text("[stocktake", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="a file cannot be read as TOML"):
        dlt_internals.let_dlt_read(tmp_path)
