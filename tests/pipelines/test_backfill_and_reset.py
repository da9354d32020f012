"""A window read again, and an account that starts anew."""

import pytest

from pipelines.release import current_release
from tests.conftest import COUNTS, Project
from tests.pipelines.conftest import leave_a_table

LEVELS = "select product_key, location_key, quantity_on_hand from marts.fct_inventory_levels order by all"


def marks(project: Project) -> list[tuple[object, ...]]:
    return project.query(
        "select resource, max(mark_after) from raw_stocktake.sync_log where mode <> 'backfill'"
        " group by resource order by resource"
    )


def test_a_backfill_reads_the_window_and_moves_no_mark(
    project: Project, after_a_load: None, without_models: None
) -> None:
    before = marks(project)
    leave_a_table(project)
    project.stocktake("backfill", "--since", "2026-01-02", "--until", "2026-01-04T12:00Z")
    (body,) = project.asked("square", COUNTS)
    assert body["updated_after"] == "2026-01-02T00:00:00.000Z"
    assert project.asked("ventmere_s2", "/inventory/overview") == [], "it is read whole in every run"
    assert marks(project) == before
    rows = project.query(
        "select resource, mode, asked_from, asked_through, mark_after, rows_retired"
        " from raw_stocktake.sync_log where mode = 'backfill' order by resource"
    )
    assert [row[0] for row in rows] == ["catalog_objects", "inventory_changes", "inventory_counts"]
    assert {(str(row[2]), str(row[3]), row[5]) for row in rows} == {
        ("2026-01-02 00:00:00+00:00", "2026-01-04 12:00:00+00:00", 0)
    }
    project.live_an_hour(2)
    project.load()
    project.assert_equals_truth()


def test_a_backfill_brings_back_what_is_missing_and_publishes_it(project: Project, after_a_run: None) -> None:
    published = project.query(LEVELS)
    project.query("delete from raw_square.inventory_counts where account = 'square'")
    project.stocktake("backfill", "--since", "2026-01-01", "--until", "2026-01-06")
    project.assert_equals_truth()
    assert project.query(LEVELS) == published
    release = current_release(project.published)
    assert release is not None
    assert release.tables["fct_inventory_levels"] == len(published) > 100


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--since", "yesterday", "--until", "2026-01-05"), "--since yesterday: this is not a date or time."),
        (("--since", "2026-01-05", "--until", "2026-01-04"), "--since 2026-01-05 is not before --until"),
        (
            ("--since", "2026-01-04", "--until", "2026-01-05", "--account", "ventmere_s2"),
            "ventmere_s2: everything is read whole in every run",
        ),
    ],
    ids=["no moment", "ends before it starts", "no windows"],
)
def test_a_wrong_backfill_is_one_sentence(project: Project, options: tuple[str, ...], words: str) -> None:
    assert words in project.stocktake("backfill", *options, exits=2).stderr
    assert project.sandbox.requests == []


def test_after_a_reset_the_next_run_is_a_first_run(project: Project, after_a_load: None) -> None:
    project.live_an_hour(2)
    project.load()
    project.stocktake("reset", "--account", "square", "--yes")
    assert project.versions("square", "inventory_counts") == 0
    assert project.versions("ventmere_s2", "inventory_items") > 0
    project.sandbox.requests.clear()
    row = project.load()["square", "inventory_counts"]
    assert (row["mark_before"], row["asked_from"]) == (None, None)
    assert "updated_after" not in project.asked("square", COUNTS)[0]
    project.assert_equals_truth()


def test_one_resource_is_reset_by_itself(project: Project, after_a_load: None) -> None:
    project.stocktake("reset", "--account", "square", "--resource", "catalog_objects", "--yes")
    assert project.versions("square", "catalog_objects") == 0
    rows = project.load()
    assert rows["square", "catalog_objects"]["mark_before"] is None
    assert rows["square", "inventory_counts"]["mode"] == "incremental"
    project.assert_equals_truth()


def test_reports_build_after_a_reset(project: Project, after_a_run: None) -> None:
    project.stocktake("reset", "--account", "square", "--yes")
    project.stocktake("build")
    assert project.query("select count(*) from staging.stg_square__inventory_counts") == [(0,)]
    project.stocktake("run")
    project.assert_equals_truth()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--account", "square"), "This forgets all rows and history of square: inventory_counts"),
        (("--account", "sqare", "--yes"), "--account sqare: 'sqare' is not known. Did you mean square?"),
        (("--account", "square", "--resource", "counts", "--yes"), "--resource counts: square has"),
    ],
    ids=["not confirmed", "unknown account", "unknown resource"],
)
def test_a_wrong_reset_is_one_sentence_and_forgets_nothing(
    project: Project, after_a_load: None, options: tuple[str, ...], words: str
) -> None:
    before = project.versions("square", "inventory_counts")
    assert words in project.stocktake("reset", *options, exits=2).stderr
    assert project.versions("square", "inventory_counts") == before > 0
