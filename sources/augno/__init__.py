"""Augno (OpenMRP): the items of one account, and the stock of each.

**Clock.** None that moves with stock. An item's `updated_at` follows its record only, and the inventory
answer holds no time at all. So the whole list is read in every run, and every item's stock: what changed is
told by comparing the four numbers.

**Deletes.** A deleted item leaves the list, and its inventory answers 404. Every read is whole, so every read
sees that.

**Absent on purpose.** Stock by location (there is none), audit events, orders, receipts. Tiers of items that
are asked less often: reports would silently mix ages.

**Lies.** The contract moved while its version stood still: a pinned version did not protect anyone. The ids
of quantities look like keys and are made anew in every answer. `display_value` is for people.
"""

from collections.abc import Iterable

import dlt
from dlt.extract import DltResource

from sources._shared.options import ReadOptions
from sources._shared.resource import AccountRead, ResourceRead
from sources.augno.client import AugnoClient
from sources.augno.settings import API_VERSION, ITEM_INVENTORY, ITEMS, REQUESTS_PER_SECOND


@dlt.source(name="augno", max_table_nesting=0)
def augno_source(
    account: str,
    base_url: str = dlt.config.value,
    api_key: str = dlt.secrets.value,
    api_version: str = API_VERSION,
    account_id: str | None = None,
    requests_per_second: float = REQUESTS_PER_SECOND,
    options: ReadOptions | None = None,
) -> Iterable[DltResource]:
    """What Augno holds for one account. Building it opens nothing; iterating reads.

    Args:
        account: our name for the account, written into every row.
        options: how to read.
    """
    client = AugnoClient(base_url, api_key, api_version, account_id, requests_per_second)
    read = AccountRead(account, client, options)
    scope = account_id or ""
    items = ResourceRead(read, ITEMS, client.items, scope=scope)
    inventory = ResourceRead(read, ITEM_INVENTORY, client.item_inventory, scope=scope, parent=items)
    yield items.as_resource()
    yield inventory.as_resource()
