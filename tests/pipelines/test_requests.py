"""An incremental run asks as little as the provider allows, and the sync log says how much that was."""

from collections.abc import Callable

import pytest

from sandbox import Sandbox
from tests.conftest import Project

REQUESTS = {
    # Counts, changes, catalogue, locations: one page each.
    "square": 4,
    # One snapshot for all three.
    "ventmere_s2": 1,
    # Warehouses, merchants; then levels, products and levels by warehouse, each enabled and disabled.
    "shipstream": 8,
    # A login, the warehouses, one page on each of the two clocks.
    "sellercloud": 4,
    # One page of items, and a call for each of them.
    "augno": 1,
}


@pytest.mark.parametrize("provider", REQUESTS)
def test_an_incremental_run_asks_no_more_than_it_must(
    project_of: Callable[[Sandbox], Project], provider: str
) -> None:
    with Sandbox(providers=[provider]) as sandbox:
        project = project_of(sandbox)
        project.load()
        for changes in (0, 3):
            sandbox.clock.advance(hours=1)
            sandbox.change(changes)
            sandbox.requests.clear()
            rows = project.load()
            expected = REQUESTS[provider]
            if provider == "augno":
                expected += len(sandbox.truth("augno", "items"))
            assert len(sandbox.requests) == expected
            assert sum(row["requests"] for row in rows.values()) == expected, "the sync log shows them"
            project.assert_equals_truth()
