"""Under everything the providers' notes leave open, what is read comes to equal the truth.

In one process, without dlt and a database; tests/pipelines/test_every_switch.py tries some rows with both.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox
from tests.conftest import comparable, difference
from tests.simulation.adapter import Account, Command, Death, Inside, inside, read
from tests.simulation.play import journals, resources_of
from tests.switch_values import ROWS, is_blind


class Reader:
    """One account of a provider under some switches, whose answers keep nobody waiting."""

    def __init__(self, account: Account, inside: Inside) -> None:
        self.account = account
        self.sandbox = account.sandbox
        self.inside = inside

    def read(self, command: Command | None = None) -> dict[str, dict[str, Any]]:
        """Reads, and gives the sync log by resource; then all that is held is what is true."""
        rows = {row["resource"]: row for row in read(self.account, self.inside, command or Command())}
        is_good = ("ok", "guarded") if is_blind(self.sandbox.switches[self.account.provider]) else ("ok",)
        for name, row in rows.items():
            assert row["status"] in is_good, row["error_message"]
            truth = comparable(self.sandbox.truth(self.account.provider, name))
            held = comparable(self.account.current(name))
            assert held == truth, f"{name}: {difference(held, truth)}"
        return rows


@pytest.fixture
def reader(provider: str, switches: dict[str, Any]) -> Iterator[Reader]:
    sandbox = Sandbox(providers=[provider])
    for name, value in switches.items():
        setattr(sandbox.switches[provider], name, value)
    settings = {**sandbox.settings(provider), "base_url": sandbox.base_url(provider)}
    if provider == "sellercloud":
        settings["warehouses"] = ["all"]
    with (
        journals() as folder,
        inside(sandbox, Death(), folder, page=None, at_once=8, through_httpx=True) as within,
    ):
        resources = resources_of(provider, settings, 0)
        yield Reader(Account(sandbox, provider, settings, resources, folder), within)


@pytest.mark.parametrize(("provider", "switches"), ROWS)
def test_three_rounds_end_with_the_truth(reader: Reader, provider: str, switches: dict[str, Any]) -> None:
    sandbox = reader.sandbox
    reader.read()
    # Rows without an order come twice: such a first read is no sweep yet, and the round after it is.
    is_orderless = switches.get("row_order") == "shuffled"
    for number in range(2):
        sandbox.clock.advance(hours=1)
        changed = sandbox.change(3)[provider]
        sandbox.clock.advance(minutes=20)  # beyond the overlap of the round after
        rows = reader.read()
        if not is_blind(sandbox.switches[provider]) and not (is_orderless and number == 0):
            assert_read_only_what_moved(reader, rows, len(changed))
    sandbox.clock.advance(hours=1)
    sandbox.simulate_day()
    reader.read(Command(sweep=True))


def assert_read_only_what_moved(reader: Reader, rows: dict[str, dict[str, Any]], count: int) -> None:
    """A changed record is read once for each of the provider's clocks, or beside another; little else is."""
    for resource in reader.account.resources:
        row = rows[resource.name]
        if resource.reading != "snapshot":
            assert row["mode"] == "incremental", resource.name
            assert row["rows_read"] <= 2 * count + 1, resource.name
