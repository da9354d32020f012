"""What lies around a run and is not as it should be: one sentence, the right exit code, nothing lost."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import duckdb
import pytest
import time_machine
from dlt.common.time import increasing_precise_time

from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from tests.conftest import Project, key_columns, sentence

# The working database


def broken(data: bytes, how: str) -> bytes:
    match how:
        case "garbage":
            return b"this was never a database" * 1000
        case "truncated":
            return data[: len(data) // 2]
        case "a torn header":
            return data[:100]
    return data[:8192] + bytes(len(data) - 8192)


@pytest.mark.parametrize("how", ["garbage", "truncated", "a torn header", "zeros"])
def test_a_damaged_warehouse_is_named_and_left_as_it_is(
    project: Project, after_a_load: None, how: str
) -> None:
    path = project.home / "working.duckdb"
    path.write_bytes(broken(path.read_bytes(), how))
    before = path.read_bytes()
    words = sentence(project.stocktake("load", exits=1))
    assert str(path) in words
    assert "restore it or start anew" in words
    assert path.read_bytes() == before


def test_a_damaged_warehouse_that_is_restored_goes_on(project: Project, after_a_load: None) -> None:
    path = project.home / "working.duckdb"
    whole = path.read_bytes()
    path.write_bytes(broken(whole, "truncated"))
    project.stocktake("load", exits=1)
    path.write_bytes(whole)
    project.load()
    project.assert_equals_truth()


def test_a_warehouse_of_a_newer_stocktake_is_refused_untouched(project: Project, after_a_load: None) -> None:
    path = project.home / "working.duckdb"
    assert project.query("select number from raw_stocktake.format") == [(1,)]
    with duckdb.connect(str(path)) as connection:
        connection.execute("update raw_stocktake.format set number = 99")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    for command in ("load", "build", "publish"):
        words = sentence(project.stocktake(command, exits=2))
        assert f"{path} was written by a newer Stocktake (format 99; this one knows 1)" in words
    assert "newer Stocktake" in " ".join(project.stocktake("doctor", exits=1).stdout.split())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_a_warehouse_from_before_the_number_is_taken(project: Project, after_a_load: None) -> None:
    with duckdb.connect(str(project.home / "working.duckdb")) as connection:
        connection.execute("drop table raw_stocktake.format")
    project.load()
    assert project.query("select number from raw_stocktake.format") == [(1,)]


# Clocks

DAY = timedelta(days=1)


@pytest.mark.providers("square")  # the simulation sets clocks wrong at every provider
@pytest.mark.parametrize("jumps", [(3 * DAY, -3 * DAY), (-3 * DAY, 3 * DAY)], ids=["ahead", "back"])
def test_a_clock_of_ours_that_jumps_loses_nothing(
    project: Project, jumps: tuple[timedelta, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep stamped by a clock that ran ahead put off the next ones until that moment had come."""
    sandbox = project.sandbox
    ours = sandbox.clock.now()
    for number, jump in enumerate((timedelta(), *jumps)):
        ours += jump + timedelta(hours=1)
        sandbox.clock.advance(hours=1)
        sandbox.change(2)
        monkeypatch.setattr(increasing_precise_time, "_last", 0.0)  # dlt's, as a new process has it
        with time_machine.travel(ours, tick=True):
            sync_log = project.load()
        for row in sync_log.values():
            assert row["mark_after"] <= str(sandbox.clock.now()), "a mark passed what can have been read"
        if number == 2 or jump > timedelta():
            project.assert_equals_truth()
    for provider in sandbox.providers:
        assert disorder(project, provider, STOCK[provider]) == [], "history stands in the order of the loads"


def disorder(project: Project, provider: str, table: str) -> list[tuple[Any, ...]]:
    """The versions that end before they have begun, or begin before the one that was loaded before them."""
    keys = key_columns(provider, table)
    return project.query(
        f"select {keys}, _dlt_valid_from, _dlt_valid_to from raw_{provider}.{table}"
        " qualify _dlt_valid_to <= _dlt_valid_from"
        f" or _dlt_valid_from <= lag(_dlt_valid_from) over (partition by {keys} order by rowid)"
    )


@pytest.mark.providers("square")
def test_a_sweep_stamped_by_a_clock_that_ran_ahead_puts_none_off(project: Project) -> None:
    with time_machine.travel(project.sandbox.clock.now() + 30 * DAY, tick=True):
        project.load()
    shop = project.sandbox.world.data["square"]
    shop.remove_count(next(iter(shop.counts)))
    with time_machine.travel(project.sandbox.clock.now(), tick=True):
        row = project.load()["square", "inventory_counts"]
    assert (row["mode"], row["rows_retired"]) == ("sweep", 1)
    project.assert_equals_truth()


# Somebody else's account


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Sandbox]:
    """Another tenant of every provider."""
    with Sandbox(seed=99) as sandbox:
        yield sandbox


@pytest.mark.providers(*PROVIDERS)
def test_another_tenants_answers_do_not_pass_for_ours(
    project: Project, after_a_load: None, elsewhere: Sandbox
) -> None:
    """As many records under other keys passed the floor: all of ours were retired, and theirs were stock."""
    before = {name: project.versions(name, table) for name, table in STOCK.items()}
    project.configure({name: {**project.account(name), **theirs(elsewhere, name)} for name in PROVIDERS})
    for sandbox in (project.sandbox, elsewhere):
        sandbox.clock.advance(hours=1)
        sandbox.change(2)
    sync_log = project.load(exits=3)
    wrong = {account for (account, _), row in sync_log.items() if row["error_class"] == "WrongAccountError"}
    assert wrong == set(STOCK) - COUNTED
    assert {row["status"] for (account, _), row in sync_log.items() if account in wrong} == {"failed"}
    message = sync_log["square", "locations"]["error_message"]
    assert "None of the 563 known records came" in message
    assert "Check base_url and the credentials" in message
    for name in wrong:
        assert project.versions(name, STOCK[name]) == before[name], "nothing of theirs was loaded"
    for name in COUNTED:
        assert sync_log[name, STOCK[name]]["status"] == "guarded"
    assert {row["rows_retired"] for row in sync_log.values()} == {0}

    project.configure()
    sync_log = project.load(exits=3)
    assert {account for (account, _), row in sync_log.items() if row["status"] != "ok"} == COUNTED
    project.configure(sweep_floor=0, sweep_every="0")  # as `sweep --confirm-drop` does
    project.load()
    project.assert_equals_truth()


STOCK = {
    "sellercloud": "inventory",
    "shipstream": "total_levels",
    "square": "inventory_counts",
    "augno": "item_inventory",
    "ventmere_s2": "inventory_items",
}


COUNTED = {"sellercloud", "shipstream"}
"""Their ids are numbers or words that another tenant has too."""


def theirs(sandbox: Sandbox, provider: str) -> dict[str, Any]:
    return {"base_url": sandbox.base_url(provider), **sandbox.settings(provider)}
