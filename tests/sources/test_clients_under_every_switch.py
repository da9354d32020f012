"""Every client, alone, under everything the providers' notes leave open: what it reads is the truth.

No dlt, no database: tests/pipelines/test_every_switch.py is the same with both.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from sandbox.rooms import ROOMS
from sources._shared.mark import Window
from sources.augno.client import AugnoClient
from sources.sellercloud.client import SellercloudClient
from sources.shipstream.client import ShipstreamClient
from sources.square.client import SquareClient
from sources.ventmere_s2.client import VentmereS2Client
from tests.conftest import comparable, difference
from tests.pairs import all_pairs
from tests.switch_values import is_blind, switch_values

FAST = 1000.0
CLIENTS: dict[str, Callable[[str, dict[str, str]], Any]] = {
    "square": lambda url, told: SquareClient(url, told["access_token"]),
    "sellercloud": lambda url, told: SellercloudClient(
        url, told["username"], told["password"], told["timezone"], ("all",), FAST
    ),
    "shipstream": lambda url, told: ShipstreamClient(url, told["access_token"], told["api_version"], FAST),
    "augno": lambda url, told: AugnoClient(
        url, told["api_key"], told["api_version"], told["account_id"], FAST
    ),
    "ventmere_s2": lambda url, told: VentmereS2Client(
        url, access_token=told["access_token"], organization_id=told["organization_id"]
    ),
}
METHODS = {"inventory_counts": "counts", "inventory_changes": "changes"}
"""Where a client's method has another name than the resource."""
PARENTS = {"item_inventory": "items", "warehouse_inventory": "warehouses"}
CASES = [
    pytest.param(provider, row, id=f"{provider}-{number}")
    for provider in ROOMS
    for number, row in enumerate(all_pairs(switch_values(provider)))
]


def read(sandbox: Sandbox, provider: str, after: Any = None) -> dict[str, dict[tuple[str, ...], Any]]:
    """Every resource as a new client reads it, by key; of a record that comes twice, the newer."""
    client = CLIENTS[provider](sandbox.base_url(provider), sandbox.settings(provider))
    try:
        return _resources(client, provider, after)
    finally:
        client.close()


def _resources(client: Any, provider: str, after: Any) -> dict[str, dict[tuple[str, ...], Any]]:
    found: dict[str, dict[tuple[str, ...], Any]] = {}
    for resource in PROVIDERS[provider].resources:
        window = Window(
            after=after if resource.reading != "snapshot" else None,
            parents=sorted(found.get(PARENTS.get(resource.name, ""), ())),
        )
        newest: dict[tuple[str, ...], Any] = {}
        for page in getattr(client, METHODS.get(resource.name, resource.name))(window):
            for record in page.records:
                held = newest.get(record.keys)
                if held is None or held.updated_at is None or held.updated_at <= record.updated_at:
                    newest[record.keys] = record
        found[resource.name] = {keys: json.loads(record.payload) for keys, record in newest.items()}
    return found


@pytest.mark.parametrize(("provider", "switches"), CASES)
def test_a_client_reads_the_truth_and_then_what_moved(
    provider: str, switches: dict[str, Any], impatient: None
) -> None:
    with Sandbox(providers=[provider]) as sandbox:
        for name, value in switches.items():
            setattr(sandbox.switches[provider], name, value)
        for resource, records in read(sandbox, provider).items():
            truth = comparable(sandbox.truth(provider, resource))
            told = comparable(records)
            assert told == truth, f"{resource}: {difference(told, truth)}"
        if is_blind(sandbox.switches[provider]):
            return
        asked_at = sandbox.clock.now()
        sandbox.clock.advance(hours=1)
        changed = set(sandbox.change(3)[provider])
        sandbox.clock.advance(minutes=20)
        moved = read(sandbox, provider, asked_at - timedelta(minutes=10))
        assert any(changed <= records.keys() for records in moved.values())
        for resource, records in moved.items():
            truth = comparable(sandbox.truth(provider, resource))
            assert comparable(records).items() <= truth.items(), resource
