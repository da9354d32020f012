"""ShipStream: stock levels in total and by warehouse, products, warehouses and merchants of one instance.

**Clock.** A level's `updated_at` for its stock, the product's own for its attributes; both in whole seconds
and UTC, and filtered with `gt` and `lt`, the only comparisons that are documented. What a kit advertises may
move without either.

**Deletes.** A disabled product is ShipStream's soft delete, and is read like the enabled ones. Of hard
deletes nothing tells; only the sweep sees them.

**Absent on purpose.** Bins, lots, orders, deliveries, webhooks. Bills of materials and stock
movements are in the Merchant API only.

**Lies.** Levels are sorted by `-updated_at` unless told otherwise, yet cursors work along ids only: `sort` is
always sent. Totals are not sums of warehouses: what is backordered or advertised is in no warehouse. The
example's on-hand quantity is not the sum that the documentation says it is.
"""

from collections.abc import Iterable

import dlt
from dlt.extract import DltResource

from sources._shared.options import ReadOptions
from sources._shared.resource import AccountRead, ResourceRead
from sources.shipstream.client import ShipstreamClient
from sources.shipstream.settings import (
    MERCHANTS,
    PRODUCTS,
    REQUESTS_PER_SECOND,
    TOTAL_LEVELS,
    WAREHOUSE_LEVELS,
    WAREHOUSES,
)


@dlt.source(name="shipstream", max_table_nesting=0)
def shipstream_source(
    account: str,
    base_url: str = dlt.config.value,
    access_token: str = dlt.secrets.value,
    api_version: str | None = None,
    requests_per_second: float = REQUESTS_PER_SECOND,
    options: ReadOptions | None = None,
) -> Iterable[DltResource]:
    """What ShipStream holds for one instance. Building it opens nothing; iterating reads.

    Args:
        account: our name for the instance, written into every row.
        options: how to read; by default what moved since the last run, swept once a day.
    """
    client = ShipstreamClient(base_url, access_token, api_version, requests_per_second)
    read = AccountRead(account, client, options)
    # The short lists first: their answers tell ShipStream's clock, which the windows after them end at.
    yield read.resource(WAREHOUSES, client.warehouses)
    yield read.resource(MERCHANTS, client.merchants)
    levels = ResourceRead(read, TOTAL_LEVELS, client.total_levels)
    yield levels.as_resource()
    yield ResourceRead(read, PRODUCTS, client.products, included_in=levels).as_resource()
    yield read.resource(WAREHOUSE_LEVELS, client.warehouse_levels)
