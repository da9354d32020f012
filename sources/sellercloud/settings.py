"""Sellercloud as data: what can be asked for, and what an account must be told.

Facts and their sources: the provider note sellercloud.md, which names Sellercloud's developer pages and the
published Swagger files behind each of them.
"""

from datetime import timedelta

from sources._shared.settings import Resource, Setting

PAGE_SIZE = 50
"""The most rows a page has. More is cut to 50 without a word: whoever asks for 100 and stops at the first
short page loses everything after page 1 (sellercloud.md §0.3)."""

LARGEST_WINDOW = 2500
"""Rows. A window that holds more is halved: 50 pages at five seconds are read before much can move."""

SMALLEST_WINDOW = timedelta(minutes=1)
"""A window's ends are told in minutes, so a shorter one cannot be asked for."""

PASSES = 20
"""How often pages that do not add up to their total are read again at most. One more time suffices while rows
move; the others are for a server that orders every answer anew."""

SHRINKINGS = 3
"""How often all products are counted anew because their total fell: what was read and is gone would stand for
another that was not read. With more of them, it is not known whether all came."""

REQUESTS_PER_SECOND = 2.5
"""Sellercloud counts 10,800 calls an hour, 3 a second, over all of a user's calls from one address."""

LAG = timedelta(minutes=2)
"""The mark stays so far behind the moment we asked. Whether dates are kept in minutes or in seconds is not
documented."""

CLOCK = "the later of LastModifiedDate and LastAggregateDate, local times of the account's zone"

WAREHOUSES = Resource(
    "warehouses",
    key=("warehouse_id",),
    # GET /Warehouses knows no date filter.
    reading="snapshot",
    clock="none",
)
INVENTORY = Resource(
    "inventory",
    key=("product_id",),
    reading="incremental",
    clock=CLOCK,
    lag=LAG,
    # Local times repeat an hour every autumn: of two versions in one read, the later answer is the newer.
    clock_decides=False,
)
WAREHOUSE_INVENTORY = Resource(
    "warehouse_inventory",
    # The quantities of a filtered answer are another thing than those of an unfiltered one: never one table.
    key=("warehouse_id", "product_id"),
    reading="incremental",
    clock=CLOCK,
    lag=LAG,
    clock_decides=False,
    only_if="warehouses",
)

RESOURCES = (WAREHOUSES, INVENTORY, WAREHOUSE_INVENTORY)

SETTINGS = (
    Setting(
        "base_url",
        "https://<server>.api.sellercloud.com/rest/api; the server's short name is in the address of your"
        " Sellercloud, or ask Sellercloud's support.",
        kind="url",
        required=True,
    ),
    Setting(
        "username",
        "The e-mail of a Sellercloud user; best one that only Stocktake uses, because calls are counted per"
        " user.",
        secret=True,
        required=True,
    ),
    Setting("password", "That user's password.", secret=True, required=True),
    Setting(
        "timezone",
        "The IANA zone in which Sellercloud shows this account's times, such as America/New_York. Sellercloud"
        " writes local times without a zone.",
        kind="zone",
        required=True,
    ),
    Setting(
        "warehouses",
        'Whose stock is also read by warehouse: "none", "all" or a list of warehouse ids.',
        kind="list",
        default=("none",),
    ),
    Setting(
        "warehouse_available",
        "Whether InventoryAvailableQty of a warehouse's answer is that warehouse's (\"scoped\"); Sellercloud"
        ' does not say, so it is left out of the levels while this is "unknown".',
        kind="choice",
        choices=("scoped", "unknown"),
        default="unknown",
    ),
    Setting(
        "requests_per_second",
        "How fast to ask; shared by all accounts on one host.",
        kind="number",
        default=str(REQUESTS_PER_SECOND),
    ),
)
