"""What a record that cannot be read costs in the warehouse: itself, until the provider mends it."""

import json
from typing import Any

import pytest

from sandbox import Fault
from sandbox.record import Reply
from tests.conftest import Project
from tests.sources.conftest import in_list

AUGNO = ("items", "item_inventory")


def unreadable(project: Project) -> list[tuple[Any, ...]]:
    return project.query(
        "select account, provider, resource, record_key, reason from raw_stocktake.unreadable_records"
        " order by all"
    )


def spoil(project: Project, provider: str, resource: str, *, number: int = 0, value: Any = None) -> None:
    """Lets a record be something else in every answer from now on."""
    spoilt: list[Any] = []

    def change(records: list[Any]) -> None:
        spoilt.extend([] if spoilt else [records[number]])
        records[:] = [value if record == spoilt[0] else record for record in records]

    project.sandbox.rewrites[provider] = in_list(provider, resource, change)


def test_a_null_in_a_whole_read_retires_nothing_and_is_named_until_it_is_mended(
    project: Project, after_a_load: None
) -> None:
    store = project.sandbox.world.data["ventmere_s2"]
    before = project.current("ventmere_s2", "inventory_items")
    spoil(project, "ventmere_s2", "inventory_items")
    gone = store.remove_level(list(store.levels)[5])
    changed = store.set_level(list(store.levels)[6], available=99_999)
    project.sandbox.clock.advance(hours=1)
    rows = project.load(exits=3)
    row = rows["ventmere_s2", "inventory_items"]
    assert (row["status"], row["rows_unreadable"], row["rows_new"], row["rows_retired"]) == (
        "guarded",
        1,
        1,
        0,
    )
    assert row["mark_after"] > row["mark_before"], "the mark moves"
    assert rows["ventmere_s2", "products"]["status"] == "ok"
    now = project.current("ventmere_s2", "inventory_items")
    assert now.keys() == before.keys()
    assert now[changed]["level"]["available"] == 99_999
    assert unreadable(project) == [("ventmere_s2", "ventmere_s2", "inventory_items", None, "it is null")]
    project.sandbox.rewrites.clear()
    row = project.load()["ventmere_s2", "inventory_items"]
    assert (row["status"], row["rows_retired"]) == ("ok", 1), "what was gone is retired once all can be read"
    assert unreadable(project) == []
    assert gone not in project.current("ventmere_s2", "inventory_items")
    project.assert_equals_truth()


def test_a_count_without_its_id_leaves_the_mark_moving_and_heals_with_the_sweep(
    project: Project, after_a_load: None
) -> None:
    touched = project.live_an_hour(3)["square"]
    spoil(project, "square", "inventory_counts", value={"quantity": "7"})
    row = project.load(exits=3)["square", "inventory_counts"]
    assert (row["status"], row["rows_unreadable"], row["rows_new"]) == ("ok", 1, len(touched) - 1)
    assert row["mark_after"] == "2026-01-05 09:00:00+00:00"
    assert [row[2:] for row in unreadable(project)] == [("inventory_counts", None, "it has no key")]
    project.sandbox.rewrites.clear()
    assert project.load("--sweep")["square", "inventory_counts"]["status"] == "ok"
    assert unreadable(project) == []
    project.assert_equals_truth()


def test_an_inventory_change_is_asked_for_again_once_it_can_be_read(
    project: Project, after_a_load: None
) -> None:
    """No sweep ever looks for it, and the mark has long passed it."""
    project.live_an_hour(2)
    spoil(project, "square", "inventory_changes", value=["odd"])
    row = project.load(exits=3)["square", "inventory_changes"]
    assert (row["mode"], row["rows_unreadable"]) == ("incremental", 1)
    project.sandbox.rewrites.clear()
    project.sandbox.clock.advance(hours=30)
    project.load("--sweep")
    assert unreadable(project) == []
    project.assert_equals_truth()


@pytest.mark.providers("augno")
def test_an_item_whose_stock_cannot_be_read_keeps_what_is_known(project: Project, after_a_load: None) -> None:
    before = project.current("augno", "item_inventory")
    (odd,), (gone,) = sorted(before)[3], sorted(before)[5]

    def rewrite(path: str, reply: Reply) -> None:
        if path.endswith(f"/{odd}/inventory"):
            reply.body = b'{"object": "item_inventory_v2"}'

    project.sandbox.rewrites["augno"] = rewrite
    project.sandbox.world.data["augno"].delete_item(gone)
    row = project.load(exits=3)["augno", "item_inventory"]
    assert (row["status"], row["rows_unreadable"], row["rows_retired"]) == ("ok", 1, 1)
    assert project.current("augno", "item_inventory")[odd,] == before[odd,]
    assert (gone,) not in project.current("augno", "item_inventory")
    assert [row[2:4] for row in unreadable(project)] == [("item_inventory", odd)]
    project.sandbox.rewrites.clear()
    row = project.load()["augno", "item_inventory"]
    assert (row["rows_new"], row["rows_retired"]) == (0, 0), "no version came of it"
    assert unreadable(project) == []


@pytest.mark.providers("augno")
def test_an_item_that_cannot_be_read_keeps_its_stock(project: Project, after_a_load: None) -> None:
    before = project.current("augno", "item_inventory")
    spoil(project, "augno", "items")
    rows = project.load(exits=3)
    assert [(rows["augno", name]["status"], rows["augno", name]["rows_retired"]) for name in AUGNO] == [
        ("guarded", 0),
        ("guarded", 0),
    ]
    assert project.current("augno", "item_inventory").keys() == before.keys()
    project.stocktake("reset", "--account", "augno", "--yes")
    assert unreadable(project) == []
    project.sandbox.rewrites.clear()
    project.load()
    project.assert_equals_truth()


def test_half_an_emoji_is_loaded_and_can_be_parsed(project: Project) -> None:
    def rewrite(path: str, reply: Reply) -> None:
        document = json.loads(reply.body)
        document["products"][0]["description"] = "cup HALF"
        reply.body = json.dumps(document).replace("HALF", r"\ud83d").encode()

    project.sandbox.rewrites["ventmere_s2"] = rewrite
    row = project.load()["ventmere_s2", "products"]
    assert (row["status"], row["rows_unreadable"]) == ("ok", 0)
    (found,) = project.query(
        "select json_valid(payload), payload ->> 'description', payload like '%cup \\ufffd%'"
        " from raw_ventmere_s2.products where payload like '%\"cup %'"
    )
    assert found == (True, "cup \ufffd", True), "as near to what came as JSON allows"


@pytest.mark.providers("square")
def test_when_nothing_can_be_read_that_is_no_odd_record(project: Project) -> None:
    """Then the provider has changed: the mark stays, and all of it is asked for again."""
    project.load()
    project.live_an_hour(12)
    project.sandbox.rewrites["square"] = in_list(
        "square",
        "inventory_counts",
        lambda records: records.__setitem__(slice(None), [[one] for one in records]),
    )
    row = project.load(exits=3)["square", "inventory_counts"]
    assert (row["status"], row["error_class"]) == ("failed", "BrokenAnswerError")
    assert row["mark_after"] == row["mark_before"]
    project.sandbox.rewrites.clear()
    project.sandbox.clock.advance(hours=1)
    project.load()
    project.assert_equals_truth()


@pytest.mark.providers("square")
def test_a_resource_that_broke_off_names_what_it_had_met(project: Project, impatient: None) -> None:
    project.sandbox.switches["square"].page_rows = 50
    spoil(project, "square", "inventory_counts")
    project.sandbox.faults["square"].next(None, 2)
    project.sandbox.faults["square"].next(Fault("status", 503), 5)
    assert project.load(exits=3)["square", "inventory_counts"]["status"] == "failed"
    assert len(unreadable(project)) == 1
    project.sandbox.rewrites.clear()
    project.load("--sweep", exits=None)
    project.load("--sweep")
    assert unreadable(project) == []
    project.assert_equals_truth()


def test_a_clock_that_is_behind_is_named_once_an_account(project: Project) -> None:
    result = project.stocktake("load")
    said = [line for line in result.stderr.splitlines() if "this machine's clock is" in line]
    assert sorted(line.split(":")[0].strip() for line in said) == ["square", "ventmere_s2"]
