"""A first load that was broken off goes on with what it had fetched, instead of asking for it again."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from sandbox import Fault, Sandbox
from sandbox.world import Size
from tests.conftest import COUNTS, Project

LOAD = [sys.executable, "-c", "from pipelines.cli import main; main()", "load"]
CASES = [
    # What is paged, how many of its requests are answered before the end, how many of these are lost at most.
    pytest.param("square", "S", COUNTS, 6, 1, id="square counts"),
    pytest.param("shipstream", "M", "/api/global/v1/inventory/levels/total", 2, 2, id="shipstream levels"),
    pytest.param("sellercloud", "M", "/rest/api/inventory", 12, 9, id="sellercloud products"),
    pytest.param("augno", "M", "/v1/catalog/items/.+/inventory", 330, 130, id="augno inventory calls"),
]


def count(sandbox: Sandbox, pattern: str) -> int:
    """How often something like this path was asked for."""
    return sum(bool(re.fullmatch(pattern, asked.path)) for asked in sandbox.requests)


@pytest.fixture
def large(provider: str, size: Size, project_of: Callable[[Sandbox], Project]) -> Iterator[Project]:
    with Sandbox(size=size, providers=[provider]) as sandbox:
        yield project_of(sandbox)


@pytest.fixture
def square(project_of: Callable[[Sandbox], Project], impatient: None) -> Iterator[Project]:
    """A seller whose first load met an error after four pages of counts."""
    with Sandbox(providers=["square"]) as sandbox:
        sandbox.switches["square"].page_rows = 50
        found = project_of(sandbox)
        sandbox.faults["square"].next(None, 4)
        sandbox.faults["square"].next(Fault("status", 503), 5)
        found.load(exits=3)
        assert found.versions("square", "inventory_counts") == 200, "what came is kept"
        sandbox.requests.clear()
        yield found


@pytest.mark.parametrize(("provider", "size", "counted", "before", "lost"), CASES)
def test_a_killed_first_load_goes_on(large: Project, counted: str, before: int, lost: int) -> None:
    sandbox = large.sandbox
    if "square" in sandbox.providers:
        sandbox.switches["square"].page_rows = 50
    with subprocess.Popen(LOAD, cwd=large.folder, stderr=subprocess.DEVNULL) as process:
        while count(sandbox, counted) < before and process.poll() is None:
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "it was to die in the middle"
    answered = count(sandbox, counted)
    sandbox.requests.clear()
    large.load(exits=3)
    large.assert_equals_truth()
    resumed = count(sandbox, counted)
    sandbox.requests.clear()
    large.stocktake("reset", "--account", next(iter(sandbox.providers)), "--yes")
    large.load()
    whole = count(sandbox, counted)
    assert whole - answered <= resumed <= whole - answered + lost


def cursors(project: Project) -> list[str | None]:
    return [body.get("cursor") for body in project.asked("square", COUNTS)]


def test_a_first_load_that_met_an_error_goes_on(square: Project) -> None:
    square.sandbox.clock.advance(minutes=2)
    square.sandbox.change(2)
    row = square.load(exits=3)["square", "inventory_counts"]
    assert row["mark_before"] is None
    assert row["status"] == "guarded"
    assert "may be missing until the next run" in row["error_message"]
    assert cursors(square)[0] is not None, "it goes on where it stopped"
    # The mark is the moment the first page was asked for, so what moved since comes with the next run. What
    # moved without a clock may be in neither half: that run reads all of it.
    assert square.load()["square", "inventory_counts"]["mode"] == "sweep"
    square.assert_equals_truth()


def test_what_was_fetched_for_another_question_is_not_used(square: Project) -> None:
    places = list(square.sandbox.world.data["square"].locations)
    square.configure({"square": square.account("square", location_ids=places)})
    square.load()
    assert cursors(square)[0] is None


def test_nothing_is_left_of_it_once_the_first_load_has_ended(square: Project) -> None:
    journals = square.home / "journals"
    assert len(list(journals.rglob("*.journal"))) == 1
    square.load(exits=3)
    assert list(journals.rglob("*.journal")) == []


def test_what_a_broken_first_read_doubted_is_asked_for_again(
    project_of: Callable[[Sandbox], Project], impatient: None
) -> None:
    """It goes on with pages that lacked records: so it says, and the run after it reads everything."""
    with Sandbox(providers=["sellercloud"]) as sandbox:
        project = project_of(sandbox)
        project.configure({"sellercloud": project.account("sellercloud", warehouses=["all"])})
        sandbox.switches["sellercloud"].null_items_page = 1
        sandbox.faults["sellercloud"].next(None, 24)  # until the first warehouse has been asked again
        sandbox.faults["sellercloud"].next(Fault("status", 503), 5)
        assert project.load(exits=3)["sellercloud", "warehouse_inventory"]["status"] == "failed"
        sandbox.switches["sellercloud"].null_items_page = None
        row = project.load(exits=3)["sellercloud", "warehouse_inventory"]
        assert row["status"] == "guarded"
        assert "The provider promised" in row["error_message"]
        row = project.load()["sellercloud", "warehouse_inventory"]
        assert (row["mode"], row["status"]) == ("sweep", "ok")
        project.assert_equals_truth()
