"""What `make soak` has found, a test for each; the storm that showed it is cut down to what matters."""

import pytest

from sandbox import Fault
from tests.conftest import Project
from tests.pipelines.conftest import Die, leave_a_table


@pytest.mark.providers("square")
def test_a_count_that_moves_up_while_a_sweep_pages_is_not_retired(
    project: Project, after_a_load: None
) -> None:
    """A count vanished behind the scan, the next one moved onto the page before, and was taken for gone."""
    shop, switches = project.sandbox.world.data["square"], project.sandbox.switches["square"]
    newest = max(shop.counted_at, key=lambda key: shop.counted_at[key])

    def vanish(page: int) -> None:
        switches.after_page = None
        shop.remove_count(newest)

    switches.page_rows, switches.after_page = 100, vanish
    row = project.load("--sweep")["square", "inventory_counts"]
    assert (row["status"], row["rows_retired"]) == ("ok", 0), "what vanished was read before it did"
    assert project.load("--sweep")["square", "inventory_counts"]["rows_retired"] == 1
    project.assert_equals_truth()


@pytest.mark.providers("sellercloud")
def test_a_total_one_too_low_hides_no_row_on_a_page_of_its_own(project: Project) -> None:
    """With 151 products and a total of 150 the fourth page was not asked for."""
    sandbox = project.sandbox
    while len(sandbox.truth("sellercloud", "inventory")) % 50 != 1:
        sandbox.remove("sellercloud")
    sandbox.switches["sellercloud"].total_skew = -1
    project.load()
    project.assert_equals_truth()


@pytest.mark.providers("sellercloud")
def test_a_backfill_reads_the_stock_of_all_warehouses(project: Project, without_models: None) -> None:
    """The list of warehouses was left out, so there were none to ask about, and all was ok."""
    project.configure({"sellercloud": project.account("sellercloud", warehouses=["all"])})
    before = project.load()["sellercloud", "warehouse_inventory"]
    project.query("delete from raw_sellercloud.warehouse_inventory where updated_at > '2025-01-01 00:00:00Z'")
    leave_a_table(project)
    project.stocktake("backfill", "--since", "2025-01-01", "--until", "2026-02-01")
    project.assert_equals_truth()
    (row,) = project.query(
        "select status, mark_before, mark_after from raw_stocktake.sync_log"
        " where mode = 'backfill' and resource = 'warehouse_inventory'"
    )
    assert (row[0], str(row[1]), row[1]) == ("ok", before["mark_after"], row[2])


@pytest.mark.providers("sellercloud")
def test_a_list_that_cannot_be_read_makes_no_mark_be_forgotten(project: Project) -> None:
    """Without the warehouses the question looked like another one, of which nothing had been asked yet."""
    project.configure({"sellercloud": project.account("sellercloud", warehouses=["all"])})
    before = project.load()["sellercloud", "warehouse_inventory"]
    project.sandbox.clock.advance(hours=1)
    project.sandbox.switches["sellercloud"].warehouses_permission = "403"
    row = project.load(exits=3)["sellercloud", "warehouse_inventory"]
    assert row["status"] == "failed"
    assert row["mark_before"] == row["mark_after"] == before["mark_after"]
    project.sandbox.switches["sellercloud"].warehouses_permission = "granted"
    assert project.load()["sellercloud", "warehouse_inventory"]["mode"] == "incremental"
    project.assert_equals_truth()


@pytest.mark.providers("augno")
def test_stock_is_known_no_longer_than_the_list_it_was_asked_by(project: Project, die_in: Die) -> None:
    """A death left the list of items in the journal; what was added since was not asked for: all was ok."""
    sandbox = project.sandbox
    before = sandbox.truth("augno", "items").keys()
    die_in(project.folder, "sources._shared.journal:Journal.complete", "after", "load")
    sandbox.simulate_day()
    assert sandbox.truth("augno", "items").keys() - before, "the day was to bring new items"
    rows = project.load(exits=3)
    assert rows["augno", "items"]["requests"] == 0, "the list was to come from the journal"
    assert {row["mark_after"] for row in rows.values()} == {"2026-01-05 08:00:00+00:00"}
    project.load()
    project.assert_equals_truth()


@pytest.mark.providers("shipstream")
def test_what_was_enabled_while_a_first_read_was_broken_off_is_read(
    project: Project, impatient: None
) -> None:
    """It was disabled when the enabled ones were read, and enabled when the others were, after the break."""
    sandbox = project.sandbox
    plant = sandbox.world.data["shipstream"]
    product = next(key for key, held in plant.products.items() if not held.is_enabled)
    sandbox.faults["shipstream"].next(None, 8)  # all before the disabled ones of the last resource
    sandbox.faults["shipstream"].next(Fault("status", 503), 5)
    row = project.load(exits=3)["shipstream", "warehouse_levels"]
    assert (row["status"], row["pages"]) == ("failed", 1), "it was to break between the two scans"
    sandbox.clock.advance(hours=1)
    plant.enable(product, enabled=True)
    sandbox.clock.advance(hours=1)
    row = project.load(exits=3)["shipstream", "warehouse_levels"]
    assert "went on where it stopped" in row["error_message"]
    project.assert_equals_truth()


@pytest.mark.providers("sellercloud")
def test_a_first_read_whose_rows_came_twice_is_swept_by_the_next_run(project: Project) -> None:
    """Without an order and with a total one too low, one row never came, and the rest added up."""
    switches = project.sandbox.switches["sellercloud"]
    switches.row_order, switches.total_skew = "shuffled", -1
    assert project.load()["sellercloud", "inventory"]["status"] == "ok"
    switches.row_order, switches.total_skew = "id", 0
    assert project.load()["sellercloud", "inventory"]["mode"] == "sweep"
    project.assert_equals_truth()
    assert project.load()["sellercloud", "inventory"]["mode"] == "incremental"
