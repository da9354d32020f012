"""Ventmere S2 as data: what can be asked for, and what an account must be told.

Facts follow doc.ventmere.io as it stood in 2024. It documents no filter, no paging and no rate limit for
the overview: one call is the whole organisation at one moment.
"""

from sources._shared.settings import Resource, Setting

OVERVIEW_PATH = "/inventory/overview"

WAREHOUSES = Resource("warehouses", key=("warehouse_id",), reading="snapshot", clock="updatedAt")
PRODUCTS = Resource(
    "products",
    key=("product_id",),
    reading="snapshot",
    # A brand has no clock of its own: renaming it changes the product's text and not its updatedAt.
    clock="updatedAt",
)
INVENTORY_ITEMS = Resource(
    "inventory_items",
    key=("warehouse_id", "product_id"),
    reading="snapshot",
    # Not stated which changes move it, and ties to the microsecond occur: it decides nothing here.
    clock="level.updatedAt",
)

RESOURCES = (WAREHOUSES, PRODUCTS, INVENTORY_ITEMS)

SETTINGS = (
    Setting(
        "base_url",
        "https://api.s2sell.io for the sandbox; the production address is not documented, ask Ventmere.",
        kind="url",
        required=True,
    ),
    Setting(
        "access_token",
        "A token of Ventmere's Login API, good for 7 days; or give email and password.",
        secret=True,
        required=True,
        instead_of=("email", "password"),
    ),
    Setting("email", "The S2 user to log in as.", secret=True),
    Setting("password", "The S2 user's password.", secret=True),
    Setting("login_path", "Path of the Login API, which Ventmere does not document.", default="/login"),
    Setting(
        "organization_id",
        "The organisation to read, as uuid; needed as soon as the user belongs to several.",
    ),
    Setting(
        "available_basis",
        "Whether `available` already excludes reserved units (net) or not (gross). Not documented: compare"
        " one product with the S2 screen, and leave it at unknown until then.",
        kind="choice",
        choices=("net", "gross", "unknown"),
        default="unknown",
    ),
)
