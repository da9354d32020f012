"""Sellercloud: products with their stock, warehouses, and stock by warehouse of one tenant.

**Clock.** There are two: `LastUpdatedFrom/To` over edits of the product, `LastAggregateFrom/To` over
recalculations of its stock. A change of quantity is not known to move the first, so both are asked, over
closed windows. Dates are local times without a zone; the account must be told which.

**Deletes.** Nothing tells of them. Only the sweep, a read without dates, sees that an ID is gone.

**Absent on purpose.** Orders, purchase orders, images, serial numbers, the catalogue endpoint (it types the
same fields differently). Stock by warehouse is read only when asked for.

**Lies.** A page size over 50 is cut to 50 without a word. An unknown filter is ignored without a word, and
gives everything. There is no order of rows, though the article promises one. A shadow and a kit repeat stock
that is counted elsewhere. The documents give a token 30 minutes and 60; only `expires_in` is obeyed.
"""

from collections.abc import Iterable, Sequence

import dlt
from dlt.extract import DltResource

from sources._shared.options import ReadOptions
from sources._shared.records import Keys
from sources._shared.resource import AccountRead, ResourceRead
from sources.sellercloud.client import SellercloudClient
from sources.sellercloud.settings import (
    INVENTORY,
    REQUESTS_PER_SECOND,
    WAREHOUSE_INVENTORY,
    WAREHOUSES,
)


@dlt.source(name="sellercloud", max_table_nesting=0)
def sellercloud_source(
    account: str,
    base_url: str = dlt.config.value,
    username: str = dlt.secrets.value,
    password: str = dlt.secrets.value,
    timezone: str = dlt.config.value,
    warehouses: Sequence[str] = ("none",),
    warehouse_available: str = "unknown",
    requests_per_second: float = REQUESTS_PER_SECOND,
    options: ReadOptions | None = None,
) -> Iterable[DltResource]:
    """What Sellercloud holds for one tenant. Building it opens nothing; iterating reads.

    Args:
        account: our name for the tenant, written into every row.
        warehouse_available: not asked for; what it says is for the models.
        options: how to read; by default what moved since the last run, swept once a day.
    """
    client = SellercloudClient(base_url, username, password, timezone, warehouses, requests_per_second)
    read = AccountRead(account, client, options)
    # The warehouses first: their answer tells Sellercloud's clock, which the windows after it end at.
    every_warehouse = ResourceRead(read, WAREHOUSES, client.warehouses)
    yield every_warehouse.as_resource()
    yield read.resource(INVENTORY, client.inventory, scope=timezone)
    if tuple(warehouses) != ("none",):

        def scope(listed: Sequence[Keys]) -> str:
            return f"{timezone} {','.join(client.chosen(listed))}"  # of a new warehouse, everything is new

        yield ResourceRead(
            read,
            WAREHOUSE_INVENTORY,
            client.warehouse_inventory,
            scope=scope,
            parent=every_warehouse,
        ).as_resource()
