"""A foreign client that was written against the real Square reads the sandbox and finds its truth."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from square import Square

from sandbox import Sandbox
from tests.sandbox.reading import CATALOG_TYPES, change_key, count_key

MakeSdk = Callable[..., Square]


@pytest.fixture
def sdk(sandbox: Sandbox) -> Iterator[MakeSdk]:
    with httpx.Client() as client:
        yield lambda version="2025-08-20": Square(
            base_url=sandbox.base_url("square"),
            token=sandbox.settings("square")["access_token"],
            version=version,
            httpx_client=client,
        )


@pytest.mark.parametrize("limit", [100, 7, 1000])
@pytest.mark.parametrize("paging", ["positional", "keyed"])
def test_counts_are_paged_to_the_truth(sandbox: Sandbox, sdk: MakeSdk, limit: int, paging: str) -> None:
    sandbox.switches["square"].paging = paging
    read = [count.model_dump(exclude_unset=True) for count in sdk().inventory.batch_get_counts(limit=limit)]
    assert len(sandbox.requests) == -(-len(read) // limit)
    assert len({count_key(count) for count in read}) == len(read)
    assert {count_key(count): count for count in read} == sandbox.truth("square", "inventory_counts")


def test_catalog_search_is_looped_to_the_truth(sandbox: Sandbox, sdk: MakeSdk) -> None:
    read, cursor = {}, None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = sdk().catalog.search(
            object_types=CATALOG_TYPES, include_deleted_objects=True, limit=50, **more
        )
        read.update({(found.id,): (found.type, found.is_deleted) for found in page.objects or []})
        cursor = page.cursor
        if not cursor:
            break
    truth = sandbox.truth("square", "catalog_objects")
    assert read == {key: (found["type"], found["is_deleted"]) for key, found in truth.items()}
    assert len(sandbox.requests) > 2


def test_changes_are_paged_to_the_truth(sandbox: Sandbox, sdk: MakeSdk) -> None:
    sandbox.simulate_day()
    sandbox.change(5)
    read = [
        change.model_dump(exclude_unset=True)
        for change in sdk("2026-07-15").inventory.batch_get_changes(limit=4)
    ]
    assert len({change_key(change) for change in read}) == len(read)
    assert {change_key(change): change for change in read} == sandbox.truth("square", "inventory_changes")


def test_old_versions_do_not_see_transfers(sandbox: Sandbox, sdk: MakeSdk) -> None:
    square = sandbox.world.data["square"]
    source, target = list(square.locations)[:2]
    square.transfer(square.variation_of_article[0], source, target, "2")
    square.adjust(square.variation_of_article[0], source, "1", "IN_STOCK", "SOLD")
    (old,) = sdk("2025-08-20").inventory.batch_get_changes(limit=4)
    assert old.adjustment.location_id == source
    moved, _ = sorted(
        sdk("2026-07-15").inventory.batch_get_changes(limit=4), key=lambda c: c.adjustment.to_state
    )
    assert (moved.adjustment.from_location_id, moved.adjustment.to_location_id) == (source, target)


def test_locations_are_the_truth_by_name(sandbox: Sandbox, sdk: MakeSdk) -> None:
    read = [found.dict(by_alias=True) for found in sdk().locations.list().locations]
    assert {(found["id"],): found for found in read} == sandbox.truth("square", "locations")
    assert [found["name"] for found in read] == sorted(found["name"] for found in read)


def test_the_sdk_loses_what_lies_behind_an_empty_page(sandbox: Sandbox, sdk: MakeSdk) -> None:
    """Its own trap (square.md §1), so the switch does what a real empty page would do."""
    sandbox.switches["square"].empty_second_page = True
    assert len(list(sdk().inventory.batch_get_counts(limit=100))) == 100
