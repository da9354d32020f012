"""The command as people and machines meet it: exit codes, words, secrets, the lock, one bad account."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import Result

from pipelines.lock import run_lock
from sandbox import Fault
from tests.conftest import Project, lived


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Result]]:
    """A folder after its first run, to be looked at, and what that run said."""
    with lived(tmp_path_factory.mktemp("first_run")) as project:
        yield project, project.stocktake("run", "--log-format", "json")


def test_one_accounts_failure_stops_no_other(project: Project) -> None:
    accounts = {p: project.account(p) for p in project.sandbox.providers}
    accounts["square"]["access_token"] = "wrong-4711"
    project.configure(accounts)
    sync_log = project.load(exits=3)
    assert sync_log["ventmere_s2", "inventory_items"]["status"] == "ok"
    failed = [row for (account, _), row in sync_log.items() if account == "square"]
    assert {row["error_class"] for row in failed} == {"CredentialsError"}
    assert len(failed) == 4
    assert len([a for a in project.sandbox.requests if a.provider == "square"]) == 1, "the wall is met once"
    assert json.loads(project.stocktake("status", "--json").stdout)["interrupted"] is None
    assert "square: inventory_counts, page 1: 401 UNAUTHORIZED." in failed[1]["error_message"]


def test_when_every_account_fails_nothing_is_built_and_the_exit_code_is_1(project: Project) -> None:
    project.configure({"square": {**project.account("square"), "access_token": "wrong-4711"}})
    result = project.stocktake("run", exits=1)
    assert "Check access_token" in result.stderr
    assert not project.published.exists()


def test_a_missing_permission_costs_one_resource(project: Project) -> None:
    project.sandbox.switches["square"].missing_scopes = {"MERCHANT_PROFILE_READ"}
    sync_log = project.load("--account", "square", exits=3)
    assert sync_log["square", "locations"]["error_class"] == "PermissionDeniedError"
    assert sync_log["square", "inventory_counts"]["rows_new"] > 400


def test_an_unreachable_host_loses_nothing(project: Project, after_a_load: None, impatient: None) -> None:
    accounts = {p: project.account(p) for p in project.sandbox.providers}
    accounts["square"]["base_url"] = "http://127.0.0.1:9"
    project.configure(accounts)
    row = project.load(exits=3)["square", "inventory_counts"]
    assert row["error_class"] == "UnreachableError"
    assert row["mark_after"] == row["mark_before"] is not None
    project.configure()
    project.live_an_hour(2)
    assert project.load()["square", "inventory_counts"]["rows_new"] == 2
    project.assert_equals_truth()


def test_what_was_read_before_a_failure_is_kept_and_the_mark_stays(project: Project, impatient: None) -> None:
    project.sandbox.switches["square"].page_rows = 100
    project.sandbox.faults["square"].next(None, times=2)
    project.sandbox.faults["square"].next(Fault("status", 500), times=5)
    row = project.load("--account", "square", exits=3)["square", "inventory_counts"]
    assert (row["status"], row["rows_new"], row["mark_after"]) == ("failed", 200, None)
    row = project.load(exits=3)["square", "inventory_counts"]
    assert row["status"] == "guarded", "a first read in two halves: the next run is a full refresh"
    project.assert_equals_truth()


def test_no_secret_is_in_any_file_or_output(project: Project, after_a_run: None, impatient: None) -> None:
    secrets = [project.sandbox.settings("square")["access_token"], "wrong-4711", "no-such-password"]
    accounts = {
        "square": project.account("square"),
        "refused": {**project.account("square"), "access_token": "wrong-4711"},
        "s2": {
            "provider": "ventmere_s2",
            "base_url": project.sandbox.base_url("ventmere_s2"),
            "email": "loader@example.com",
            "password": "no-such-password",
        },
    }
    project.configure(accounts)
    project.sandbox.faults["square"].next(Fault("status", 500), times=3)
    outputs = [project.stocktake("run", "--log-format", form, exits=3) for form in ("json", "human")]
    outputs.append(project.stocktake("status"))
    texts = [output.stdout + output.stderr for output in outputs]
    files = [path.read_bytes() for path in project.home.rglob("*") if path.is_file()]
    assert len(files) > 20
    for secret in secrets:
        assert not any(secret in text for text in texts)
        assert not any(secret.encode() in data for data in files)


def test_raw_data_is_for_its_owner_and_published_data_for_readers(
    first_run: tuple[Project, Result],
) -> None:
    project, _ = first_run
    mode = {p.name: stat.S_IMODE(p.stat().st_mode) for p in project.home.iterdir()}
    assert mode["working.duckdb"] == 0o600
    assert mode["pipelines"] == mode["spool"] == mode["logs"] == 0o700
    assert mode["published"] & 0o055 or os.umask(0o022) != 0o022


@pytest.mark.parametrize("command", ["build", "publish"])
def test_what_loads_nothing_and_compiles_nothing_imports_neither_dlt_nor_dbt(
    first_run: tuple[Project, Result], command: str
) -> None:
    """Each takes longer to import than such a command to do its work."""
    code = """if True:
        import atexit, sys
        from pipelines.main import main
        atexit.register(lambda: print(*{name.partition(".")[0] for name in sys.modules}))
        main()
    """
    project, _ = first_run
    done = subprocess.run(
        [sys.executable, "-c", code, command], cwd=project.folder, check=True, capture_output=True, text=True
    )
    imported = set(done.stdout.splitlines()[-1].split())
    assert {"pipelines", "duckdb"} <= imported
    assert imported.isdisjoint({"dlt", "dbt", "httpx", "yaml"})


def test_a_second_run_meets_the_lock(project: Project) -> None:
    with run_lock(project.home, "run"):
        result = project.stocktake("run", exits=4)
    assert f"another run holds the lock (stocktake run, process {os.getpid()}" in result.stderr
    project.stocktake("load")


def test_another_process_in_the_working_file_is_named(project: Project, after_a_load: None) -> None:
    path = str(project.home / "working.duckdb")
    code = f"import duckdb, time; c = duckdb.connect({path!r}); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        result = project.stocktake("load", exits=1)
        other.kill()
    assert "Close whatever else has it open" in result.stderr


def test_json_logs_are_one_object_a_line_and_the_result_is_on_stdout(
    first_run: tuple[Project, Result],
) -> None:
    _, result = first_run
    events = [json.loads(line) for line in result.stderr.splitlines()]
    assert events[0]["event"] == "started"
    assert [e["step"] for e in events if e["event"] == "step"][-3:] == ["build", "compile", "publish"]
    assert events[-1] == {**events[-1], "event": "finished", "exit_code": 0}
    answer = json.loads(result.stdout)
    assert answer["exit_code"] == 0
    assert answer["release"]


def test_a_warning_names_the_record_and_the_value(first_run: tuple[Project, Result]) -> None:
    _, result = first_run
    counts = first_run[0].current("square", "inventory_counts")
    ((thing, place, state),) = [key for key in counts if key[-1] == "SOMETHING_NEW"]
    warnings = json.loads(result.stdout)["build"]["warnings"]
    record = f"account square, catalog_object_id {thing}, location_id {place}, state {state}"
    assert f"every_state_is_known: 1 row, such as {record}" in warnings


def test_status_before_the_first_run_says_so(project: Project) -> None:
    assert "Nothing has been loaded yet" in project.stocktake("status").stdout


def test_status_tells_marks_ages_and_release(
    first_run: tuple[Project, Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _ = first_run
    monkeypatch.chdir(project.folder)
    status = json.loads(project.stocktake("status", "--json").stdout)
    counts = next(row for row in status["resources"] if row["resource"] == "inventory_counts")
    assert counts["asked_through"] == "2026-01-05 08:00:00+00:00"
    assert counts["rows"] == len(project.sandbox.truth("square", "inventory_counts"))
    assert counts["lag_seconds"] > 0
    assert status["release"]["tables"] > 10
    assert status["accounts"]["square"]["pending_packages"] == 0
    text = project.stocktake("status").stdout
    assert "inventory_counts" in text
    assert status["release"]["name"] in text


def test_a_run_without_news_rewrites_no_table_that_holds_numbers(project: Project, after_a_run: None) -> None:

    def files() -> dict[str, int]:
        release = (project.published / "current").resolve()
        return {
            path.relative_to(release).as_posix(): path.stat().st_ino
            for path in release.rglob("*.parquet")
            if path.is_file()
        }

    before = files()
    project.stocktake("run")
    after = files()
    moved = {name for name in after if after[name] != before[name]}
    assert moved <= {
        "dim_accounts.parquet",
        "fct_stock_disagreements.parquet",  # it says how far each side was asked
        "fct_sync_runs.parquet",
        "rpt_freshness.parquet",
        "rpt_reconciliation.parquet",
        "rpt_sync_proof.parquet",
    }


@pytest.mark.providers("ventmere_s2")
def test_changed_settings_are_told_for_the_whole_past(project: Project) -> None:
    """History is written where raw changed; what a setting means, it means for all of it."""

    def build(basis: str) -> list[tuple[Any, ...]]:
        project.configure({"s2": project.account("ventmere_s2", available_basis=basis)})
        project.stocktake("build")
        return project.query(
            "select count(quantity_on_hand) > 0,"
            " count(distinct (product_id, location_id, valid_from)) = count(*)"
            " from marts.fct_inventory_changes"
            " union all select count(quantity_on_hand) > 0, count(distinct (product_id, date_day)) = count(*)"
            " from marts.fct_inventory_daily"
        )

    project.configure({"s2": project.account("ventmere_s2", available_basis="net")})
    project.load()
    assert build("net") == [(True, True)] * 2
    assert build("unknown") == [(False, True)] * 2


def test_failing_tests_publish_nothing_and_exit_5(project: Project, after_a_run: None) -> None:
    release = (project.published / "current").resolve()
    with duckdb.connect(str(project.home / "working.duckdb")) as connection:
        connection.execute(
            "insert into raw_square.inventory_counts select * replace"
            " ('again' as row_hash, _dlt_valid_from + interval 1 second as _dlt_valid_from)"
            " from raw_square.inventory_counts where _dlt_valid_to is null limit 1"
        )
    result = project.stocktake("build", exits=5)
    assert "tests failed and nothing was published" in result.stderr
    assert "Run stocktake build" in project.stocktake("publish", exits=1).stderr
    assert (project.published / "current").resolve() == release


def test_rollback_and_csv(project: Project, after_a_run: None) -> None:
    first = (project.published / "current").resolve()
    project.live_an_hour(2)
    project.stocktake("run")
    assert (project.published / "current").resolve() != first
    project.stocktake("publish", "--rollback", "--csv")
    assert (project.published / "current").resolve() == first
    assert (project.published / "csv" / "rpt_stock_on_hand.csv").stat().st_size > 1000


def test_a_demo_does_not_wipe_what_is_no_demo(project: Project, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("mine")
    result = project.stocktake("demo", "--folder", "precious", exits=1)
    assert "precious is not a demo's folder" in result.stderr
    assert (tmp_path / "precious" / "file").read_text() == "mine"
