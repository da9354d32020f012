"""Sellercloud: pages that move while they are read, local times, throttling in its own words, logins."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.articles import Article
from sandbox.sellercloud.day import stock
from tests.conftest import Project

INVENTORY = "/rest/api/inventory"


pytestmark = [pytest.mark.providers("sellercloud"), pytest.mark.usefixtures("impatient", "steady")]


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is throttled waits hardly longer than Sellercloud says."""
    monkeypatch.setattr("sources.sellercloud.client.LONGEST_JITTER", 0.1)


def pages(project: Project) -> list[int]:
    """The numbers of the pages that were asked for, in order."""
    return [int(a.query["model.pageNumber"]) for a in project.sandbox.requests if a.path == INVENTORY]


def listed(project: Project) -> list[str]:
    """The products in the order in which they are listed, fifty a page."""
    return [key for (key,) in sorted(project.sandbox.truth("sellercloud", "inventory"))]


def assert_nothing_lost(project: Project) -> None:
    truth = project.sandbox.truth("sellercloud", "inventory")
    lost = truth.keys() - project.current("sellercloud", "inventory").keys()
    assert not lost, f"{len(lost)} lost: {sorted(lost)}"


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are not asked for side by side, so that what moves after which of them is known."""
    monkeypatch.setattr("sources._shared.prefetch.AT_ONCE", 1)


def test_pages_are_read_last_to_first(project: Project, one_by_one: None) -> None:
    project.load()
    last = -(-len(listed(project)) // 50)
    assert last > 2
    assert pages(project) == [1, *range(last, 0, -1)], "page 1 tells how many there are"


def test_a_row_that_leaves_the_window_while_it_is_paged_hides_none(project: Project) -> None:
    """A deleted product moves all that follow one place forward: read forwards, one would be skipped."""
    data, switches = project.sandbox.world.data["sellercloud"], project.sandbox.switches["sellercloud"]
    plain = {key for (key,) in stock(data)}
    doomed = iter([key for key in listed(project) if key in plain][:3])

    def delete_one(page: int) -> None:
        for key in doomed:
            data.delete(key)
            return

    switches.after_page = delete_one
    project.load()
    switches.after_page = None
    assert_nothing_lost(project)
    project.load("--sweep")
    project.assert_equals_truth()


def test_a_row_that_moves_behind_one_that_goes_is_read_too(project: Project, one_by_one: None) -> None:
    """Newest first, one that is edited pushes others to the page before; what was read and is gone stood for
    the one that was read nowhere."""
    data, switches = project.sandbox.world.data["sellercloud"], project.sandbox.switches["sellercloud"]
    switches.row_order = "modified_desc"
    plain = {key for (key,) in stock(data)}
    newest = sorted(
        project.sandbox.truth("sellercloud", "inventory").values(),
        key=lambda record: record["LastModifiedDate"] or "",
        reverse=True,
    )
    doomed = next(record["ID"] for record in newest if record["ID"] in plain)
    moving = next(record["ID"] for record in reversed(newest) if record["ID"] in plain)
    changes = [lambda: data.delete(doomed), lambda: None, lambda: data.edit(moving, ProductName="Moved")]
    switches.after_page = lambda page: changes and changes.pop(0)()
    project.load()
    assert not changes, "there were to be three pages"
    switches.after_page = None
    assert_nothing_lost(project)


def test_where_there_are_fewer_and_fewer_the_next_run_reads_all_again(project: Project) -> None:
    data, switches = project.sandbox.world.data["sellercloud"], project.sandbox.switches["sellercloud"]
    doomed = [key for (key,) in stock(data)]

    switches.after_page = lambda page: doomed and data.delete(doomed.pop())
    row = project.load(exits=3)["sellercloud", "inventory"]
    assert (row["status"], len(pages(project)) < 30) == ("guarded", True)
    assert "The total kept falling while it was read" in row["error_message"]
    switches.after_page = None
    assert project.load()["sellercloud", "inventory"]["mode"] == "sweep"
    project.assert_equals_truth()


def test_a_row_hidden_by_one_that_joins_and_one_that_goes_is_not_taken_for_gone(
    project: Project, after_a_load: None, one_by_one: None
) -> None:
    """The total stays what it was, the rows add up, and yet one was never read: it is asked for by its ID."""
    data, switches = project.sandbox.world.data["sellercloud"], project.sandbox.switches["sellercloud"]
    last_page = listed(project)[-(len(listed(project)) % 50 or 50) :]
    (doomed,) = [key for (key,) in stock(data) if key in last_page][:1]

    def swap(page: int) -> None:
        if page > 1:  # the last page has been read; a row of it goes, and another joins before it
            switches.after_page = None
            data.delete(doomed)
            data.add_product(replace(data_article(project), sku="!FIRST"), 10, 5)

    switches.after_page = swap
    project.load("--sweep")
    assert switches.after_page is None
    assert [a for a in project.sandbox.requests if "model.inventoryID" in a.query]
    truth = set(project.sandbox.truth("sellercloud", "inventory"))
    assert truth - set(project.current("sellercloud", "inventory")) <= {("!FIRST",)}
    project.load("--sweep")
    project.assert_equals_truth()


def data_article(project: Project) -> Article:
    return next(article for article in project.sandbox.world.articles if article.sku)


@pytest.mark.parametrize("is_inclusive", [True, False], ids=["ends included", "ends left out"])
def test_a_large_window_is_halved_until_it_fits(
    project_of: Callable[[Sandbox], Project], monkeypatch: pytest.MonkeyPatch, is_inclusive: bool
) -> None:
    monkeypatch.setattr("sources.sellercloud.client.LARGEST_WINDOW", 10)
    with Sandbox(size="M", providers=["sellercloud"]) as sandbox:
        switches = sandbox.switches["sellercloud"]
        switches.from_inclusive = switches.to_inclusive = is_inclusive
        # The newest first, so that the page which tells how much there is does not hold the middle too.
        switches.precision, switches.row_order = "minutes", "modified_desc"
        project = project_of(sandbox)
        project.load()
        sandbox.clock.advance(hours=1)
        for _ in range(20):  # some on every minute, so that the middle of a window is one of theirs
            sandbox.change(4)
            sandbox.clock.advance(minutes=1)
        sandbox.requests.clear()
        project.load()
        project.assert_equals_truth()
        windows = {a.query.get("model.lastAggregateFrom") for a in sandbox.requests} - {None}
        assert len(windows) > 2


@pytest.mark.parametrize("month", ["2026-11-01T04:30:00Z", "2026-03-08T05:30:00Z"], ids=["autumn", "spring"])
def test_the_night_in_which_clocks_are_changed_loses_nothing(
    project_of: Callable[[Sandbox], Project], month: str
) -> None:
    with Sandbox(start=month, providers=["sellercloud"]) as sandbox:
        project = project_of(sandbox)
        project.load()
        for _ in range(4):  # the clocks are changed after the first
            sandbox.clock.advance(minutes=35)
            sandbox.change(1)
            sandbox.clock.advance(minutes=20)
            assert project.load()["sellercloud", "inventory"]["mode"] == "incremental"
            project.assert_equals_truth()


@pytest.mark.parametrize("retry_after", [False, True], ids=["", "Retry-After"])
@pytest.mark.parametrize("status", [429, 403, 503, 200])
def test_a_throttle_is_obeyed_whatever_its_status(project: Project, status: Any, retry_after: bool) -> None:
    switches = project.sandbox.switches["sellercloud"]
    switches.throttle_retry_after = retry_after
    switches.throttle_after, switches.throttle_seconds, switches.throttle_status = 3, 0.4, status
    rows = project.load()
    assert sum(row["retries"] for row in rows.values()) >= 1
    assert sum(row["throttled_seconds"] for row in rows.values()) >= 0.4
    project.assert_equals_truth()


def test_a_refused_login_is_not_tried_twice(project: Project) -> None:
    project.configure({"sellercloud": project.account("sellercloud", password="mistyped-4711")})
    rows = project.load(exits=1)
    assert {row["error_class"] for row in rows.values()} == {"CredentialsError"}
    assert "mistyped-4711" not in str(rows)
    assert len(project.sandbox.requests) == 1


@pytest.mark.parametrize(("skew", "exits"), [(1, 3), (-1, 0)], ids=["one too many", "one too few"])
def test_a_total_that_is_off_by_one(project: Project, skew: int, exits: int) -> None:
    """Too many promised: maybe one is missing, and nothing may be retired. Too few: all is there."""
    project.sandbox.switches["sellercloud"].total_skew = skew
    row = project.load(exits=exits)["sellercloud", "inventory"]
    assert row["status"] == ("guarded" if exits else "ok")
    project.assert_equals_truth()


@pytest.mark.parametrize("told", ["null", "absent"])
def test_without_a_total_nobody_says_that_all_came(project: Project, after_a_load: None, told: Any) -> None:
    project.sandbox.clock.advance(hours=1)
    project.sandbox.switches["sellercloud"].total_results = told
    row = project.load(exits=3)["sellercloud", "inventory"]
    assert "Status 200 without TotalResults" in row["error_message"]
    assert row["mark_after"] == row["mark_before"]


def test_a_page_that_is_null_is_missed(project: Project, after_a_load: None) -> None:
    project.sandbox.switches["sellercloud"].null_items_page = 2
    row = project.load("--sweep", exits=3)["sellercloud", "inventory"]
    assert row["status"] == "guarded"
    project.assert_equals_truth()


def test_a_new_warehouse_is_read_whole(project: Project) -> None:
    project.configure({"sellercloud": project.account("sellercloud", warehouses=["all"])})
    project.load()
    assert project.load()["sellercloud", "warehouse_inventory"]["mode"] == "incremental"
    there = sorted(key for (key,) in project.sandbox.truth("sellercloud", "warehouses"))
    project.configure({"sellercloud": project.account("sellercloud", warehouses=there[:2])})
    row = project.load("--sweep", exits=3)["sellercloud", "warehouse_inventory"]
    assert row["status"] == "guarded", "what lies elsewhere is not gone: it is asked for no more"
    project.configure({"sellercloud": project.account("sellercloud", warehouses=["all"])})
    assert project.load()["sellercloud", "warehouse_inventory"]["mode"] == "sweep"
    project.assert_equals_truth()
