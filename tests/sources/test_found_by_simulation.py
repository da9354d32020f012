"""What schedules of `make simulate` have found."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from sandbox.shipstream.stock import EVERYWHERE
from sources._shared.mark import move_mark, plan
from sources._shared.options import ReadOptions
from sources._shared.verdict import Evidence, Reason
from tests.sources.conftest import client_of, read


@pytest.mark.parametrize("resource", ["total_levels", "products"])
def test_a_product_that_comes_with_every_page_proves_no_window(resource: str) -> None:
    """Beside an empty page, it passed for the record that a filter of another zone did not find: every run
    after that asked in a zone that finds nothing."""
    with Sandbox(providers=["shipstream"]) as sandbox:
        switches, data = sandbox.switches["shipstream"], sandbox.world.data["shipstream"]
        switches.naive_literal_hours, switches.literal_zone_ignored, switches.repeated_included = (
            -5,
            True,
            True,
        )
        first = min(data.products)
        data.products[first].updated_at = data.moved_at[first, EVERYWHERE] = datetime(2020, 1, 1, tzinfo=UTC)
        pages = read(client_of(sandbox, "shipstream"), resource)
    assert any(Reason.BLIND_FILTER in page.told for page in pages)


def test_a_bare_array_of_warehouses_is_read_to_its_end() -> None:
    """It tells no total, and was taken for whole after its first page."""
    with Sandbox(providers=["sellercloud"]) as sandbox:
        warehouses = sandbox.world.data["sellercloud"].warehouses
        one = next(iter(warehouses.values()))
        warehouses.update({number: {**one, "ID": number} for number in range(1000, 1105)})
        sandbox.switches["sellercloud"].warehouses_shape = "array"
        pages = read(client_of(sandbox, "sellercloud"), "warehouses")
    assert {record.keys for page in pages for record in page.records} == {(str(n),) for n in warehouses}


def test_a_sweep_after_one_that_was_short_counts_as_the_first() -> None:
    """A row that never came is not known, so nobody looks for it: after a first read that was short, rows
    that shifted hid one from the second sweep, which was `ok`, and the next run asked for changes only."""
    moment, state = datetime(2026, 1, 5, tzinfo=UTC), dict[str, Any]()
    resource = next(one for one in PROVIDERS["sellercloud"].resources if one.name == "inventory")
    modes = []
    for told in ({Reason.SHORT: "1 short."}, {Reason.SHIFTED: ""}, {Reason.SHIFTED: ""}, {}):
        result, _ = plan(resource, state, "", ReadOptions(), moment)
        result.asked_through = moment
        found = Evidence(result.mode, told, is_first=result.is_first)
        result.end(found.verdict, found.words("north", "inventory"))
        move_mark(state, result, "", "")
        modes.append((result.mode, result.status))
    assert modes == [("sweep", "guarded"), ("sweep", "ok"), ("sweep", "ok"), ("incremental", "ok")]
