"""What lies around a run and is not as it should be: one sentence, the right exit code, nothing lost."""

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import time_machine
from dlt.common.time import increasing_precise_time
from typer.testing import Result

from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from tests.conftest import Project, key_columns

SQUARE = 'provider = "square"\naccess_token = "a-secret-4711"\n'
SETTINGS = [(provider.name, setting) for provider in PROVIDERS.values() for setting in provider.settings]
FITTING = {"url": "https://x.test", "zone": "UTC"}
WRONG: dict[str, str] = {
    "text": "[1, 2]",
    "url": "8080",
    "list": "{ a = 1 }",
    "choice": "true",
    "number": '"fast"',
    "zone": "-5",
}
"""A value of the wrong type for every kind of setting, as TOML."""
OWN_WRONG = {
    "home": "[1]",
    "sweep_every": '"soon"',
    "overlap": "true",
    "sweep_floor": '"most"',
    "keep_releases": "2.5",
    "serve_path": "7",
    "accounts_at_once": '"all"',
}


def sentence(result: Result) -> str:
    """What was said, which is short and no traceback."""
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    words = " ".join(result.stderr.split())
    assert 20 < len(words) < 700, words
    assert "a-secret-4711" not in words
    return words


# Configuration


@pytest.mark.parametrize(("provider", "setting"), SETTINGS, ids=lambda one: getattr(one, "name", one))
def test_every_setting_of_a_wrong_type_is_named(project: Project, provider: str, setting: Any) -> None:
    others = "".join(
        f'{one.name} = "{FITTING.get(one.kind, "a-secret-4711")}"\n'
        for one in PROVIDERS[provider].settings
        if one.name != setting.name and (one.required or one.secret)
    )
    text = f'[accounts.north]\nprovider = "{provider}"\n{others}{setting.name} = {WRONG[setting.kind]}\n'
    (project.folder / ".dlt" / "config.toml").write_text(text, encoding="utf-8")
    assert f"accounts.north.{setting.name}" in sentence(project.stocktake("load", exits=2))
    assert not project.home.exists()


@pytest.mark.parametrize(("key", "value"), OWN_WRONG.items())
def test_every_own_setting_of_a_wrong_type_is_named(project: Project, key: str, value: str) -> None:
    text = f"[stocktake]\n{key} = {value}\n[accounts.north]\n{SQUARE}"
    (project.folder / ".dlt" / "config.toml").write_text(text, encoding="utf-8")
    assert f"stocktake.{key}" in sentence(project.stocktake("load", exits=2))
    assert not project.home.exists()


BROKEN_FILES: dict[str, Callable[[Path], Any]] = {
    "config that is no TOML": lambda dlt: (dlt / "config.toml").write_text("[stocktake\nhome="),
    "secrets that are no TOML": lambda dlt: (dlt / "secrets.toml").write_text('token = a-secret-4711"'),
    "secrets that are no text": lambda dlt: (dlt / "secrets.toml").write_bytes(b"\xff\xfe a-secret-4711"),
    "a key given twice": lambda dlt: (dlt / "secrets.toml").write_text(f"[accounts.a]\n{SQUARE}{SQUARE}"),
    "a file in its place": lambda dlt: (shutil.rmtree(dlt), dlt.write_text("")),
    "nothing in its place": shutil.rmtree,
}


@pytest.mark.parametrize("breaks", BROKEN_FILES.values(), ids=BROKEN_FILES.keys())
def test_a_configuration_that_cannot_be_read_is_one_sentence(
    project: Project, breaks: Callable[[Path], Any]
) -> None:
    breaks(project.folder / ".dlt")
    assert ".dlt" in sentence(project.stocktake("load", exits=2))
    assert not project.home.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such users")
def test_a_configuration_of_another_user_is_one_sentence(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", ".dlt/secrets.toml")

    monkeypatch.setattr(Path, "read_text", refuse)  # root, who may run this, may read all
    assert "Permission denied" in sentence(project.stocktake("load", exits=2))


# Home


def test_a_home_that_is_a_file_is_left_alone(project: Project) -> None:
    project.home.write_text("mine")
    words = sentence(project.stocktake("load", exits=2))
    assert f"{project.home} cannot be written to" in words
    assert "Set stocktake.home to a folder" in words
    assert project.home.read_text() == "mine"


def test_a_home_that_cannot_be_made_is_named(project: Project) -> None:
    project.configure(home="/proc/stocktake")
    for command in ("load", "publish"):
        assert "/proc/stocktake cannot be written to" in sentence(project.stocktake(command, exits=2))


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
def test_a_damaged_warehouse_is_named_and_left_as_it_is(project: Project, how: str) -> None:
    project.load()
    path = project.home / "working.duckdb"
    whole = path.read_bytes()
    path.write_bytes(broken(whole, how))
    before = path.read_bytes()
    words = sentence(project.stocktake("load", exits=1))
    assert str(path) in words
    assert "restore it or start anew" in words
    assert path.read_bytes() == before
    path.write_bytes(whole)
    project.load()
    project.assert_equals_truth()


def test_a_warehouse_of_a_newer_stocktake_is_refused_untouched(project: Project) -> None:
    project.load()
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


def test_a_warehouse_from_before_the_number_is_taken(project: Project) -> None:
    project.load()
    with duckdb.connect(str(project.home / "working.duckdb")) as connection:
        connection.execute("drop table raw_stocktake.format")
    project.load()
    assert project.query("select number from raw_stocktake.format") == [(1,)]


# Clocks

DAY = timedelta(days=1)


@pytest.mark.providers("square", "sellercloud", "shipstream")
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
            ledger = project.load()
        for row in ledger.values():
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
def test_another_tenants_answers_do_not_pass_for_ours(project: Project, elsewhere: Sandbox) -> None:
    """As many records under other keys passed the floor: all of ours were retired, and theirs were stock."""
    project.load()
    before = {name: project.versions(name, table) for name, table in STOCK.items()}
    project.configure({name: {**project.account(name), **theirs(elsewhere, name)} for name in PROVIDERS})
    for sandbox in (project.sandbox, elsewhere):
        sandbox.clock.advance(hours=1)
        sandbox.change(2)
    ledger = project.load(exits=3)
    strangers = {account for (account, _), row in ledger.items() if row["error_class"] == "WrongAccountError"}
    assert strangers == set(STOCK) - COUNTED
    assert {row["status"] for (account, _), row in ledger.items() if account in strangers} == {"failed"}
    message = ledger["square", "locations"]["error_message"]
    assert "None of the 563 known records came" in message
    assert "Check base_url and the credentials" in message
    for name in strangers:
        assert project.versions(name, STOCK[name]) == before[name], "nothing of theirs was loaded"
    for name in COUNTED:
        assert ledger[name, STOCK[name]]["status"] == "guarded"
    assert {row["rows_retired"] for row in ledger.values()} == {0}

    project.configure()
    ledger = project.load(exits=3)
    assert {account for (account, _), row in ledger.items() if row["status"] != "ok"} == COUNTED
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
