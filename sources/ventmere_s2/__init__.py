"""Ventmere S2: warehouses, products and stock levels of one organisation, from one snapshot per run.

**Clock.** None that could be asked by: the overview has no filter. `updatedAt` is kept with every row but
decides nothing; the snapshot is the truth, also where the clock stood still or went back.

**Deletes.** What is gone is not in the next snapshot. Every run is therefore a sweep, with the floor as
guard.

**Absent on purpose.** Orders and accounts. `/product` lists what the overview already holds.

**Lies.** `reserved` is described as units reserved and is zero or negative in every published row.
`available` may or may not exclude them; `available_basis` says which, once somebody has looked. Items may
point to products the answer does not list, with ids that are no uuids (seen in the published example): keys
are text.
"""

from collections.abc import Iterable

import dlt
from dlt.extract import DltResource

from sources._shared.options import ReadOptions
from sources._shared.resource import AccountRead
from sources.ventmere_s2.client import VentmereS2Client
from sources.ventmere_s2.settings import INVENTORY_ITEMS, PRODUCTS, WAREHOUSES


@dlt.source(name="ventmere_s2", max_table_nesting=0)
def ventmere_s2_source(
    account: str,
    base_url: str = dlt.config.value,
    access_token: str = "",
    email: str = "",
    password: str = "",
    login_path: str = "/login",
    organization_id: str = "",
    available_basis: str = "unknown",
    options: ReadOptions | None = None,
) -> Iterable[DltResource]:
    """What one S2 organisation holds. Building it opens nothing; iterating reads.

    Args:
        account: our name for the organisation, written into every row.
        available_basis: not used while reading: the models need it to tell net from gross.
        options: how to read; by default the whole snapshot, which is all there is.
    """
    client = VentmereS2Client(
        base_url,
        access_token=access_token,
        email=email,
        password=password,
        login_path=login_path,
        organization_id=organization_id,
    )
    read = AccountRead(account, client, options)
    yield read.resource(WAREHOUSES, client.warehouses, scope=organization_id)
    yield read.resource(PRODUCTS, client.products, scope=organization_id)
    yield read.resource(INVENTORY_ITEMS, client.inventory_items, scope=organization_id)
