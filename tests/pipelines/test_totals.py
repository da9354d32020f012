"""Promised and not given: what came is kept, nothing is retired, and nobody is told that all is well."""

import pytest

from tests.conftest import Project

pytestmark = [pytest.mark.providers("shipstream"), pytest.mark.usefixtures("impatient")]


def test_a_sweep_that_lacks_promised_records_retires_nothing(project: Project, after_a_load: None) -> None:
    data, switches = project.sandbox.world.data["shipstream"], project.sandbox.switches["shipstream"]
    gone = sorted(project.sandbox.truth("shipstream", "total_levels"))[-1]
    data.delete_product(int(gone[1]))
    switches.count_skew = 1
    rows = project.load("--sweep", exits=3)
    row = rows["shipstream", "total_levels"]
    assert row["status"] == "guarded"
    assert "promised 1 more records than it gave, also when asked again" in row["error_message"]
    assert gone in project.current("shipstream", "total_levels")
    switches.count_skew = 0
    assert project.load()["shipstream", "total_levels"]["mode"] == "sweep", "it stays due"
    project.assert_equals_truth()


def test_an_incremental_read_that_lacks_promised_records_leaves_its_mark(
    project: Project, after_a_load: None
) -> None:
    project.live_an_hour(2)
    project.sandbox.switches["shipstream"].count_skew = 1
    row = project.load(exits=3)["shipstream", "total_levels"]
    assert (row["mode"], row["status"], row["rows_new"]) == ("incremental", "guarded", 2)
    assert row["mark_after"] == row["mark_before"]
    project.sandbox.switches["shipstream"].count_skew = 0
    asked_from = row["asked_from"]
    assert project.load()["shipstream", "total_levels"]["asked_from"] in (None, asked_from)
    project.assert_equals_truth()


def test_filters_that_read_times_in_another_zone_are_found_out(project: Project) -> None:
    """Windows would show nothing, in silence: every run reads whole then, and says why."""
    switches = project.sandbox.switches["shipstream"]
    switches.literal_zone_ignored, switches.naive_literal_hours = True, -5.0
    row = project.load(exits=3)["shipstream", "total_levels"]
    assert "ShipStream reads their times in another zone than it writes them in" in row["error_message"]
    project.live_an_hour(2)
    row = project.load(exits=3)["shipstream", "total_levels"]
    assert row["mode"] == "sweep"
    project.assert_equals_truth()


def test_a_cursor_that_does_not_move_on_is_an_error_and_no_endless_loop(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.shipstream.client.PAGE_LIMIT", 20)
    switches = project.sandbox.switches["shipstream"]
    switches.cursor_by_product_id = "repeat"
    row = project.load(exits=3)["shipstream", "total_levels"]
    assert row["status"] == "failed"
    assert "the cursor does not advance" in row["error_message"]
    assert row["mark_after"] is None


def test_levels_without_their_warehouse_cost_that_table_only(project: Project) -> None:
    project.sandbox.switches["shipstream"].warehouse_ref = "absent"
    rows = project.load(exits=3)
    assert rows["shipstream", "warehouse_levels"]["error_class"] == "BrokenAnswerError"
    assert rows["shipstream", "total_levels"]["status"] == "ok"


def test_data_that_moves_between_pages_is_never_lost(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.shipstream.client.PAGE_LIMIT", 25)
    moved: list[tuple[str, ...]] = []

    def move(page: int) -> None:
        if len(moved) < 8:
            moved.extend(project.sandbox.world.change(1)["shipstream"])

    project.sandbox.switches["shipstream"].after_page = move
    project.load()
    project.sandbox.switches["shipstream"].after_page = None
    assert len(moved) == 8
    project.sandbox.clock.advance(minutes=1)
    project.load()
    project.assert_equals_truth()


def test_a_product_enabled_between_the_two_scans_is_not_taken_for_gone(
    project: Project, after_a_load: None
) -> None:
    """It is in neither the scan of the enabled products nor that of the disabled ones."""
    data, switches = project.sandbox.world.data["shipstream"], project.sandbox.switches["shipstream"]
    disabled = [
        key
        for key, product in sorted(project.sandbox.truth("shipstream", "products").items())
        if not product["is_enabled"]
    ]
    project.sandbox.clock.advance(hours=1)

    def enable(page: int) -> None:
        switches.after_page = None
        data.enable(int(disabled[0][1]), enabled=True)

    switches.after_page = enable
    project.load("--sweep")
    assert switches.after_page is None
    project.assert_equals_truth()
