"""What moves while it is read, what a sweep repairs, and what a sweep may not do."""

import pytest

from tests.conftest import Project
from tests.pipelines.conftest import leave_a_table


def test_a_row_that_jumps_ahead_of_the_scan_comes_with_the_next_run(project: Project) -> None:
    shop, switches = project.sandbox.world.data["square"], project.sandbox.switches["square"]
    oldest = min(shop.counted_at, key=lambda key: (shop.counted_at[key], key))

    def sell_after_the_first_page(page: int) -> None:
        if page == 1:
            shop.set_count(oldest[0], oldest[1], "777", oldest[2])

    switches.page_rows, switches.after_page = 100, sell_after_the_first_page
    project.load()
    switches.after_page = None
    assert oldest not in project.current("square", "inventory_counts")
    project.load()
    project.assert_equals_truth()


def test_two_versions_in_one_scan_leave_one_current_row_and_both_in_history(project: Project) -> None:
    """A scan that starts again after its cursor died reads a changed row twice."""
    shop, switches = project.sandbox.world.data["square"], project.sandbox.switches["square"]
    newest = max(shop.counted_at, key=lambda key: (shop.counted_at[key], key))

    def sell_and_drop_the_cursor(page: int) -> None:
        switches.after_page = None
        switches.expire_next_cursors = 1
        shop.set_count(newest[0], newest[1], "4711", newest[2])

    switches.page_rows, switches.after_page = 100, sell_and_drop_the_cursor
    project.load()
    project.assert_equals_truth()
    history = project.query(
        "select payload like '%4711%', _dlt_valid_to is null from raw_square.inventory_counts"
        " where catalog_object_id = ? and location_id = ? and state = ? order by _dlt_valid_from",
        *newest,
    )
    assert history == [(False, False), (True, True)]


def test_a_sweep_that_reads_a_row_twice_still_retires_what_is_gone(
    project: Project, after_a_load: None
) -> None:
    """dlt normalized both packages under the second one's schema, and the sweep retired nothing."""
    shop, switches = project.sandbox.world.data["square"], project.sandbox.switches["square"]
    newest = max(shop.counted_at, key=lambda key: (shop.counted_at[key], key))
    gone = shop.remove_count(next(key for key in shop.counts if key != newest))

    def sell_and_drop_the_cursor(page: int) -> None:
        switches.after_page = None
        switches.expire_next_cursors = 1
        shop.set_count(newest[0], newest[1], "4711", newest[2])

    shop.set_count(newest[0], newest[1], "4710", newest[2])
    switches.page_rows, switches.after_page = 100, sell_and_drop_the_cursor
    row = project.load("--sweep")["square", "inventory_counts"]
    assert (row["rows_new"], row["rows_retired"]) == (2, 1)
    assert gone not in project.current("square", "inventory_counts")
    project.assert_equals_truth()


def test_a_dead_cursor_restarts_the_scan_a_bounded_number_of_times(project: Project) -> None:
    switches = project.sandbox.switches["square"]
    switches.page_rows, switches.expire_next_cursors = 100, 2
    row = project.load()["square", "inventory_counts"]
    assert row["retries"] == 2
    assert row["rows_read"] > row["rows_distinct"] == row["rows_new"], "what came twice is one version"
    project.assert_equals_truth()
    switches.cursor_ttl_seconds = 0
    row = project.load("--sweep", exits=3)["square", "inventory_counts"]
    assert row["error_class"] == "CursorExpiredError"
    assert row["mark_after"] == row["mark_before"], "the mark stays where it was"


def test_changes_that_show_late_are_caught_by_the_overlap(project: Project, after_a_load: None) -> None:
    project.sandbox.switches["square"].read_lag_seconds = 2
    project.live_an_hour(3)
    assert project.load()["square", "inventory_counts"]["rows_new"] == 0
    project.sandbox.clock.advance(seconds=5)
    row = project.load()["square", "inventory_counts"]
    project.assert_equals_truth()
    assert row["rows_new"] == 3


def test_a_read_that_breaks_off_loses_nothing_of_its_later_pages(
    project: Project, after_a_load: None
) -> None:
    project.live_an_hour(30)
    switches = project.sandbox.switches["square"]
    switches.page_rows, switches.cursor_ttl_seconds, usual = 7, 0, switches.cursor_ttl_seconds
    assert project.load(exits=3)["square", "inventory_counts"]["error_class"] == "CursorExpiredError"
    switches.cursor_ttl_seconds = usual
    project.sandbox.clock.advance(hours=1)  # longer than the overlap
    project.load()
    project.assert_equals_truth()


def test_a_sweep_counts_what_it_had_to_repair(project: Project, after_a_load: None) -> None:
    shop = project.sandbox.world.data["square"]
    key = next(iter(shop.counts))
    shop.counts[key] = {**shop.counts[key], "quantity": "31415"}  # changed behind its own clock
    shop.version += 1
    project.live_an_hour(1)
    row = project.load("--sweep")["square", "inventory_counts"]
    assert (row["rows_new"], row["rows_repaired"]) == (2, 1), "the other came in time"


@pytest.mark.parametrize("overview", ["truncated", "without_items", "without_products", "null_items"])
def test_a_broken_snapshot_is_a_failed_attempt_and_never_an_empty_result(
    project: Project, after_a_load: None, overview: str, impatient: None
) -> None:
    project.sandbox.switches["ventmere_s2"].overview = overview
    sync_log = project.load(exits=3)
    assert sync_log["ventmere_s2", "inventory_items"]["error_class"] == "BrokenAnswerError"
    assert sync_log["square", "inventory_counts"]["status"] == "ok"
    project.assert_equals_truth()


def test_an_empty_snapshot_retires_nothing_until_it_is_confirmed(
    project: Project, after_a_load: None, without_models: None
) -> None:
    leave_a_table(project)
    held = project.current("ventmere_s2", "inventory_items")
    project.sandbox.switches["ventmere_s2"].overview = "empty"
    sync_log = project.load(exits=3)
    row = sync_log["ventmere_s2", "inventory_items"]
    assert row["status"] == "guarded"
    assert "stocktake sweep --account ventmere_s2 --confirm-drop" in row["error_message"]
    assert project.current("ventmere_s2", "inventory_items") == held
    project.stocktake("sweep", "--confirm-drop", "--account", "ventmere_s2")
    assert project.current("ventmere_s2", "inventory_items") == {}
    assert project.load()["ventmere_s2", "inventory_items"]["status"] == "ok"


def test_a_sweep_below_the_floor_still_loads_what_it_brought(project: Project, after_a_load: None) -> None:
    store = project.sandbox.world.data["ventmere_s2"]
    levels = list(store.levels)
    for key in levels[: len(levels) // 2]:
        store.remove_level(key)
    changed = store.set_level(levels[-1], available=99_999)
    row = project.load(exits=None)["ventmere_s2", "inventory_items"]
    now = project.current("ventmere_s2", "inventory_items")
    assert len(now) == len(levels), f"{len(levels) - len(now)} lost on the word of a sweep that lacks half"
    assert now[changed]["level"]["available"] == 99_999
    assert (row["status"], row["rows_new"], row["rows_retired"]) == ("guarded", 1, 0)


@pytest.mark.parametrize("older_first", [True, False])
def test_a_level_that_comes_twice_is_the_later_one_and_stays_it(project: Project, older_first: bool) -> None:
    switches = project.sandbox.switches["ventmere_s2"]
    switches.duplicate_level, switches.older_duplicate_first = True, older_first
    row = project.load()["ventmere_s2", "inventory_items"]
    assert row["rows_read"] == row["rows_distinct"] + 1, "the sync log shows the repeat"
    project.assert_equals_truth()
    assert project.load()["ventmere_s2", "inventory_items"]["rows_new"] == 0


def test_a_clock_that_stood_still_or_went_back_hides_nothing(project: Project, after_a_load: None) -> None:
    store = project.sandbox.world.data["ventmere_s2"]
    first, second, *_ = store.levels
    store.set_level(first, touch=False, incoming=60)
    store.turn_back_clock(second)
    assert project.load()["ventmere_s2", "inventory_items"]["rows_new"] == 2
    project.assert_equals_truth()


def test_a_lost_warehouse_is_read_anew_from_the_start(project: Project, after_a_load: None) -> None:
    """dlt's working folder holds marks; with the warehouse gone they would claim rows that are not there."""
    (project.home / "working.duckdb").unlink()
    project.load()
    project.assert_equals_truth()


def test_a_warehouse_put_back_from_a_copy_is_read_on_from_the_copys_marks(
    project: Project, after_a_load: None
) -> None:
    copy = (project.home / "working.duckdb").read_bytes()
    project.sandbox.clock.advance(hours=5)
    project.sandbox.change(5)
    project.load()
    project.sandbox.clock.advance(hours=5)
    (project.home / "working.duckdb").write_bytes(copy)
    project.load()
    project.assert_equals_truth()
