"""Under what the providers' notes leave open, the warehouse comes to equal the truth: a row of each.

tests/simulation/test_every_switch.py reads under all rows, without dlt and a database.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from tests.conftest import Project
from tests.switch_values import FIRST_ROWS, is_blind


@pytest.fixture
def settled(project_of: Any, provider: str, switches: dict[str, Any], impatient: None) -> Iterator[Project]:
    with Sandbox(providers=[provider]) as sandbox:
        for name, value in switches.items():
            setattr(sandbox.switches[provider], name, value)
        project = project_of(sandbox)
        if provider == "sellercloud":
            project.configure({provider: project.account(provider, warehouses=["all"])})
        yield project


@pytest.mark.parametrize(("provider", "switches"), FIRST_ROWS)
def test_three_rounds_end_with_the_truth(settled: Project, provider: str, switches: dict[str, Any]) -> None:
    sandbox = settled.sandbox
    blind = is_blind(sandbox.switches[provider])
    settled.load(exits=3 if blind else 0)
    settled.assert_equals_truth()
    # Rows without an order come twice: such a first read is no sweep yet, and the round after it is.
    is_orderless = switches.get("row_order") == "shuffled"
    for number in range(2):
        sandbox.clock.advance(hours=1)
        changed = sandbox.change(3)[provider]
        sandbox.clock.advance(minutes=20)  # beyond the overlap of the round after
        rows = settled.load(exits=3 if blind else 0)
        settled.assert_equals_truth()
        if not blind and not (is_orderless and number == 0):
            assert_read_only_what_moved(rows, provider, len(changed))
    sandbox.clock.advance(hours=1)
    sandbox.simulate_day()
    settled.load("--sweep", exits=3 if blind else 0)
    settled.assert_equals_truth()


def assert_read_only_what_moved(rows: dict[tuple[str, str], dict[str, Any]], provider: str, n: int) -> None:
    """A changed record is read once for each of the provider's clocks, or beside another; little else is."""
    for resource in PROVIDERS[provider].resources:
        row = rows.get((provider, resource.name))
        if row is not None and resource.reading != "snapshot":
            assert row["mode"] == "incremental", resource.name
            assert row["rows_read"] <= 2 * n + 1, resource.name
