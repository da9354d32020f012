"""Square: stock counts, their changes, the catalogue and the locations of one seller.

**Clock.** Counts are asked by `updated_after`, which compares `calculated_at`: the moment Square received the
last change (OpenAPI 2025-08-20). The catalogue is asked by `begin_time` over `updated_at`, the changes by
`updated_after` over its receipt time. Whether the boundary instant itself is included is documented only for
the catalogue (it is not), so every question starts an overlap before the mark.

**Deletes.** A deleted catalogue object comes back with `is_deleted`. A count has no tombstone: it stops
coming. Only the sweep, a read without `updated_after`, sees that. The list of changes only grows.

**Absent on purpose.** Webhooks, orders, prices by channel, images. `GET /v2/catalog/list` is not used: it
hides deleted objects and nests variations.

**Lies.** An empty page may carry a cursor, and the official SDK stops there (seen in 46.0.0): rows behind it
are lost. The default page size is 100 or 1000, depending on whom you ask: `limit` is always sent. `"1"` and
`"1.0"` are the same quantity.
"""

from collections.abc import Iterable, Sequence

import dlt
from dlt.extract import DltResource

from sources._shared.options import ReadOptions
from sources._shared.resource import AccountRead
from sources.square.client import SquareClient
from sources.square.settings import (
    API_VERSION,
    CATALOG_OBJECTS,
    INVENTORY_CHANGES,
    INVENTORY_COUNTS,
    LOCATIONS,
)


@dlt.source(name="square", max_table_nesting=0)
def square_source(
    account: str,
    base_url: str = dlt.config.value,
    access_token: str = dlt.secrets.value,
    api_version: str = API_VERSION,
    location_ids: Sequence[str] = (),
    options: ReadOptions | None = None,
) -> Iterable[DltResource]:
    """What Square holds for one seller. Building it opens nothing; iterating reads.

    Args:
        account: our name for the seller, written into every row.
        options: how to read; by default what moved since the last run, swept once a day.
    """
    client = SquareClient(base_url, access_token, api_version, location_ids)
    read = AccountRead(account, client, options)
    scope = ",".join(sorted(location_ids))
    yield read.resource(INVENTORY_COUNTS, client.counts, scope=scope)
    yield read.resource(INVENTORY_CHANGES, client.changes, scope=scope)
    yield read.resource(CATALOG_OBJECTS, client.catalog_objects)
    yield read.resource(LOCATIONS, client.locations)
