"""ShipStream as data: what can be asked for, and what an account must be told.

Facts and their sources: the provider note shipstream.md, which names the pages of docs.shipstream.io and
help.shipstream.io behind each of them.
"""

from datetime import timedelta

from sources._shared.settings import Resource, Setting

PAGE_LIMIT = 500
"""Rows a page. 1,000 are allowed, but with every field of the products they are heavy (shipstream.md §3)."""

REQUESTS_PER_SECOND = 4
"""The Global API publishes no limit; the Merchant API's is 10 a second."""

LAG = timedelta(seconds=30)
"""The mark stays so far behind the moment we asked: changes are stamped in whole seconds."""

NO_PRODUCTS = frozenset({"Merchant", "Warehouse", "LotType", "Regulation", "Brand"})
"""Kinds under `included` that are something else. Every other kind is a product of some sort: packaging,
containers, supplies; the types under which these come are not documented."""

TOTAL_LEVELS = Resource(
    "total_levels",
    # The type too: packaging may use the ids of products (shipstream.md §6.2).
    key=("product_type", "product_id"),
    reading="incremental",
    clock="updated_at of the level, whole seconds",
    lag=LAG,
)
PRODUCTS = Resource(
    "products",
    key=("product_type", "product_id"),
    reading="incremental",
    # An edit of the product is not known to move its level's clock: a clock of its own.
    clock="updated_at of the product, whole seconds",
    lag=LAG,
)
WAREHOUSE_LEVELS = Resource(
    "warehouse_levels",
    key=("product_type", "product_id", "warehouse_id"),
    reading="incremental",
    clock="updated_at of the level, whole seconds",
    lag=LAG,
)
WAREHOUSES = Resource("warehouses", key=("warehouse_id",), reading="snapshot", clock="none")
MERCHANTS = Resource(
    "merchants", key=("merchant_id",), reading="snapshot", clock="none", soft_delete="is_deleted"
)

RESOURCES = (WAREHOUSES, MERCHANTS, TOTAL_LEVELS, PRODUCTS, WAREHOUSE_LEVELS)

SETTINGS = (
    Setting(
        "base_url",
        "https://<name>.shipstream.app/api/global, or the same path on your own domain.",
        kind="url",
        required=True,
    ),
    Setting(
        "access_token",
        "ShipStream's admin > System > Global Integrations: make one, add a token with an expiry policy, and"
        " copy it; it is shown once. It reads all merchants.",
        secret=True,
        required=True,
    ),
    Setting(
        "api_version",
        "The X-ShipStream-API-Version to ask for, such as 2025-06; without it ShipStream answers in its"
        " newest. stocktake doctor names the one you get.",
    ),
    Setting(
        "requests_per_second",
        "How fast to ask.",
        kind="number",
        default=str(REQUESTS_PER_SECOND),
    ),
)
