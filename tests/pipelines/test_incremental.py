"""Run, run again, change, run: what ends up in the warehouse and what the sandbox was asked."""

import pytest

from tests.conftest import COUNTS, Project


def test_first_run_brings_every_record_once(project: Project) -> None:
    sync_log = project.load()
    project.assert_equals_truth()
    for row in sync_log.values():
        assert row["rows_new"] == row["rows_distinct"] == row["rows_read"]
        assert row["status"] == "ok"
        assert row["rows_repaired"] == 0
    assert sync_log["square", "inventory_counts"]["mode"] == "sweep"
    assert "updated_after" not in project.asked("square", COUNTS)[0]


def test_second_run_with_nothing_changed_makes_no_version(project: Project, after_a_load: None) -> None:
    before = project.query("select * from raw_square.inventory_counts order by all")
    sync_log = project.load()
    assert sum(row["rows_new"] + row["rows_retired"] for row in sync_log.values()) == 0
    assert project.query("select * from raw_square.inventory_counts order by all") == before
    assert len(project.sandbox.requests) == 5, "one request per Square resource, one overview"


@pytest.mark.parametrize("changes", [1, 7])
def test_so_many_changes_make_so_many_versions(project: Project, after_a_load: None, changes: int) -> None:
    project.live_an_hour(changes)
    sync_log = project.load()
    assert sync_log["square", "inventory_counts"]["rows_new"] == changes
    assert sync_log["square", "inventory_changes"]["rows_new"] == changes
    assert sync_log["ventmere_s2", "inventory_items"]["rows_new"] == changes
    project.assert_equals_truth()


def test_second_run_asks_only_for_what_moved(project: Project, after_a_load: None) -> None:
    project.live_an_hour(2)
    sync_log = project.load()
    (body,) = project.asked("square", COUNTS)
    assert body["updated_after"] == "2026-01-05T07:50:00.000Z", "the first run's moment less the overlap"
    assert sync_log["square", "inventory_counts"]["rows_read"] == 2


def test_overlap_is_what_is_configured(project: Project) -> None:
    project.configure(overlap="2h")
    project.load()
    project.load()
    assert project.asked("square", COUNTS)[-1]["updated_after"] == "2026-01-05T06:00:00.000Z"


def test_the_mark_is_the_servers_moment_when_our_clock_runs_ahead(project: Project) -> None:
    sync_log = project.load()
    assert sync_log["square", "inventory_counts"]["mark_after"] == "2026-01-05 08:00:00+00:00"


@pytest.mark.parametrize(("paging", "inclusive"), [("positional", True), ("keyed", False)])
def test_ties_across_a_page_border_are_all_read(project: Project, paging: str, inclusive: bool) -> None:
    switches = project.sandbox.switches["square"]
    switches.paging, switches.updated_after_inclusive, switches.page_rows = paging, inclusive, 7
    project.load()
    project.assert_equals_truth()
    project.sandbox.clock.advance(minutes=1)
    project.sandbox.change(20)  # twenty counts on one instant, pages of seven
    assert project.load()["square", "inventory_counts"]["rows_new"] == 20
    project.assert_equals_truth()


def test_another_spelling_of_a_quantity_is_no_change(project: Project, after_a_load: None) -> None:
    project.sandbox.switches["square"].padded_quantities = True
    sync_log = project.load("--sweep")
    assert sync_log["square", "inventory_counts"]["rows_read"] > 400
    assert sync_log["square", "inventory_counts"]["rows_new"] == 0


def test_a_to_b_to_a_is_three_versions(project: Project, after_a_load: None) -> None:
    shop = project.sandbox.world.data["ventmere_s2"]
    key = next(iter(shop.levels))
    first = shop.levels[key]["available"]
    for available in (first + 1, first):
        shop.set_level(key, touch=False, available=available)
        project.load()
    rows = project.query(
        "select payload like '%\"available\":' || ? || ',%', _dlt_valid_to is null"
        " from raw_ventmere_s2.inventory_items where warehouse_id = ? and product_id = ?"
        " order by _dlt_valid_from",
        str(first),
        *key,
    )
    assert rows == [(True, False), (False, False), (True, True)]


def test_payloads_are_kept_byte_for_byte(project: Project, after_a_load: None) -> None:
    stored = {row[0] for row in project.query("select payload from raw_ventmere_s2.products")}
    assert any("听雨" in payload for payload in stored)
    assert any('.0,"packageWidthMm"' in payload for payload in stored), "1500.0 stays 1500.0"


def test_a_deleted_variation_keeps_its_count_and_says_so(project: Project, after_a_load: None) -> None:
    shop = project.sandbox.world.data["square"]
    project.sandbox.clock.advance(hours=1)
    variation = shop.delete_object(next(key[0] for key in shop.counts if key[0] in shop.objects))
    project.load()
    assert project.current("square", "catalog_objects")[variation,]["is_deleted"] is True
    assert any(key[0] == variation for key in project.current("square", "inventory_counts"))


def test_a_count_that_vanished_is_retired_by_the_sweep_only(project: Project, after_a_load: None) -> None:
    shop = project.sandbox.world.data["square"]
    gone = shop.remove_count(next(iter(shop.counts)))
    assert project.load()["square", "inventory_counts"]["rows_retired"] == 0
    assert gone in project.current("square", "inventory_counts")
    assert project.load("--sweep")["square", "inventory_counts"]["rows_retired"] == 1
    project.assert_equals_truth()


def test_a_record_that_comes_back_is_current_again(project: Project, after_a_load: None) -> None:
    store = project.sandbox.world.data["ventmere_s2"]
    key = next(iter(store.levels))
    level = store.levels[key]
    store.remove_level(key)
    project.load()
    store.levels[key] = level
    assert project.load()["ventmere_s2", "inventory_items"]["rows_new"] == 1
    project.assert_equals_truth()


def test_two_accounts_of_one_provider_do_not_touch_each_other(project: Project) -> None:
    project.configure({name: project.account("ventmere_s2") for name in ("north", "south")})
    project.load()
    store = project.sandbox.world.data["ventmere_s2"]
    store.remove_level(next(iter(store.levels)))
    sync_log = project.load("--account", "north")
    assert set(sync_log) == {("north", r) for r in ("warehouses", "products", "inventory_items")}
    held = {n: len(project.current("ventmere_s2", "inventory_items", n)) for n in ("north", "south")}
    assert held["south"] == held["north"] + 1


def test_sweep_every_zero_reads_everything_every_run(project: Project) -> None:
    project.configure(sweep_every="0")
    project.load()
    assert project.load()["square", "inventory_counts"]["mode"] == "sweep"


def test_a_changed_location_filter_reads_everything_again(project: Project) -> None:
    first, second, *_ = project.sandbox.world.data["square"].locations
    project.configure({"square": project.account("square", location_ids=[first])})
    project.load()
    assert {key[1] for key in project.current("square", "inventory_counts")} == {first}
    project.configure({"square": project.account("square", location_ids=[first, second])})
    project.load()
    assert {key[1] for key in project.current("square", "inventory_counts")} == {first, second}
