"""`stocktake status`: what was loaded when, what BI reads, how the last command ended."""

import json
import re
import signal
from typing import Any

import pytest

from pipelines import errors
from tests.conftest import Project
from tests.pipelines.conftest import Built, leave_a_table
from tests.pipelines.test_stopping import stop_in

pytestmark = pytest.mark.providers("ventmere_s2")


def status_of(project: Project, *options: str, exits: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.stocktake("status", "--json", *options, exits=exits).stdout)
    return found


def publish_a_table(project: Project) -> None:
    leave_a_table(project)
    project.stocktake("publish")


def test_what_is_loaded_and_not_published_is_said(
    project: Project, after_a_load: None, without_models: None
) -> None:
    before = status_of(project)
    assert before["published_is_newest"] is None
    publish_a_table(project)
    project.stocktake("run")
    published = status_of(project)
    assert published["published_is_newest"] is True
    assert published["loaded_at"] <= published["published_at"]
    project.load()
    loaded = status_of(project)
    assert loaded["published_is_newest"] is False
    assert loaded["loaded_at"] > loaded["published_at"] == published["published_at"]
    assert "is not published" in " ".join(project.stocktake("status").stdout.split())
    project.stocktake("publish")  # of what was built before that load
    assert status_of(project)["published_is_newest"] is False
    project.stocktake("build")
    project.stocktake("publish")
    assert status_of(project)["published_is_newest"] is True


def test_a_release_that_was_gone_back_to_is_not_the_newest(
    project: Project, after_a_load: None, without_models: None
) -> None:
    publish_a_table(project)
    project.query("insert into marts.dim_things values (2)")
    project.stocktake("run")
    assert status_of(project)["published_is_newest"] is True
    project.stocktake("publish", "--rollback")
    assert status_of(project)["published_is_newest"] is False


@pytest.mark.parametrize("step", ["build", "publish"])
def test_a_run_that_failed_says_so_afterwards(
    project: Project, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise errors.TestsFailedError("Loaded, but 1 of 2 tests failed.")

    monkeypatch.setattr(f"pipelines.run.{'build' if step == 'build' else '_publish'}", fail)
    monkeypatch.setattr("pipelines.run.build", fail if step == "build" else lambda *_: Built)
    monkeypatch.setattr("pipelines.run.find_unread", lambda *_: [])
    project.stocktake("run", exits=5)
    last = status_of(project)["last_run"]
    assert (last["command"], last["outcome"]) == ("run", "failed")
    assert last["message"] == "Loaded, but 1 of 2 tests failed."
    said = " ".join(project.stocktake("status").stdout.split())
    assert re.search(r"The last run failed \(stocktake run, .*\): Loaded, but 1 of 2 tests failed\.", said)
    row = next(row for row in status_of(project)["resources"] if row["resource"] == "inventory_items")
    assert (row["status"], row["rows"] > 100) == ("ok", True), "what it loaded before is told"


def test_a_run_that_was_stopped_says_so_afterwards(project: Project) -> None:
    code, _ = stop_in(project.folder, "build", 0.0, signal.SIGTERM)
    assert code == 130
    status = status_of(project)
    assert (status["last_run"]["outcome"], status["interrupted"]) == ("stopped", None)
    assert {row["status"] for row in status["resources"]} == {"ok"}, "it had loaded"
    assert "The last run was stopped (stocktake run, " in " ".join(project.stocktake("status").stdout.split())


def test_what_was_reset_was_never_loaded(project: Project, after_a_load: None) -> None:
    assert {row["rows"] > 0 for row in status_of(project)["resources"]} == {True}
    project.stocktake("reset", "--account", "ventmere_s2", "--resource", "products", "--yes")
    rows = {row["resource"]: row for row in status_of(project)["resources"]}
    never = ("never loaded", 0, None, None)
    found = {
        name: (row["status"], row["rows"], row["asked_through"], row["last_success"])
        for name, row in rows.items()
    }
    assert found["products"] == never
    assert found["warehouses"] != never
    project.stocktake("reset", "--account", "ventmere_s2", "--yes")
    assert {row["status"] for row in status_of(project)["resources"]} == {"never loaded"}
    assert project.stocktake("status").stdout.count("never loaded") == 3
    assert status_of(project)["last_run"]["command"] == "reset"
    project.load()
    assert {row["status"] for row in status_of(project)["resources"]} == {"ok"}


def test_one_failure_is_told_once(project: Project) -> None:
    project.configure({"s2": project.account("ventmere_s2", access_token="wrong-4711")})
    project.load(exits=1)
    said = " ".join(project.stocktake("status").stdout.split())
    assert said.count("401") == 1


def test_monitoring_is_told_what_is_too_old(project: Project, without_models: None) -> None:
    nothing = status_of(project, "--fail-if-older", "2h", exits=3)
    assert nothing["too_old"] == ["ventmere_s2 was never read.", "Nothing is published."]
    project.load()
    assert status_of(project, "--fail-if-older", "2h", exits=3)["too_old"] == ["Nothing is published."]
    publish_a_table(project)
    project.stocktake("run")
    assert status_of(project, "--fail-if-older", "2h")["too_old"] == []
    aged = json.loads((project.home / "status.json").read_text().replace("+00:00", "+06:00"))
    (project.home / "status.json").write_text(json.dumps(aged))
    said = project.stocktake("status", "--fail-if-older", "2h", exits=3).stdout
    assert "ventmere_s2: products was last read 6 h ago." in said
    assert "What BI reads was loaded 6 h ago." in said
    project.stocktake("status", "--fail-if-older", "7h")
    wrong = project.stocktake("status", "--fail-if-older", "soon", exits=2).stderr
    assert "--fail-if-older soon: this is not a duration." in wrong


def test_status_goes_on_where_an_account_lacks_what_a_run_needs(project: Project, after_a_load: None) -> None:
    account = project.account("ventmere_s2")
    token = account.pop("access_token")
    project.configure({"ventmere_s2": account})
    (project.folder / ".dlt" / "secrets.toml").write_text(f'[accounts.ventmere]\naccess_token = "{token}"')
    said = " ".join(project.stocktake("run", exits=2).stderr.split())
    assert "accounts.ventmere: secrets.toml has it, and config.toml has ventmere_s2." in said
    assert "call it ventmere_s2 in secrets.toml if that is meant, or add [accounts.ventmere]" in said
    assert "accounts.ventmere_s2.access_token is missing" in said, "all at once"
    shown = " ".join(project.stocktake("status").stdout.split())
    assert "accounts.ventmere: secrets.toml has it" in shown
    assert "inventory_items" in shown
    assert status_of(project)["problems"]
