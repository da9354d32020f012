"""Stocktake in Dagster's process: it does what the command does, and Dagster's events say so.

STOCKTAKE_DAGSTER names a Python that has Dagster and Stocktake: `make test-schedules` makes one. What Dagster
keeps is told by dagster_child.py, which runs there.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from pipelines.release import current_release
from sandbox import Fault, Sandbox
from tests.conftest import Project

CHILD = Path(__file__).parent / "dagster_child.py"
PROVIDERS = ("square", "shipstream")
HANGS = 120
"""Seconds after which a process that was to end has not."""
SQUARE = [f"stocktake/square/{name}" for name in ("inventory_counts", "inventory_changes", "locations")]
LEVELS = "stocktake/shipstream/total_levels"
SERVED = "stocktake/marts/fct_inventory_positions"


@dataclass
class Dagster:
    """A project, and the process of Dagster that has it loaded."""

    project: Project
    process: subprocess.Popen[str]

    def ask(self, keys: list[str] | None) -> None:
        """Has keys materialized, or everything."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(keys)}\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        """What came of it."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.project.folder / "dagster.log").read_text()[-5000:]
        return json.loads(line)

    def materialize(self, *keys: str) -> dict[str, Any]:
        """What came of materializing these keys, or everything."""
        self.ask(list(keys) or None)
        return dict(self.answer())

    def change(self, records: int = 2) -> None:
        """An hour passes, and some records of every provider move."""
        self.project.live_an_hour(records)


def started(project: Project) -> subprocess.Popen[str]:
    if "STOCKTAKE_DAGSTER" not in os.environ:
        pytest.skip("STOCKTAKE_DAGSTER names no Python that has it: make test-schedules")
    env = {**os.environ, "STOCKTAKE_PROJECT": str(project.folder), "DAGSTER_HOME": ""}
    with (project.folder / "dagster.log").open("a") as log:
        return subprocess.Popen(
            [os.environ["STOCKTAKE_DAGSTER"], str(CHILD)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=env,
        )  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Sandbox(providers=PROVIDERS) as sandbox, pytest.MonkeyPatch.context() as patch:
        project = Project(tmp_path_factory.mktemp("dagster"), sandbox)
        project.configure()
        patch.chdir(project.folder)
        yield project


@pytest.fixture(scope="module")
def loaded(served: Project) -> Iterator[tuple[Dagster, dict[str, Any], dict[str, Any]]]:
    """The process, what it has loaded, and what came of materializing everything for the first time."""
    with started(served) as process:
        dagster = Dagster(served, process)
        try:
            told = dagster.answer()
            yield dagster, told, dagster.materialize()
        finally:
            process.kill()


@pytest.fixture
def dagster(loaded: tuple[Dagster, dict[str, Any], dict[str, Any]]) -> Dagster:
    return loaded[0]


def test_the_file_draws_the_way_from_provider_to_release(
    loaded: tuple[Dagster, dict[str, Any], dict[str, Any]],
) -> None:
    _, told, _ = loaded
    graph = told["graph"]
    assert told["schedules"] == ["hourly"]
    assert told["kinds"] == ["dbt", "duckdb"]
    assert graph["stocktake/square/inventory_counts"] == ["stocktake/square"]
    assert "stocktake/square/inventory_counts" in graph["stocktake/staging/stg_square__inventory_counts"]
    above, found = ["stocktake/reporting/rpt_low_stock"], set[str]()
    while above:
        key = above.pop()
        above += set(graph[key]) - found
        found |= set(graph[key])
    assert {"stocktake/square/inventory_counts", LEVELS, "stocktake/square", "stocktake/shipstream"} <= found
    assert "stocktake/reporting/rpt_low_stock" in graph["stocktake/release"]
    strangers = [key for key in graph if key.startswith(("stocktake/augno", "stocktake/sellercloud"))]
    assert not strangers, "of providers without an account there is nothing to read"


def test_a_home_that_builds_on_spark_is_drawn_without_accounts(served: Project, dagster: Dagster) -> None:
    served.configure({}, lake="lake", engine="spark")
    with (served.folder / ".dlt" / "config.toml").open("a") as config:
        config.write('\n[spark]\nremote = "sc://127.0.0.1:1"\n')
    try:
        with started(served) as process:
            told = Dagster(served, process).answer()
            process.kill()
    finally:
        served.configure()
    assert told["kinds"] == ["dbt", "spark"]
    assert SERVED in told["graph"]["stocktake/release"]
    assert not told["graph"]["stocktake/staging/stg_square__inventory_counts"], "homes that ship read it"


def test_everything_is_made_as_the_command_makes_it(
    loaded: tuple[Dagster, dict[str, Any], dict[str, Any]],
) -> None:
    dagster, told, first = loaded
    project = dagster.project
    assert first["is_success"], first["failure"]
    made = {key for key, parents in told["graph"].items() if parents} - {"stocktake/stocktake"}
    assert made - first["materialized"].keys() == set()
    assert len(first["checks"]) > 400
    failed = [words for passed, words, severity in first["checks"].values() if not passed]
    warned = [
        words for passed, words, severity in first["checks"].values() if severity == "WARN" and not passed
    ]
    assert failed == warned, failed
    row = first["materialized"]["stocktake/square/inventory_counts"]
    assert (row["mode"], row["status"], row["rows_new"]) == (
        "sweep",
        "ok",
        project.versions("square", "inventory_counts"),
    )
    project.assert_equals_truth()
    release = current_release(project.published)
    assert release is not None
    assert first["materialized"]["stocktake/release"]["release"] == release.name
    built = json.loads(project.stocktake("build", "--log-format", "json").stdout)["build"]
    assert (built["models"], built["tests"]) == (0, 0), (
        "the command finds nothing that it would make otherwise"
    )
    project.stocktake("publish")
    again = current_release(project.published)
    assert again is not None
    assert (again.contents, again.views) == (release.contents, release.views)


def test_what_did_not_move_is_asked_for_and_not_made_again(dagster: Dagster) -> None:
    dagster.materialize()
    before = len(dagster.project.sandbox.requests)
    again = dagster.materialize()
    assert again["is_success"]
    assert {*SQUARE, LEVELS} <= again["materialized"].keys(), "it was asked, and is as new as this run"
    assert {again["materialized"][key]["rows_new"] for key in (*SQUARE, LEVELS)} == {0}
    assert SERVED not in again["materialized"]
    assert f"{SERVED}: not_null_fct_inventory_positions_product_key" not in again["checks"]
    assert len(dagster.project.sandbox.requests) - before < 30


def test_what_moved_is_read_from_the_mark_and_made_again(dagster: Dagster) -> None:
    mark = dagster.materialize()["materialized"]["stocktake/square/inventory_counts"]["mark_after"]
    dagster.change()
    moved = dagster.materialize()["materialized"]
    row = moved["stocktake/square/inventory_counts"]
    assert (row["mode"], row["mark_before"], row["rows_new"]) == ("incremental", mark, 2)
    assert {SERVED, "stocktake/staging/stg_square__inventory_counts"} <= moved.keys()
    dagster.project.assert_equals_truth()


def test_some_accounts_are_loaded_alone(dagster: Dagster) -> None:
    dagster.materialize()
    dagster.change()
    release = current_release(dagster.project.published)
    asked = len(dagster.project.sandbox.requests)
    some = dagster.materialize("stocktake/square/locations")
    assert some["is_success"]
    assert {request.provider for request in dagster.project.sandbox.requests[asked:]} == {"square"}
    assert {*SQUARE, "stocktake/square/catalog_objects"} == some["materialized"].keys(), (
        "an account is one load"
    )
    assert current_release(dagster.project.published) == release
    rest = dagster.materialize("stocktake/reporting/rpt_low_stock", "stocktake/release")
    assert {SERVED, "stocktake/release"} <= rest["materialized"].keys(), "a build is one as well"
    assert not {*SQUARE, LEVELS} & rest["materialized"].keys()


def test_a_guard_that_held_is_a_failed_check(dagster: Dagster) -> None:
    dagster.materialize()
    dagster.change()
    dagster.project.sandbox.switches["shipstream"].count_skew = 1
    try:
        held = dagster.materialize()
    finally:
        dagster.project.sandbox.switches["shipstream"].count_skew = 0
    assert not held["is_success"]
    assert held["tries"] == 2, "another try may find that it passed"
    assert "promised 1 more records than it gave" in held["failure"]
    passed, why, _ = held["checks"][f"{LEVELS}: was_read"]
    assert not passed
    assert why in held["failure"]
    row = held["materialized"][LEVELS]
    assert (row["status"], row["mark_after"]) == ("guarded", row["mark_before"])
    assert held["checks"]["stocktake/square/inventory_counts: was_read"][0] is True
    assert "stocktake/release" in held["materialized"], "the rest is published"
    assert dagster.materialize()["is_success"]
    dagster.project.assert_equals_truth()


def test_an_account_that_is_refused_is_not_made_and_the_others_are(dagster: Dagster) -> None:
    project = dagster.project
    dagster.change()
    token = str(project.account("square")["access_token"])
    project.configure(
        {
            "square": project.account("square", access_token="wrong-4711"),
            "shipstream": project.account("shipstream"),
        }
    )
    with (project.folder / ".dlt" / "secrets.toml").open("w") as secrets:
        secrets.write('[notify]\nwebhook = "http://localhost:9/make-believe-key-88"\n')
    try:
        refused = dagster.materialize()
    finally:
        project.configure()
        (project.folder / ".dlt" / "secrets.toml").unlink()
    assert not refused["is_success"]
    assert "401" in refused["failure"]
    assert not {*SQUARE} & refused["materialized"].keys()
    assert {LEVELS, "stocktake/release"} <= refused["materialized"].keys()
    assert refused["checks"]["stocktake/square/locations: was_read"][0] is False
    assert any("notify.webhook could not be sent" in line for line in refused["log"])
    said = json.dumps(refused) + (project.folder / "dagster.log").read_text()
    assert not [secret for secret in (token, "wrong-4711", "make-believe-key-88") if secret in said]


def test_whoever_finds_the_lock_held_makes_nothing_and_says_so(dagster: Dagster) -> None:
    with FileLock(dagster.project.home / "run.lock"):
        locked = dagster.materialize()
    assert locked["is_success"]
    assert locked["materialized"] == locked["checks"] == {}
    assert any("another run holds the lock" in line for line in locked["log"])


def test_a_wrong_setting_is_one_sentence_and_tried_once(dagster: Dagster) -> None:
    dagster.project.configure(None, sweep_evry="1h")
    try:
        wrong = dagster.materialize()
    finally:
        dagster.project.configure()
    assert not wrong["is_success"]
    assert "Did you mean sweep_every?" in wrong["failure"]
    assert wrong["tries"] == 1


def test_models_that_fail_their_tests_are_not_made(dagster: Dagster) -> None:
    dagster.materialize()
    project = dagster.project
    with duckdb.connect(str(project.home / "working.duckdb")) as connection:
        connection.execute(
            "insert into raw_square.inventory_counts select * replace"
            " ('again' as row_hash, _dlt_valid_from + interval 1 second as _dlt_valid_from)"
            " from raw_square.inventory_counts where _dlt_valid_to is null limit 1"
        )
    release = current_release(project.published)
    broken = dagster.materialize()
    with duckdb.connect(str(project.home / "working.duckdb")) as connection:
        connection.execute("delete from raw_square.inventory_counts where row_hash = 'again'")
    assert not broken["is_success"]
    assert "tests failed and nothing was published" in broken["failure"]
    assert broken["tries"] == 1
    assert {key.split("/")[1] for key in broken["materialized"]} == set(PROVIDERS), "it was loaded"
    failed = [
        words for passed, words, severity in broken["checks"].values() if severity == "ERROR" and not passed
    ]
    assert failed
    assert failed[0].split(":")[0] in broken["failure"]
    assert current_release(project.published) == release
    assert dagster.materialize()["is_success"]


def test_stopped_by_dagster_the_next_run_finishes_it(served: Project, dagster: Dagster) -> None:
    dagster.materialize()
    dagster.change(5)
    asked = len(served.sandbox.requests)
    served.sandbox.faults["square"].next(Fault("slow", seconds=0.5), times=60)
    with started(served) as process:
        other = Dagster(served, process)
        other.answer()
        other.ask(None)
        while len(served.sandbox.requests) == asked:
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HANGS)
    assert served.sandbox.faults["square"].waiting, "it went no further than the page it was at"
    served.sandbox.faults["square"].waiting.clear()
    status = json.loads(served.stocktake("status", "--json").stdout)
    assert status["last_run"]["outcome"] == "stopped"
    assert not FileLock(served.home / "run.lock").is_locked
    finished = dagster.materialize()
    assert finished["is_success"], finished["failure"]
    served.assert_equals_truth()
