"""The providers' clients, asked directly: no dlt, no database."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.json_text import json_text
from sandbox.record import Reply
from sandbox.rooms import ROOMS
from sources._shared.mark import Window
from sources._shared.records import Keys, Page
from sources.augno.client import AugnoClient
from sources.sellercloud.client import SellercloudClient
from sources.shipstream.client import ShipstreamClient
from sources.square.client import SquareClient
from sources.ventmere_s2.client import VentmereS2Client

CLIENTS: dict[str, Any] = {
    "augno": AugnoClient,
    "sellercloud": SellercloudClient,
    "shipstream": ShipstreamClient,
    "square": SquareClient,
    "ventmere_s2": VentmereS2Client,
}
NOT_THE_CLIENTS = {"available_basis", "warehouse_available"}


def client_of(sandbox: Sandbox, provider: str, **settings: Any) -> Any:
    """A client of the provider's sandbox, in no hurry to keep any pace."""
    told: dict[str, Any] = {**sandbox.settings(provider), **settings}
    if provider in ("augno", "sellercloud", "shipstream"):
        told["requests_per_second"] = 1000
    known = {name: value for name, value in told.items() if name not in NOT_THE_CLIENTS}
    return CLIENTS[provider](sandbox.base_url(provider), **known)


def read(
    client: Any, resource: str, *, parents: Sequence[Keys] = (), held: frozenset[Keys] = frozenset()
) -> list[Page]:
    """All pages of a whole read."""
    names = {"inventory_counts": "counts", "inventory_changes": "changes"}
    ask: Callable[[Window], Iterator[Page]] = getattr(client, names.get(resource, resource))
    try:
        return list(ask(Window(parents=parents, missing_keys=lambda: held)))
    finally:
        client.close()


def in_list(
    provider: str, resource: str, change: Callable[[list[Any]], None]
) -> Callable[[str, Reply], None]:
    """A rewrite that changes the list of a resource's records, in every answer that has one."""

    def rewrite(path: str, reply: Reply) -> None:
        for pattern, member in ROOMS[provider].records[resource]:
            if re.fullmatch(pattern, path, re.IGNORECASE):
                document = json.loads(reply.body, parse_float=Decimal)
                for records in lists(document, member.split(".")):
                    change(records)
                reply.body = json_text(document).encode()

    return rewrite


def lists(value: Any, steps: Sequence[str]) -> Iterator[list[Any]]:
    """The lists, with anything in them, that lie under these members; `*` is every one."""
    if isinstance(value, list) and value and not steps:
        yield value
    if isinstance(value, dict) and steps:
        for name in value if steps[0] == "*" else steps[:1]:
            yield from lists(value.get(name), steps[1:])


@pytest.fixture(scope="module")
def five() -> Iterator[Sandbox]:
    """A sandbox of all providers; whoever rewrites its answers takes the rewrite away."""
    with Sandbox() as sandbox:
        sandbox.change(12)
        yield sandbox
