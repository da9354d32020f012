"""Sellercloud: pages that move while they are read, local times, throttling in its own words, logins."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.articles import Article
from sandbox.sellercloud.day import stock
from tests.conftest import Begin, Project

INVENTORY = "/rest/api/inventory"


@pytest.fixture
def tenant(
    project_of: Callable[[Sandbox], Project], impatient: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    monkeypatch.setattr("sources.sellercloud.client.LONGEST_JITTER", 0.1)
    with Sandbox(providers=["sellercloud"]) as sandbox:
        yield project_of(sandbox)


@pytest.fixture
def loaded_tenant(tenant: Project, begin: Begin) -> Project:
    """The same after a first load."""
    return begin(tenant, "load")


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


def test_pages_are_read_last_to_first(tenant: Project, one_by_one: None) -> None:
    tenant.load()
    last = -(-len(listed(tenant)) // 50)
    assert last > 2
    assert pages(tenant) == [1, *range(last, 0, -1)], "page 1 tells how many there are"


def test_a_row_that_leaves_the_window_while_it_is_paged_hides_none(tenant: Project) -> None:
    """A deleted product moves all that follow one place forward: read forwards, one would be skipped."""
    data, switches = tenant.sandbox.world.data["sellercloud"], tenant.sandbox.switches["sellercloud"]
    plain = {key for (key,) in stock(data)}
    doomed = iter([key for key in listed(tenant) if key in plain][:3])

    def delete_one(page: int) -> None:
        for key in doomed:
            data.delete(key)
            return

    switches.after_page = delete_one
    tenant.load()
    switches.after_page = None
    assert_nothing_lost(tenant)
    tenant.load("--sweep")
    tenant.assert_equals_truth()


def test_a_row_that_moves_behind_one_that_goes_is_read_too(tenant: Project, one_by_one: None) -> None:
    """Newest first, one that is edited pushes others to the page before; what was read and is gone stood for
    the one that was read nowhere."""
    data, switches = tenant.sandbox.world.data["sellercloud"], tenant.sandbox.switches["sellercloud"]
    switches.row_order = "modified_desc"
    plain = {key for (key,) in stock(data)}
    newest = sorted(
        tenant.sandbox.truth("sellercloud", "inventory").values(),
        key=lambda record: record["LastModifiedDate"] or "",
        reverse=True,
    )
    doomed = next(record["ID"] for record in newest if record["ID"] in plain)
    moving = next(record["ID"] for record in reversed(newest) if record["ID"] in plain)
    changes = [lambda: data.delete(doomed), lambda: None, lambda: data.edit(moving, ProductName="Moved")]
    switches.after_page = lambda page: changes and changes.pop(0)()
    tenant.load()
    assert not changes, "there were to be three pages"
    switches.after_page = None
    assert_nothing_lost(tenant)


def test_where_there_are_fewer_and_fewer_the_next_run_reads_all_again(tenant: Project) -> None:
    data, switches = tenant.sandbox.world.data["sellercloud"], tenant.sandbox.switches["sellercloud"]
    doomed = [key for (key,) in stock(data)]

    switches.after_page = lambda page: doomed and data.delete(doomed.pop())
    row = tenant.load(exits=3)["sellercloud", "inventory"]
    assert (row["status"], len(pages(tenant)) < 30) == ("guarded", True)
    assert "The total kept falling while it was read" in row["error_message"]
    switches.after_page = None
    assert tenant.load()["sellercloud", "inventory"]["mode"] == "sweep"
    tenant.assert_equals_truth()


def test_a_row_hidden_by_one_that_joins_and_one_that_goes_is_not_taken_for_gone(
    loaded_tenant: Project, one_by_one: None
) -> None:
    """The total stays what it was, the rows add up, and yet one was never read: it is asked for by its ID."""
    tenant = loaded_tenant
    data, switches = tenant.sandbox.world.data["sellercloud"], tenant.sandbox.switches["sellercloud"]
    last_page = listed(tenant)[-(len(listed(tenant)) % 50 or 50) :]
    (doomed,) = [key for (key,) in stock(data) if key in last_page][:1]

    def swap(page: int) -> None:
        if page > 1:  # the last page has been read; a row of it goes, and another joins before it
            switches.after_page = None
            data.delete(doomed)
            data.add_product(replace(data_article(tenant), sku="!FIRST"), 10, 5)

    switches.after_page = swap
    tenant.load("--sweep")
    assert switches.after_page is None
    assert [a for a in tenant.sandbox.requests if "model.inventoryID" in a.query]
    truth = set(tenant.sandbox.truth("sellercloud", "inventory"))
    assert truth - set(tenant.current("sellercloud", "inventory")) <= {("!FIRST",)}
    tenant.load("--sweep")
    tenant.assert_equals_truth()


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
def test_a_throttle_is_obeyed_whatever_its_status(tenant: Project, status: Any, retry_after: bool) -> None:
    switches = tenant.sandbox.switches["sellercloud"]
    switches.throttle_retry_after = retry_after
    switches.throttle_after, switches.throttle_seconds, switches.throttle_status = 3, 0.4, status
    rows = tenant.load()
    assert sum(row["retries"] for row in rows.values()) >= 1
    assert sum(row["throttled_seconds"] for row in rows.values()) >= 0.4
    tenant.assert_equals_truth()


def test_a_token_that_ends_in_the_middle_of_a_scan_is_renewed(tenant: Project) -> None:
    tenant.sandbox.switches["sellercloud"].token_requests = 5
    rows = tenant.load()
    assert {row["status"] for row in rows.values()} == {"ok"}
    logins = [a for a in tenant.sandbox.requests if a.path == "/rest/api/token"]
    assert len(logins) > 1
    tenant.assert_equals_truth()


def test_a_refused_login_is_not_tried_twice(tenant: Project) -> None:
    tenant.configure({"sellercloud": tenant.account("sellercloud", password="mistyped-4711")})
    rows = tenant.load(exits=1)
    assert {row["error_class"] for row in rows.values()} == {"CredentialsError"}
    assert "mistyped-4711" not in str(rows)
    assert len(tenant.sandbox.requests) == 1


@pytest.mark.parametrize(("skew", "exits"), [(1, 3), (-1, 0)], ids=["one too many", "one too few"])
def test_a_total_that_is_off_by_one(tenant: Project, skew: int, exits: int) -> None:
    """Too many promised: maybe one is missing, and nothing may be retired. Too few: all is there."""
    tenant.sandbox.switches["sellercloud"].total_skew = skew
    row = tenant.load(exits=exits)["sellercloud", "inventory"]
    assert row["status"] == ("guarded" if exits else "ok")
    tenant.assert_equals_truth()


@pytest.mark.parametrize("told", ["null", "absent"])
def test_without_a_total_nobody_says_that_all_came(loaded_tenant: Project, told: Any) -> None:
    tenant = loaded_tenant
    tenant.sandbox.clock.advance(hours=1)
    tenant.sandbox.switches["sellercloud"].total_results = told
    row = tenant.load(exits=3)["sellercloud", "inventory"]
    assert "Status 200 without TotalResults" in row["error_message"]
    assert row["mark_after"] == row["mark_before"]


def test_a_page_that_is_null_is_missed(loaded_tenant: Project) -> None:
    tenant = loaded_tenant
    tenant.sandbox.switches["sellercloud"].null_items_page = 2
    row = tenant.load("--sweep", exits=3)["sellercloud", "inventory"]
    assert row["status"] == "guarded"
    tenant.assert_equals_truth()


def test_a_new_warehouse_is_read_whole(tenant: Project) -> None:
    tenant.configure({"sellercloud": tenant.account("sellercloud", warehouses=["all"])})
    tenant.load()
    assert tenant.load()["sellercloud", "warehouse_inventory"]["mode"] == "incremental"
    there = sorted(key for (key,) in tenant.sandbox.truth("sellercloud", "warehouses"))
    tenant.configure({"sellercloud": tenant.account("sellercloud", warehouses=there[:2])})
    row = tenant.load("--sweep", exits=3)["sellercloud", "warehouse_inventory"]
    assert row["status"] == "guarded", "what lies elsewhere is not gone: it is asked for no more"
    tenant.configure({"sellercloud": tenant.account("sellercloud", warehouses=["all"])})
    assert tenant.load()["sellercloud", "warehouse_inventory"]["mode"] == "sweep"
    tenant.assert_equals_truth()
